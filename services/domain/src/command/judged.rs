use std::sync::Arc;

use events::ids::BucketName;
use serde::{Deserialize, Serialize};

use crate::row::BucketId;
use crate::standing::{Standing, Who};

/// The state on which a caller's right was judged. The judgement is valid as long as this state does not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The caller, unless it is root or anonymous, whose rights do not change.
    pub caller: Option<JudgedCaller>,
    /// The bucket that the command is about.
    pub bucket: Option<JudgedBucket>,
    /// The last change of identities at the time of the judgement, if it also depends on the rights of other users.
    /// Then the judgement is valid only until the next change.
    pub identities: Option<u64>,
}

/// A caller whose right was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedCaller {
    /// The identification of the caller.
    pub who: Who,
    /// The last change of identities at the time of the judgement: up to then the caller is known to be the same.
    pub identities: u64,
    /// The caller's standing at the time.
    #[serde(with = "shared")]
    pub standing: Arc<Standing>,
}

/// The bucket whose rules a judgement used. A later bucket of the same name is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedBucket {
    /// The name of the bucket.
    pub name: BucketName,
    /// The identity of the bucket.
    pub id: BucketId,
    /// The last change of its access settings.
    pub access: u64,
}

/// The form of a value that is shared: that of the value.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(read: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(read).map(Arc::new)
    }
}
