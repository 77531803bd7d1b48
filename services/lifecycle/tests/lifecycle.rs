//! Rules that are followed, over a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "lifecycle/clock.rs"]
mod clock;
#[path = "lifecycle/given.rs"]
mod given;
#[path = "lifecycle/passes.rs"]
mod passes;
