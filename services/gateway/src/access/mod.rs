//! Authenticates callers.
//!
//! # Layout
//! - `account`: users with their policies, as requests see them; `accounts`: the cache of them
//! - `authenticate`: finds the caller of a request, by a signature or by a session; `caller`

mod account;
mod accounts;
mod authenticate;
mod caller;

pub(crate) use account::{Account, Credential};
pub(crate) use accounts::Accounts;
pub use authenticate::OfSession;
pub(crate) use authenticate::{authenticate, authenticate_session};
pub(crate) use caller::{Caller, KnownBy, Proof};
