//! Changes that were made in another region (ADR 44, 45): `PUT /bucket/key?replicate`, which S3 does not have.
//!
//! # Layout
//! - here: what a change is, and versions of one content
//! - `parts`: versions of several parts
//! - `compare`: which versions are not here, or differ
//! - `identities`: users, keys, groups and policies

mod compare;
mod identities;
mod parts;

use axum::body::Body;
use axum::response::Response;
use domain::row::BucketRow;
use domain::{Command, NewBody, Outcome, Rejection, Replica, ReplicaChange, ReplicaVersion};
use events::encryption::Encryption;
use events::ids::{BucketName, Md5Digest, ObjectKey, PartNumber, Sha256Digest};
use events::object::ChecksumType;
use events::replica::{Change, Sent, Version};
use http::header::ETAG;
use http::{HeaderName, HeaderValue, StatusCode};
use ledger::CommitError;
use policy::Action;
use s3::checksum::Checksum;
use s3::request::{NewEncryption, Payload as Declared};
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted, Uncommitted};
use crate::convert;
use crate::encryption::Protection;
use crate::failure::{Failure, commit_failure};
use crate::ingest::{commit_ingested, ingest, uploaded_before};
use crate::payload::Payload;
use crate::reply;
use crate::request::Request;
use crate::state::Bucket;

pub(super) use self::compare::compare;
pub(super) use self::identities::put_identities;

/// What replication has to do with a version.
pub(super) const STATUS: HeaderName = HeaderName::from_static("x-amz-replication-status");

/// What makes a change, whatever its bytes are.
#[derive(Clone)]
struct Asked {
    sent: Sent,
    bucket: BucketName,
    key: ObjectKey,
}

pub(super) async fn put_replica(call: Authorized<'_>, body: Body) -> Result<Response, Failure> {
    call.check_signed("replicate")?;
    let sent = convert::replica(&call.head())?;
    let key = call.key()?;
    let (call, bucket) = call.into_bucket()?;
    let asked = Asked { sent, bucket: bucket.name.clone(), key };
    let Change::Version(version) = &asked.sent.change else {
        drop(bucket);
        return change(&call, &asked).await;
    };
    create(&call, bucket, body, (&asked, version)).await
}

/// Whether the caller may shorten a retention in governance mode.
fn bypasses_governance(call: &Request<'_>, bucket: &Bucket, key: &ObjectKey) -> bool {
    call.authorize_object(Action::BypassGovernanceRetention, bucket.object(key, None)).is_ok()
}

async fn change(call: &Granted<'_>, asked: &Asked) -> Result<Response, Failure> {
    let committed = call.commit_as(|call| {
        let bypasses = bypasses_governance(call, call.bucket()?, &asked.key);
        let replica = convert::change_of_replica(&asked.sent, &asked.bucket, &asked.key, bypasses);
        Ok(replica.ok_or_else(|| Error::new(Code::InternalError))?.into())
    });
    committed.await?;
    answer(asked)
}

async fn create(
    call: &Granted<'_>,
    bucket: Bucket,
    body: Body,
    (asked, version): (&Asked, &Version),
) -> Result<Response, Failure> {
    if call.is_replicated(&bucket, &asked.whole(version, NewBody::Empty, None))? {
        return answer(asked);
    }
    let declared = Declared::parse(&call.head())?;
    let (_, row) = bucket.without_state();
    let length = declared.object_length();
    if version.size > 0 && length == Some(0) {
        let protection = protection(call, &row, version).await?;
        return without_bytes(call, (asked, version), protection.is_none()).await;
    }
    if length != Some(version.size) {
        return Err(Error::invalid_request("The body is not as long as the version is.").into());
    }
    if !version.parts.is_empty() {
        return parts::create(call, &row, Payload::new(body, call, &declared)?, (asked, version)).await;
    }
    if version.size == 0 {
        call.commit(asked.whole(version, NewBody::Empty, None).into()).await?;
        return answer(asked);
    }
    let protection = protection(call, &row, version).await?;
    let sum = sum_of_bytes(version);
    let payload = Payload::new(body, call, &declared)?;
    let algorithm = sum.as_ref().map(Checksum::algorithm);
    let checked = Declared { checksum: declared.checksum.or(sum), ..declared };
    let ingested = ingest(call, &asked.bucket, payload, &checked, algorithm, protection.as_ref()).await?;
    if protection.is_none() {
        check_sha256(version, ingested.sha256)?;
    }
    let encryption = protection.as_ref().map(|protection| protection.encryption(ingested.salt.clone()));
    let (asked_again, version) = (asked.clone(), version.clone());
    let command = move |body| Command::from(asked_again.whole(&version, body, encryption.clone()));
    commit_ingested(call, &asked.bucket, ingested, command).await?;
    answer(asked)
}

/// Makes a version of bytes that the caller is known to have uploaded, and asks for the bytes of any other.
async fn without_bytes(
    call: &Granted<'_>,
    (asked, version): (&Asked, &Version),
    is_plain: bool,
) -> Result<Response, Failure> {
    let wanted = || Failure::from(Error::new(Code::ReplicaBodyNeeded));
    let sha256 = version.sha256.filter(|_| is_plain && version.parts.is_empty()).ok_or_else(wanted)?;
    let content = uploaded_before(call, &asked.bucket, sha256).await?.ok_or_else(wanted)?;
    let command = asked.whole(version, NewBody::Known(content), None);
    match call.try_commit_as(|_| Ok(command.clone().into())).await {
        Ok(_) => answer(asked),
        Err(Uncommitted::Commit(CommitError::Rejected(Rejection::ContentGone | Rejection::ContentUnsafe))) => {
            Err(wanted())
        }
        Err(Uncommitted::Commit(error)) => Err(commit_failure(&error, call.about()).into()),
        Err(Uncommitted::Refused(failure)) => Err(failure),
    }
}

/// How a version is encrypted here: by the bucket's default, and otherwise with SSE-S3 if its origin encrypts it.
async fn protection(call: &Granted<'_>, row: &BucketRow, version: &Version) -> Result<Option<Protection>, Failure> {
    let by_default = Protection::of_new_object(call, row, None, None).await?;
    if by_default.is_some() || !version.encrypted {
        return Ok(by_default);
    }
    Protection::of_new_object(call, row, Some(&NewEncryption::SseS3), None).await
}

fn check_sha256(version: &Version, arrived: Sha256Digest) -> Result<(), Error> {
    match version.sha256 {
        Some(declared) if declared != arrived => {
            Err(Error::content_sha256_mismatch(&declared.to_string(), &arrived.to_string()))
        }
        _ => Ok(()),
    }
}

/// The checksum of all bytes, if the version has one.
fn sum_of_bytes(version: &Version) -> Option<Checksum> {
    version.checksum.as_ref().filter(|sum| sum.kind == ChecksumType::FullObject).and_then(convert::wire_checksum)
}

impl Asked {
    /// The command that makes a version of these bytes.
    fn whole(&self, version: &Version, body: NewBody, encryption: Option<Encryption>) -> Replica {
        self.of_parts(version, body, Vec::new(), encryption)
    }

    /// The command that makes a version of the parts of an upload.
    fn of_parts(
        &self,
        version: &Version,
        body: NewBody,
        parts: Vec<(PartNumber, Md5Digest)>,
        encryption: Option<Encryption>,
    ) -> Replica {
        let new = ReplicaVersion {
            parts,
            size: version.size,
            etag: version.etag,
            body,
            checksum: version.checksum.clone(),
            attributes: version.attributes.clone(),
            lock: version.lock,
            changes: version.changes,
            encryption,
            operation: version.operation,
        };
        // A version that is new here shortens no retention.
        convert::replica_of(&self.sent, &self.bucket, &self.key, false, ReplicaChange::Version(Box::new(new)))
    }
}

/// The change is made, or was made before.
fn answer(asked: &Asked) -> Result<Response, Failure> {
    let mut response = reply::empty(StatusCode::OK);
    let headers = response.headers_mut();
    let name = if asked.sent.null_version {
        domain::VersionName::Null
    } else {
        domain::VersionName::Id(asked.sent.version_id)
    };
    reply::insert_version(headers, Some(name))?;
    headers.insert(STATUS, HeaderValue::from_static("REPLICA"));
    if let Change::Version(version) = &asked.sent.change {
        headers.insert(ETAG, reply::quoted(version.etag)?);
    }
    Ok(response)
}

/// Whether the shards of an ingested body, or the parts of an upload, became the version.
fn is_in_use(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Stored { staged_in_use: true, .. })
}
