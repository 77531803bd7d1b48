//! Which nodes take the shards of a content.
