//! The notary over a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checkpoints;
mod given;
mod signers;
