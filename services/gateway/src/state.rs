//! The state in which a request is judged and answered, with the addressed bucket and objects in it.

use std::sync::Arc;

use domain::row::{BucketAccessRow, BucketRow, BucketSettingsRow, VersionRow};
use domain::{VersionName, View, find_version};
use events::ids::{BucketName, ObjectKey};
use ledger::{Snapshot, StateError};
use s3::{Code, Error};

use crate::convert::version_name;
use crate::failure::Failure;

/// The state of a request.
pub(crate) enum State {
    /// The request addresses no existing bucket.
    Service(Arc<Snapshot>),
    /// The request addresses this bucket.
    Bucket(Bucket),
}

impl State {
    pub(crate) fn snapshot(&self) -> &Arc<Snapshot> {
        match self {
            Self::Service(snapshot) => snapshot,
            Self::Bucket(bucket) => &bucket.snapshot,
        }
    }

    pub(crate) fn into_snapshot(self) -> Arc<Snapshot> {
        match self {
            Self::Service(snapshot) => snapshot,
            Self::Bucket(bucket) => bucket.snapshot,
        }
    }
}

/// A bucket in a state.
pub(crate) struct Bucket {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) name: BucketName,
    pub(crate) row: BucketRow,
}

impl Bucket {
    /// The bucket of a name, if it exists.
    pub(crate) fn find(snapshot: Arc<Snapshot>, name: BucketName) -> Result<Option<Self>, StateError> {
        let row = snapshot.bucket(&name)?;
        Ok(row.map(|row| Self { snapshot, name, row }))
    }

    /// The bucket's name, without the state.
    pub(crate) fn into_name(self) -> BucketName {
        self.name
    }

    /// The bucket's name and row, without the state.
    pub(crate) fn without_state(self) -> (BucketName, BucketRow) {
        (self.name, self.row)
    }

    pub(crate) fn settings(&self) -> Result<BucketSettingsRow, StateError> {
        self.snapshot.bucket_settings(self.row.id)
    }

    pub(crate) fn access(&self) -> Result<BucketAccessRow, StateError> {
        self.snapshot.bucket_access(self.row.id)
    }

    /// An object in the bucket: the named version, or the current one.
    pub(crate) fn object<'a>(&'a self, key: &'a ObjectKey, version: Option<&'a str>) -> ObjectRef<'a> {
        ObjectRef { bucket: self, key, version }
    }

    /// `x-amz-expected-bucket-owner` and similar headers prevent the use of another owner's bucket of the same name.
    pub(crate) fn check_owner(&self, expected: Option<&str>) -> Result<(), Error> {
        match expected {
            Some(owner) if owner != self.row.owner.as_str() => Err(Error::new(Code::AccessDenied)),
            _ => Ok(()),
        }
    }
}

/// An object of a bucket, which may not exist.
#[derive(Clone, Copy)]
pub(crate) struct ObjectRef<'a> {
    pub(crate) bucket: &'a Bucket,
    pub(crate) key: &'a ObjectKey,
    /// The requested version; `None` for the current one.
    pub(crate) version: Option<&'a str>,
}

impl ObjectRef<'_> {
    /// The requested version, or its delete marker, if it exists.
    pub(crate) fn row(&self) -> Result<Option<VersionRow>, Failure> {
        match self.version {
            None => Ok(self.current()?),
            Some(text) => Ok(self.named(version_name(self.key.as_bytes(), text)?)?),
        }
    }

    /// The current version of the key.
    pub(crate) fn current(&self) -> Result<Option<VersionRow>, StateError> {
        self.bucket.snapshot.current(self.bucket.row.id, self.key)
    }

    /// The version of the key with this name.
    pub(crate) fn named(&self, name: VersionName) -> Result<Option<VersionRow>, StateError> {
        find_version(&**self.bucket.snapshot, self.bucket.row.id, self.key, name)
    }
}
