//! Facts about the keys of the region's key store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{KmsKeyName, Sealed};

/// A key was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// Its name.
    pub kms_key: KmsKeyName,
    /// The key, sealed under the region's master key.
    pub sealed: Sealed,
}

/// A key was switched on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// Its name.
    pub kms_key: KmsKeyName,
    /// It may be used: to seal and to open.
    pub enabled: bool,
}
