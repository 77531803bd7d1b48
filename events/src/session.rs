//! Facts about sessions. An access token is valid on every gateway while its session is open.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{SessionId, Sha256Digest, UserName};

/// A user logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The user.
    pub user: UserName,
    /// The session.
    pub session: SessionId,
    /// SHA-256 of the refresh token. The token is random and cannot be derived from its hash.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed.
    #[schemars(with = "String")]
    pub expires: Timestamp,
}

/// A session was refreshed; its previous refresh token is no longer valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// The user.
    pub user: UserName,
    /// The session.
    pub session: SessionId,
    /// SHA-256 of the new refresh token.
    pub refresh: Sha256Digest,
    /// The end of the session unless it is refreshed.
    #[schemars(with = "String")]
    pub expires: Timestamp,
}

/// One or all sessions of a user ended: by a logout, by an administrator, or because a refresh token was used twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// The user.
    pub user: UserName,
    /// The session; absent if all sessions ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}
