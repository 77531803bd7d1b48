//! Tags of pieces: they distinguish bytes that a gateway stored from bytes that a storage node made up.
//!
//! A tag is a GMAC: the tag of AES-128-GCM over the piece as associated data, with nothing to encrypt. GMAC is sound as
//! long as no nonce is used for two messages under one key. Here a key belongs to one generation of a content, which is
//! written once, and the nonce is the shard's index and the piece's. If a nonce is used twice, for example because a
//! node fails and its shard is given to another one, the piece is the same.
//!
//! Source: NIST SP 800-38D, section 3; RFC 5869.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::MASTER_KEY_BYTES;

/// Length of a tag, in bytes.
pub const PIECE_TAG_BYTES: usize = 16;

/// Length of the secret from which keys of generations are derived, in bytes.
pub const PIECE_SECRET_BYTES: usize = MASTER_KEY_BYTES;

/// Length of a generation's id, in bytes.
const GENERATION_BYTES: usize = 16;

/// Length of a generation's key, in bytes.
const KEY_BYTES: usize = 16;

/// Length of a nonce, in bytes.
const NONCE_BYTES: usize = 12;

/// Separates values derived here from all others that are derived from the same bytes.
const SALT: &[u8] = b"planetstore piece tags v1";

/// Proves that a gateway wrote a piece.
pub type PieceTag = [u8; PIECE_TAG_BYTES];

/// A region's secret with which its gateways tag pieces. Nodes never see it.
///
/// `Debug` shows nothing of it.
#[derive(Clone)]
pub struct PieceSecret(Prk);

/// The secrets of a region by their numbers. The region's state says which of them makes tags; the others are kept to
/// read contents that were stored under them.
#[derive(Debug, Clone, Default)]
pub struct PieceSecrets(BTreeMap<u16, PieceSecret>);

/// The key of one generation of a content.
#[derive(Clone)]
pub struct PieceKey(Arc<LessSafeKey>);

/// The place of a piece in its content. No two pieces of a content have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PiecePlace {
    /// The index of its shard.
    pub shard: u8,
    /// Its own index in the shard.
    pub piece: u32,
}

impl PieceSecret {
    /// A secret from bytes that are random, or derived from random bytes.
    pub fn new(secret: &[u8; PIECE_SECRET_BYTES]) -> Self {
        Self(Salt::new(HKDF_SHA256, SALT).extract(secret))
    }

    /// Derives the key of a generation, by HKDF-SHA256.
    ///
    /// # Panics
    /// Never: HKDF can produce this few bytes.
    pub fn key(&self, generation: &[u8; GENERATION_BYTES]) -> PieceKey {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let info = [generation.as_slice()];
        let filled = self.0.expand(&info, KeyBytes).and_then(|material| material.fill(bytes.as_mut_slice()));
        // The length is fixed and below the limit, so this cannot fail. If it ever does, a key of zeros must not be
        // used.
        assert!(filled.is_ok(), "HKDF returns as many bytes as a key has");
        match UnboundKey::new(&AES_128_GCM, bytes.as_slice()) {
            Ok(key) => PieceKey(Arc::new(LessSafeKey::new(key))),
            Err(_) => unreachable!("AES-128 takes keys of 16 bytes"),
        }
    }
}

impl FromIterator<(u16, PieceSecret)> for PieceSecrets {
    fn from_iter<I: IntoIterator<Item = (u16, PieceSecret)>>(secrets: I) -> Self {
        Self(secrets.into_iter().collect())
    }
}

impl PieceSecrets {
    /// The key of a generation that the secret with this number tags; `None` if that secret is not available.
    pub fn key(&self, number: u16, generation: &[u8; GENERATION_BYTES]) -> Option<PieceKey> {
        Some(self.0.get(&number)?.key(generation))
    }
}

impl PieceKey {
    /// The tag of a piece with these bytes at this place. It must never be computed for other bytes at the same place.
    pub fn tag(&self, place: PiecePlace, bytes: &[u8]) -> PieceTag {
        let tag = self.0.seal_in_place_separate_tag(place.nonce(), Aad::from(bytes), &mut []);
        let tag = tag.ok().and_then(|tag| tag.as_ref().try_into().ok());
        // Only more than 2^36 bytes are refused. If this ever fails, bytes that are no tag must not be used.
        tag.unwrap_or_else(|| unreachable!("GCM gives a tag of 16 bytes"))
    }

    /// Whether a tag belongs to a piece with these bytes at this place.
    pub fn is_tag(&self, tag: &PieceTag, place: PiecePlace, bytes: &[u8]) -> bool {
        self.tag(place, bytes).ct_eq(tag).into()
    }
}

impl PiecePlace {
    fn nonce(self) -> Nonce {
        let mut nonce = [0; NONCE_BYTES];
        nonce[0] = self.shard;
        nonce[NONCE_BYTES - 4..].copy_from_slice(&self.piece.to_be_bytes());
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Says that a key has [`KEY_BYTES`].
struct KeyBytes;

impl KeyType for KeyBytes {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

impl fmt::Debug for PieceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PieceSecret(..)")
    }
}

impl fmt::Debug for PieceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PieceKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GENERATION: [u8; GENERATION_BYTES] = [9; GENERATION_BYTES];
    const PLACE: PiecePlace = PiecePlace { shard: 3, piece: 7 };

    fn secret(byte: u8) -> PieceSecret {
        PieceSecret::new(&[byte; PIECE_SECRET_BYTES])
    }

    #[test]
    fn a_tag_is_of_its_bytes_at_their_place_in_their_generation_under_their_secret() {
        let key = secret(1).key(&GENERATION);
        let tag = key.tag(PLACE, b"bytes");
        assert!(key.is_tag(&tag, PLACE, b"bytes"));
        assert!(secret(1).key(&GENERATION).is_tag(&tag, PLACE, b"bytes"));
        for other in [b"".as_slice(), b"byte", b"Bytes", b"bytes\0"] {
            assert!(!key.is_tag(&tag, PLACE, other));
        }
        for place in [PiecePlace { shard: 2, ..PLACE }, PiecePlace { piece: 8, ..PLACE }] {
            assert!(!key.is_tag(&tag, place, b"bytes"));
        }
        assert!(!secret(1).key(&[8; GENERATION_BYTES]).is_tag(&tag, PLACE, b"bytes"));
        assert!(!secret(2).key(&GENERATION).is_tag(&tag, PLACE, b"bytes"));
    }

    #[test]
    fn tags_stay_what_they_were() {
        // Computed with OpenSSL (`openssl mac GMAC`). A change would make every tagged content unreadable.
        assert_eq!(hex::encode(secret(1).key(&GENERATION).tag(PLACE, b"bytes")), "b9d1a79d96f7f3edaa3f2ed9adde6aca");
    }

    #[test]
    fn each_number_is_a_secret_of_its_own() {
        let secrets: PieceSecrets = [(4, secret(4)), (3, secret(3))].into_iter().collect();
        for number in [3, 4] {
            let tag = secrets.key(u16::from(number), &GENERATION).unwrap().tag(PLACE, b"bytes");
            assert!(secret(number).key(&GENERATION).is_tag(&tag, PLACE, b"bytes"));
        }
        assert!(secrets.key(2, &GENERATION).is_none());
        assert!(!format!("{secrets:?}").contains('['));
    }
}
