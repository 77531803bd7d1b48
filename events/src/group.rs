//! Facts about groups of users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{GroupName, UserName};

/// A group was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The group.
    pub group: GroupName,
}

/// A group was deleted; its members stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The group.
    pub group: GroupName,
}

/// A user was added to a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberAdded {
    /// The group.
    pub group: GroupName,
    /// The user.
    pub user: UserName,
}

/// A user was removed from a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRemoved {
    /// The group.
    pub group: GroupName,
    /// The user.
    pub user: UserName,
}
