//! Continuation tokens, from which a listing continues.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::KEY_BYTES_MAX;

/// The last key or common prefix of a page, encoded so that every client can send it back.
///
/// It reveals no more than the page did, so it is not encrypted. It begins with a version digit.
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

    /// The key after which a listing with this token continues. `None` if it is not a token.
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
