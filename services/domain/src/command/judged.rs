use std::sync::Arc;

use events::ids::BucketName;

use crate::row::BucketId;
use crate::standing::{Standing, Who};

/// What somebody's right to do something was judged by. As long as it stays so, the judgement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Who asks, unless it is root or nobody: these are what they are.
    pub caller: Option<JudgedCaller>,
    /// The bucket in which it is to be done.
    pub bucket: Option<JudgedBucket>,
}

/// Somebody whose right was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedCaller {
    /// By what they are known.
    pub who: Who,
    /// The last change of identities when it was judged: up to then nobody else can be them.
    pub identities: u64,
    /// What they were.
    pub standing: Arc<Standing>,
}

/// A bucket by whose rules something was judged. One made since under its name is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedBucket {
    /// Its name.
    pub name: BucketName,
    /// Its identity.
    pub id: BucketId,
    /// The last change of who may do what in it.
    pub access: u64,
}
