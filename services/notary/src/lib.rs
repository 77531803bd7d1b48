//! The notary: signs the log, range after range, so that later changes are detected.
//!
//! # Input
//! - the entries of the log, in their bytes, from a ledger
//! - keys, in this process or in a program of the operator's
//!
//! # Output
//! - `region.checkpointed`: a range of the log, signed
//! - `region.notary_key_changed`: another key, signed by the one before it
//!
//! # Never
//! It decides nothing about what is on the log, changes nothing else, and shows its keys to nobody. It may be killed at any
//! point and run twice: a checkpoint continues the one before it, or is refused.
//!
//! # Layout
//! - [`Notary`]: the worker; `pending`: entries that no checkpoint covers yet
//! - [`Signer`]: who signs; [`HeldKeys`]: with keys of this process; [`Program`]: by a program

mod held;
mod notary;
mod pending;
mod program;
mod signer;

pub use held::HeldKeys;
pub use notary::{CHECKPOINT_BYTES_MAX, Notary, Options};
pub use program::Program;
pub use signer::{SignError, Signer};
