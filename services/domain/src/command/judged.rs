use std::sync::Arc;

use events::ids::BucketName;

use crate::row::BucketId;
use crate::standing::{Standing, Who};

/// The state on which a caller's right was judged. The judgement is valid as long as this state does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The caller, unless it is root or anonymous, whose rights do not change.
    pub caller: Option<JudgedCaller>,
    /// The bucket in which it is to be done.
    pub bucket: Option<JudgedBucket>,
    /// The last change of identities when it was judged, if it was judged by what others are and have as well: then the
    /// judgement stands only until the next one.
    pub identities: Option<u64>,
}

/// A caller whose right was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedCaller {
    /// The identification of the caller.
    pub who: Who,
    /// The last change of identities when it was judged: up to then nobody else can be them.
    pub identities: u64,
    /// The caller's standing at the time.
    pub standing: Arc<Standing>,
}

/// A bucket by whose rules something was judged. One made since under its name is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBucket {
    /// The name of the bucket.
    pub name: BucketName,
    /// The identity of the bucket.
    pub id: BucketId,
    /// The last change of who may do what in it.
    pub access: u64,
}
