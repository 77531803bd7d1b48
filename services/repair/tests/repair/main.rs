//! Repair and scan, over nodes and a log in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod crash;
mod drain;
mod faults;
mod full;
mod given;
mod lost;
mod rebalance;
mod scan;
mod two;
mod untagged;
