use events::ids::{BucketName, ObjectKey, VersionId};

use super::{Command, Precondition};

/// Most bytes of a client token.
pub const CLIENT_TOKEN_BYTES_MAX: usize = 128;

/// Give an object another key.
#[derive(Debug, Clone)]
pub struct RenameObject {
    /// Where.
    pub bucket: BucketName,
    /// The key it has.
    pub source: ObjectKey,
    /// The very version that was looked at and no other, and how many bytes it had: an append keeps the one and changes
    /// the other. `None` if there was none.
    pub looked_at: Option<(VersionId, u64)>,
    /// The key it shall have. An object that is there ends.
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
