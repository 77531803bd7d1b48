//! Users, keys, groups and policies of which several regions of one operator have the same (ADR 57): what facts say of
//! the region that a change comes from, and changes on their way there, as the body of a request to that region's S3
//! address.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::fact::Fact;
use crate::ids::{AccessKeyId, GroupName, PolicyName, RegionName, UserId, UserName};
use crate::policy::Holder;
use crate::replica::{NotAChange, decode};
use crate::user::{Limits, Role};

/// The moment and the region in which something was written. The order of stamps is the same in all regions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Stamp {
    /// When, to the microsecond.
    #[schemars(with = "String")]
    #[serde(deserialize_with = "to_the_microsecond")]
    pub at: Timestamp,
    /// Where.
    pub region: RegionName,
}

/// Cuts off what is finer than rows keep. Else a stamp would look later than itself for ever.
fn to_the_microsecond<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let at = Timestamp::deserialize(deserializer)?;
    Timestamp::from_microsecond(at.as_microsecond()).map_err(D::Error::custom)
}

/// What was written last counts. A write to something that was made later counts before any to what was made earlier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Write {
    /// When the user, the group or the policy was made that it belongs to: of a membership the user and then the group, of
    /// an attachment the holder and then the policy, unless that one is built in.
    pub of: Vec<Stamp>,
    /// When and where it was written.
    pub stamp: Stamp,
}

/// What the fact of a change that reached this region from another one says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityReplica {
    /// The region of this log.
    pub taken_in: RegionName,
    /// When the user, the group or the policy was made that the fact makes or deletes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Stamp>,
    /// When what the fact says was written there: of a new user, its properties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Write>,
    /// When the password of a new user was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_write: Option<Write>,
}

impl Fact {
    /// What the fact says of the region that a change of users, keys, groups or policies was made in; `None` if it was made
    /// in this one.
    pub fn identity_replica(&self) -> Option<&IdentityReplica> {
        match self {
            Self::UserCreated(fact) => fact.replica.as_deref(),
            Self::UserChanged(fact) => fact.replica.as_deref(),
            Self::UserPasswordChanged(fact) => fact.replica.as_deref(),
            Self::UserDeleted(fact) => fact.replica.as_deref(),
            Self::KeyCreated(fact) => fact.replica.as_deref(),
            Self::KeyChanged(fact) => fact.replica.as_deref(),
            Self::KeyDeleted(fact) => fact.replica.as_deref(),
            Self::GroupCreated(fact) => fact.replica.as_deref(),
            Self::GroupDeleted(fact) => fact.replica.as_deref(),
            Self::GroupMemberAdded(fact) => fact.replica.as_deref(),
            Self::GroupMemberRemoved(fact) => fact.replica.as_deref(),
            Self::PolicyStored(fact) => fact.replica.as_deref(),
            Self::PolicyDeleted(fact) => fact.replica.as_deref(),
            Self::PolicyAttached(fact) => fact.replica.as_deref(),
            Self::PolicyDetached(fact) => fact.replica.as_deref(),
            _ => None,
        }
    }
}

/// The greatest number of changes in one request.
pub const CHANGES_MAX: usize = 256;

/// Changes that were made in one region and are to be made in another, in order, as the body of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent<S> {
    /// The form, one of [`FORMS`](crate::replica::FORMS).
    pub form: u32,
    /// The changes, at most [`CHANGES_MAX`].
    pub changes: Vec<Change<S>>,
}

/// What a region has under a name. `S` is a secret: in clear on its way between regions, and sealed within one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of the facts")]
pub enum Change<S> {
    /// A user.
    User(Box<User<S>>),
    /// The user that was made then was deleted, and all that were made before it.
    UserDeleted { user: UserName, made: Stamp },
    /// A key, or that it was deleted.
    Key(Box<Key<S>>),
    /// A group.
    Group { group: GroupName, made: Stamp },
    /// The group that was made then was deleted, and all that were made before it.
    GroupDeleted { group: GroupName, made: Stamp },
    /// Whether a user is in a group.
    Member { group: GroupName, user: UserName, is_in: bool, write: Write },
    /// A policy.
    Policy { policy: PolicyName, document: String, write: Write },
    /// The policy that was made then was deleted, and all that were made before it.
    PolicyDeleted { policy: PolicyName, made: Stamp },
    /// Whether a policy is attached to a user or group.
    Attachment { policy: PolicyName, holder: Holder, is_attached: bool, write: Write },
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User<S> {
    /// The name.
    pub user: UserName,
    /// The canonical id, which a region takes over if it has no user of that name.
    pub id: UserId,
    /// When it was made.
    pub made: Stamp,
    /// The role.
    pub role: Role,
    /// The display name in S3.
    pub display_name: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the user's keys and sessions work.
    pub enabled: bool,
    /// The rate limits.
    pub limits: Limits,
    /// When these were written.
    pub write: Write,
    /// The hash of the password.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub password: Option<S>,
    /// When it was written.
    pub password_write: Write,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key<S> {
    /// The user.
    pub user: UserName,
    /// The access key id.
    pub access_key: AccessKeyId,
    /// What it is; absent if it was deleted.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub state: Option<KeyState<S>>,
    /// When that was written.
    pub write: Write,
}

/// A key that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyState<S> {
    /// The secret key.
    pub secret: S,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether an administrator disabled it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_by_admin: bool,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// A missing field of any type.
fn none<T>() -> Option<T> {
    None
}

impl<S: for<'de> Deserialize<'de>> Sent<S> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`NotAChange`].
    pub fn decode(body: &[u8]) -> Result<Self, NotAChange> {
        // What is wrong is said without the words that are: they may be secrets.
        let read: Self = decode(body).map_err(|error| match error {
            NotAChange::Malformed(_) => NotAChange::Malformed("its JSON has another shape".into()),
            other => other,
        })?;
        if read.changes.len() > CHANGES_MAX {
            return Err(NotAChange::TooManyChanges { changes: read.changes.len() });
        }
        Ok(read)
    }
}

impl<S> Sent<S> {
    /// The form that is written.
    pub const FORM: u32 = 1;
}

impl<S> Change<S> {
    /// The same change with other forms of its secrets. `of_password` is given the user's canonical id, `of_key` the
    /// access key id.
    ///
    /// # Errors
    /// Those of the two functions.
    pub fn with_secrets<T, E>(
        self,
        of_password: impl FnOnce(&UserId, S) -> Result<T, E>,
        of_key: impl FnOnce(&AccessKeyId, S) -> Result<T, E>,
    ) -> Result<Change<T>, E> {
        Ok(match self {
            Self::User(user) => {
                let User {
                    user,
                    id,
                    made,
                    role,
                    display_name,
                    email,
                    enabled,
                    limits,
                    write,
                    password,
                    password_write,
                } = *user;
                let password = password.map(|password| of_password(&id, password)).transpose()?;
                Change::User(Box::new(User {
                    user,
                    id,
                    made,
                    role,
                    display_name,
                    email,
                    enabled,
                    limits,
                    write,
                    password,
                    password_write,
                }))
            }
            Self::Key(key) => {
                let Key { user, access_key, state, write } = *key;
                let other = |KeyState { secret, enabled, held_by_admin, expires }: KeyState<S>| {
                    of_key(&access_key, secret).map(|secret| KeyState { secret, enabled, held_by_admin, expires })
                };
                let state = state.map(other).transpose()?;
                Change::Key(Box::new(Key { user, access_key, state, write }))
            }
            Self::UserDeleted { user, made } => Change::UserDeleted { user, made },
            Self::Group { group, made } => Change::Group { group, made },
            Self::GroupDeleted { group, made } => Change::GroupDeleted { group, made },
            Self::Member { group, user, is_in, write } => Change::Member { group, user, is_in, write },
            Self::Policy { policy, document, write } => Change::Policy { policy, document, write },
            Self::PolicyDeleted { policy, made } => Change::PolicyDeleted { policy, made },
            Self::Attachment { policy, holder, is_attached, write } => {
                Change::Attachment { policy, holder, is_attached, write }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(region: &str) -> Stamp {
        Stamp { at: "2026-11-30T13:02:09.000001Z".parse().unwrap(), region: region.parse().unwrap() }
    }

    #[test]
    fn changes_are_read_as_they_were_written_and_a_later_form_is_refused() {
        let write = Write { of: vec![stamp("eu-1")], stamp: stamp("eu-1") };
        let key = Key {
            user: "ada".parse().unwrap(),
            access_key: "AKIAEXAMPLE".parse().unwrap(),
            state: Some(KeyState { secret: "secret".to_owned(), enabled: false, held_by_admin: true, expires: None }),
            write: write.clone(),
        };
        let (group, user) = ("devs".parse().unwrap(), "ada".parse().unwrap());
        let changes = vec![Change::Key(Box::new(key)), Change::Member { group, user, is_in: true, write }];
        let sent = Sent { form: Sent::<String>::FORM, changes };
        let body = serde_json::to_vec(&sent).unwrap();
        assert_eq!(Sent::decode(&body), Ok(sent));
        assert_eq!(Sent::<String>::decode(br#"{"form":2}"#), Err(NotAChange::Form { form: 2 }));
    }

    #[test]
    fn a_stamp_has_no_more_than_microseconds() {
        let fine = r#"{"at":"2026-11-30T13:02:09.000001999Z","region":"eu-1"}"#;
        assert_eq!(serde_json::from_str::<Stamp>(fine).unwrap(), stamp("eu-1"));
    }

    #[test]
    fn a_write_to_what_was_made_later_counts() {
        let earlier = Stamp { at: "2026-11-30T13:02:08Z".parse().unwrap(), region: "us-1".parse().unwrap() };
        assert!(stamp("eu-1") < stamp("us-1") && earlier < stamp("eu-1"));
        let to_later = Write { of: vec![stamp("eu-1")], stamp: earlier.clone() };
        let to_earlier = Write { of: vec![earlier], stamp: stamp("us-1") };
        assert!(to_later > to_earlier);
    }
}
