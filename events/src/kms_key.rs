//! Facts about the keys of the region's key store.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{KmsKeyName, Sealed};

/// A KMS key was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The name of the key.
    pub kms_key: KmsKeyName,
    /// The key, sealed under the region's master key.
    pub sealed: Sealed,
}

/// A KMS key was enabled or disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The name of the key.
    pub kms_key: KmsKeyName,
    /// Whether the key may be used to encrypt and decrypt.
    pub enabled: bool,
}
