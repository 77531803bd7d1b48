//! The garbage collector over a log, a ledger and nodes in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod away;
mod crash;
mod given;
mod grace;
mod guard;
mod races;
mod recount;
