//! Listeners over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod drain;
mod framing;
mod limits;
mod linger;
mod serving;
mod stall;
mod tls;
