//! Secrets as ciphertext: AES-256-GCM under a key that is derived from the master key.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::master_key::{MASTER_KEY_BYTES, MasterKey, Purpose};
use crate::secret::Secret;

/// Length of a nonce, in bytes. It is random: under one key, 2^32 secrets may be sealed before two nonces are
/// too likely to be equal (NIST SP 800-38D, section 8.3).
pub const NONCE_BYTES: usize = 12;

/// Longest secret that is sealed, in bytes.
const PLAIN_BYTES_MAX: usize = 2 << 10;

/// Longest sealed text that is parsed, in bytes.
const SEALED_BYTES_MAX: usize = 4 << 10;

/// The form of sealed text: `v1.<key id>.<Base64url of nonce and ciphertext>`.
const VERSION: &str = "v1";

/// The context of the secret half of an S3 key.
pub fn key_context(access_key: &str) -> String {
    format!("key:{access_key}")
}

/// The context of the hash of a user's password.
pub fn password_context(user_id: &str) -> String {
    format!("password:{user_id}")
}

/// The context of a key of the key store.
pub fn kms_key_context(name: &str) -> String {
    format!("kms key:{name}")
}

/// The context of the key by which requests to a target are signed.
pub fn target_context(name: &str) -> String {
    format!("target:{name}")
}

/// The context of the secret key by which requests to another region are signed.
pub fn link_context(name: &str) -> String {
    format!("link:{name}")
}

/// Turns secrets into text that can be stored anywhere, and back.
pub struct Sealer {
    key: LessSafeKey,
    key_id: String,
}

/// Why something was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is longer than any secret is.
    #[error("a secret has at most {PLAIN_BYTES_MAX} bytes, and this one has {bytes}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The cipher refused.
    #[error("the cipher failed")]
    Cipher,
}

/// Why sealed text cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// Another master key sealed it: give that key to the process.
    #[error("it was sealed under the master key {sealed_under}, and this process has {have}")]
    OtherKey {
        /// The id of the key that sealed it.
        sealed_under: String,
        /// The id of the key that is available.
        have: String,
    },
    /// It was altered, or sealed for another context: it must not be used.
    #[error("it is damaged, or was sealed for something else")]
    Damaged,
}

impl Sealer {
    /// A sealer with a region's master key.
    ///
    /// # Errors
    /// [`SealError::Cipher`] if the cipher does not accept the key.
    pub fn new(master: &MasterKey) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, master.subkey(Purpose::Sealing).as_slice());
        let key = LessSafeKey::new(key.map_err(|_| SealError::Cipher)?);
        Ok(Self { key, key_id: master.key_id() })
    }

    /// A sealer with a key of another kind: one of the key store, or a customer's. The sealed text contains `label` in
    /// clear, which says nothing about the key.
    ///
    /// # Errors
    /// [`SealError::Cipher`] if the cipher does not accept the key.
    pub fn labelled(key: &MasterKey, label: &str) -> Result<Self, SealError> {
        Ok(Self { key_id: label.to_owned(), ..Self::new(key)? })
    }

    /// A new key of the key store, sealed.
    ///
    /// # Errors
    /// [`SealError::Cipher`] if the cipher fails.
    pub fn fresh_kms_key(
        &self,
        name: &str,
        random: [u8; MASTER_KEY_BYTES],
        nonce: [u8; NONCE_BYTES],
    ) -> Result<String, SealError> {
        self.seal(MasterKey::new(random).to_text().expose(), &kms_key_context(name), nonce)
    }

    /// The id of the master key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals a secret for a context, such as `key:<access key id>`. It can be opened only for that context, so that
    /// nobody who can move sealed texts around can pass one off as another.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, plain: &str, context: &str, nonce: [u8; NONCE_BYTES]) -> Result<String, SealError> {
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(SealError::TooLong { bytes: plain.len() });
        }
        let mut sealed = Zeroizing::new(plain.as_bytes().to_vec());
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        let done = self.key.seal_in_place_append_tag(nonce_used, self.associated(context), &mut *sealed);
        done.map_err(|_| SealError::Cipher)?;
        let bytes: Vec<u8> = nonce.iter().chain(sealed.iter()).copied().collect();
        Ok(format!("{VERSION}.{}.{}", self.key_id, URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Opens the secret that was sealed for this context.
    ///
    /// # Errors
    /// [`UnsealError::OtherKey`] or [`UnsealError::Damaged`].
    pub fn unseal(&self, sealed: &str, context: &str) -> Result<Secret, UnsealError> {
        let parts = sealed.split_once('.').and_then(|(version, rest)| Some((version, rest.split_once('.')?)));
        let Some((VERSION, (key_id, encoded))) = parts.filter(|_| sealed.len() <= SEALED_BYTES_MAX) else {
            return Err(UnsealError::Damaged);
        };
        if key_id != self.key_id {
            return Err(UnsealError::OtherKey { sealed_under: key_id.into(), have: self.key_id.clone() });
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| UnsealError::Damaged)?;
        let (nonce, ciphertext) = bytes.split_first_chunk_mut::<NONCE_BYTES>().ok_or(UnsealError::Damaged)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key.open_in_place(nonce, self.associated(context), ciphertext);
        let plain = Zeroizing::new(plain.map_err(|_| UnsealError::Damaged)?.to_vec());
        let mut bytes = Zeroizing::new(bytes);
        bytes.fill(0);
        let text = std::str::from_utf8(&plain).map_err(|_| UnsealError::Damaged)?;
        Ok(Secret::new(text.to_owned()))
    }

    /// The prefix of the ciphertext, and the context.
    fn associated(&self, context: &str) -> Aad<String> {
        Aad::from(format!("{VERSION}.{}.{context}", self.key_id))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::new([byte; 32])).unwrap()
    }

    #[test]
    fn a_secret_comes_back_for_its_context_only() {
        let sealer = sealer(1);
        let sealed = sealer.seal("hunter2", "key:AK1", [9; NONCE_BYTES]).unwrap();
        assert!(sealed.starts_with(&format!("v1.{}.", sealer.key_id())) && !sealed.contains("hunter2"), "{sealed}");
        assert_eq!(sealer.unseal(&sealed, "key:AK1").unwrap().expose(), "hunter2");
        for other in ["key:AK2", "key:AK", "user:AK1", ""] {
            assert_eq!(sealer.unseal(&sealed, other).unwrap_err(), UnsealError::Damaged, "{other}");
        }
    }

    #[test]
    fn another_key_is_named_and_cannot_be_claimed() {
        let (one, two) = (sealer(1), sealer(2));
        let sealed = one.seal("hunter2", "c", [0; NONCE_BYTES]).unwrap();
        let expected = UnsealError::OtherKey { sealed_under: one.key_id().into(), have: two.key_id().into() };
        assert_eq!(two.unseal(&sealed, "c").unwrap_err(), expected);
        let relabelled = sealed.replace(one.key_id(), two.key_id());
        assert_eq!(two.unseal(&relabelled, "c").unwrap_err(), UnsealError::Damaged);
    }

    #[test]
    fn too_long_and_unreadable_texts_are_refused() {
        let sealer = sealer(1);
        let long = "x".repeat(PLAIN_BYTES_MAX + 1);
        assert_eq!(sealer.seal(&long, "c", [0; 12]).unwrap_err(), SealError::TooLong { bytes: long.len() });
        let longest = sealer.seal(&long[1..], "c", [0; 12]).unwrap();
        assert_eq!(sealer.unseal(&longest, "c").unwrap().expose().len(), PLAIN_BYTES_MAX);
        let huge = format!("v1.{}.{}", sealer.key_id(), "A".repeat(SEALED_BYTES_MAX));
        let short = format!("v1.{}.AAAA", sealer.key_id());
        for text in ["", "v1", "v1.", "v2.a.b", "hunter2", &huge, &short] {
            assert_eq!(sealer.unseal(text, "c").unwrap_err(), UnsealError::Damaged);
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_any_changed_character_is_noticed(
            plain in ".{0,100}", context in ".{0,40}", nonce: [u8; 12], at: prop::sample::Index, with in "[A-Za-z0-9_.-]",
        ) {
            let sealer = sealer(3);
            let sealed = sealer.seal(&plain, &context, nonce).unwrap();
            let unsealed = sealer.unseal(&sealed, &context).unwrap();
            prop_assert_eq!(unsealed.expose(), plain.as_str());
            let at = at.index(sealed.len());
            let mut changed = sealed.clone();
            changed.replace_range(at..=at, &with);
            prop_assert!(changed == sealed || sealer.unseal(&changed, &context).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in "(v1\\.[0-9a-f]{16}\\.)?[A-Za-z0-9_.\\-]{0,60}") {
            prop_assert!(sealer(3).unseal(&text, "c").is_err());
        }
    }
}
