//! The node monitor: its rules over tables of heartbeats in a time of their own, and the facts it writes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong here fails a test")]

mod facts;
mod region;
mod restored;
mod silence;
mod slowness;
