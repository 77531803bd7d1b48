//! Authenticates callers.
//!
//! # Layout
//! - `account`: users with their policies, as requests see them; `accounts`: the cache of them
//! - `authenticate`: finds the caller of a request; `caller`

mod account;
mod accounts;
mod authenticate;
mod caller;

pub(crate) use account::{Account, Credential};
pub(crate) use accounts::Accounts;
pub(crate) use authenticate::authenticate;
pub(crate) use caller::{Caller, Proof};
