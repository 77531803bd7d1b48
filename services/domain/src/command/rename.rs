use events::ids::{BucketName, ObjectKey, VersionId};
use serde::{Deserialize, Serialize};

use super::{Command, Precondition};

/// The maximum length of a client token, in bytes.
pub const CLIENT_TOKEN_BYTES_MAX: usize = 128;

/// Rename an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenameObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The present key.
    pub source: ObjectKey,
    /// The version that was read, and its size: an append keeps the version id and changes the size. `None` if there
    /// was no version.
    pub looked_at: Option<(VersionId, u64)>,
    /// The new key. An object under it is replaced.
    pub key: ObjectKey,
    /// The precondition on the object under that key.
    pub precondition: Precondition,
    /// The client token, at most [`CLIENT_TOKEN_BYTES_MAX`] long.
    pub client_token: Option<String>,
}

impl From<RenameObject> for Command {
    fn from(rename: RenameObject) -> Self {
        Self::RenameObject(Box::new(rename))
    }
}
