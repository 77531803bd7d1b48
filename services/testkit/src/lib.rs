//! What tests share: the log, the nodes, a disk and the clock in memory, private nats-servers, and commands.
//!
//! Input: faults, from who tests. Output: the same contracts that the real parts keep, so that whatever stands above runs
//! unchanged, in one process and as fast as the machine: [`MemoryLog`] is an [`eventlog::Log`], [`MemoryNodes`] are a
//! [`shards::Transport`], [`MemoryDisk`] is a [`vfs::Folder`], and a [`Clock`] gives [`ledger::Sources`]. Each says what
//! it models and what it does not.
//!
//! This crate is for tests and simulation alone: nothing depends on it but as a dev-dependency, which a test of
//! `planetstore` proves. It panics where a test should fail, and knows no role.
//!
//! # Why it stands apart, and below which crates
//! A crate's unit tests (in `src/`) see two copies of its types if a dev-dependency depends on the crate itself. So a
//! double is of a trait that a lower crate holds: the unit tests of `node` use [`MemoryDisk`], as the trait is in `vfs`.
//! Tests of `eventlog`, `shards` and `ledger` that need doubles are in their `tests/`, where there is one copy; so no
//! double has to hide behind a cargo feature.
//!
//! # Layout
//! - [`log`], [`peers`], [`nodes`], [`disk`], [`clock`]: the doubles
//! - [`ledgers`]: how tests open a ledger; [`commands`]: what they have it decide
//! - [`nats`]: a nats-server of a test's own, where the real one is what is tested

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "what goes wrong here fails a test"
)]

pub mod clock;
pub mod commands;
pub mod disk;
pub mod ledgers;
pub mod log;
pub mod nats;
pub mod nodes;
pub mod peers;

pub use clock::Clock;
pub use disk::MemoryDisk;
pub use log::{Held, MemoryLog};
pub use nodes::{MemoryNodes, Misbehavior};
pub use peers::MemoryPeers;
