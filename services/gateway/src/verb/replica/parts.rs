//! Versions of several parts: the bytes are cut where the parts of the origin's object end, so that every part has its
//! number, its size and its checksum here, too. They are stored as those of an upload whose id follows from the version:
//! a request that comes again goes on with the same upload.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::row::{BucketRow, UploadRow};
use domain::{Command, CreateUpload, NewBody, StorePart, View};
use events::ids::{Sha256Digest, UploadId};
use events::lock::Lock;
use events::object::ChecksumType;
use events::replica::Version;
use futures_util::stream;
use s3::checksum::{Algorithm, Checksum, Combiner, composite};
use s3::request::Payload as Declared;
use s3::sigv4::PayloadHash;
use s3::{Code, Error};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{Asked, answer, check_sha256, is_in_use, protection};
use crate::authorization::Granted;
use crate::convert;
use crate::encryption::Protection;
use crate::failure::Failure;
use crate::hashes::verify_sha256;
use crate::ingest::{commit_ingested, ingest};
use crate::payload::Payload;

pub(super) async fn create(
    call: &Granted<'_>,
    row: &BucketRow,
    payload: Payload,
    (asked, version): (&Asked, &Version),
) -> Result<Response, Failure> {
    let upload = upload_id(row, asked);
    let begun = begin(call, row, (asked, version), upload).await?;
    let protection = Protection::of_part(call, &begun, None).await?;
    let parts = version.each_part().ok_or_else(|| Error::new(Code::InternalError))?;
    let bytes = Arc::new(Mutex::new(Bytewise::new(payload, version.sha256.is_some())));
    let algorithm = version.checksum.as_ref().map(|sum| convert::wire_algorithm(sum.algorithm));
    let (mut sums, mut stored) = (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
    for (number, size) in parts {
        let body = Payload::of_object(part_of(Arc::clone(&bytes), size), size);
        let declared = Declared { content_length: Some(size), ..Declared::default() };
        let ingested = ingest(call, &asked.bucket, body, &declared, algorithm, protection.as_ref()).await?;
        stored.push((number, ingested.md5));
        sums.extend(ingested.checksum.map(|sum| (sum, size)));
        let part = StorePart {
            bucket: asked.bucket.clone(),
            key: asked.key.clone(),
            upload,
            number,
            size,
            md5: ingested.md5,
            body: NewBody::Empty,
            checksum: ingested.checksum.as_ref().map(convert::full_checksum),
            salt: ingested.salt.clone(),
        };
        let command = move |body| Command::StorePart(Box::new(StorePart { body, ..part.clone() }));
        commit_ingested(call, &asked.bucket, ingested, command).await?;
    }
    let checked = bytes.lock().await.finish(version).await.and_then(|()| check_sum(version, algorithm, &sums));
    if let Err(differs) = checked {
        abort(call, asked, upload).await?;
        return Err(differs.into());
    }
    let command = asked.of_parts(version, NewBody::Parts(upload), stored, None);
    let made = match call.commit(command.into()).await {
        Ok(made) => made,
        Err(failure) => {
            // Somebody stored other parts of the upload: the next request begins anew.
            if failure.error.code() == Code::InvalidBucketState {
                abort(call, asked, upload).await?;
            }
            return Err(failure);
        }
    };
    if !is_in_use(&made.outcome) {
        abort(call, asked, upload).await?;
    }
    answer(asked)
}

/// The id of the upload that brings a version to a bucket.
fn upload_id(row: &BucketRow, asked: &Asked) -> UploadId {
    let mut sha256 = Sha256::new();
    sha256.update(row.id.0.to_be_bytes());
    sha256.update(asked.sent.version_id.as_u128().to_be_bytes());
    sha256.update(asked.key.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&sha256.finalize()[..16]);
    UploadId(Uuid::from_bytes(id))
}

/// Begins the upload, unless an earlier request did.
async fn begin(
    call: &Granted<'_>,
    row: &BucketRow,
    (asked, version): (&Asked, &Version),
    upload: UploadId,
) -> Result<UploadRow, Failure> {
    if let Some(begun) = call.latest().upload(row.id, &asked.key, upload)? {
        return Ok(begun);
    }
    let protection = protection(call, row, version).await?;
    let create = CreateUpload {
        bucket: asked.bucket.clone(),
        key: asked.key.clone(),
        upload,
        attributes: version.attributes.clone(),
        checksum: None,
        encryption: protection.as_ref().map(|protection| protection.encryption(None)),
        initiator: call.caller.user_id().cloned(),
        owner: None,
        acl: None,
        lock: Lock::default(),
    };
    call.commit(Command::CreateUpload(Box::new(create))).await?;
    // The parts of an earlier version of this id may not all be freed yet: then there is no such upload.
    let begun = call.latest().upload(row.id, &asked.key, upload)?;
    // That is about this version alone, so the sender does not leave the whole region alone for it.
    let freeing = "Parts of a former version with this id are being freed. Try again.";
    begun.ok_or_else(|| Error::with_message(Code::ConditionalRequestConflict, freeing).into())
}

async fn abort(call: &Granted<'_>, asked: &Asked, upload: UploadId) -> Result<(), Failure> {
    let (bucket, key) = (asked.bucket.clone(), asked.key.clone());
    match call.commit(Command::AbortUpload { bucket, key, upload }).await {
        Err(failure) if failure.error.code() != Code::NoSuchUpload => Err(failure),
        _ => Ok(()),
    }
}

/// Compares the checksums of the parts with that of the object.
fn check_sum(version: &Version, algorithm: Option<Algorithm>, parts: &[(Checksum, u64)]) -> Result<(), Error> {
    let (Some(declared), Some(algorithm)) = (&version.checksum, algorithm) else { return Ok(()) };
    let computed = match declared.kind {
        ChecksumType::Composite => composite(algorithm, parts.iter().map(|(sum, _)| sum)),
        ChecksumType::FullObject => Combiner::new(algorithm).and_then(|mut whole| {
            parts.iter().try_for_each(|(sum, size)| whole.push(sum, *size))?;
            whole.finish()
        }),
    };
    match (convert::wire_checksum(declared), computed) {
        (Some(declared), Some(computed)) => declared.verify(&computed),
        // No checksum of the parts tells that of the whole.
        _ => Ok(()),
    }
}

/// The bytes of a request, taken piece by piece.
struct Bytewise {
    payload: Payload,
    /// What arrived and is not taken yet.
    rest: Bytes,
    sha256: Option<Sha256>,
}

impl Bytewise {
    fn new(payload: Payload, has_sha256: bool) -> Self {
        let is_needed = has_sha256 || matches!(payload.hash(), PayloadHash::Signed(_));
        Self { payload, rest: Bytes::new(), sha256: is_needed.then(Sha256::new) }
    }

    /// The next bytes, at most so many.
    async fn take(&mut self, max: u64) -> Result<Bytes, Error> {
        while self.rest.is_empty() {
            self.rest = self.payload.next().await?.ok_or_else(|| Error::new(Code::IncompleteBody))?;
        }
        let length = usize::try_from(max).unwrap_or(usize::MAX).min(self.rest.len());
        let bytes = self.rest.split_to(length);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(&bytes);
        }
        Ok(bytes)
    }

    /// Reads the end, and compares the bytes with what was said of them.
    async fn finish(&mut self, version: &Version) -> Result<(), Error> {
        if !self.rest.is_empty() || self.payload.next().await?.is_some() {
            return Err(Error::invalid_request("The body is longer than the version is."));
        }
        let Some(sha256) = self.sha256.take() else { return Ok(()) };
        let arrived: [u8; 32] = sha256.finalize().into();
        if let PayloadHash::Signed(declared) = self.payload.hash() {
            verify_sha256(&declared, &arrived)?;
        }
        check_sha256(version, Sha256Digest(arrived))
    }
}

/// The bytes of the next part.
fn part_of(bytes: Arc<Mutex<Bytewise>>, size: u64) -> Body {
    Body::from_stream(stream::try_unfold((bytes, size), |(bytes, left)| async move {
        if left == 0 {
            return Ok::<_, Error>(None);
        }
        let taken = bytes.lock().await.take(left).await?;
        let left = left - taken.len() as u64;
        Ok(Some((taken, (bytes, left))))
    }))
}
