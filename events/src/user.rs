//! Facts about users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::IdentityReplica;
use crate::ids::{Sealed, UserId, UserName};

/// The role of a user, which applies before any policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An administrator may do everything that no policy denies, and use all of the admin API.
    Admin,
    /// A user may do what policies and ACLs grant, and everything in buckets and objects they own.
    #[default]
    User,
}

/// The rate limits of a user. If a value is absent, only the gateway's own limits apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests per second, for all keys of the user together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
    /// Bytes per second, in and out, for all keys of the user together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
}

/// A user was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The user.
    pub user: UserName,
    /// The canonical id, which is never used for another user.
    pub id: UserId,
    /// The role.
    pub role: Role,
    /// The display name in S3.
    pub display_name: String,
    /// The e-mail address, unique among users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The hash of the password, sealed; absent for a user who cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
    /// The rate limits.
    pub limits: Limits,
    /// It was disabled when it reached this region.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// The properties of a user changed. The event holds all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The user.
    pub user: UserName,
    /// The role.
    pub role: Role,
    /// The display name in S3.
    pub display_name: String,
    /// The e-mail address, unique among users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the user's keys and sessions work.
    pub enabled: bool,
    /// The rate limits.
    pub limits: Limits,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// The password of a user was set or removed. All sessions of the user ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordChanged {
    /// The user.
    pub user: UserName,
    /// The hash of the password, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A user was deleted with all keys, sessions, memberships and attached policies. Buckets and objects stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The user.
    pub user: UserName,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A user logged in. The session is in a `session.opened`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedIn {
    /// The user.
    pub user: UserName,
}

/// A session of a user, or all of them, ended before they expired: by a logout, by an administrator, or because a refresh
/// token was used twice. The session is in a `session.revoked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedOut {
    /// The user.
    pub user: UserName,
    /// Whether all sessions of the user ended.
    pub all: bool,
}
