//! What may be asked about users and what belongs to them.

use std::fmt;

use events::ids::{AccessKeyId, GroupName, KmsKeyName, PolicyName, Sealed, SessionId, Sha256Digest, UserName};
use events::policy::Holder;
use events::user::{Created, Limits, Role};
use jiff::Timestamp;

/// Groups that a user may be in.
pub const GROUPS_PER_USER_MAX: usize = 32;

/// Policies attached to one user or group.
pub const POLICIES_PER_HOLDER_MAX: usize = 32;

/// Users in one group.
pub const MEMBERS_PER_GROUP_MAX: usize = 5_000;

/// Users and groups that one policy is attached to.
pub const HOLDERS_PER_POLICY_MAX: usize = 5_000;

/// Keys of one user: as many as anybody needs, and a user can still be deleted in one event.
pub const KEYS_PER_USER_MAX: usize = 10_000;

/// Keys of one user that are sealed with another key by one fact.
pub const RESEALED_KEYS_MAX: usize = 64;

/// Sessions of one user that are open at once; a further login ends the oldest.
pub const SESSIONS_PER_USER_MAX: usize = 32;

/// Changes of a user. Absent fields are not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the fact")]
pub struct ChangeUser {
    pub user: UserName,
    pub role: Option<Role>,
    pub display_name: Option<String>,
    /// `Some(None)` takes the address away.
    pub email: Option<Option<String>>,
    pub enabled: Option<bool>,
    pub limits: Option<Limits>,
}

/// Open a session for somebody who proved who they are. That proof is the right to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// The user.
    pub user: UserName,
    /// The sealed hash of the password that they proved. Root has none here.
    pub proven: Option<Sealed>,
    /// The session.
    pub session: SessionId,
    /// SHA-256 of its refresh token.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed.
    pub expires: Timestamp,
}

/// Go on with a session. The refresh token that was shown is the right to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshSession {
    /// The session.
    pub session: SessionId,
    /// SHA-256 of the token that was shown.
    pub spent: Sha256Digest,
    /// Whether the token was issued for the session, and not invented.
    pub genuine: bool,
    /// SHA-256 of the next one.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed again.
    pub expires: Timestamp,
}

/// Have secrets of a user sealed with another key. Each is given as it was found, and as it is to be: what is another
/// one by now stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reseal {
    /// The user.
    pub user: UserName,
    /// The hash of the password.
    pub password: Option<(Sealed, Sealed)>,
    /// The secret halves of S3 keys, at most [`RESEALED_KEYS_MAX`].
    pub keys: Vec<(AccessKeyId, Sealed, Sealed)>,
}

/// A wish for a change of who may do what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the facts")]
pub enum IdentityCommand {
    /// Make this user.
    CreateUser(Created),
    /// Change what is given of a user.
    ChangeUser(ChangeUser),
    /// Set another password, or none.
    SetPassword { user: UserName, password: Option<Sealed> },
    /// Remove a user.
    DeleteUser { user: UserName },
    /// Give a user one more key.
    CreateKey { user: UserName, access_key: AccessKeyId, secret: Sealed, expires: Option<Timestamp> },
    /// Change what is given of a user's key.
    ChangeKey {
        user: UserName,
        access_key: AccessKeyId,
        enabled: Option<bool>,
        /// `Some(None)` lets it work for good.
        expires: Option<Option<Timestamp>>,
        /// An admin asks.
        by_admin: bool,
    },
    /// Remove a user's key.
    DeleteKey { user: UserName, access_key: AccessKeyId },
    /// Make a group.
    CreateGroup { group: GroupName },
    /// Remove a group.
    DeleteGroup { group: GroupName },
    /// Let a user join a group.
    AddMember { group: GroupName, user: UserName },
    /// Let a user leave a group.
    RemoveMember { group: GroupName, user: UserName },
    /// Store a policy, or replace its document, which is well-formed.
    StorePolicy { policy: PolicyName, document: String },
    /// Remove a policy that is attached to nobody.
    DeletePolicy { policy: PolicyName },
    /// Attach a policy.
    AttachPolicy { policy: PolicyName, holder: Holder },
    /// Detach a policy.
    DetachPolicy { policy: PolicyName, holder: Holder },
    /// Make a key of the key store.
    CreateKmsKey { name: KmsKeyName, sealed: Sealed },
    /// Switch a key of the key store on or off.
    ChangeKmsKey { name: KmsKeyName, enabled: bool },
    /// Have secrets of a user sealed with another key.
    Reseal(Reseal),
    /// Have a key of the key store sealed with another key: as it was found, and as it is to be.
    ResealKmsKey { name: KmsKeyName, from: Sealed, to: Sealed },
    /// Open a session for somebody who proved who they are.
    OpenSession(OpenSession),
    /// Go on with a session.
    RefreshSession(RefreshSession),
    /// End one session of a user, or all.
    RevokeSessions { user: UserName, session: Option<SessionId> },
}

/// The reason why a change of users, keys, groups or policies is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityRejection {
    /// There is none of that name.
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
    /// Prove the new one.
    #[error("the password was changed since it was verified")]
    PasswordChanged,
    /// Ask an admin.
    #[error("an administrator disabled the access key, and only an administrator can enable it")]
    HeldByAdmin,
    /// Seal it with the one in use.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        })
    }
}
