//! The ledger over a log in memory: what it answers, what it shows, and what becomes of it when things fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod belongings;
mod bounded;
mod committing;
mod crash;
mod damage;
mod failing;
mod faulty;
mod full;
mod history;
#[path = "../../../domain/tests/domain/invariants.rs"]
mod invariants;
mod levels;
mod linear;
mod listing;
mod maintenance;
mod master_key;
mod nodes;
mod quarantine;
#[path = "../../../domain/tests/domain/random/mod.rs"]
mod random;
mod shared;
mod sharing;
mod support;
mod unavailable;
