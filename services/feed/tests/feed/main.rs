//! Reading and following a ledger, over a log in memory that counts how often it is asked.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod following;
mod given;
mod reading;
mod searching;
mod secrets;
