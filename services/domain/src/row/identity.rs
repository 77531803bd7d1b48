//! Rows of users, keys, groups, policies and sessions.

use std::collections::BTreeSet;

use events::ids::{GroupName, PolicyName, Sealed, Sha256Digest, UserId, UserName};
use events::policy::Holder;
use events::user::{Limits, Role};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A user, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// The canonical id.
    pub id: UserId,
    /// The time at which the user was created.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The role.
    pub role: Role,
    /// The name that S3 shows.
    pub display_name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the user's keys and sessions are valid.
    pub enabled: bool,
    /// The hash of the password, sealed.
    pub password: Option<Sealed>,
    /// The rate limits.
    #[serde(with = "super::field::limits")]
    pub limits: Limits,
    /// The groups the user is in, at most [`crate::GROUPS_PER_USER_MAX`].
    pub groups: BTreeSet<GroupName>,
    /// The policies attached to the user, at most [`crate::POLICIES_PER_HOLDER_MAX`].
    pub policies: BTreeSet<PolicyName>,
}

/// An S3 key, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The user to whom this belongs.
    pub user: UserName,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The secret key, sealed.
    pub secret: Sealed,
    /// Whether the key is enabled.
    pub enabled: bool,
    /// The expiry time; `None` for a key that does not expire.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub expires: Option<Timestamp>,
    /// Whether an admin disabled it.
    pub held_by_admin: bool,
}

impl KeyRow {
    /// Whether the key is valid now, apart from its user's state.
    pub fn works(&self, now: Timestamp) -> bool {
        self.enabled && self.expires.is_none_or(|expires| now < expires)
    }
}

/// The form in which an e-mail address is looked up. Addresses that differ only in case are the same.
pub fn email_key(address: &str) -> String {
    address.to_lowercase()
}

/// A group, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The members, at most [`crate::MEMBERS_PER_GROUP_MAX`].
    pub members: BTreeSet<UserName>,
    /// The policies attached to it, at most [`crate::POLICIES_PER_HOLDER_MAX`].
    pub policies: BTreeSet<PolicyName>,
}

/// A policy, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// The time at which the document was stored.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub stored: Timestamp,
    /// The JSON document.
    pub document: String,
    /// The users and groups that it is attached to, at most [`crate::HOLDERS_PER_POLICY_MAX`].
    pub holders: BTreeSet<Holder>,
}

/// A key of the region's key store, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKeyRow {
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The key, sealed.
    pub sealed: Sealed,
    /// Whether the key is enabled.
    pub enabled: bool,
}

/// An open session, by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// The user to whom this belongs.
    pub user: UserName,
    /// The time of the login.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub opened: Timestamp,
    /// SHA-256 of the refresh token that is not spent yet.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub expires: Timestamp,
}
