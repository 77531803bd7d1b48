//! Facts about checkpoints: a notary signs what the log holds up to a place, so that nobody can change it later unnoticed.
//!
//! What is signed is a text, of which every line has a name and a value, so that another program can make it with no
//! more than the fields of the fact.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{NotaryKey, NotarySignature, RegionName, Sha256Digest};
use crate::lease::Term;

/// The most entries that one checkpoint covers. A proof that an entry is among them holds a hash for each halving.
pub const CHECKPOINT_ENTRIES_MAX: u64 = 4_096;

/// The most keys that the notary of a region has had.
pub const NOTARY_KEYS_MAX: usize = 256;

/// A notary signed a range of the log. Each range begins where the one before it ended, and the first at the first entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkpointed {
    /// The region.
    pub region: RegionName,
    /// The sequence of the first entry of the range.
    pub first: u64,
    /// The sequence of the last entry of the range. The checkpoint itself comes later on the log.
    pub last: u64,
    /// The number of entries, which are the leaves of the tree. It includes entries that are not facts.
    pub count: u64,
    /// The root of the Merkle tree of RFC 6962 whose leaves are the bytes of the entries.
    pub root: Sha256Digest,
    /// The hash of the last entry, to which the entry after the range refers as `previoushash`.
    pub head: Sha256Digest,
    /// The hash of what was signed by the checkpoint before this one; zeros if there is none.
    pub previous: Sha256Digest,
    /// The key that signed.
    pub key: NotaryKey,
    /// The signature.
    pub signature: NotarySignature,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// The notary signs with another key from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyChanged {
    /// The region.
    pub region: RegionName,
    /// The new key.
    pub key: NotaryKey,
    /// The key before it, which signed this; absent if it is the first one, which signed this itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<NotaryKey>,
    /// The signature.
    pub signature: NotarySignature,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

impl Checkpointed {
    /// What is signed.
    pub fn statement(&self) -> String {
        let Self { region, first, last, count, root, head, previous, key, signature: _, term: _ } = self;
        format!(
            "planetstore checkpoint v1\nregion {region}\nfirst {first}\nlast {last}\ncount {count}\nroot {root}\n\
             head {head}\nprevious {previous}\nkey {key}\n"
        )
    }

    /// The hash by which the next checkpoint refers to this one.
    pub fn hash(&self) -> Sha256Digest {
        Sha256Digest(Sha256::digest(self.statement()).into())
    }
}

impl KeyChanged {
    /// What is signed.
    pub fn statement(&self) -> String {
        let Self { region, key, former, signature: _, term: _ } = self;
        let former: &dyn fmt::Display = match former {
            Some(former) => former,
            None => &"none",
        };
        format!("planetstore notary key v1\nregion {region}\nkey {key}\nformer {former}\n")
    }

    /// The key that must have signed it.
    pub fn signer(&self) -> NotaryKey {
        self.former.unwrap_or(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signatures are made of these texts, for ever.
    #[test]
    fn what_is_signed_stays_what_it_is() {
        let (digest, key) = (|byte| Sha256Digest([byte; 32]), NotaryKey([4; 32]));
        let checkpoint = Checkpointed {
            region: "eu-1".parse().unwrap(),
            first: 1,
            last: 1_000,
            count: 1_000,
            root: digest(1),
            head: digest(2),
            previous: digest(3),
            key,
            signature: NotarySignature([5; 64]),
            term: None,
        };
        let hex = |byte: &str| byte.repeat(32);
        let expected = format!(
            "planetstore checkpoint v1\nregion eu-1\nfirst 1\nlast 1000\ncount 1000\nroot {}\nhead {}\nprevious {}\n\
             key {}\n",
            hex("01"),
            hex("02"),
            hex("03"),
            hex("04")
        );
        assert_eq!(checkpoint.statement(), expected);
        let region = "eu-1".parse().unwrap();
        let change = KeyChanged { region, key, former: None, signature: NotarySignature([5; 64]), term: None };
        let expected = format!("planetstore notary key v1\nregion eu-1\nkey {}\nformer none\n", hex("04"));
        assert_eq!(change.statement(), expected);
        let next = KeyChanged { former: Some(key), key: NotaryKey([6; 32]), ..change };
        assert!(next.statement().ends_with(&format!("former {}\n", hex("04"))));
        assert_eq!(next.signer(), key);
    }
}
