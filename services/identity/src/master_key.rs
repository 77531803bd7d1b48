use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::{Zeroize, Zeroizing};

use crate::Secret;

/// Length of a master key, in bytes.
pub const MASTER_KEY_BYTES: usize = 32;

/// Length of a key's id before hexadecimal encoding, in bytes.
const KEY_ID_BYTES: usize = 8;

/// Separates values derived here from all others that are derived from the same bytes.
const SALT: &[u8] = b"planetstore master key v1";

/// The one secret of a region from which all others are derived. The same on all of its gateways.
///
/// `Debug` shows its id only, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct MasterKey(Box<[u8; MASTER_KEY_BYTES]>);

/// The reason why a text is not a master key. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeyError {
    /// Neither hexadecimal nor Base64.
    #[error("a master key is 32 bytes in hexadecimal (64 characters) or Base64 (44 characters), and this is neither")]
    NotEncoded,
    /// Too short or too long.
    #[error("a master key has {MASTER_KEY_BYTES} bytes, and this one has {bytes}")]
    WrongLength {
        /// The length in bytes.
        bytes: usize,
    },
    /// All bytes are the same: a placeholder.
    #[error("a master key of one repeated byte is not secret: generate one with `openssl rand -base64 32`")]
    NotRandom,
}

/// The purpose of a subkey. Different purposes have independent keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    Id,
    Sealing,
    SessionTokens,
    RefreshTokens,
    GatewayEvents,
    LifecycleEvents,
    MaintenanceEvents,
    PieceTags,
    ConsumerLogins,
    Notary,
    Tickets,
}

impl Purpose {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Id => b"key id",
            Self::Sealing => b"sealing",
            Self::SessionTokens => b"session tokens",
            Self::RefreshTokens => b"refresh tokens",
            Self::GatewayEvents => b"events by gateway",
            Self::LifecycleEvents => b"events by lifecycle",
            Self::MaintenanceEvents => b"events by maintenance",
            Self::PieceTags => b"piece tags",
            Self::ConsumerLogins => b"consumer logins",
            Self::Notary => b"notary",
            Self::Tickets => b"tickets",
        }
    }
}

impl MasterKey {
    /// A key from bytes of a secure source of randomness.
    pub fn new(random: [u8; MASTER_KEY_BYTES]) -> Self {
        let random = Zeroizing::new(random);
        Self(Box::new(*random))
    }

    /// Parses the output of [`to_text`](Self::to_text), or any hexadecimal or Base64 form, with blanks around it.
    ///
    /// # Errors
    /// [`MasterKeyError`], which names the expected form.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let bytes = if text.len() == 2 * MASTER_KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            hex::decode(text).ok()
        } else {
            [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].iter().find_map(|form| form.decode(text).ok())
        };
        let bytes = Zeroizing::new(bytes.filter(|_| !text.is_empty()).ok_or(MasterKeyError::NotEncoded)?);
        let wrong_length = MasterKeyError::WrongLength { bytes: bytes.len() };
        let key = Self(Box::new(bytes.as_slice().try_into().map_err(|_| wrong_length)?));
        if key.0.iter().all(|byte| *byte == key.0[0]) {
            return Err(MasterKeyError::NotRandom);
        }
        Ok(key)
    }

    /// The form in which a file stores it: Base64.
    pub fn to_text(&self) -> Secret {
        Secret::new(STANDARD.encode(self.0.as_slice()))
    }

    /// The id of the key: 16 hexadecimal characters that reveal nothing else about it.
    pub fn key_id(&self) -> String {
        let derived = self.subkey(Purpose::Id);
        hex::encode(&derived[..KEY_ID_BYTES])
    }

    /// Derives the key with which gateways prove their events.
    pub fn gateway_events(&self) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        self.subkey(Purpose::GatewayEvents)
    }

    /// Derives the key with which the lifecycle service proves its events. It reveals nothing about the master key, and
    /// that service gets nothing else.
    pub fn lifecycle_events(&self) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        self.subkey(Purpose::LifecycleEvents)
    }

    /// Derives the key with which the maintenance services prove their events. It reveals nothing about the master key.
    pub fn maintenance_events(&self) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        self.subkey(Purpose::MaintenanceEvents)
    }

    /// Derives the secret that tags the pieces of contents. A content can be read only with the secret that tagged it,
    /// so the secret outlives the key.
    pub fn piece_tags(&self) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        self.subkey(Purpose::PieceTags)
    }

    /// Derives the seed of the key pair with which gateways sign what consumers may do on NATS servers.
    pub fn consumer_logins(&self) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        self.subkey(Purpose::ConsumerLogins)
    }

    /// Derives the key with which the notary signs, where no other is given.
    pub fn notary(&self) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        self.subkey(Purpose::Notary)
    }

    /// Derives a key for one purpose, by HKDF-SHA256.
    ///
    /// Source: RFC 5869.
    pub(crate) fn subkey(&self, purpose: Purpose) -> Zeroizing<[u8; MASTER_KEY_BYTES]> {
        let mut subkey = Zeroizing::new([0; MASTER_KEY_BYTES]);
        let prk: Prk = Salt::new(HKDF_SHA256, SALT).extract(self.0.as_slice());
        let info = [purpose.info()];
        let filled = prk.expand(&info, HKDF_SHA256).and_then(|material| material.fill(subkey.as_mut_slice()));
        // Both lengths are those of SHA-256, so this cannot fail. If it ever does, a key of zeros must not be used.
        assert!(filled.is_ok(), "HKDF returns as many bytes as its hash");
        subkey
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
    }

    #[test]
    fn every_usual_form_is_read() {
        let bytes = [0xFB; 31].iter().copied().chain([1]).collect::<Vec<u8>>();
        let of_bytes = MasterKey::parse(&hex::encode(&bytes)).unwrap().key_id();
        for form in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
            assert_eq!(MasterKey::parse(&format!(" {}\n", form.encode(&bytes))).unwrap().key_id(), of_bytes);
        }
        assert_eq!(MasterKey::parse(&hex::encode_upper(&bytes)).unwrap().key_id(), of_bytes);
        assert_eq!(MasterKey::parse(key().to_text().expose()).unwrap().key_id(), key().key_id());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        for (text, error) in [
            ("", MasterKeyError::NotEncoded),
            ("my secret!", MasterKeyError::NotEncoded),
            ("AAEC", MasterKeyError::WrongLength { bytes: 3 }),
            (&"ab".repeat(31), MasterKeyError::NotEncoded),
            (&"00".repeat(32), MasterKeyError::NotRandom),
            (&STANDARD.encode([7; 33]), MasterKeyError::WrongLength { bytes: 33 }),
        ] {
            assert_eq!(MasterKey::parse(text).unwrap_err(), error, "{text}");
        }
        let said = MasterKey::parse("hunter2hunter2").unwrap_err().to_string();
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn purposes_have_keys_of_their_own_and_the_id_is_none_of_them() {
        let key = key();
        let (sealing, tokens) = (key.subkey(Purpose::Sealing), key.subkey(Purpose::SessionTokens));
        assert_ne!(sealing, tokens);
        assert_ne!(key.gateway_events(), key.lifecycle_events());
        assert_ne!(key.maintenance_events(), key.lifecycle_events());
        assert_ne!(sealing.as_slice(), key.0.as_slice());
        // Computed with another implementation of RFC 5869 and HMAC-SHA256. A change would make every sealed secret
        // unreadable.
        assert_eq!(key.key_id(), "73b3c5257e8f8d18");
        assert_eq!(hex::encode(&sealing[..4]), "6b5d212e");
        assert!(!format!("{key:?}").contains(key.to_text().expose()));
    }
}
