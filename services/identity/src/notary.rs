//! The keys of the notary, which signs what the log holds.
//!
//! Source: RFC 8032 (Ed25519).

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::Secret;

/// Length of the secret of a key, in bytes.
pub const NOTARY_SEED_BYTES: usize = 32;

/// Length of a public key, in bytes.
pub const NOTARY_PUBLIC_KEY_BYTES: usize = 32;

/// Length of a signature, in bytes.
pub const NOTARY_SIGNATURE_BYTES: usize = 64;

/// The prefix of a key as text, which tells it from other keys of the same length.
const PREFIX: &str = "notary:";

/// A key of the notary. `Debug` shows its public part only, and its memory is wiped when it is dropped.
pub struct NotarySecret {
    seed: Zeroizing<[u8; NOTARY_SEED_BYTES]>,
    pair: Ed25519KeyPair,
}

/// The reason why a text is no key of a notary. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotarySecretError {
    /// It has another form.
    #[error("a key of the notary is `notary:` and 32 bytes in Base64, as `planetstore notary-key` prints it")]
    Malformed,
    /// The library does not take it.
    #[error("the key of the notary is not accepted")]
    Refused,
}

impl NotarySecret {
    /// A key from bytes of a secure source.
    ///
    /// # Errors
    /// [`NotarySecretError::Refused`].
    pub fn new(seed: &[u8; NOTARY_SEED_BYTES]) -> Result<Self, NotarySecretError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NotarySecretError::Refused)?;
        Ok(Self { seed: Zeroizing::new(*seed), pair })
    }

    /// Parses the output of [`to_text`](Self::to_text).
    ///
    /// # Errors
    /// [`NotarySecretError`].
    pub fn parse(text: &str) -> Result<Self, NotarySecretError> {
        let text = text.trim().strip_prefix(PREFIX).ok_or(NotarySecretError::Malformed)?;
        let bytes = STANDARD.decode(text).map(Zeroizing::new).map_err(|_| NotarySecretError::Malformed)?;
        let seed = <[u8; NOTARY_SEED_BYTES]>::try_from(bytes.as_slice()).map(Zeroizing::new);
        Self::new(&*seed.map_err(|_| NotarySecretError::Malformed)?)
    }

    /// The form in which a file stores it.
    pub fn to_text(&self) -> Secret {
        let seed = Zeroizing::new(STANDARD.encode(*self.seed));
        Secret::new(format!("{PREFIX}{}", seed.as_str()))
    }

    /// The public part.
    pub fn public_key(&self) -> [u8; NOTARY_PUBLIC_KEY_BYTES] {
        let mut key = [0; NOTARY_PUBLIC_KEY_BYTES];
        // Ed25519 has public keys of this length only.
        key.copy_from_slice(self.pair.public_key().as_ref());
        key
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> [u8; NOTARY_SIGNATURE_BYTES] {
        let mut signature = [0; NOTARY_SIGNATURE_BYTES];
        // And signatures of this length only.
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

/// Whether a key signed a message.
pub fn is_signed_by(
    key: &[u8; NOTARY_PUBLIC_KEY_BYTES],
    message: &[u8],
    signature: &[u8; NOTARY_SIGNATURE_BYTES],
) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

impl fmt::Debug for NotarySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotarySecret").field("public_key", &hex::encode(self.public_key())).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_verified_and_nothing_else() {
        let key = NotarySecret::new(&[7; 32]).unwrap();
        let signature = key.sign(b"message");
        let public = key.public_key();
        assert!(is_signed_by(&public, b"message", &signature));
        assert!(!is_signed_by(&public, b"messagf", &signature));
        let mut other = signature;
        other[3] ^= 1;
        assert!(!is_signed_by(&public, b"message", &other));
        assert!(!is_signed_by(&NotarySecret::new(&[8; 32]).unwrap().public_key(), b"message", &signature));
        assert!(!is_signed_by(&[0xFF; 32], b"message", &signature));
    }

    /// Test 1 of RFC 8032, section 7.1.
    #[test]
    fn keys_and_signatures_are_those_of_the_standard() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let key = NotarySecret::new(&hex::decode(seed).unwrap().try_into().unwrap()).unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(hex::encode(key.public_key()), public);
        assert!(
            hex::encode(key.sign(b"")).starts_with("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
        );
    }

    #[test]
    fn a_key_is_read_back_and_shows_no_secret() {
        let key = NotarySecret::new(&[9; 32]).unwrap();
        let text = key.to_text();
        assert_eq!(NotarySecret::parse(&format!(" {}\n", text.expose())).unwrap().public_key(), key.public_key());
        assert!(!format!("{key:?}").contains(&STANDARD.encode([9; 32])));
        for wrong in ["", "notary:", "notary:AAAA", &STANDARD.encode([9; 32])] {
            assert_eq!(NotarySecret::parse(wrong).unwrap_err(), NotarySecretError::Malformed);
        }
    }
}
