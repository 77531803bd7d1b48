//! Who asks.
//!
//! # Layout
//! - `account`: users with their policies, as requests need them; `accounts`: those that are remembered
//! - `authenticate`: a request to its caller; `caller`

mod account;
mod accounts;
mod authenticate;
mod caller;

pub(crate) use account::{Account, Credential};
pub(crate) use accounts::Accounts;
pub(crate) use authenticate::authenticate;
pub(crate) use caller::{Caller, Proof};
