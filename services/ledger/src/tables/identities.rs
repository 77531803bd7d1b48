//! Users and what belongs to them, in one table: they are few, and a table costs every transaction its opening.

use domain::row::{GroupRow, KeyRow, KmsKeyRow, MadeRow, Named, PolicyRow, SessionRow, UserRow, WriteRow, Written};
use domain::{Identities, IdentityChange};
use events::ids::{AccessKeyId, GroupName, InvalidName, KmsKeyName, PolicyName, SessionId, UserId, UserName};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::Bound;
use std::str::FromStr;

use super::key::Key;
use super::{Access, Tables, Writable};
use crate::StateError;

/// The number of a [`Kind`], and a name.
pub(crate) type IdentityKey = (u8, String);

impl Key for IdentityKey {
    type Stored = (u8, &'static str);
    type Ref<'k> = (Kind, &'k str);

    fn encode<T>((kind, name): (Kind, &str), then: impl FnOnce((u8, &str)) -> T) -> T {
        then((kind as u8, name))
    }

    fn decode((kind, name): (u8, &str)) -> Result<Self, InvalidName> {
        Ok((kind, name.to_owned()))
    }
}

/// The kinds of rows. The numbers are in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// `""` → the sequence of the last change.
    Changed = 0,
    /// User name → [`UserRow`].
    User = 1,
    /// Canonical id → user name.
    UserId = 2,
    /// E-mail address, a line break, user name → user name. No address holds a line break.
    Email = 3,
    /// Access key id → [`KeyRow`].
    Key = 4,
    /// `user/access key id` → nothing. No name holds a `/`.
    UserKey = 5,
    /// Group name → [`GroupRow`].
    Group = 6,
    /// Policy name → [`PolicyRow`].
    Policy = 7,
    /// Session id → [`SessionRow`].
    Session = 8,
    /// `user/session id` → nothing.
    UserSession = 9,
    /// Name of a key in the key store → [`KmsKeyRow`].
    KmsKey = 10,
    /// [`Named`] → [`MadeRow`].
    Made = 11,
    /// [`Written`] → [`WriteRow`].
    Write = 12,
    /// `second owner/`[`Written`] → nothing.
    WriteWith = 13,
}

/// Separates a user from a belonging of the user, in keys.
const SEPARATOR: char = '/';

/// The character after [`SEPARATOR`].
const AFTER_SEPARATOR: char = '0';

fn owned(user: &UserName, what: impl std::fmt::Display) -> String {
    format!("{user}{SEPARATOR}{what}")
}

/// Separates an e-mail address from a user who has it, in keys.
const ADDRESS_SEPARATOR: char = '\n';

/// The character after [`ADDRESS_SEPARATOR`].
const AFTER_ADDRESS_SEPARATOR: char = '\u{b}';

fn addressed(email: &str, user: &str) -> String {
    format!("{email}{ADDRESS_SEPARATOR}{user}")
}

impl<A: Access> Tables<A> {
    fn identity<T: DeserializeOwned>(&self, kind: Kind, name: &str) -> Result<Option<T>, StateError> {
        self.identities.get_as((kind, name))
    }

    /// The names of what a user owns of a kind after one of them, in order, at most so many.
    fn owned_by<T: FromStr<Err = InvalidName>>(
        &self,
        kind: Kind,
        user: &UserName,
        after: &str,
        max: usize,
    ) -> Result<Vec<T>, StateError> {
        let before = owned(user, "").len();
        let (after, to) = (owned(user, after), format!("{user}{AFTER_SEPARATOR}"));
        let (from, to) = (Bound::Excluded((kind as u8, after.as_str())), Bound::Excluded((kind as u8, to.as_str())));
        let mut names = Vec::new();
        for entry in self.identities.range((from, to))?.take(max) {
            let entry = entry?;
            let (_, name) = entry.stored_key();
            names.push(name[before..].parse().map_err(StateError::Key)?);
        }
        Ok(names)
    }

    fn page<N: FromStr<Err = InvalidName>, T: DeserializeOwned>(
        &self,
        kind: Kind,
        after: Option<&str>,
        max: usize,
    ) -> Result<Vec<(N, T)>, StateError> {
        let from = after.map_or(Bound::Included((kind as u8, "")), |after| Bound::Excluded((kind as u8, after)));
        let to = Bound::Excluded((kind as u8 + 1, ""));
        let mut rows = Vec::new();
        for entry in self.identities.range((from, to))?.take(max) {
            let entry = entry?;
            let (_, name) = entry.stored_key();
            rows.push((name.parse().map_err(StateError::Key)?, entry.row_as()?));
        }
        Ok(rows)
    }

    /// A page of users in the order of their names.
    pub fn list_users(&self, after: Option<&UserName>, max: usize) -> Result<Vec<(UserName, UserRow)>, StateError> {
        self.page(Kind::User, after.map(UserName::as_str), max)
    }

    /// A page of groups in the order of their names.
    pub fn list_groups(&self, after: Option<&GroupName>, max: usize) -> Result<Vec<(GroupName, GroupRow)>, StateError> {
        self.page(Kind::Group, after.map(GroupName::as_str), max)
    }

    /// A page of the key store's keys in the order of their names.
    pub fn list_kms_keys(
        &self,
        after: Option<&KmsKeyName>,
        max: usize,
    ) -> Result<Vec<(KmsKeyName, KmsKeyRow)>, StateError> {
        self.page(Kind::KmsKey, after.map(KmsKeyName::as_str), max)
    }

    /// A page of all users, groups and policies that there are or that are remembered as deleted.
    pub fn list_made(&self, after: Option<&Named>, max: usize) -> Result<Vec<(Named, MadeRow)>, StateError> {
        self.page(Kind::Made, after.map(ToString::to_string).as_deref(), max)
    }

    /// A page of stored policies in the order of their names. Those that are built in are not among them.
    pub fn list_policies(
        &self,
        after: Option<&PolicyName>,
        max: usize,
    ) -> Result<Vec<(PolicyName, PolicyRow)>, StateError> {
        self.page(Kind::Policy, after.map(PolicyName::as_str), max)
    }
}

impl<A: Access> Identities for Tables<A> {
    type Error = StateError;

    fn identities_changed(&self) -> Result<u64, StateError> {
        Ok(self.identity(Kind::Changed, "")?.unwrap_or_default())
    }

    fn user(&self, name: &UserName) -> Result<Option<UserRow>, StateError> {
        self.identity(Kind::User, name.as_str())
    }

    fn user_by_id(&self, id: &UserId) -> Result<Option<UserName>, StateError> {
        self.identity(Kind::UserId, id.as_str())
    }

    fn user_by_email(&self, email: &str) -> Result<Option<UserName>, StateError> {
        let (from, to) = (addressed(email, ""), format!("{email}{AFTER_ADDRESS_SEPARATOR}"));
        let (from, to) = ((Kind::Email as u8, from.as_str()), (Kind::Email as u8, to.as_str()));
        match self.identities.range(from..to)?.next() {
            Some(entry) => Ok(Some(entry?.row_as()?)),
            None => Ok(None),
        }
    }

    fn key(&self, id: &AccessKeyId) -> Result<Option<KeyRow>, StateError> {
        self.identity(Kind::Key, id.as_str())
    }

    fn keys_of(
        &self,
        user: &UserName,
        after: Option<&AccessKeyId>,
        max: usize,
    ) -> Result<Vec<AccessKeyId>, StateError> {
        self.owned_by(Kind::UserKey, user, after.map_or("", AccessKeyId::as_str), max)
    }

    fn sessions_of(&self, user: &UserName) -> Result<Vec<(SessionId, SessionRow)>, StateError> {
        let mut sessions = Vec::new();
        for id in self.owned_by::<SessionId>(Kind::UserSession, user, "", usize::MAX)? {
            if let Some(row) = self.session(id)? {
                sessions.push((id, row));
            }
        }
        Ok(sessions)
    }

    fn group(&self, name: &GroupName) -> Result<Option<GroupRow>, StateError> {
        self.identity(Kind::Group, name.as_str())
    }

    fn policy(&self, name: &PolicyName) -> Result<Option<PolicyRow>, StateError> {
        self.identity(Kind::Policy, name.as_str())
    }

    fn kms_key(&self, name: &KmsKeyName) -> Result<Option<KmsKeyRow>, StateError> {
        self.identity(Kind::KmsKey, name.as_str())
    }

    fn session(&self, id: SessionId) -> Result<Option<SessionRow>, StateError> {
        self.identity(Kind::Session, &id.to_string())
    }

    fn made(&self, name: &Named) -> Result<MadeRow, StateError> {
        Ok(self.identity(Kind::Made, &name.to_string())?.unwrap_or_default())
    }

    fn written(&self, name: &Written) -> Result<Option<WriteRow>, StateError> {
        self.identity(Kind::Write, &name.to_string())
    }

    fn written_of(&self, owner: &Named) -> Result<Vec<Written>, StateError> {
        let (from, to) = (format!("{owner}{SEPARATOR}"), format!("{owner}{AFTER_SEPARATOR}"));
        let mut names = Vec::new();
        for entry in self.identities.range((Kind::Write as u8, from.as_str())..(Kind::Write as u8, to.as_str()))? {
            let entry = entry?;
            let (_, name) = entry.stored_key();
            names.push(name.parse().map_err(StateError::Key)?);
        }
        Ok(names)
    }

    fn written_with(&self, second: &Named) -> Result<Vec<Written>, StateError> {
        let (from, to) = (format!("{second}{SEPARATOR}"), format!("{second}{AFTER_SEPARATOR}"));
        let (first, last) = ((Kind::WriteWith as u8, from.as_str()), (Kind::WriteWith as u8, to.as_str()));
        let mut names = Vec::new();
        for entry in self.identities.range(first..last)? {
            let entry = entry?;
            let (_, name) = entry.stored_key();
            names.push(name[from.len()..].parse().map_err(StateError::Key)?);
        }
        Ok(names)
    }
}

impl Tables<Writable<'_>> {
    fn put_identity(&mut self, kind: Kind, name: &str, row: &impl Serialize) -> Result<(), StateError> {
        self.identities.put_as((kind, name), row)
    }

    fn drop_identity(&mut self, kind: Kind, name: &str) -> Result<(), StateError> {
        self.identities.drop((kind, name))
    }

    /// Applies a change of users or of what belongs to them.
    pub(super) fn apply_to_identities(&mut self, change: &IdentityChange) -> Result<(), StateError> {
        match change {
            IdentityChange::PutIdentitiesChanged { sequence } => self.put_identity(Kind::Changed, "", sequence),
            IdentityChange::PutUser { name, row } => self.put_identity(Kind::User, name.as_str(), row),
            IdentityChange::DropUser { name } => self.drop_identity(Kind::User, name.as_str()),
            IdentityChange::PutUserId { id, name } => self.put_identity(Kind::UserId, id.as_str(), name),
            IdentityChange::DropUserId { id } => self.drop_identity(Kind::UserId, id.as_str()),
            IdentityChange::PutEmail { email, name } => {
                self.put_identity(Kind::Email, &addressed(email, name.as_str()), name)
            }
            IdentityChange::DropEmail { email, name } => {
                self.drop_identity(Kind::Email, &addressed(email, name.as_str()))
            }
            IdentityChange::PutKey { id, row } => {
                self.put_identity(Kind::UserKey, &owned(&row.user, id), &())?;
                self.put_identity(Kind::Key, id.as_str(), row)
            }
            IdentityChange::DropKey { id, user } => {
                self.drop_identity(Kind::UserKey, &owned(user, id))?;
                self.drop_identity(Kind::Key, id.as_str())
            }
            IdentityChange::PutGroup { name, row } => self.put_identity(Kind::Group, name.as_str(), row),
            IdentityChange::DropGroup { name } => self.drop_identity(Kind::Group, name.as_str()),
            IdentityChange::PutPolicy { name, row } => self.put_identity(Kind::Policy, name.as_str(), row),
            IdentityChange::DropPolicy { name } => self.drop_identity(Kind::Policy, name.as_str()),
            IdentityChange::PutKmsKey { name, row } => self.put_identity(Kind::KmsKey, name.as_str(), row),
            IdentityChange::PutSession { id, row } => {
                self.put_identity(Kind::UserSession, &owned(&row.user, id), &())?;
                self.put_identity(Kind::Session, &id.to_string(), row)
            }
            IdentityChange::DropSession { id, user } => {
                self.drop_identity(Kind::UserSession, &owned(user, id))?;
                self.drop_identity(Kind::Session, &id.to_string())
            }
            IdentityChange::PutMade { name, row } => self.put_identity(Kind::Made, &name.to_string(), row),
            IdentityChange::DropMade { name } => self.drop_identity(Kind::Made, &name.to_string()),
            IdentityChange::PutWrite { name, row } => {
                if let Some(second) = name.second_owner() {
                    self.put_identity(Kind::WriteWith, &format!("{second}{SEPARATOR}{name}"), &())?;
                }
                self.put_identity(Kind::Write, &name.to_string(), row)
            }
            IdentityChange::DropWrite { name } => {
                if let Some(second) = name.second_owner() {
                    self.drop_identity(Kind::WriteWith, &format!("{second}{SEPARATOR}{name}"))?;
                }
                self.drop_identity(Kind::Write, &name.to_string())
            }
        }
    }
}
