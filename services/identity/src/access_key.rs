use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::Secret;

/// Randomness that a new access key needs, in bytes.
pub const ACCESS_KEY_RANDOM_BYTES: usize = ID_RANDOM_CHARS + SECRET_RANDOM_BYTES;

/// Random characters of an id, each of five random bits.
const ID_RANDOM_CHARS: usize = 18;

/// Random bytes of a secret; 40 characters in Base64.
const SECRET_RANDOM_BYTES: usize = 30;

/// The prefix of all ids, by which people and secret scanners recognise them.
const ID_PREFIX: &str = "PS";

/// The characters of an id: those of Base32 (RFC 4648, section 6).
const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A fresh access key for S3.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The access key id: 20 capital letters and digits, as long as on AWS.
    pub id: String,
    /// The secret key: 40 characters that need no quoting in shells, URLs and files.
    pub secret: Secret,
}

impl AccessKey {
    /// Creates a key from bytes of a secure source of randomness.
    pub fn generate(random: [u8; ACCESS_KEY_RANDOM_BYTES]) -> Self {
        let random = zeroize::Zeroizing::new(random);
        let (id, secret) = random.split_at(ID_RANDOM_CHARS);
        let chars = id.iter().map(|byte| char::from(ID_ALPHABET[usize::from(byte % 32)]));
        Self { id: ID_PREFIX.chars().chain(chars).collect(), secret: Secret::new(URL_SAFE_NO_PAD.encode(secret)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_have_the_form_that_clients_expect(random in prop::array::uniform32(any::<u8>())) {
            let bytes: [u8; ACCESS_KEY_RANDOM_BYTES] = std::array::from_fn(|at| random[at % 32]);
            let key = AccessKey::generate(bytes);
            prop_assert_eq!(key.id.len(), 20);
            prop_assert!(key.id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
            let secret = key.secret.expose();
            prop_assert_eq!(secret.len(), 40);
            prop_assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            let shown = format!("{key:?}");
            prop_assert!(!shown.contains(secret));
        }
    }

    #[test]
    fn every_random_byte_counts() {
        let base = AccessKey::generate([0; ACCESS_KEY_RANDOM_BYTES]);
        for at in 0..ACCESS_KEY_RANDOM_BYTES {
            let mut random = [0; ACCESS_KEY_RANDOM_BYTES];
            random[at] = 1;
            let other = AccessKey::generate(random);
            assert!(other.id != base.id || other.secret != base.secret, "byte {at}");
        }
    }
}
