//! The log on a real nats-server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "eventlog/append.rs"]
mod append;
#[path = "eventlog/cluster.rs"]
mod cluster;
#[path = "eventlog/damage.rs"]
mod damage;
#[path = "eventlog/gate.rs"]
mod gate;
#[path = "eventlog/helpers.rs"]
mod helpers;
#[path = "eventlog/kill.rs"]
mod kill;
#[path = "eventlog/open.rs"]
mod open;
#[path = "eventlog/proxy.rs"]
mod proxy;
#[path = "eventlog/read.rs"]
mod read;
#[path = "eventlog/roles.rs"]
mod roles;
#[path = "eventlog/supervise.rs"]
mod supervise;
#[path = "eventlog/support.rs"]
mod support;
#[path = "eventlog/unknown.rs"]
mod unknown;
