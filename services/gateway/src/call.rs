//! One request on its way through the gateway.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use domain::row::{BucketId, BucketRow};
use domain::{Context, Judged, Refused, View};
use events::Origin;
use events::ids::{BucketName, ObjectKey, PartNumber, UploadId, VersionId};
use events::lock::Lock;
use events::tags::Tags;
use http::request::Parts;
use jiff::Timestamp;
use ledger::{Snapshot, StateError};
use listener::{TlsVersion, origin};
use s3::lock::ObjectLock;
use s3::request::Head;
use s3::{Address, Code, Error, Operation, Query};
use shards::ReadMemory;

use crate::Gateway;
use crate::access::{Caller, authorize};
use crate::failure::{About, Failure, rejected};
use crate::limits::{Client, Pace};
use crate::room::Memory;

/// The headers with conditions of writes and deletes, spelled as errors name them.
const CONDITIONS: [&str; 4] = ["If-None-Match", "If-Match", "x-amz-if-match-last-modified-time", "x-amz-if-match-size"];

/// Everything a verb needs to know of its request, parsed and authenticated; the body comes separately.
pub(crate) struct Call<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) parts: &'a Parts,
    pub(crate) query: &'a Query<'a>,
    pub(crate) address: &'a Address,
    pub(crate) caller: &'a Caller,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
    /// The client's address, as far as it is known.
    pub(crate) client: Option<Client>,
    /// How fast its bodies may flow.
    pub(crate) pace: &'a Pace,
    pub(crate) tls: Option<TlsVersion>,
    pub(crate) operation: Operation,
    /// What the call was judged by.
    pub(crate) judged: OnceLock<Judged>,
    /// The tags that its document brings for the object, once they are known; policies may ask for them.
    pub(crate) document_tags: OnceLock<Tags>,
    /// The lock that the request's document asks for, once it is read.
    pub(crate) lock: OnceLock<ObjectLock>,
    /// The caller turned out to be somebody, by what the body said.
    pub(crate) proved: AtomicBool,
    /// The state by which the call was authorized, until something reads it: one that lives as long as an upload
    /// would keep redb from reusing its pages.
    pub(crate) authorized: Mutex<Option<Arc<Snapshot>>>,
}

impl<'a> Call<'a> {
    pub(crate) fn head(&self) -> Head<'a> {
        Head::new(&self.parts.headers, self.query)
    }

    /// Scheme and host as the client has them, for addresses in answers.
    pub(crate) fn site(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let host = self.parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("{scheme}://{host}")
    }

    /// The memory that the request's body may take. Strangers have their own: they can hold up nobody else. Of either
    /// nobody has all, but root.
    pub(crate) fn memory(&self) -> Memory {
        let shared = &self.gateway.0;
        match self.caller.account.as_deref() {
            Some(account) if account.name.is_root() => shared.memory.for_caller(None),
            Some(account) => shared.memory.for_caller(Some(shared.portions.of(&account.id))),
            None => {
                let own = self.client.map(|client| shared.strangers_portions.of(&origin(client.counted)));
                shared.strangers_memory.for_caller(own)
            }
        }
    }

    /// The memory for what the request reads, in the same way.
    pub(crate) fn read_memory(&self) -> ReadMemory {
        let shared = &self.gateway.0;
        let of_known = shared.store.read_memory();
        match self.caller.account.as_deref() {
            Some(account) if account.name.is_root() => of_known.clone(),
            Some(account) => shared.read_portions.bound(of_known, &account.id),
            None => match self.client {
                Some(client) => shared.strangers_read_portions.bound(&shared.strangers_reads, &origin(client.counted)),
                None => shared.strangers_reads.clone(),
            },
        }
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

    /// The state, with every write acked before this call.
    pub(crate) async fn read(&self) -> Result<Arc<Snapshot>, Failure> {
        let authorized = self.authorized.lock().unwrap_or_else(PoisonError::into_inner).take();
        match authorized {
            Some(snapshot) => Ok(snapshot),
            None => Ok(self.gateway.0.ledger.read().await?),
        }
    }

    /// The state, with every write acked before this call, and the addressed bucket in it.
    pub(crate) async fn read_bucket(&self) -> Result<(Arc<Snapshot>, BucketName, BucketRow), Failure> {
        let name = self.bucket()?;
        let snapshot = self.read().await?;
        let row = snapshot.bucket(&name)?.filter(|row| self.is_judged(&name, row.id));
        let row = row.ok_or_else(|| Error::no_such_bucket(name.as_str()))?;
        self.check_owner(&row)?;
        Ok((snapshot, name, row))
    }

    /// `x-amz-expected-bucket-owner` guards against writing into somebody else's bucket of the same name.
    fn check_owner(&self, row: &BucketRow) -> Result<(), Error> {
        match self.head().expected_bucket_owner()? {
            Some(owner) if owner != row.owner.as_str() => Err(Error::new(Code::AccessDenied)),
            _ => Ok(()),
        }
    }

    /// Refuses an object of a declared size that the bucket's quota has no room for, before its bytes are read.
    pub(crate) fn admit(
        &self,
        snapshot: &Snapshot,
        bucket: &BucketName,
        key: &ObjectKey,
        declared: Option<u64>,
    ) -> Result<(), Failure> {
        let Some(size) = declared else { return Ok(()) };
        let context = Context { now: self.now, fresh: self.fresh() };
        self.admitted(domain::admit(&**snapshot, bucket, key, size, context))
    }

    /// How many bytes an object may have that is being sent, and what is said of more, so that no more need be read; `None`
    /// where no quota bounds them.
    pub(crate) fn room(
        &self,
        snapshot: &Snapshot,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<(u64, Error)>, Failure> {
        let context = Context { now: self.now, fresh: self.fresh() };
        let Some(bytes) = self.admitted(domain::room(&**snapshot, bucket, key, context))? else { return Ok(None) };
        let beyond = self.admit(snapshot, bucket, key, Some(bytes.saturating_add(1)));
        Ok(beyond.err().map(|failure| (bytes, failure.error)))
    }

    /// The same of an object with a lock that the bucket does not take.
    pub(crate) fn admit_lock(&self, snapshot: &Snapshot, bucket: &BucketName, lock: Lock) -> Result<(), Failure> {
        let context = Context { now: self.now, fresh: self.fresh() };
        self.admitted(domain::admit_lock(&**snapshot, bucket, lock, context))
    }

    /// The same of a part.
    pub(crate) fn admit_part(
        &self,
        snapshot: &Snapshot,
        bucket: &BucketName,
        part: (UploadId, PartNumber),
        declared: Option<u64>,
    ) -> Result<(), Failure> {
        declared.map_or(Ok(()), |size| self.admitted(domain::admit_part(&**snapshot, bucket, part, size)))
    }

    /// The same of bytes for the end of an object.
    pub(crate) fn admit_append(
        &self,
        snapshot: &Snapshot,
        bucket: &BucketName,
        declared: Option<u64>,
    ) -> Result<(), Failure> {
        declared.map_or(Ok(()), |size| self.admitted(domain::admit_append(&**snapshot, bucket, size)))
    }

    fn admitted<T>(&self, admitted: Result<T, Refused<StateError>>) -> Result<T, Failure> {
        match admitted {
            Ok(admitted) => Ok(admitted),
            Err(Refused::Rejected(rejection)) => Err(rejected(&rejection, self.about()).into()),
            Err(Refused::View(error)) => Err(error.into()),
        }
    }

    pub(crate) fn origin(&self) -> Origin {
        let traceparent = self.parts.headers.get("traceparent").and_then(|value| value.to_str().ok());
        Origin {
            principal: self.caller.principal(),
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
            version: self.query.text("versionId").ok().flatten().unwrap_or_default(),
            condition: CONDITIONS.into_iter().find(|name| self.parts.headers.contains_key(*name)),
        }
    }

    /// Refuses what S3 lets no unsigned request do, whatever a policy grants to everybody.
    pub(crate) fn check_signed(&self, what: &str) -> Result<(), Error> {
        if self.caller.account.is_some() {
            return Ok(());
        }
        Err(Error::access_denied(format!("Anonymous users cannot {what}. Please authenticate.")))
    }

    /// A bucket made since under the judged one's name is another one.
    pub(crate) fn is_judged(&self, name: &BucketName, id: BucketId) -> bool {
        let judged = self.judged.get().and_then(|judged| judged.bucket.as_ref());
        judged.is_none_or(|judged| judged.name != *name || judged.id == id)
    }

    /// Reads the state anew from here on: what came before may have taken the client long.
    pub(crate) fn forget_state(&self) {
        self.authorized.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Judges the call by the tags that its document turned out to bring.
    pub(crate) fn confirm_tags(&self, tags: &Tags) -> Result<(), Failure> {
        self.document_tags.get_or_init(|| tags.clone());
        let snapshot = self.gateway.0.ledger.latest();
        authorize(self, &snapshot, self.operation)
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
