//! Continuation tokens: where a listing goes on.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::KEY_BYTES_MAX;

/// The key or common prefix a page ended with, in a spelling that survives any client.
///
/// It says no more than the page did, so it needs no seal. It begins with a version digit.
#[derive(Debug, Clone, Copy)]
pub struct ContinuationToken;

const VERSION: char = '1';

impl ContinuationToken {
    /// The token that continues after `key`.
    pub fn encode(key: &[u8]) -> String {
        let mut token = String::from(VERSION);
        URL_SAFE_NO_PAD.encode_string(key, &mut token);
        token
    }

    /// The key a token continues after. `None` for what is no token.
    pub fn decode(token: &str) -> Option<Vec<u8>> {
        let key = URL_SAFE_NO_PAD.decode(token.strip_prefix(VERSION)?).ok()?;
        (!key.is_empty() && key.len() <= KEY_BYTES_MAX).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_what_it_writes(key in proptest::collection::vec(any::<u8>(), 1..50)) {
            prop_assert_eq!(ContinuationToken::decode(&ContinuationToken::encode(&key)), Some(key));
        }

        #[test]
        fn reading_never_panics(text: String) {
            let _ = ContinuationToken::decode(&text);
        }
    }
}
