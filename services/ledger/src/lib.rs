//! The projection of the log in redb, and the one place that appends to it.
