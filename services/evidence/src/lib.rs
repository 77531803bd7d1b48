//! Evidence that the log is what was signed: Merkle trees over its entries, proofs that an event is in one, exports of
//! ranges of the log, and their verification with nothing but the file and a public key.
//!
//! Input: bytes of entries, checkpoints that a notary signed, lines of an export. Output: roots, proofs, lines, and what
//! was found wrong, by name. This crate does no I/O, signs nothing, and holds no more in memory than the entries of one
//! checkpoint as hashes.
//!
//! # Layout
//! - `merkle`: trees and paths of RFC 6962; `signature`: who signed a checkpoint
//! - [`Proof`]: that one event is in a checkpoint
//! - [`Line`]: the lines of an export
//! - [`Verifier`]: what is wrong with an export, as [`Finding`]s in a [`Report`]; `segment`: the entries of one checkpoint;
//!   `keys`: which keys are believed

mod finding;
mod keys;
mod line;
mod merkle;
mod proof;
mod record;
mod segment;
mod signature;
mod verifier;

pub use finding::{FINDINGS_MAX, Finding, Report};
pub use line::{End, Header, Line, Withheld, WithheldWhy, write_line};
pub use merkle::{Tree, leaf_hash, path, root_by_path};
pub use proof::{PROOF_BYTES_MAX, Proof, ProofError};
pub use signature::{is_checkpoint_signed, is_key_change_signed};
pub use verifier::Verifier;
