//! Documents, ACLs and decisions, against examples and against what must hold of any of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acls;
mod administration;
mod conditions;
mod decisions;
mod documents;
mod principals;
mod properties;
mod public_access;
mod world;
