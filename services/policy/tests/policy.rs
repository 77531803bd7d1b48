//! Documents, ACLs and decisions, against examples and against what must hold of any of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "policy/acls.rs"]
mod acls;
#[path = "policy/administration.rs"]
mod administration;
#[path = "policy/conditions.rs"]
mod conditions;
#[path = "policy/decisions.rs"]
mod decisions;
#[path = "policy/documents.rs"]
mod documents;
#[path = "policy/principals.rs"]
mod principals;
#[path = "policy/properties.rs"]
mod properties;
#[path = "policy/public_access.rs"]
mod public_access;
#[path = "policy/world.rs"]
mod world;
