//! The rules and the fold, against examples and against an independent specification.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "domain/appends.rs"]
mod appends;
#[path = "domain/encryption.rs"]
mod encryption;
#[path = "domain/every_kind.rs"]
mod every_kind;
#[path = "domain/fold.rs"]
mod fold;
#[path = "domain/given.rs"]
mod given;
#[path = "domain/health.rs"]
mod health;
#[path = "domain/identities.rs"]
mod identities;
#[path = "domain/invariants.rs"]
mod invariants;
#[path = "domain/judged.rs"]
mod judged;
#[path = "domain/lifecycle.rs"]
mod lifecycle;
#[path = "domain/locks.rs"]
mod locks;
#[path = "domain/many_parts.rs"]
mod many_parts;
#[path = "domain/nodes.rs"]
mod nodes;
#[path = "domain/properties.rs"]
mod properties;
#[path = "domain/quotas.rs"]
mod quotas;
#[path = "domain/random/mod.rs"]
mod random;
#[path = "domain/releases.rs"]
mod releases;
#[path = "domain/renames.rs"]
mod renames;
#[path = "domain/rules.rs"]
mod rules;
#[path = "domain/settings.rs"]
mod settings;
