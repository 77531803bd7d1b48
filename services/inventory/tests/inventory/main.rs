//! Walks, second looks and audits over nodes and a log in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod audit;
mod given;
mod walk;
