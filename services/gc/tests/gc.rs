//! Rules that are followed, over a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "gc/clock.rs"]
mod clock;
#[path = "gc/given.rs"]
mod given;
#[path = "gc/passes.rs"]
mod passes;
