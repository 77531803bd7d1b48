//! The log on a real nats-server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod append;
mod cluster;
mod damage;
mod gate;
mod helpers;
mod kill;
mod open;
mod proxy;
mod read;
mod roles;
mod side;
mod supervise;
mod support;
mod unknown;
