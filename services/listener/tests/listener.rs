//! Listeners over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "listener/drain.rs"]
mod drain;
#[path = "listener/framing.rs"]
mod framing;
#[path = "listener/limits.rs"]
mod limits;
#[path = "listener/linger.rs"]
mod linger;
#[path = "listener/serving.rs"]
mod serving;
#[path = "listener/stall.rs"]
mod stall;
#[path = "listener/tls.rs"]
mod tls;
