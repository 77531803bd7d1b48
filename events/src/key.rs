//! Facts about S3 keys.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::IdentityReplica;
use crate::ids::{AccessKeyId, Sealed, UserName};

/// An S3 key of a user was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The user.
    pub user: UserName,
    /// The access key id.
    pub access_key: AccessKeyId,
    /// The secret key, sealed.
    pub secret: Sealed,
    /// The expiry time; absent for a key that does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
    /// It was disabled when it reached this region.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    /// An administrator had disabled it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held_by_admin: bool,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// An S3 key was enabled or disabled, or its expiry changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The user.
    pub user: UserName,
    /// The access key id.
    pub access_key: AccessKeyId,
    /// Whether the key is enabled.
    pub enabled: bool,
    /// The expiry time; absent for a key that does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
    /// The change was made by an administrator: the user cannot enable a key that an administrator disabled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_admin: bool,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// An S3 key was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The user.
    pub user: UserName,
    /// The access key id.
    pub access_key: AccessKeyId,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}
