use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use domain::row::UploadRow;
use domain::{Command, NewBody, Outcome, StorePart, View};
use events::ids::{BucketName, ETag, ObjectKey, PartNumber, UploadId};
use events::object::ChecksumType;
use events::upload::ChecksumPlan;
use http::StatusCode;
use http::header::ETAG;
use ledger::Snapshot;
use s3::checksum::Algorithm;
use s3::request::{CustomerKey, Payload as Declared, UploadPart};
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::convert::upload_id;
use crate::encryption::Protection;
use crate::failure::Failure;
use crate::ingest::{Ingested, commit_ingested, ingest};
use crate::payload::Payload;
use crate::reply;
use crate::request::Request;
use crate::state::Bucket;

pub(super) async fn upload_part(call: Authorized<'_>, body: Body) -> Result<Response, Failure> {
    let request = UploadPart::parse(&call.head())?;
    let declared = request.payload.object_length();
    let (call, target) = Target::find(call, &request.upload_id, request.part_number, declared)?;
    let algorithm = target.algorithm();
    check_algorithm(&request.payload, target.row.checksum)?;
    let protection = target.protection(&call, request.customer_key).await?;
    let payload = Payload::new(body, &call, &request.payload)?;
    let ingested = ingest(&call, &target.bucket, payload, &request.payload, algorithm, protection.as_ref()).await?;
    let checksum = ingested.checksum.as_ref().map(convert::full_checksum);
    let (etag, _) = target.store(&call, ingested).await?;
    let mut response = reply::empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(ETAG, reply::quoted(etag)?);
    if let Some(protection) = &protection {
        protection.insert_headers(headers)?;
    }
    if let Some(checksum) = &checksum {
        reply::insert_checksum(headers, checksum)?;
    }
    Ok(response)
}

/// A part must have a checksum of the algorithm its upload was created with. It may lack one if the object's checksum
/// is that of all bytes: then the part's is computed here. A checksum of checksums needs those that the client knows.
fn check_algorithm(declared: &Declared, plan: Option<ChecksumPlan>) -> Result<(), Error> {
    let Some(plan) = plan else { return Ok(()) };
    let planned = convert::wire_algorithm(plan.algorithm);
    let actual = match declared.algorithm {
        Some(sent) if sent == planned => return Ok(()),
        None if plan.kind == ChecksumType::FullObject => return Ok(()),
        sent => sent.map_or("null", Algorithm::lower_name),
    };
    Err(Error::invalid_request(format!(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {actual}",
        planned.lower_name(),
    )))
}

/// The upload that a part belongs to.
pub(super) struct Target {
    pub(super) bucket: BucketName,
    key: ObjectKey,
    upload: UploadId,
    number: PartNumber,
    row: UploadRow,
}

impl Target {
    pub(super) fn find<'a>(
        call: Authorized<'a>,
        upload: &str,
        number: u16,
        declared: Option<u64>,
    ) -> Result<(Granted<'a>, Self), Failure> {
        let key = call.key()?;
        let (call, bucket) = call.into_bucket()?;
        let number = PartNumber::try_from(number).map_err(|_| {
            let message = "Part number must be an integer between 1 and 10000, inclusive";
            Error::invalid_argument(message, "partNumber", number.to_string())
        })?;
        let (upload, row) = find_upload(&bucket, &key, upload)?;
        call.admit_part(&bucket, (upload, number), declared)?;
        Ok((call, Self { bucket: bucket.into_name(), key, upload, number, row }))
    }

    /// Refuses a part whose size does not fit the bucket's quota, before its bytes are read.
    pub(super) fn admit(&self, request: &Request<'_>, snapshot: &Arc<Snapshot>, size: u64) -> Result<(), Failure> {
        let bucket = request.bucket_in(Arc::clone(snapshot))?;
        request.admit_part(&bucket, (self.upload, self.number), Some(size))
    }

    /// The checksum algorithm that the upload was created with.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.row.checksum.map(|plan| convert::wire_algorithm(plan.algorithm))
    }

    /// How the upload's parts are encrypted, if at all. `customer`: the key in the request.
    pub(super) async fn protection(
        &self,
        call: &Granted<'_>,
        customer: Option<CustomerKey>,
    ) -> Result<Option<Protection>, Failure> {
        Protection::of_part(call, &self.row, customer).await
    }

    /// Commits the part. Returns its entity tag and time.
    pub(super) async fn store(
        self,
        call: &Granted<'_>,
        ingested: Ingested,
    ) -> Result<(ETag, jiff::Timestamp), Failure> {
        let part = StorePart {
            bucket: self.bucket.clone(),
            key: self.key,
            upload: self.upload,
            number: self.number,
            size: ingested.size,
            md5: ingested.md5,
            body: NewBody::Empty,
            checksum: ingested.checksum.as_ref().map(convert::full_checksum),
            salt: ingested.salt.clone(),
        };
        let command = move |body| Command::StorePart(Box::new(StorePart { body, ..part.clone() }));
        let committed = commit_ingested(call, &self.bucket, ingested, command).await?;
        match committed.outcome {
            Outcome::Stored { etag, modified, .. } => Ok((etag, modified)),
            Outcome::Done
            | Outcome::Deleted { .. }
            | Outcome::Placed { .. }
            | Outcome::Reclaimed { .. }
            | Outcome::SessionRevoked => Err(Error::new(Code::InternalError).into()),
        }
    }

    /// A part that refers to a stored content, which is not encrypted.
    pub(super) fn known(
        self,
        size: u64,
        md5: events::ids::Md5Digest,
        body: NewBody,
        checksum: Option<events::object::Checksum>,
    ) -> Command {
        let Self { bucket, key, upload, number, .. } = self;
        Command::StorePart(Box::new(StorePart { bucket, key, upload, number, size, md5, body, checksum, salt: None }))
    }
}

/// An upload in progress.
pub(super) fn find_upload(bucket: &Bucket, key: &ObjectKey, text: &str) -> Result<(UploadId, UploadRow), Failure> {
    let upload = upload_id(text)?;
    let row = bucket.snapshot.upload(bucket.row.id, key, upload)?.ok_or_else(|| Error::no_such_upload(text))?;
    Ok((upload, row))
}
