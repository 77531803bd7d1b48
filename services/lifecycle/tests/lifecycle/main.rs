//! Applies rules, with a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clock;
mod given;
mod passes;
