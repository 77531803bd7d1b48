//! Workers and leases of several processes, over a log and a network in memory, in paused time.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "worker/leases.rs"]
mod leases;
#[path = "worker/loops.rs"]
mod loops;
#[path = "worker/nats.rs"]
mod nats;
#[path = "worker/world.rs"]
mod world;
