use events::bucket::Logging;
use events::cors;
use events::encryption::DefaultEncryption;
use events::lifecycle::{Rule, TransitionMinimum};
use events::notification;
use events::replication::Configuration;
use events::tags::Tags;
use serde::{Deserialize, Serialize};

use crate::row::ObjectLockRow;

/// The maximum number of tags of one bucket.
pub(crate) const BUCKET_TAGS_MAX: usize = 50;

/// The new value of a bucket's setting, which is well-formed; `None` removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Setting {
    /// All tags.
    Tags(Option<Tags>),
    /// Tags to add, or to change the values of.
    AddTags(Tags),
    /// Tags to remove, by name.
    RemoveTags(Vec<String>),
    /// The CORS rules.
    Cors(Option<Vec<cors::Rule>>),
    /// The lifecycle rules, and the minimum size of objects that they transition.
    Lifecycle(Option<Vec<Rule>>, TransitionMinimum),
    /// Object lock, which cannot be disabled again.
    ObjectLock(ObjectLockRow),
    /// Which events are sent to which targets.
    Notifications(Vec<notification::Rule>),
    /// Whether reads are recorded.
    Logging(Option<Logging>),
    /// Which versions are replicated, and to where.
    Replication(Option<Configuration>),
    /// The default encryption.
    Encryption(Option<DefaultEncryption>),
}
