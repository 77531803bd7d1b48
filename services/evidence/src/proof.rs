use events::checkpoint::Checkpointed;
use events::ids::{NotaryKey, Sha256Digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{is_checkpoint_signed, leaf_hash, path, root_by_path};

/// The longest proof as JSON, in bytes.
pub const PROOF_BYTES_MAX: usize = 2_000;

/// A proof that an entry is at its position in the log. It is verified with the entry's bytes and the notary's public
/// key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// The sequence of the entry.
    pub sequence: u64,
    /// The hash of the entry's bytes, as a leaf of the tree (RFC 6962).
    pub leaf: Sha256Digest,
    /// The sibling hashes on the path from the leaf to the root, from the leaf up.
    pub path: Vec<Sha256Digest>,
    /// The checkpoint that covers the entry, with its signature.
    pub checkpoint: Checkpointed,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is about another entry.
    #[error("the bytes are not those of the event that was signed at this position")]
    OtherBytes,
    /// The path does not lead to the root.
    #[error("the path does not lead from the event to the root that was signed")]
    NoPath,
    /// The checkpoint was changed, or made up.
    #[error("the checkpoint is not signed by the key that it names")]
    NotSigned,
    /// It was signed by another key.
    #[error("the checkpoint is signed by another key than the one given")]
    OtherKey,
}

impl Proof {
    /// The proof of one of the entries of a checkpoint, all of whose leaves are given. `None` if it is none of them.
    pub fn of(sequence: u64, leaves: &[Sha256Digest], checkpoint: Checkpointed) -> Option<Self> {
        let index = usize::try_from(sequence.checked_sub(checkpoint.first)?).ok()?;
        let path = path(leaves, index)?;
        Some(Self { sequence, leaf: leaves[index], path, checkpoint: Checkpointed { term: None, ..checkpoint } })
    }

    /// Checks it: for the bytes of the event and the key of the notary, as far as they are given.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn check(&self, event: Option<&[u8]>, key: Option<NotaryKey>) -> Result<(), ProofError> {
        let Self { sequence, leaf, path, checkpoint } = self;
        if event.is_some_and(|event| leaf_hash(event) != *leaf) {
            return Err(ProofError::OtherBytes);
        }
        let index = sequence.checked_sub(checkpoint.first).ok_or(ProofError::NoPath)?;
        if root_by_path(*leaf, index, checkpoint.count, path) != Some(checkpoint.root) {
            return Err(ProofError::NoPath);
        }
        if !is_checkpoint_signed(checkpoint) {
            return Err(ProofError::NotSigned);
        }
        if key.is_some_and(|key| key != checkpoint.key) {
            return Err(ProofError::OtherKey);
        }
        Ok(())
    }
}
