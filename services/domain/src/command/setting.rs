use events::cors;
use events::encryption::DefaultEncryption;
use events::lifecycle::{Rule, TransitionMinimum};
use events::tags::Tags;

use crate::row::ObjectLockRow;

/// Most tags of one bucket.
pub(crate) const BUCKET_TAGS_MAX: usize = 50;

/// A setting of a bucket, as it shall be; `None` takes it away. What it holds is well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// The tags it carries.
    Tags(Option<Tags>),
    /// Tags that it carries beside those it has, or with another value.
    AddTags(Tags),
    /// Tags that it does not carry any more, by name.
    RemoveTags(Vec<String>),
    /// The CORS rules.
    Cors(Option<Vec<cors::Rule>>),
    /// The rules by which it ends what is in it, and what is too small for those of them that move something.
    Lifecycle(Option<Vec<Rule>>, TransitionMinimum),
    /// Object lock, which cannot be disabled again.
    ObjectLock(ObjectLockRow),
    /// The default encryption.
    Encryption(Option<DefaultEncryption>),
}
