//! Key pairs of NATS: Ed25519 keys, and their text with a checksum.
//!
//! Source: <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth>, and
//! <https://github.com/nats-io/nkeys/blob/main/strkey.go> for the text.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::Secret;

/// Bytes of randomness in a key pair.
pub const NATS_KEY_BYTES: usize = 32;

/// The byte before a public key: the first letter of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    /// `A`
    Account = 0,
    /// `N`
    Server = 13 << 3,
    /// `U`
    User = 20 << 3,
}

/// The byte before a seed, but for the lowest bits: `S`.
const SEED: u8 = 18 << 3;

/// Bytes of the checksum at the end of every text.
const CHECKSUM_BYTES: usize = 2;

/// A key pair of an account or a user.
pub struct NatsKey {
    pair: Ed25519KeyPair,
    prefix: Prefix,
}

/// The reason why there is no key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a NATS key")]
pub struct NatsKeyError;

impl NatsKey {
    /// The key pair of an account, which signs what users may do.
    ///
    /// # Errors
    /// [`NatsKeyError`] if the library makes no key pair of the bytes.
    pub fn account(seed: &[u8; NATS_KEY_BYTES]) -> Result<Self, NatsKeyError> {
        Self::new(seed, Prefix::Account)
    }

    /// A user's key pair from its text, which is the user's password.
    ///
    /// # Errors
    /// [`NatsKeyError`] if the text is no seed of a user.
    pub fn user(password: &str) -> Result<Self, NatsKeyError> {
        let bytes = read(password)?;
        match bytes.split_first_chunk() {
            Some((prefix, seed)) if *prefix == seed_prefix(Prefix::User) => {
                Self::new(seed.try_into().map_err(|_| NatsKeyError)?, Prefix::User)
            }
            _ => Err(NatsKeyError),
        }
    }

    fn new(seed: &[u8; NATS_KEY_BYTES], prefix: Prefix) -> Result<Self, NatsKeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NatsKeyError)?;
        Ok(Self { pair, prefix })
    }

    /// The public key as text.
    pub fn public(&self) -> String {
        written(&[self.prefix as u8], self.pair.public_key().as_ref())
    }

    /// A signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_owned()
    }
}

/// A fresh password of a user: the text of a seed.
pub fn nats_password(random: &[u8; NATS_KEY_BYTES]) -> Secret {
    Secret::new(written(&seed_prefix(Prefix::User), random))
}

/// Whether a server signed a message; `public` is the text of its key.
pub fn is_signed_by_nats_server(public: &str, message: &[u8], signature: &[u8]) -> bool {
    let Ok(bytes) = read(public) else { return false };
    let Some((prefix, key)) = bytes.split_first() else { return false };
    *prefix == Prefix::Server as u8 && UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

/// The two bytes before a seed: `S`, and the type of the key pair.
fn seed_prefix(prefix: Prefix) -> [u8; 2] {
    let of = prefix as u8;
    [SEED | (of >> 5), (of & 31) << 3]
}

fn written(prefix: &[u8], key: &[u8]) -> String {
    let mut bytes = Zeroizing::new([prefix, key].concat());
    let checksum = checksum(&bytes).to_le_bytes();
    bytes.extend_from_slice(&checksum);
    BASE32_NOPAD.encode(&bytes)
}

/// The bytes of a text without their checksum, if that is right.
fn read(text: &str) -> Result<Zeroizing<Vec<u8>>, NatsKeyError> {
    let mut bytes = Zeroizing::new(BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| NatsKeyError)?);
    let end = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(NatsKeyError)?;
    if checksum(&bytes[..end]).to_le_bytes() != bytes[end..] {
        return Err(NatsKeyError);
    }
    bytes.truncate(end);
    Ok(bytes)
}

/// CRC-16/XMODEM.
fn checksum(bytes: &[u8]) -> u16 {
    const POLYNOMIAL: u16 = 0x1021;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL }
            },
        )
    })
}

impl fmt::Debug for NatsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_nats() {
        // From https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth.
        let seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
        let key = NatsKey::user(seed).unwrap();
        assert_eq!(key.public(), "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4");
        let seed = *b"0123456789abcdef0123456789abcdef";
        let password = nats_password(&seed);
        assert!(password.expose().starts_with("SU") && NatsKey::user(password.expose()).is_ok());
        assert_eq!(NatsKey::user(password.expose()).unwrap().public().len(), 56);
        assert!(NatsKey::account(&seed).unwrap().public().starts_with('A'));
    }

    #[test]
    fn what_is_no_password_is_refused_and_nothing_is_shown() {
        let password = nats_password(&[7; NATS_KEY_BYTES]);
        let of_account = written(&seed_prefix(Prefix::Account), &[7; NATS_KEY_BYTES]);
        let changed = format!("{}A", &password.expose()[..57]);
        for wrong in ["", "S", "correct horse", &password.expose()[..57], &of_account, &changed] {
            assert!(NatsKey::user(wrong).is_err(), "{wrong}");
        }
        let shown = format!("{:?}", NatsKey::user(password.expose()).unwrap());
        assert!(!shown.contains(password.expose()) && shown.contains("\"U"), "{shown}");
    }

    #[test]
    fn only_a_signature_of_a_server_counts() {
        let seed = [9; NATS_KEY_BYTES];
        let server = NatsKey::new(&seed, Prefix::Server).unwrap();
        let (public, signature) = (server.public(), server.sign(b"asked"));
        assert!(is_signed_by_nats_server(&public, b"asked", &signature));
        assert!(!is_signed_by_nats_server(&public, b"other", &signature));
        let account = NatsKey::account(&seed).unwrap().public();
        assert!(!is_signed_by_nats_server(&account, b"asked", &signature), "an account is no server");
    }
}
