//! The list of a region's master keys, as operators distribute it.

use std::fmt;

use zeroize::Zeroizing;

use crate::master_key::{MasterKey, MasterKeyError};
use crate::seal::{NONCE_BYTES, SealError, Sealer, UnsealError};
use crate::secret::Secret;

/// The maximum number of master keys that a region can have had.
pub const MASTER_KEYS_MAX: usize = 256;

/// The prefix of everything sealed; no master key in clear begins with it.
const SEALED: &str = "v1.";

/// The master keys of a region, the first one first: their positions are their numbers. The log says which of them is
/// in use. All of them are needed for as long as the log is: former ones to open what they sealed and to verify who
/// wrote what is on it, and newer ones to be there before they are used.
///
/// As text they follow each other with commas or blanks between. A former key may be sealed with a newer one, which
/// then is all that has to be kept secret.
#[derive(Clone)]
pub struct MasterKeys(Vec<MasterKey>);

/// Why a text is not a list of master keys. It repeats nothing of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeysError {
    /// One of them is malformed.
    #[error("{}{error}", place(*number))]
    Key {
        /// Its number.
        number: usize,
        /// The error.
        error: MasterKeyError,
    },
    /// One of them is sealed, but not with one that follows it.
    #[error("{}{error}", place(*number))]
    Sealed {
        /// Its number.
        number: usize,
        /// The error.
        error: UnsealError,
    },
    /// One of them occurs twice.
    #[error("{}it occurs twice", place(*number))]
    Twice {
        /// The second of its numbers.
        number: usize,
    },
    /// There are too many.
    #[error("there are at most {MASTER_KEYS_MAX} master keys")]
    TooMany,
}

/// The place of an error, unless there is only one key.
fn place(number: usize) -> String {
    if number == 0 { String::new() } else { format!("master key {number}, counted from 0: ") }
}

impl MasterKeys {
    /// The list of a region whose master key was never rotated.
    pub fn first(key: MasterKey) -> Self {
        Self(vec![key])
    }

    /// Parses the output of [`to_text`](Self::to_text) or [`retired`](Self::retired), or one master key.
    ///
    /// # Errors
    /// [`MasterKeysError`].
    pub fn parse(text: &str) -> Result<Self, MasterKeysError> {
        let is_between = |c: char| c == ',' || c.is_whitespace();
        let mut texts: Vec<&str> = text.split(is_between).filter(|text| !text.is_empty()).collect();
        if texts.is_empty() {
            texts.push("");
        }
        if texts.len() > MASTER_KEYS_MAX {
            return Err(MasterKeysError::TooMany);
        }
        // From the newest to the oldest, because each opens those before it.
        let mut keys: Vec<MasterKey> = Vec::with_capacity(texts.len());
        for (number, text) in texts.iter().enumerate().rev() {
            let key = if text.starts_with(SEALED) {
                unseal(&keys, text).map_err(|error| MasterKeysError::Sealed { number, error })?
            } else {
                MasterKey::parse(text).map_err(|error| MasterKeysError::Key { number, error })?
            };
            if let Some(newer) = keys.iter().position(|other| other.key_id() == key.key_id()) {
                return Err(MasterKeysError::Twice { number: texts.len() - 1 - newer });
            }
            keys.push(key);
        }
        keys.reverse();
        Ok(Self(keys))
    }

    /// The number of keys: at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first one, and those that follow it.
    pub fn first_and_rest(&self) -> (&MasterKey, impl Iterator<Item = &MasterKey>) {
        // There is always one.
        (&self.0[0], self.0[1..].iter())
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        self.0.iter()
    }

    /// Appends a key.
    ///
    /// # Errors
    /// [`MasterKeysError::TooMany`], [`MasterKeysError::Twice`].
    pub fn push(&mut self, key: MasterKey) -> Result<(), MasterKeysError> {
        if self.0.len() >= MASTER_KEYS_MAX {
            return Err(MasterKeysError::TooMany);
        }
        if self.0.iter().any(|other| other.key_id() == key.key_id()) {
            return Err(MasterKeysError::Twice { number: self.0.len() });
        }
        self.0.push(key);
        Ok(())
    }

    /// All of them in clear, separated by commas.
    pub fn to_text(&self) -> Secret {
        let texts: Vec<_> = self.0.iter().map(MasterKey::to_text).collect();
        Secret::new(texts.iter().map(Secret::expose).collect::<Vec<_>>().join(","))
    }

    /// The newest one in clear, and all others sealed with it. `nonce` returns a fresh nonce for each.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn retired(&self, mut nonce: impl FnMut() -> [u8; NONCE_BYTES]) -> Result<Secret, SealError> {
        let Some((newest, former)) = self.0.split_last() else { return Err(SealError::Cipher) };
        let sealer = Sealer::new(newest)?;
        let mut texts = Vec::with_capacity(self.0.len());
        for key in former {
            texts.push(sealer.seal(key.to_text().expose(), CONTEXT, nonce())?);
        }
        let newest = newest.to_text();
        texts.push(newest.expose().to_owned());
        let texts = Zeroizing::new(texts);
        Ok(Secret::new(texts.join(",")))
    }
}

/// The context for which former master keys are sealed.
const CONTEXT: &str = "former master key";

/// Opens a sealed key with one of the keys in clear.
fn unseal(newer: &[MasterKey], text: &str) -> Result<MasterKey, UnsealError> {
    let key = newer.iter().find(|key| text.get(SEALED.len()..).is_some_and(|rest| rest.starts_with(&key.key_id())));
    let other = || UnsealError::OtherKey {
        sealed_under: text.split('.').nth(1).unwrap_or_default().into(),
        have: newer.iter().map(MasterKey::key_id).collect::<Vec<_>>().join(", "),
    };
    let sealer = Sealer::new(key.ok_or_else(other)?).map_err(|_| UnsealError::Damaged)?;
    MasterKey::parse(sealer.unseal(text, CONTEXT)?.expose()).map_err(|_| UnsealError::Damaged)
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// Seals with one of a region's master keys, and opens what any of them sealed.
pub struct Sealers(Vec<Sealer>);

impl Sealers {
    /// Sealers with these keys.
    ///
    /// # Errors
    /// [`SealError::Cipher`] if the cipher does not accept a key.
    pub fn new(keys: &MasterKeys) -> Result<Self, SealError> {
        keys.iter().map(Sealer::new).collect::<Result<_, _>>().map(Self)
    }

    /// The sealer with the master key of a number; `None` if the list has no such key.
    pub fn of(&self, number: u32) -> Option<&Sealer> {
        self.0.get(usize::try_from(number).ok()?)
    }

    /// The sealer whose key sealed a text.
    ///
    /// # Errors
    /// [`UnsealError::OtherKey`] if it is none of these, [`UnsealError::Damaged`] if the text is not sealed.
    pub fn that_sealed(&self, sealed: &str) -> Result<&Sealer, UnsealError> {
        let key = sealed.strip_prefix(SEALED).and_then(|rest| rest.split_once('.')).ok_or(UnsealError::Damaged)?.0;
        let other = || UnsealError::OtherKey {
            sealed_under: key.to_owned(),
            have: self.0.iter().map(Sealer::key_id).collect::<Vec<_>>().join(", "),
        };
        self.0.iter().find(|sealer| sealer.key_id() == key).ok_or_else(other)
    }

    /// Opens the secret that any of them sealed for a context.
    ///
    /// # Errors
    /// [`UnsealError`].
    pub fn unseal(&self, sealed: &str, context: &str) -> Result<Secret, UnsealError> {
        self.that_sealed(sealed)?.unseal(sealed, context)
    }
}

impl fmt::Debug for Sealers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(first: u8) -> MasterKey {
        MasterKey::new(std::array::from_fn(|at| first.wrapping_add(u8::try_from(at).unwrap())))
    }

    fn three() -> MasterKeys {
        let mut keys = MasterKeys::first(key(1));
        keys.push(key(2)).unwrap();
        keys.push(key(3)).unwrap();
        keys
    }

    fn ids(keys: &MasterKeys) -> Vec<String> {
        keys.iter().map(MasterKey::key_id).collect()
    }

    #[test]
    fn they_come_back_in_their_order_in_clear_or_sealed_with_the_newest() {
        let keys = three();
        let retired = keys.retired(|| [7; NONCE_BYTES]).unwrap();
        for text in [keys.to_text(), retired.clone()] {
            assert_eq!(ids(&MasterKeys::parse(text.expose()).unwrap()), ids(&keys));
            assert_eq!(ids(&MasterKeys::parse(&text.expose().replace(',', "\n ")).unwrap()), ids(&keys));
        }
        assert!(!retired.expose().contains(key(1).to_text().expose()), "the former ones are not in clear");
        // A key that was retired already stays sealed with the key that followed it.
        let mut more = MasterKeys::parse(retired.expose()).unwrap();
        more.push(key(4)).unwrap();
        let again = more.retired(|| [8; NONCE_BYTES]).unwrap();
        assert!(!again.expose().contains(&key(3).key_id()), "nothing hangs on a former one");
        assert_eq!(ids(&MasterKeys::parse(again.expose()).unwrap()), ids(&more));
        assert!(!format!("{more:?}").contains(key(4).to_text().expose()));
    }

    #[test]
    fn what_is_no_row_of_keys_is_refused_and_not_repeated() {
        let (one, two) = (key(1).to_text(), key(2).to_text());
        let (one, two) = (one.expose(), two.expose());
        let refused = |text: &str| MasterKeys::parse(text).unwrap_err();
        assert_eq!(refused(""), MasterKeysError::Key { number: 0, error: MasterKeyError::NotEncoded });
        assert_eq!(refused(&format!("{one},{two},{one}")), MasterKeysError::Twice { number: 2 });
        assert_eq!(three().push(key(3)), Err(MasterKeysError::Twice { number: 3 }));
        assert_eq!(
            refused(&format!("{one},hunter2")),
            MasterKeysError::Key { number: 1, error: MasterKeyError::NotEncoded }
        );
        let retired = three().retired(|| [7; NONCE_BYTES]).unwrap();
        let (former, _) = retired.expose().rsplit_once(',').unwrap();
        assert!(matches!(refused(former), MasterKeysError::Sealed { number: 1, error: UnsealError::OtherKey { .. } }));
        assert!(matches!(refused(&format!("{former},{one}")), MasterKeysError::Sealed { number: 1, .. }));
        let said = refused(&format!("{one},hunter2hunter2")).to_string();
        assert!(!said.contains("hunter2") && said.contains("master key 1"), "{said}");
        assert_eq!(refused(&format!("{one} ").repeat(MASTER_KEYS_MAX + 1)), MasterKeysError::TooMany);
    }

    #[test]
    fn what_any_of_them_sealed_is_opened_and_the_one_that_is_named_seals() {
        let sealers = Sealers::new(&three()).unwrap();
        for number in 0..3_u8 {
            let sealer = sealers.of(number.into()).unwrap();
            assert_eq!(sealer.key_id(), key(number + 1).key_id());
            let sealed = sealer.seal("secret", "context", [9; NONCE_BYTES]).unwrap();
            assert_eq!(sealers.unseal(&sealed, "context").unwrap().expose(), "secret");
            assert_eq!(sealers.unseal(&sealed, "other").unwrap_err(), UnsealError::Damaged);
        }
        assert!(sealers.of(3).is_none());
        let foreign = Sealer::new(&key(9)).unwrap().seal("secret", "context", [9; NONCE_BYTES]).unwrap();
        let refused = sealers.unseal(&foreign, "context").unwrap_err();
        assert!(refused.to_string().contains(&key(9).key_id()), "{refused}");
        assert_eq!(sealers.unseal("garbage", "context").unwrap_err(), UnsealError::Damaged);
    }
}
