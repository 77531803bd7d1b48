//! A node against a real nats-server.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod node {
    mod fixture;
    mod own;
    mod requests;
    mod stopping;
    mod trouble;
}
