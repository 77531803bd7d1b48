use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How somebody proved who they are (CloudEvents `authtype`).
///
/// Source: <https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/authcontext.md>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// An S3 access key.
    ApiKey,
    /// A login: a session of the admin API or the console.
    User,
    /// Planetstore itself.
    System,
    /// Nobody: an anonymous request.
    Unauthenticated,
}

/// Who caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Principal {
    /// How they proved it.
    pub kind: AuthType,
    /// Their name: an access key's id, never its secret, or a user's name. Empty for anonymous requests; events
    /// then have no `authid`.
    pub id: String,
}
