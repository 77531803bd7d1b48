//! Tests of the crate's API: encoded events can be decoded, by this crate and by others, and follow the published
//! schemas.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod compatible;
mod consumer_samples;
mod consumer_strategies;
mod content_strategies;
mod decode;
mod documentation;
mod drift;
mod encryption_samples;
mod encryption_strategies;
mod files;
mod frozen;
mod identity_samples;
mod lease_samples;
mod lease_strategies;
mod lifecycle_strategies;
mod link_samples;
mod link_strategies;
mod object_strategies;
mod pages;
mod placed_samples;
mod replication_samples;
mod replication_strategies;
mod samples;
mod sdk;
mod secret_samples;
mod secrets;
mod shard_samples;
mod shared_samples;
mod strategies;
mod target_samples;
mod target_strategies;
