//! Writing and reading contents over storage nodes in memory that fail in all the ways they can.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "shards/altered.rs"]
mod altered;
#[path = "shards/faults.rs"]
mod faults;
#[path = "shards/late.rs"]
mod late;
#[path = "shards/listing.rs"]
mod listing;
#[path = "shards/local.rs"]
mod local;
#[path = "shards/model.rs"]
mod model;
#[path = "shards/moved.rs"]
mod moved;
#[path = "shards/nats.rs"]
mod nats;
#[path = "shards/quorum.rs"]
mod quorum;
#[path = "shards/refusing.rs"]
mod refusing;
#[path = "shards/stalled.rs"]
mod stalled;
#[path = "shards/streams.rs"]
mod streams;
#[path = "shards/stuck.rs"]
mod stuck;
#[path = "shards/support.rs"]
mod support;
#[path = "shards/tagged.rs"]
mod tagged;
#[path = "shards/versions.rs"]
mod versions;
