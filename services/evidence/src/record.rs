use std::borrow::Cow;

use events::chain_hash;
use events::ids::Sha256Digest;
use serde::Deserialize;

use crate::{Withheld, leaf_hash};

/// What is kept of an entry until its checkpoint is checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// The line, from 1.
    pub(crate) line: u64,
    /// The sequence that the entry says it has; `None` if it is no event.
    pub(crate) claimed: Option<u64>,
    /// The hash by which the next event should refer to it.
    pub(crate) hash: Sha256Digest,
    pub(crate) leaf: Sha256Digest,
    /// The hash by which it refers to the one before it.
    pub(crate) previous: Option<Sha256Digest>,
    /// Only its hashes are there, so they cannot be computed.
    pub(crate) is_withheld: bool,
}

/// What is read of an event here.
#[derive(Deserialize)]
struct Link<'a> {
    #[serde(borrow)]
    sequence: Cow<'a, str>,
    previoushash: Sha256Digest,
}

impl Record {
    pub(crate) fn of_event(line: u64, bytes: &[u8]) -> Self {
        let link = serde_json::from_slice::<Link<'_>>(bytes).ok();
        Self {
            line,
            claimed: link.as_ref().and_then(|link| link.sequence.parse().ok()),
            hash: chain_hash(bytes),
            leaf: leaf_hash(bytes),
            previous: link.map(|link| link.previoushash),
            is_withheld: false,
        }
    }

    pub(crate) fn of_withheld(line: u64, withheld: Withheld) -> Self {
        let Withheld { sequence, why: _, hash, leaf, previous } = withheld;
        Self { line, claimed: Some(sequence), hash, leaf, previous, is_withheld: true }
    }
}
