//! Facts about S3 keys.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AccessKeyId, Sealed, UserName};

/// A user has one more key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The user.
    pub user: UserName,
    /// The key's public half.
    pub access_key: AccessKeyId,
    /// Its secret half, sealed.
    pub secret: Sealed,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
}

/// A key was switched on or off, or works longer or shorter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The user.
    pub user: UserName,
    /// The key's public half.
    pub access_key: AccessKeyId,
    /// It works.
    pub enabled: bool,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Timestamp>,
    /// An admin said so: what an admin switches off, the user does not switch on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_admin: bool,
}

/// A key is gone for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The user.
    pub user: UserName,
    /// The key's public half.
    pub access_key: AccessKeyId,
}
