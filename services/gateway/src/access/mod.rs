//! Who asks, and what they may.
//!
//! # Layout
//! - `account`: users with their policies, as requests need them; `accounts`: those that are remembered
//! - `authenticate`: a request to its caller; `caller`
//! - `rights`: what each operation needs; `bucket_rules`: what a bucket says; `authorize`: whether it is granted
//! - `conditions`: what policies may ask of a request

mod account;
mod accounts;
mod authenticate;
mod authorize;
mod bucket_rules;
mod caller;
mod conditions;
mod rights;

pub(crate) use account::Account;
pub(crate) use accounts::Accounts;
pub(crate) use authenticate::authenticate;
pub(crate) use authorize::authorize;
pub(crate) use bucket_rules::RulesCache;
pub(crate) use caller::{Caller, Proof};
