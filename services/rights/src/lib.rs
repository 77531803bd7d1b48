//! Rights by the state of a ledger: the policies that users have, and commits that need a right.
//!
//! Input: snapshots of the state, and rights that were decided on them. Output: parsed policies and rules of buckets,
//! and commands for the ledger, each with the facts on which its right was decided.
//!
//! This crate decides nothing: `policy` decides rights, and `domain` decides whether the right still holds when the
//! command is decided. It knows no requests and no wire format.
//!
//! # Layout
//! - `attached`: policies of users and groups; `bucket_rules`: policies, ACLs and ownership of buckets; `confirmed`: commits, with the right that each needs

mod attached;
mod bucket_rules;
mod confirmed;

pub use attached::attached;
pub use bucket_rules::{AccessCache, AccessRules};
pub use confirmed::{Confirmed, GuardedLedger, JUDGEMENTS_MAX, is_judged_by_other};
