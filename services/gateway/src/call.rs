//! One request on its way through the gateway.

use std::sync::Arc;

use domain::row::BucketRow;
use domain::{Command, View};
use events::Origin;
use events::ids::{AuthType, BucketName, ObjectKey, Principal, UploadId, VersionId};
use http::request::Parts;
use jiff::Timestamp;
use ledger::{Committed, Snapshot};
use s3::request::Head;
use s3::{Address, Code, Error, Query};

use crate::Gateway;
use crate::authenticate::Caller;
use crate::failure::{About, Failure, commit_failure};

/// Everything a verb needs to know of its request, parsed and authenticated; the body comes separately.
pub(crate) struct Call<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) parts: &'a Parts,
    pub(crate) query: &'a Query<'a>,
    pub(crate) address: &'a Address,
    pub(crate) caller: &'a Caller,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
}

impl<'a> Call<'a> {
    pub(crate) fn head(&self) -> Head<'a> {
        Head::new(&self.parts.headers, self.query)
    }

    /// The bucket that is addressed.
    pub(crate) fn bucket(&self) -> Result<BucketName, Error> {
        let name = self.address.bucket.as_deref().ok_or_else(|| Error::new(Code::InvalidRequest))?;
        name.parse().map_err(|_| Error::new(Code::InvalidBucketName).detail("BucketName", name))
    }

    /// The key that is addressed.
    pub(crate) fn key(&self) -> Result<ObjectKey, Error> {
        let key = self.address.key.as_deref().ok_or_else(|| Error::new(Code::InvalidRequest))?;
        ObjectKey::from_bytes(key).map_err(|_| Error::new(Code::KeyTooLongError))
    }

    /// The state, with every write acked before this call, and the addressed bucket in it.
    pub(crate) async fn read_bucket(&self) -> Result<(Arc<Snapshot>, BucketName, BucketRow), Failure> {
        let name = self.bucket()?;
        let snapshot = self.gateway.0.ledger.read().await?;
        let row = snapshot.bucket(&name)?.ok_or_else(|| Error::no_such_bucket(name.as_str()))?;
        self.check_owner(&row)?;
        Ok((snapshot, name, row))
    }

    /// `x-amz-expected-bucket-owner` guards against writing into somebody else's bucket of the same name.
    fn check_owner(&self, row: &BucketRow) -> Result<(), Error> {
        match self.head().expected_bucket_owner()? {
            Some(owner) if owner != row.owner => Err(Error::new(Code::AccessDenied)),
            _ => Ok(()),
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        let traceparent = self.parts.headers.get("traceparent").and_then(|value| value.to_str().ok());
        Origin {
            principal: Principal { kind: AuthType::ApiKey, id: self.caller.access_key.clone() },
            request_id: self.request_id.to_owned(),
            traceparent: traceparent.and_then(|text| text.parse().ok()),
        }
    }

    /// What errors are about.
    pub(crate) fn about(&self) -> About<'_> {
        About {
            bucket: self.address.bucket.as_deref().unwrap_or_default(),
            key: self.address.key.as_deref().unwrap_or_default(),
            upload: self.query.text("uploadId").ok().flatten().unwrap_or_default(),
        }
    }

    /// Commits a command that brings no bytes.
    pub(crate) async fn commit(&self, command: Command) -> Result<Committed, Failure> {
        let committed = self.gateway.0.ledger.commit(command, self.origin()).await;
        committed.map_err(|error| commit_failure(&error, self.about()).into())
    }

    /// A fresh id.
    pub(crate) fn fresh(&self) -> uuid::Uuid {
        (self.gateway.0.options.sources.fresh)(self.now)
    }
}

/// Reads a version id as S3 writes it; one that was never given out names no version.
pub(crate) fn version_name(key: &[u8], text: &str) -> Result<domain::VersionName, Error> {
    if text == "null" {
        return Ok(domain::VersionName::Null);
    }
    let id: Result<VersionId, _> = text.parse();
    id.map(domain::VersionName::Id).map_err(|_| {
        Error::invalid_argument("Invalid version id specified", "versionId", text)
            .detail("Key", String::from_utf8_lossy(key))
    })
}

/// How S3 writes a version's name.
pub(crate) fn version_text(name: domain::VersionName) -> String {
    match name {
        domain::VersionName::Null => "null".to_owned(),
        domain::VersionName::Id(id) => id.to_string(),
    }
}

/// Reads an upload id; one that was never given out names no upload.
pub(crate) fn upload_id(text: &str) -> Result<UploadId, Error> {
    text.parse().map_err(|_| Error::no_such_upload(text))
}
