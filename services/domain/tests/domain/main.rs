//! The rules and the fold, tested with examples and with an independent specification.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod appends;
mod encryption;
mod every_kind;
mod fold;
mod given;
mod health;
mod identities;
mod invariants;
mod judged;
mod leases;
mod lifecycle;
mod locks;
mod many_parts;
mod nodes;
mod places;
mod properties;
mod quotas;
mod random;
mod reclaims;
mod releases;
mod renames;
mod rules;
mod settings;
mod targets;
