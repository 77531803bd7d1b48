//! Facts about sessions. An access token is good for as long as its session is open, on every gateway.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, Sha256Digest, UserName};

/// Somebody logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The user.
    pub user: UserName,
    /// The session.
    pub session: SessionId,
    /// SHA-256 of the refresh token, which is random: nobody finds the token by its hash.
    pub refresh: Sha256Digest,
    /// When it ends unless it is refreshed.
    #[schemars(with = "String")]
    pub expires: Timestamp,
}

/// A session goes on with another refresh token; the one before is spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// The user.
    pub user: UserName,
    /// The session.
    pub session: SessionId,
    /// SHA-256 of the new refresh token.
    pub refresh: Sha256Digest,
    /// When it ends unless it is refreshed.
    #[schemars(with = "String")]
    pub expires: Timestamp,
}

/// One session of a user ended, or all of them: a logout, an order, or a refresh token that was used twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// The user.
    pub user: UserName,
    /// The session; absent when all end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}
