use events::cors;
use events::encryption::DefaultEncryption;
use events::lifecycle::Rule;
use events::tags::Tags;

use crate::row::ObjectLockRow;

/// A setting of a bucket, as it shall be; `None` takes it away. What it holds is well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// The tags it carries.
    Tags(Option<Tags>),
    /// Which pages of other origins may use it.
    Cors(Option<Vec<cors::Rule>>),
    /// The rules by which it ends what is in it.
    Lifecycle(Option<Vec<Rule>>),
    /// How it locks versions: which it does for ever once it may.
    ObjectLock(ObjectLockRow),
    /// What it encrypts new objects with.
    Encryption(Option<DefaultEncryption>),
}
