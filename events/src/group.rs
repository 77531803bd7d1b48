//! Facts about groups of users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::identity::IdentityReplica;
use crate::ids::{GroupName, UserName};

/// A group was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The group.
    pub group: GroupName,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A group was deleted; its members stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The group.
    pub group: GroupName,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A user was added to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberAdded {
    /// The group.
    pub group: GroupName,
    /// The user.
    pub user: UserName,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}

/// A user was removed from a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRemoved {
    /// The group.
    pub group: GroupName,
    /// The user.
    pub user: UserName,
    /// The region that the change was made in, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<IdentityReplica>>,
}
