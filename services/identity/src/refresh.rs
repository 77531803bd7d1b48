use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Randomness in a refresh token, in bytes.
pub const REFRESH_RANDOM_BYTES: usize = 32;

/// Length of the stored digest of one, in bytes.
const DIGEST_BYTES: usize = 32;

/// Longest text that is parsed as a refresh token, in bytes.
const TEXT_BYTES_MAX: usize = 192;

/// Length of the proof that a token was issued, in bytes.
const TAG_BYTES: usize = 32;

/// A token that prolongs a session once. Only its digest is stored; it is random enough to need no slow hash.
#[derive(Clone)]
pub struct RefreshToken {
    session: Uuid,
    secret: Zeroizing<[u8; REFRESH_RANDOM_BYTES]>,
    /// Proves that it was issued; tokens of older releases have none.
    tag: Option<[u8; TAG_BYTES]>,
}

/// A text is no refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a refresh token has the form <session id>.<secret>")]
pub struct RefreshTokenError;

impl RefreshToken {
    /// A fresh token of a session.
    pub(crate) fn new(key: &hmac::Key, session: Uuid, random: [u8; REFRESH_RANDOM_BYTES]) -> Self {
        let mut token = Self { session, secret: Zeroizing::new(random), tag: None };
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(hmac::sign(key, &token.tagged()).as_ref());
        token.tag = Some(tag);
        token
    }

    /// Whether it was made with a key.
    pub(crate) fn is_of(&self, key: &hmac::Key) -> bool {
        self.tag.is_some_and(|tag| hmac::verify(key, &self.tagged(), &tag).is_ok())
    }

    fn tagged(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.session.as_bytes().as_slice(), self.secret.as_slice()].concat())
    }

    /// Parses `<session id>.<secret>`.
    ///
    /// # Errors
    /// [`RefreshTokenError`].
    pub fn parse(text: &str) -> Result<Self, RefreshTokenError> {
        let (session, secret) =
            text.split_once('.').filter(|_| text.len() <= TEXT_BYTES_MAX).ok_or(RefreshTokenError)?;
        let session = Uuid::try_parse(session).map_err(|_| RefreshTokenError)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).map_err(|_| RefreshTokenError)?);
        let (secret, tag) = bytes.split_at_checked(REFRESH_RANDOM_BYTES).ok_or(RefreshTokenError)?;
        let secret = Zeroizing::new(secret.try_into().map_err(|_| RefreshTokenError)?);
        let tag = match tag {
            [] => None,
            tag => Some(tag.try_into().map_err(|_| RefreshTokenError)?),
        };
        Ok(Self { session, secret, tag })
    }

    /// The text that the client stores.
    pub fn to_text(&self) -> Secret {
        let tag = self.tag.as_ref().map_or(&[][..], <[u8; TAG_BYTES]>::as_slice);
        let bytes = Zeroizing::new([self.secret.as_slice(), tag].concat());
        Secret::new(format!("{}.{}", self.session.hyphenated(), URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Its session.
    pub fn session(&self) -> Uuid {
        self.session
    }

    /// The digest to store: the SHA-256 of the secret and, if the token is bound to another secret, of that one, which
    /// must not change meanwhile.
    pub fn digest(&self, bound_to: &str) -> [u8; DIGEST_BYTES] {
        let mut context = Context::new(&SHA256);
        context.update(self.secret.as_slice());
        context.update(bound_to.as_bytes());
        let mut kept = [0; DIGEST_BYTES];
        kept.copy_from_slice(context.finish().as_ref());
        kept
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session", &self.session).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[n; 32])
    }

    #[test]
    fn it_is_read_back_and_has_a_digest_of_its_own() {
        let token = RefreshToken::new(&key(1), Uuid::from_u128(7), [1; 32]);
        let text = token.to_text();
        let read = RefreshToken::parse(text.expose()).unwrap();
        assert_eq!(read.session(), Uuid::from_u128(7));
        assert_eq!(read.digest(""), token.digest(""));
        let other = RefreshToken::new(&key(1), Uuid::from_u128(7), [2; 32]);
        assert_ne!(other.digest(""), token.digest(""));
        assert_ne!(token.digest("password"), token.digest("passwore"));
        // Computed with `sha256sum`.
        assert_eq!(hex::encode(token.digest("")), "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793");
        assert!(!format!("{token:?}").contains("AQEB"));
    }

    #[test]
    fn what_was_given_out_is_told_from_what_was_invented() {
        let token = RefreshToken::new(&key(1), Uuid::from_u128(7), [1; 32]);
        let read = |token: &RefreshToken| RefreshToken::parse(token.to_text().expose()).unwrap();
        assert!(read(&token).is_of(&key(1)));
        assert!(!read(&token).is_of(&key(2)));
        assert!(!RefreshToken { session: Uuid::from_u128(8), ..read(&token) }.is_of(&key(1)));
        assert!(!RefreshToken { secret: Zeroizing::new([2; 32]), ..read(&token) }.is_of(&key(1)));
        let of_older_program = RefreshToken { tag: None, ..token };
        assert_eq!(of_older_program.to_text().expose().len(), 36 + 1 + 43);
        assert!(!read(&of_older_program).is_of(&key(1)));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let good = RefreshToken::new(&key(1), Uuid::from_u128(7), [1; 32]).to_text().expose().to_owned();
        for wrong in [
            "",
            ".",
            "7.AQ",
            &good[1..],
            &good[..good.len() - 1],
            &format!("{good}A"),
            &format!("{good}.{good}"),
            &"x".repeat(10_000),
        ] {
            assert!(RefreshToken::parse(wrong).is_err(), "{wrong}");
        }
    }
}
