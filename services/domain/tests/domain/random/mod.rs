//! Random command sequences and the specification they are held against. The ledger's tests include this too.

pub(crate) mod naive;
pub(crate) mod steps;
pub(crate) mod world;
