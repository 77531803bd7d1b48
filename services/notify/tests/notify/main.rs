//! Targets over a log in memory: what arrives, in which order, and what never leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod delivery;
mod given;
mod inside;
