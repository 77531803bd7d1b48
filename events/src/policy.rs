//! Facts about the policies of users and groups. Those of buckets are facts about buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{GroupName, PolicyName, UserName};

/// Policies that every region has. They are never stored and never deleted, and may be attached.
pub const BUILT_IN: [&str; 4] = ["readonly", "readwrite", "writeonly", "bucketowner"];

/// To whom a policy is attached.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A user.
    User(UserName),
    /// A group, and so its members.
    Group(GroupName),
}

/// A policy was stored; an earlier document of its name is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stored {
    /// The policy.
    pub policy: PolicyName,
    /// The JSON document, as it was given.
    pub document: String,
}

/// A policy is gone. It was attached to nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The policy.
    pub policy: PolicyName,
}

/// A policy holds for one more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attached {
    /// The policy.
    pub policy: PolicyName,
    /// For whom.
    pub holder: Holder,
}

/// A policy holds for one less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Detached {
    /// The policy.
    pub policy: PolicyName,
    /// For whom.
    pub holder: Holder,
}
