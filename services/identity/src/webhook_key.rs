//! Keys by which requests to webhooks are signed.
//!
//! Source: Standard Webhooks 1.0, "Signature scheme".

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Length of a fresh key, in bytes.
pub const WEBHOOK_KEY_BYTES: usize = 32;

/// The lengths that a key may have, in bytes.
const BYTES: RangeInclusive<usize> = 24..=64;

/// What the text of a key begins with.
const PREFIX: &str = "whsec_";

/// A key of fresh random bytes, as text.
pub fn fresh_webhook_key(random: [u8; WEBHOOK_KEY_BYTES]) -> Secret {
    let random = Zeroizing::new(random);
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(*random)))
}

/// Whether a text is a key: `whsec_` and Base64 of 24 to 64 bytes.
pub fn is_webhook_key(text: &Secret) -> bool {
    let encoded = text.expose().strip_prefix(PREFIX);
    let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok()).map(Zeroizing::new);
    bytes.is_some_and(|bytes| BYTES.contains(&bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_key_is_a_key_and_little_else_is() {
        assert!(is_webhook_key(&fresh_webhook_key([7; WEBHOOK_KEY_BYTES])));
        for text in
            ["", "whsec_", "whsec_AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "whsec_!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
        {
            assert!(!is_webhook_key(&Secret::new(text.to_owned())), "{text}");
        }
    }
}
