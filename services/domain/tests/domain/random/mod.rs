//! Random command sequences and the specification they are held against. The ledger's tests include this too.
//!
//! A new fact needs a step here that comes to it: of objects and uploads in `steps`, of users and what belongs to
//! them in `identities`, of all else in `settings`. A test asks for every kind there is.

pub(crate) mod identities;
pub(crate) mod naive;
pub(crate) mod settings;
pub(crate) mod steps;
pub(crate) mod world;
