//! S3 as clients see it, over a log and nodes in memory: no process, no network, no nats-server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "gateway/copies.rs"]
mod copies;
#[path = "gateway/errors.rs"]
mod errors;
#[path = "gateway/faults.rs"]
mod faults;
#[path = "gateway/identities.rs"]
mod identities;
#[path = "gateway/listings.rs"]
mod listings;
#[path = "gateway/multipart.rs"]
mod multipart;
#[path = "gateway/objects.rs"]
mod objects;
#[path = "gateway/sessions.rs"]
mod sessions;
#[path = "gateway/store.rs"]
mod store;
#[path = "gateway/versions.rs"]
mod versions;
