//! Facts about the policies of users and groups. Those of buckets are facts about buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::IdentityReplica;
use crate::ids::{GroupName, PolicyName, UserName};

/// Policies that every region has. They are never stored and never deleted, and may be attached.
pub const BUILT_IN: [&str; 4] = ["readonly", "readwrite", "writeonly", "bucketowner"];

/// The user or group to which a policy is attached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A user.
    User(UserName),
    /// A group with all its members.
    Group(GroupName),
}

/// A policy was created, or its document was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stored {
    /// The policy.
    pub policy: PolicyName,
    /// The JSON document as the client sent it.
    pub document: String,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A policy was deleted. It was attached to no user and no group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The policy.
    pub policy: PolicyName,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A policy was attached to a user or group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attached {
    /// The policy.
    pub policy: PolicyName,
    /// The user or group.
    pub holder: Holder,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A policy was detached from a user or group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detached {
    /// The policy.
    pub policy: PolicyName,
    /// The user or group.
    pub holder: Holder,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}
