use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::frames::ContentKey;
use crate::seal::{NONCE_BYTES, SealError, Sealer, UnsealError};

/// Length of an object's key, in bytes.
const KEY_BYTES: usize = 32;

/// Length of an entity tag, in bytes.
const TAG_BYTES: usize = 16;

/// The purpose of the key that entity tags are derived with.
const PURPOSE_TAG: &[u8] = b"planetstore entity tag v1";

/// The purpose of the keys of contents.
const PURPOSE: &[u8] = b"planetstore content key v1";

/// The key of one encrypted object. It encrypts nothing itself: each of the object's contents (the single one of a PUT,
/// or one for each part) has a key that is derived from it with a salt of its own. So an object passes from one sealing
/// key to another by sealing these 32 bytes again.
///
/// `Debug` shows nothing of it, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

/// Why sealed text contains no object's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataKeyError {
    /// It cannot be unsealed.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
    /// The sealed text has another length than a key.
    #[error("the sealed value is not a key of an object")]
    NoKey,
}

impl DataKey {
    /// A key from bytes of a secure source of randomness.
    pub fn new(random: [u8; KEY_BYTES]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Seals it for a context: how it is sealed, and the client's encryption context.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, sealer: &Sealer, context: &str, nonce: [u8; NONCE_BYTES]) -> Result<String, SealError> {
        let text = Zeroizing::new(STANDARD.encode(self.0.as_slice()));
        sealer.seal(&text, &associated(context), nonce)
    }

    /// Opens the key that was sealed for this context.
    ///
    /// # Errors
    /// [`DataKeyError`].
    pub fn unseal(sealer: &Sealer, sealed: &str, context: &str) -> Result<Self, DataKeyError> {
        let text = sealer.unseal(sealed, &associated(context))?;
        let bytes = Zeroizing::new(STANDARD.decode(text.expose()).map_err(|_| DataKeyError::NoKey)?);
        let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| DataKeyError::NoKey)?;
        Ok(Self::new(key))
    }

    /// An entity tag for bytes with an MD5. It is the same for the same bytes under the same key; without the key,
    /// guesses at the bytes cannot be tested against it.
    pub fn tag(&self, md5: &[u8; TAG_BYTES]) -> [u8; TAG_BYTES] {
        let tag = self.derive(md5, PURPOSE_TAG);
        std::array::from_fn(|at| tag[at])
    }

    /// Derives the key of the content with a salt, by HKDF-SHA256.
    ///
    /// Source: RFC 5869.
    pub fn content_key(&self, salt: &[u8]) -> ContentKey {
        ContentKey::new(&self.derive(salt, PURPOSE))
    }

    fn derive(&self, salt: &[u8], purpose: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let prk = Salt::new(HKDF_SHA256, salt).extract(self.0.as_slice());
        let filled = prk.expand(&[purpose], HKDF_SHA256).and_then(|material| material.fill(key.as_mut_slice()));
        // Both lengths are those of SHA-256, so this cannot fail. If it ever does, a key of zeros must not be used.
        assert!(filled.is_ok(), "HKDF returns as many bytes as its hash");
        key
    }
}

fn associated(context: &str) -> String {
    format!("object key:{context}")
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;

    fn sealer(byte: u8) -> Sealer {
        Sealer::labelled(&MasterKey::new([byte; 32]), "customer").unwrap()
    }

    #[test]
    fn it_comes_back_for_its_key_and_its_context_only() {
        let key = DataKey::new([7; 32]);
        let sealed = key.seal(&sealer(1), "sse-c", [3; NONCE_BYTES]).unwrap();
        assert!(sealed.starts_with("v1.customer."), "{sealed}");
        assert_eq!(DataKey::unseal(&sealer(1), &sealed, "sse-c").unwrap().0, key.0);
        for (other, context) in [(sealer(2), "sse-c"), (sealer(1), "sse-s3")] {
            let refused = DataKey::unseal(&other, &sealed, context).unwrap_err();
            assert_eq!(refused, DataKeyError::Unseal(UnsealError::Damaged));
        }
        let text = sealer(1).seal("short", "object key:c", [0; NONCE_BYTES]).unwrap();
        assert_eq!(DataKey::unseal(&sealer(1), &text, "c").unwrap_err(), DataKeyError::NoKey);
        assert_eq!(format!("{key:?}"), "DataKey(..)");
        assert_eq!(key.tag(&[1; 16]), DataKey::new([7; 32]).tag(&[1; 16]));
        assert_ne!(key.tag(&[1; 16]), key.tag(&[2; 16]));
        assert_ne!(key.tag(&[1; 16]), DataKey::new([8; 32]).tag(&[1; 16]));
    }
}
