//! Exports of a log that is as it was signed, and of one that is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod given;
mod keys;
mod mutations;
mod proofs;
