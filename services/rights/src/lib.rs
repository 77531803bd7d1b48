//! Rights by the state of a ledger: the policies that users have, and commits that need a right.
//!
//! Input: snapshots of the state, and rights that were judged by them. Output: policies and rules of buckets, parsed;
//! commands on their way to the ledger, each with what its right was judged by.
//!
//! This crate decides nothing: who may do what, `policy` says; whether the right still stands when the command is
//! decided, `domain` says. It knows no requests and no wire format.
//!
//! # Layout
//! - `attached`: policies of users and groups; `bucket_rules`: policies, ACLs and ownership of buckets; `confirmed`: commits, with the right that each needs

mod attached;
mod bucket_rules;
mod confirmed;

pub use attached::attached;
pub use bucket_rules::{AccessCache, AccessRules};
pub use confirmed::{Confirmed, GuardedLedger, JUDGEMENTS_MAX, is_judged_by_other};
