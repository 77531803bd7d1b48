use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The method by which a principal was authenticated (CloudEvents `authtype`).
///
/// Source: <https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/authcontext.md>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// An S3 access key.
    ApiKey,
    /// A session of the admin API or the console.
    User,
    /// Planetstore itself.
    System,
    /// An anonymous request.
    Unauthenticated,
}

/// The principal that caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Principal {
    /// The method of authentication.
    pub kind: AuthType,
    /// The access key id or the user name, never a secret. Empty for anonymous requests, whose events have no `authid`.
    pub id: String,
}
