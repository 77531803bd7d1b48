//! Random command sequences, and the specification that they are compared with. The ledger's tests include this too.
//!
//! A new fact needs a step here that causes it: for objects and uploads in `steps`, for users, keys, groups, policies
//! and sessions in `identities`, for everything else in `settings`. A test checks that every kind occurs.

pub(crate) mod identities;
pub(crate) mod links;
pub(crate) mod naive;
pub(crate) mod places;
pub(crate) mod replication;
pub(crate) mod settings;
pub(crate) mod steps;
pub(crate) mod targets;
pub(crate) mod world;
