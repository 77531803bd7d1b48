//! S3 over HTTP from projected state and shards.
