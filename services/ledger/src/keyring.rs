//! The keys by which authors prove what they write.
//!
//! Each author has a row of keys, numbered from 0, of which it uses one at a time. Older keys are derived from newer
//! ones and never the other way round: the holder of a key can check all earlier proofs, and the thief of a key can
//! prove nothing once the next is in use. Under each master key of the region the row begins anew.
//!
//! Source: L. Lamport, "Password authentication with insecure communication", 1981.

use std::fmt;

use domain::KEY_NUMBER_MAX;
use events::Author;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Length of a key, in bytes.
pub const AUTHOR_KEY_BYTES: usize = 32;

/// Separates the steps from newer to older keys from all else that is hashed.
const STEP: &[u8] = b"planetstore author key before this one v1";

/// A key of an author, all before it, and under each former master key of the region the same. `Debug` shows its number
/// only.
#[derive(Clone)]
pub struct AuthorKey {
    /// The keys by the number of the master key that they are derived from. There is at least one.
    rows: Vec<Row>,
}

/// A key, and all before it under the same master key. Its memory is wiped when it is dropped, and never moves before,
/// because a move leaves a copy.
#[derive(Clone)]
struct Row {
    number: u32,
    secret: Box<Zeroizing<[u8; AUTHOR_KEY_BYTES]>>,
}

/// The reason why a text is not a key. It repeats nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an author key: `planetstore author-key` writes one as AUTHOR:NUMBER:KEY")]
pub struct AuthorKeyError;

impl Row {
    fn of_number(&self, number: u32) -> Option<Self> {
        let steps = self.number.checked_sub(number)?;
        let mut secret = self.secret.clone();
        for _ in 0..steps {
            let before = Sha256::new_with_prefix(STEP).chain_update(secret.as_slice()).finalize();
            secret.copy_from_slice(&before);
        }
        Some(Self { number, secret })
    }

    fn to_text(&self, author: Author) -> String {
        format!("{}:{}:{}", author.as_str(), self.number, hex::encode(self.secret.as_slice()))
    }

    fn parse(text: &str, author: Author) -> Result<Self, AuthorKeyError> {
        let mut parts = text.trim().split(':');
        let (Some(of), Some(number), Some(key), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(AuthorKeyError);
        };
        let number: u32 = number.parse().map_err(|_| AuthorKeyError)?;
        let mut secret = Box::new(Zeroizing::new([0; AUTHOR_KEY_BYTES]));
        hex::decode_to_slice(key, secret.as_mut_slice()).map_err(|_| AuthorKeyError)?;
        if of == author.as_str() && number <= KEY_NUMBER_MAX {
            Ok(Self { number, secret })
        } else {
            Err(AuthorKeyError)
        }
    }
}

impl AuthorKey {
    /// The last key that an author can ever have under the region's first master key, of bytes that must come from a
    /// good source of randomness.
    pub fn last(secret: [u8; AUTHOR_KEY_BYTES]) -> Self {
        Self { rows: vec![Row { number: KEY_NUMBER_MAX, secret: Box::new(Zeroizing::new(secret)) }] }
    }

    /// These keys, and those under the master keys that follow.
    #[must_use]
    pub fn followed_by(mut self, next: Self) -> Self {
        self.rows.extend(next.rows);
        self
    }

    /// Returns the number of master keys under which there are keys.
    pub fn master_keys(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// Returns the number of the key under the newest master key.
    pub fn number(&self) -> u32 {
        self.rows.last().map_or(0, |row| row.number)
    }

    /// The newest key that is held under a master key, by the number of that.
    pub(crate) fn held(&self, master: u32) -> Option<u32> {
        self.row(master).map(|row| row.number)
    }

    fn row(&self, master: u32) -> Option<&Row> {
        self.rows.get(usize::try_from(master).ok()?)
    }

    /// The author's key of a number under the newest master key, and what is held under former ones; `None` if that is
    /// newer than this one.
    pub fn of_number(&self, number: u32) -> Option<Self> {
        let (newest, former) = self.rows.split_last()?;
        Some(Self { rows: former.iter().cloned().chain([newest.of_number(number)?]).collect() })
    }

    /// The secret of a key, by the numbers of its master key and of itself; `None` if that is not held here.
    pub(crate) fn secret(&self, master: u32, number: u32) -> Option<Box<Zeroizing<[u8; AUTHOR_KEY_BYTES]>>> {
        Some(self.row(master)?.of_number(number)?.secret)
    }

    /// Returns the text form: `AUTHOR:NUMBER:KEY` for each master key, with commas between.
    pub fn to_text(&self, author: Author) -> Zeroizing<String> {
        let rows: Vec<_> = self.rows.iter().map(|row| Zeroizing::new(row.to_text(author))).collect();
        Zeroizing::new(rows.iter().map(|row| row.as_str()).collect::<Vec<_>>().join(","))
    }

    /// Reads what [`to_text`](Self::to_text) wrote, with blanks around it.
    ///
    /// # Errors
    /// [`AuthorKeyError`], also when the key is another author's.
    pub fn parse(text: &str, author: Author) -> Result<Self, AuthorKeyError> {
        let rows: Result<Vec<_>, _> = text.split(',').map(|row| Row::parse(row, author)).collect();
        rows.map(|rows| Self { rows })
    }
}

impl fmt::Debug for AuthorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorKey").field("number", &self.number()).finish_non_exhaustive()
    }
}

/// The keys of a process, which prove its own events and check those of others.
#[derive(Debug, Clone)]
pub enum Keyring {
    /// The keys of a gateway: the last key of every author.
    Gateway {
        /// The key of the gateways.
        gateway: AuthorKey,
        /// The key of the lifecycle service.
        lifecycle: AuthorKey,
        /// Of the services that keep contents whole.
        maintenance: AuthorKey,
    },
    /// The key of the lifecycle service alone. It proves the events of that service and checks the proofs of others to
    /// it, but cannot make proofs of another.
    Lifecycle(AuthorKey),
    /// Of the services that keep contents whole: their own, and that of what follows lifecycle rules, to check what that
    /// wrote.
    Maintenance {
        /// Their own.
        maintenance: AuthorKey,
        /// Of what follows lifecycle rules.
        lifecycle: AuthorKey,
    },
}

impl Keyring {
    /// Returns the author that writes with these keys.
    pub fn author(&self) -> Author {
        match self {
            Self::Gateway { .. } => Author::Gateway,
            Self::Lifecycle(_) => Author::Lifecycle,
            Self::Maintenance { .. } => Author::Maintenance,
        }
    }

    /// The form in which the keys of an author that is no gateway are handed over: its own, as
    /// [`AuthorKey::to_text`] writes them, and behind those the ones by which it knows what others wrote.
    pub fn to_text(&self) -> Zeroizing<String> {
        match self {
            Self::Gateway { gateway, .. } => gateway.to_text(Author::Gateway),
            Self::Lifecycle(lifecycle) => lifecycle.to_text(Author::Lifecycle),
            Self::Maintenance { maintenance, lifecycle } => {
                let (own, other) = (maintenance.to_text(Author::Maintenance), lifecycle.to_text(Author::Lifecycle));
                Zeroizing::new([own.as_str(), other.as_str()].join(","))
            }
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote for an author, with blanks around it.
    ///
    /// # Errors
    /// [`AuthorKeyError`], also when the keys are another author's, and for gateways, which are not handed theirs.
    pub fn parse(text: &str, author: Author) -> Result<Self, AuthorKeyError> {
        match author {
            Author::Gateway => Err(AuthorKeyError),
            Author::Lifecycle => AuthorKey::parse(text, author).map(Self::Lifecycle),
            Author::Maintenance => {
                let other = format!(",{}:", Author::Lifecycle.as_str());
                let (own, _) = text.split_once(&other).ok_or(AuthorKeyError)?;
                let others = text.get(own.len() + 1..).ok_or(AuthorKeyError)?;
                let (maintenance, lifecycle) =
                    (AuthorKey::parse(own, author)?, AuthorKey::parse(others, Author::Lifecycle)?);
                Ok(Self::Maintenance { maintenance, lifecycle })
            }
        }
    }

    /// The newest key of an author that is held here.
    pub(crate) fn of(&self, author: Author) -> Option<&AuthorKey> {
        match (self, author) {
            (Self::Gateway { gateway, .. }, Author::Gateway) => Some(gateway),
            (
                Self::Gateway { lifecycle, .. } | Self::Lifecycle(lifecycle) | Self::Maintenance { lifecycle, .. },
                Author::Lifecycle,
            ) => Some(lifecycle),
            (Self::Gateway { maintenance, .. } | Self::Maintenance { maintenance, .. }, Author::Maintenance) => {
                Some(maintenance)
            }
            (Self::Lifecycle(_) | Self::Maintenance { .. }, Author::Gateway)
            | (Self::Lifecycle(_), Author::Maintenance) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(byte: u8) -> AuthorKey {
        AuthorKey::last([byte; AUTHOR_KEY_BYTES])
    }

    #[test]
    fn older_keys_are_made_of_newer_ones_and_newer_ones_of_none() {
        let (last, other) = (last(1), last(2));
        let (fifth, fourth) = (last.of_number(5).unwrap(), last.of_number(4).unwrap());
        assert_eq!(fifth.secret(0, 4), fourth.secret(0, 4));
        assert!(fourth.of_number(5).is_none() && fourth.secret(0, 5).is_none());
        assert_ne!(fifth.secret(0, 5), fourth.secret(0, 4));
        assert_ne!(other.secret(0, 5), fifth.secret(0, 5));
        assert_eq!(last.of_number(KEY_NUMBER_MAX).unwrap().to_text(Author::Lifecycle), last.to_text(Author::Lifecycle));
        // Another derivation would make all logs unprovable.
        assert_eq!(hex::encode(&last.secret(0, 0).unwrap()[..4]), "64db63bf");
    }

    #[test]
    fn keys_begin_anew_under_another_master_key_and_those_before_are_kept() {
        let held = last(1).of_number(3).unwrap().followed_by(last(2)).of_number(0).unwrap();
        assert_eq!((held.master_keys(), held.held(0), held.held(1), held.held(2)), (2, Some(3), Some(0), None));
        assert_eq!(held.secret(0, 3), last(1).secret(0, 3));
        assert_eq!(held.secret(1, 0), last(2).secret(0, 0));
        assert!(held.secret(0, 4).is_none() && held.secret(1, 1).is_none() && held.secret(2, 0).is_none());
        let text = held.to_text(Author::Lifecycle);
        let read = AuthorKey::parse(&text, Author::Lifecycle).unwrap();
        assert_eq!((text.split(',').count(), read.to_text(Author::Lifecycle)), (2, text.clone()));
        assert!(AuthorKey::parse(&format!("{},", *text), Author::Lifecycle).is_err());
    }

    #[test]
    fn a_key_is_handed_over_as_text_to_its_author_only() {
        let key = last(7).of_number(3).unwrap();
        let text = key.to_text(Author::Lifecycle);
        let read = AuthorKey::parse(&format!(" {}\n", *text), Author::Lifecycle).unwrap();
        assert_eq!((read.number(), read.secret(0, 3)), (3, key.secret(0, 3)));
        assert!(AuthorKey::parse(&text, Author::Gateway).is_err());
        for wrong in [
            "",
            "lifecycle:3",
            "lifecycle:x:00",
            "lifecycle:3:00",
            &text.replace("lifecycle:3", "lifecycle:1024"),
            &format!("{}:", *text),
        ] {
            assert_eq!(AuthorKey::parse(wrong, Author::Lifecycle).err(), Some(AuthorKeyError), "{wrong}");
        }
        assert_eq!(format!("{key:?}"), "AuthorKey { number: 3, .. }");
    }

    #[test]
    fn who_keeps_contents_whole_is_handed_the_key_of_lifecycle_as_well() {
        let (own, other) = (last(1).of_number(3).unwrap().followed_by(last(2)), last(7).followed_by(last(8)));
        let keyring = Keyring::Maintenance { maintenance: own.of_number(4).unwrap(), lifecycle: other };
        let text = keyring.to_text();
        let read = Keyring::parse(&format!(" {}\n", *text), Author::Maintenance).unwrap();
        assert_eq!((read.to_text(), read.author()), (text.clone(), Author::Maintenance));
        assert!(read.of(Author::Gateway).is_none());
        for author in [Author::Gateway, Author::Lifecycle] {
            assert!(Keyring::parse(&text, author).is_err());
        }
        let own = own.to_text(Author::Maintenance);
        assert!(Keyring::parse(&own, Author::Maintenance).is_err(), "the other key is missing");
    }
}
