//! The roles, one per file, and the parts that they need: how each is started and stopped.

mod access_log;
mod admin;
mod admission;
mod consumers;
pub(crate) mod gateway;
pub(crate) mod gc;
pub(crate) mod health;
#[cfg(test)]
pub(crate) mod idle;
mod integration;
pub(crate) mod lifecycle;
mod linked;
mod log;
pub(crate) mod node;
pub(crate) mod notary;
pub(crate) mod notify;
mod objects;
pub(crate) mod repair;
pub(crate) mod replicator;
mod second_region;
mod serve;
mod server;
mod service;
mod telling;
mod workers;

pub(crate) use consumers::issuer;
pub(crate) use gateway::NODES_MIN;
pub(crate) use integration::mirror;
pub(crate) use log::{Releases, TooOld, Writers, close_ledger, open_ledger, open_log};
pub(crate) use node::node_names;
pub(crate) use second_region::SecondRegion;
pub(crate) use serve::{Doors, Plan, serve};
pub(crate) use server::start_server;
