//! The crate from outside: what it writes is read back, by us and by others, and follows the published schemas.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "events/content_strategies.rs"]
mod content_strategies;
#[path = "events/decode.rs"]
mod decode;
#[path = "events/drift.rs"]
mod drift;
#[path = "events/encryption_samples.rs"]
mod encryption_samples;
#[path = "events/encryption_strategies.rs"]
mod encryption_strategies;
#[path = "events/files.rs"]
mod files;
#[path = "events/frozen.rs"]
mod frozen;
#[path = "events/identity_samples.rs"]
mod identity_samples;
#[path = "events/lifecycle_strategies.rs"]
mod lifecycle_strategies;
#[path = "events/placed_samples.rs"]
mod placed_samples;
#[path = "events/samples.rs"]
mod samples;
#[path = "events/sdk.rs"]
mod sdk;
#[path = "events/secret_samples.rs"]
mod secret_samples;
#[path = "events/secrets.rs"]
mod secrets;
#[path = "events/strategies.rs"]
mod strategies;
