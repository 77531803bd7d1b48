//! Facts that hold secrets. They have a noun of their own, so that consumers of other facts receive no secrets: see
//! [`crate::SECRET_NOUNS`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{AccessKeyId, KmsKeyName, RegionName, Sealed, TargetName, UserName};

/// The secret of the next event on the log, which contains `apart` in its place. Without that event it has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kept {
    /// The region.
    pub region: RegionName,
    /// The sealed secret.
    pub secret: Sealed,
}

/// Secrets of a user were sealed again with the master key in use. The secrets themselves did not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resealed {
    /// The user.
    pub user: UserName,
    /// The sealed password hash, if it was sealed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Sealed>,
    /// The sealed secret keys that were sealed again, by their access key ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<AccessKeyId, Sealed>,
}

/// A KMS key was sealed again with the master key in use. The key itself did not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KmsKeyResealed {
    /// The name of the KMS key.
    pub kms_key: KmsKeyName,
    /// The sealed KMS key.
    pub sealed: Sealed,
}

/// The key of a target was sealed again with the master key in use. The key itself did not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetResealed {
    /// The target.
    pub target: TargetName,
    /// The sealed key.
    pub sealed: Sealed,
}

/// The secret key of a link was sealed again with the master key in use. The key itself did not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkResealed {
    /// The region that the link leads to.
    pub link: RegionName,
    /// The sealed secret key.
    pub sealed: Sealed,
}
