//! Commands about users, keys, groups, policies and sessions.

use std::fmt;

use events::identity::Change;
use events::ids::{
    AccessKeyId, GroupName, KmsKeyName, PolicyName, RegionName, Sealed, SessionId, Sha256Digest, UserName,
};
use events::policy::Holder;
use events::user::{Created, Limits, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Command;

/// Groups that a user may be in.
pub const GROUPS_PER_USER_MAX: usize = 32;

/// Policies attached to one user or group.
pub const POLICIES_PER_HOLDER_MAX: usize = 32;

/// Users in one group.
pub const MEMBERS_PER_GROUP_MAX: usize = 5_000;

/// Users and groups that one policy is attached to.
pub const HOLDERS_PER_POLICY_MAX: usize = 5_000;

/// Keys of one user: more than any user needs, and few enough that one event can still delete the user.
pub const KEYS_PER_USER_MAX: usize = 10_000;

/// Keys of one user that one fact seals again.
pub const RESEALED_KEYS_MAX: usize = 64;

/// Sessions of one user that are open at once; a further login ends the oldest.
pub const SESSIONS_PER_USER_MAX: usize = 32;

/// Changes of a user. Absent fields are not changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the fact")]
pub struct ChangeUser {
    pub user: UserName,
    pub role: Option<Role>,
    pub display_name: Option<String>,
    /// `Some(None)` removes the address.
    #[serde(with = "super::twice")]
    pub email: Option<Option<String>>,
    pub enabled: Option<bool>,
    pub limits: Option<Limits>,
}

/// Open a session for a user whose password was verified. The verified password is the right to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// The user.
    pub user: UserName,
    /// The sealed hash of the verified password. `None` for root.
    pub proven: Option<Sealed>,
    /// The session.
    pub session: SessionId,
    /// SHA-256 of its refresh token.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed.
    pub expires: Timestamp,
}

/// Continue a session. The refresh token is the right to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshSession {
    /// The session.
    pub session: SessionId,
    /// SHA-256 of the presented token.
    pub spent: Sha256Digest,
    /// Whether the token was issued for the session, as opposed to forged.
    pub genuine: bool,
    /// SHA-256 of the next token.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed again.
    pub expires: Timestamp,
}

/// Seal secrets of a user with another key. Each is given as it was found and as it will be; a secret that has changed
/// meanwhile stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reseal {
    /// The user.
    pub user: UserName,
    /// The hash of the password.
    pub password: Option<(Sealed, Sealed)>,
    /// The secret halves of S3 keys, at most [`RESEALED_KEYS_MAX`].
    pub keys: Vec<(AccessKeyId, Sealed, Sealed)>,
}

/// Make a change that was made in another region. Of a change that is here already, nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeChange {
    /// This region.
    pub here: RegionName,
    /// The change, with secrets that are sealed in this region: the password for the id that the user has here.
    pub change: Change<Sealed>,
}

impl From<TakeChange> for Command {
    fn from(take: TakeChange) -> Self {
        Self::Identity(Box::new(IdentityCommand::Take(Box::new(take))))
    }
}

/// A request for a change of users, keys, groups, policies or sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the facts")]
pub enum IdentityCommand {
    /// Create a user.
    CreateUser(Created),
    /// Change the settings of a user.
    ChangeUser(ChangeUser),
    /// Set or remove a password.
    SetPassword { user: UserName, password: Option<Sealed> },
    /// Delete a user.
    DeleteUser { user: UserName },
    /// Create a key of a user.
    CreateKey { user: UserName, access_key: AccessKeyId, secret: Sealed, expires: Option<Timestamp> },
    /// Change the settings of a user's key.
    ChangeKey {
        user: UserName,
        access_key: AccessKeyId,
        enabled: Option<bool>,
        /// `Some(None)` makes it valid without an end.
        #[serde(with = "super::twice")]
        expires: Option<Option<Timestamp>>,
        /// Whether an admin requests it.
        by_admin: bool,
    },
    /// Delete a user's key.
    DeleteKey { user: UserName, access_key: AccessKeyId },
    /// Create a group.
    CreateGroup { group: GroupName },
    /// Delete a group.
    DeleteGroup { group: GroupName },
    /// Add a user to a group.
    AddMember { group: GroupName, user: UserName },
    /// Remove a user from a group.
    RemoveMember { group: GroupName, user: UserName },
    /// Store a policy, or replace its document, which is well-formed.
    StorePolicy { policy: PolicyName, document: String },
    /// Delete a policy that is attached to no user or group.
    DeletePolicy { policy: PolicyName },
    /// Attach a policy.
    AttachPolicy { policy: PolicyName, holder: Holder },
    /// Detach a policy.
    DetachPolicy { policy: PolicyName, holder: Holder },
    /// Make a change that was made in another region.
    Take(Box<TakeChange>),
    /// Create a key of the key store.
    CreateKmsKey { name: KmsKeyName, sealed: Sealed },
    /// Enable or disable a key of the key store.
    ChangeKmsKey { name: KmsKeyName, enabled: bool },
    /// Seal secrets of a user with another key.
    Reseal(Reseal),
    /// Seal a key of the key store with another key; given as it was found, and as it will be.
    ResealKmsKey { name: KmsKeyName, from: Sealed, to: Sealed },
    /// Open a session for a user whose password was verified.
    OpenSession(OpenSession),
    /// Continue a session.
    RefreshSession(RefreshSession),
    /// End one session of a user, or all.
    RevokeSessions { user: UserName, session: Option<SessionId> },
}

/// The reason why a change of users, keys, groups or policies is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum IdentityRejection {
    /// Nothing has that name.
    #[error("there is no such {0}")]
    NoSuch(Noun),
    /// The name is taken.
    #[error("a {0} of that name exists already")]
    Exists(Noun),
    /// Another user has the e-mail address.
    #[error("another user has that e-mail address")]
    EmailTaken,
    /// Another user has the canonical id.
    #[error("another user has that canonical id")]
    UserIdTaken,
    /// The subject is built in, such as root and some policies.
    #[error("this {0} is built in and cannot be changed")]
    BuiltIn(Noun),
    /// Verify the new password.
    #[error("the password was changed since it was verified")]
    PasswordChanged,
    /// Ask an admin.
    #[error("an administrator disabled the access key, and only an administrator can enable it")]
    HeldByAdmin,
    /// Seal it with the key in use.
    #[error("the secret is sealed with a master key that is not the one in use")]
    OtherMasterKey,
    /// Detach the policy first.
    #[error("the policy is attached; detach it first")]
    PolicyInUse,
    /// Remove one first.
    #[error("there are {max} already, and more are not allowed")]
    TooMany {
        /// The kind of thing that there are too many of.
        noun: Noun,
        /// The maximum number.
        max: usize,
    },
}

/// The subject of a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Noun {
    User,
    AccessKey,
    Group,
    Policy,
    KmsKey,
    Session,
    Member,
    Holder,
    Consumer,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::AccessKey => "access key",
            Self::Group => "group",
            Self::Policy => "policy",
            Self::KmsKey => "KMS key",
            Self::Session => "session",
            Self::Member => "member",
            Self::Holder => "holder",
            Self::Consumer => "consumer",
        })
    }
}
