//! One request, parsed and authenticated. It is immutable: a later finding makes a new request.

use std::sync::Arc;

use domain::row::TotalsRow;
use domain::{Context, Refused, Replica, View};
use events::ids::{BucketName, Generation, ObjectKey, PartNumber, UploadId};
use events::lock::Lock;
use events::tags::Tags;
use events::{Fact, Origin};
use http::request::Parts;
use jiff::Timestamp;
use ledger::{Snapshot, StateError};
use listener::{Client, TlsVersion, origin};
use s3::lock::ObjectLock;
use s3::request::Head;
use s3::{Address, Code, Error, Operation, Query};
use shards::ReadMemory;

use crate::Gateway;
use crate::access::Caller;
use crate::failure::{About, Failure, rejected};
use crate::limits::Pace;
use crate::room::Memory;
use crate::state::Bucket;

/// The headers with conditions of writes and deletes, spelled as in errors.
const CONDITIONS: [&str; 4] = ["If-None-Match", "If-Match", "x-amz-if-match-last-modified-time", "x-amz-if-match-size"];

/// The content of a request's document, as far as policies may refer to it.
#[derive(Clone, Copy)]
pub(crate) enum Document<'a> {
    /// The document has not been read yet.
    Unread,
    /// Tags for the object.
    Tags(&'a Tags),
    /// A lock for the object.
    Lock(ObjectLock),
}

/// A request; its body is passed separately.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "S3 calls it the request id")]
pub(crate) struct Request<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) parts: &'a Parts,
    pub(crate) query: &'a Query<'a>,
    pub(crate) address: &'a Address,
    pub(crate) caller: &'a Caller,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
    /// The client's address, as far as it is known.
    pub(crate) client: Option<Client>,
    /// The rate of its bodies.
    pub(crate) pace: &'a Pace,
    pub(crate) tls: Option<TlsVersion>,
    pub(crate) operation: Operation,
    pub(crate) document: Document<'a>,
}

impl<'a> Request<'a> {
    pub(crate) fn head(&self) -> Head<'a> {
        Head::new(&self.parts.headers, self.query)
    }

    /// Scheme and host as the client sees them, for addresses in responses.
    pub(crate) fn site(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let host = self.parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("{scheme}://{host}")
    }

    /// The memory that the request's body may take. Anonymous callers have separate memory, so they can delay nobody
    /// else. Only root may take all of it.
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

    /// The memory that the request's reads may take, in the same way.
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

    /// The name of the addressed bucket.
    pub(crate) fn bucket_name(&self) -> Result<BucketName, Error> {
        let name = self.address.bucket.as_deref().ok_or_else(|| Error::new(Code::InvalidRequest))?;
        name.parse().map_err(|_| Error::new(Code::InvalidBucketName).detail("BucketName", name))
    }

    /// The addressed key.
    pub(crate) fn key(&self) -> Result<ObjectKey, Error> {
        let key = self.address.key.as_deref().ok_or_else(|| Error::new(Code::InvalidRequest))?;
        ObjectKey::from_bytes(key).map_err(|_| Error::new(Code::KeyTooLongError))
    }

    /// The state, including every write that was acknowledged before this call.
    pub(crate) async fn read(&self) -> Result<Arc<Snapshot>, Failure> {
        Ok(self.gateway.0.ledger.read().await?)
    }

    /// The latest state that this process has applied.
    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        self.gateway.0.ledger.latest()
    }

    /// The addressed bucket, in a state.
    pub(crate) fn bucket_in(&self, snapshot: Arc<Snapshot>) -> Result<Bucket, Failure> {
        let name = self.bucket_name()?;
        Bucket::find(snapshot, name.clone())?.ok_or_else(|| Error::no_such_bucket(name.as_str()).into())
    }

    /// Refuses an object whose declared size does not fit the bucket's quota, before its bytes are read.
    pub(crate) fn admit(&self, bucket: &Bucket, key: &ObjectKey, declared: Option<u64>) -> Result<(), Failure> {
        let Some(size) = declared else { return Ok(()) };
        let context = Context { now: self.now, fresh: self.fresh() };
        self.admitted(domain::admit(&**bucket.snapshot, &bucket.name, key, size, context))
    }

    /// How large an object may become while it is sent, and the error beyond that, so that no more needs to be read;
    /// `None` if no quota limits it.
    pub(crate) fn room(&self, bucket: &Bucket, key: &ObjectKey) -> Result<Option<(u64, Error)>, Failure> {
        let context = Context { now: self.now, fresh: self.fresh() };
        let Some(bytes) = self.admitted(domain::room(&**bucket.snapshot, &bucket.name, key, context))? else {
            return Ok(None);
        };
        let beyond = self.admit(bucket, key, Some(bytes.saturating_add(1)));
        Ok(beyond.err().map(|failure| (bytes, failure.error)))
    }

    /// Refuses an object with a lock that the bucket does not accept.
    pub(crate) fn admit_lock(&self, bucket: &Bucket, lock: Lock) -> Result<(), Failure> {
        let context = Context { now: self.now, fresh: self.fresh() };
        self.admitted(domain::admit_lock(&**bucket.snapshot, &bucket.name, lock, context))
    }

    /// Whether a change of another region was made here before, so that its bytes are not needed. Refuses one that cannot
    /// be made.
    pub(crate) fn is_replicated(&self, bucket: &Bucket, replica: &Replica) -> Result<bool, Failure> {
        let context = Context { now: self.now, fresh: self.fresh() };
        let decided = domain::decide(&**bucket.snapshot, &replica.clone().into(), context);
        Ok(self.admitted(decided)?.fact.is_none())
    }

    /// Refuses a part whose size does not fit the bucket's quota.
    pub(crate) fn admit_part(
        &self,
        bucket: &Bucket,
        part: (UploadId, PartNumber),
        declared: Option<u64>,
    ) -> Result<(), Failure> {
        declared.map_or(Ok(()), |size| self.admitted(domain::admit_part(&**bucket.snapshot, &bucket.name, part, size)))
    }

    /// Refuses appended bytes that do not fit the bucket's quota.
    pub(crate) fn admit_append(&self, bucket: &Bucket, declared: Option<u64>) -> Result<(), Failure> {
        declared.map_or(Ok(()), |size| self.admitted(domain::admit_append(&**bucket.snapshot, &bucket.name, size)))
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
            address: self.client.filter(|_| self.gateway.0.options.records_addresses).and_then(|client| client.address),
        }
    }

    /// The subject of errors of this request.
    pub(crate) fn about(&self) -> About<'_> {
        About {
            bucket: self.address.bucket.as_deref().unwrap_or_default(),
            key: self.address.key.as_deref().unwrap_or_default(),
            upload: self.query.text("uploadId").ok().flatten().unwrap_or_default(),
            version: self.query.text("versionId").ok().flatten().unwrap_or_default(),
            condition: CONDITIONS.into_iter().find(|name| self.parts.headers.contains_key(*name)),
        }
    }

    /// Refuses what S3 never lets an unsigned request do, whatever a policy grants to everybody.
    pub(crate) fn check_signed(&self, what: &str) -> Result<(), Error> {
        if self.caller.account.is_some() {
            return Ok(());
        }
        Err(Error::access_denied(format!("Anonymous users cannot {what}. Please authenticate.")))
    }

    /// The generation of a new content. No two contents have the same.
    pub(crate) fn generation(&self) -> Result<Generation, Failure> {
        let TotalsRow { level, keys, horizon, upload_time, .. } = self.latest().totals()?;
        // A clock that is behind must not make an upload look as if it had taken too long.
        let fresh = Generation::not_before(self.fresh(), horizon.saturating_add(upload_time));
        if level < Fact::TAGS_LEVEL {
            return Ok(Generation::from_fresh(fresh));
        }
        // The secret has the number of the master key in use. There are at most 256.
        let number = keys.master_number();
        let number = u16::try_from(number).map_err(|_| {
            tracing::error!(number, "the number of the master key is too great for tags");
            Error::new(Code::InternalError)
        })?;
        Ok(Generation::tagged(fresh, number))
    }

    /// A fresh id.
    pub(crate) fn fresh(&self) -> uuid::Uuid {
        (self.gateway.0.options.sources.fresh)(self.now)
    }
}
