//! Facts about users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{Sealed, UserId, UserName};

/// How far a user's rights reach before any policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything that no policy denies, and the admin API.
    Admin,
    /// What policies grant, what ACLs grant, and what the user owns.
    #[default]
    User,
}

/// How much a user may ask for. What is absent is limited by the gateway's own limits only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests per second, over all of the user's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u32>,
    /// Bytes in and out per second, over all of the user's keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
}

/// A user was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The user.
    pub user: UserName,
    /// The canonical id, which no other user ever has.
    pub id: UserId,
    /// How far the rights reach.
    pub role: Role,
    /// The name that S3 shows beside the id.
    pub display_name: String,
    /// An e-mail address, which no other user has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The hash of the password, sealed; without one the user cannot log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
    /// How much may be asked for.
    pub limits: Limits,
}

/// What is known of a user changed. All of it is said anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The user.
    pub user: UserName,
    /// How far the rights reach.
    pub role: Role,
    /// The name that S3 shows beside the id.
    pub display_name: String,
    /// An e-mail address, which no other user has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Keys and sessions work.
    pub enabled: bool,
    /// How much may be asked for.
    pub limits: Limits,
}

/// A user has another password, or none. Every session ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordChanged {
    /// The user.
    pub user: UserName,
    /// The hash of the password, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
}

/// A user is gone, with all keys, sessions, memberships and attachments. Buckets and objects stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The user.
    pub user: UserName,
}
