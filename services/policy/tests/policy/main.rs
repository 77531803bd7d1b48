//! Documents, ACLs and decisions, tested with examples and with properties.
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
