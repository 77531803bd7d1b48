use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use domain::row::{BodyRow, BucketId, PartRow, UploadRow};
use domain::{Command, CompleteUpload, Outcome, View};
use events::encryption::Method;
use events::ids::{ETag, Md5Digest, ObjectKey, PartNumber, UploadId};
use events::upload::ChecksumPlan;
use ledger::Snapshot;
use s3::checksum::{Checksum, ChecksumType, Combiner, composite};
use s3::request::{CompleteMultipartUpload as Request, CustomerKey};
use s3::xml::{CompleteMultipartUpload, CompleteMultipartUploadResult, CompletedPart};
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::convert::upload_id;
use crate::encryption::{Protection, insert_headers};
use crate::failure::Failure;
use crate::lifecycle;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn complete_upload(call: Authorized<'_>, body: Body) -> Result<Response, Failure> {
    let request = Request::parse(&call.head())?;
    let key = call.key()?;
    let (call, _) = call.into_bucket()?;
    let document = read_document(body, &call, Sums::OfObject).await?;
    let asked =
        CompleteMultipartUpload::parse(&document).map_err(|error| about_upload(error, &request.upload_id))?.parts;
    let bucket = call.read_bucket().await?;
    let snapshot = &bucket.snapshot;
    let upload = upload_id(&request.upload_id)?;
    let begun = snapshot.upload(bucket.row.id, &key, upload)?;
    let tags = begun.as_ref().map(|row| row.attributes.tags.clone()).unwrap_or_default();
    let mut encryption = None;
    let is_under_way = begun.is_some();
    let plan = match begun {
        Some(row) => {
            check_key(&call, &row, request.customer_key.as_ref()).await?;
            encryption = row.encryption;
            row.checksum
        }
        None if snapshot.manifest(upload)?.is_some() => plan_of_completed(snapshot, bucket.row.id, &key, upload)?,
        None => return Err(Error::no_such_upload(&request.upload_id).into()),
    };
    // If the upload was completed before and its object no longer exists, the plan is unknown.
    if is_under_way || plan.is_some() {
        check_plan(&request, plan, &asked)?;
    }
    let stored: BTreeMap<_, _> = snapshot.parts(upload)?.into_iter().collect();
    let chosen = choose(&request.upload_id, &asked, &stored)?;
    let size = chosen.iter().map(|(_, part)| part.size).sum::<u64>();
    check_size(&request, size)?;
    let checksum = object_checksum(plan, &chosen);
    verify_checksum(&request, checksum.as_ref())?;
    let etag = s3::ETag::of_parts(chosen.iter().map(|(_, part)| &part.md5.0));
    let etag = ETag { md5: Md5Digest(*etag.md5()), parts: u16::try_from(chosen.len()).ok() };
    let complete = CompleteUpload {
        bucket: bucket.name.clone(),
        key: key.clone(),
        upload,
        parts: chosen.iter().map(|(number, part)| (*number, part.md5)).collect(),
        etag,
        checksum: checksum.as_ref().map(recorded),
        precondition: convert::precondition(request.conditions),
    };
    // Other users may have sent the parts. The object's tag is made of tags that the caller names.
    let shows_checksum = request.checksum.is_some() || call.may_list_parts(&bucket)?;
    let (bucket, row) = bucket.without_state();
    let committed = call.commit(Command::CompleteUpload(Box::new(complete))).await?;
    let Outcome::Stored { version, etag, modified, .. } = committed.outcome else {
        return Err(Error::new(Code::InternalError).into());
    };
    let shown = checksum.as_ref().filter(|_| shows_checksum);
    let result = CompleteMultipartUploadResult {
        location: &format!("{}{}", call.site(), call.parts.uri.path()),
        bucket: bucket.as_str(),
        key: key.as_bytes(),
        etag: &etag.to_string(),
        checksum: shown.map(|(checksum, _)| checksum),
        checksum_type: shown.map(|(_, kind)| *kind),
    };
    let mut response = reply::xml(result.to_xml());
    reply::insert_version(response.headers_mut(), version)?;
    if let Some(encryption) = encryption {
        insert_headers(response.headers_mut(), &encryption.method, request.customer_key.as_ref())?;
    }
    let current = lifecycle::Current { key: &key, size, tags: &tags, modified };
    lifecycle::insert_expiration(response.headers_mut(), &call.latest(), &row, current)?;
    Ok(response)
}

/// The checksum as the log has it.
fn recorded((checksum, kind): &(Checksum, ChecksumType)) -> events::object::Checksum {
    events::object::Checksum {
        algorithm: convert::algorithm(checksum.algorithm()),
        kind: convert::checksum_type(*kind),
        value: checksum.to_string(),
    }
}

fn check_size(request: &Request, size: u64) -> Result<(), Error> {
    if request.object_size.is_none_or(|declared| declared == size) {
        return Ok(());
    }
    let message = format!("The provided 'x-amz-mp-object-size' header does not match the object's {size} bytes.");
    Err(Error::invalid_request(message))
}

/// An upload with a customer's key needs the key at its completion too, if it was created with checksums. Nothing is
/// encrypted here, and S3 requires the key only in that case: clients that send no checksums leave it out.
async fn check_key(call: &Granted<'_>, upload: &UploadRow, customer: Option<&CustomerKey>) -> Result<(), Failure> {
    let takes_key = upload.encryption.as_ref().is_some_and(|encryption| encryption.method == Method::SseC);
    if takes_key && customer.is_none() && upload.checksum.is_none() {
        return Ok(());
    }
    Protection::of_part(call, upload, customer.cloned()).await.map(drop)
}

/// The checksums of an upload whose completion succeeded before: they are read from its object, while it is current.
fn plan_of_completed(
    snapshot: &Snapshot,
    bucket: BucketId,
    key: &ObjectKey,
    upload: UploadId,
) -> Result<Option<ChecksumPlan>, Failure> {
    let object = snapshot.current(bucket, key)?.and_then(|row| row.object);
    let checksum = object.filter(|object| object.body == BodyRow::Parts(upload)).and_then(|object| object.checksum);
    Ok(checksum.map(|checksum| ChecksumPlan { algorithm: checksum.algorithm, kind: checksum.kind }))
}

/// The checksums in the completion must match those that the upload was created with.
fn check_plan(request: &Request, plan: Option<ChecksumPlan>, asked: &[CompletedPart]) -> Result<(), Error> {
    let kind = plan.map(|plan| convert::wire_checksum_type(plan.kind));
    if request.checksum_type.is_some() && request.checksum_type != kind {
        return Err(Error::invalid_request(format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            kind.map_or("null", ChecksumType::name),
        )));
    }
    let Some(plan) = plan else { return Ok(()) };
    let planned = convert::wire_algorithm(plan.algorithm);
    for part in asked {
        match part.checksum {
            Some(sent) if sent.algorithm() != planned => {
                let message = format!(
                    "The {} you specified for part {} did not match what we received.",
                    sent.algorithm().lower_name(),
                    part.number,
                );
                return Err(Error::with_message(Code::BadDigest, message));
            }
            None if plan.kind == events::object::ChecksumType::Composite => {
                return Err(Error::invalid_request(format!(
                    "The upload was created using a {} checksum. The complete request must include the checksum for \
                     each part. It was missing for part {} in the request.",
                    planned.lower_name(),
                    part.number,
                )));
            }
            _ => {}
        }
    }
    match request.checksum {
        Some(sent) if sent.algorithm() != planned => Err(Error::bad_digest(planned.lower_name())),
        _ => Ok(()),
    }
}

/// The requested parts as they are stored, each with the requested entity tag.
fn choose<'a>(
    upload: &str,
    asked: &[CompletedPart],
    stored: &'a BTreeMap<PartNumber, PartRow>,
) -> Result<Vec<(PartNumber, &'a PartRow)>, Error> {
    if !asked.windows(2).all(|pair| pair[0].number < pair[1].number) {
        return Err(Error::new(Code::InvalidPartOrder));
    }
    let chosen = asked.iter().map(|part| {
        let invalid = || Error::invalid_part(upload, part.number, &part.etag);
        let number = PartNumber::try_from(part.number).map_err(|_| invalid())?;
        let row = stored.get(&number).ok_or_else(invalid)?;
        let stored = row.checksum.as_ref().and_then(convert::wire_checksum);
        let checksum_holds = part.checksum.is_none() || part.checksum == stored;
        let same = row.md5.to_string() == part.etag && checksum_holds;
        if same { Ok((number, row)) } else { Err(invalid()) }
    });
    chosen.collect()
}

/// The object's checksum, combined from those of its parts as the upload was created; `None` if a part has no checksum.
/// For an upload created without a checksum setting, it is that of all bytes, if its parts have CRCs of the same kind.
fn object_checksum(plan: Option<ChecksumPlan>, parts: &[(PartNumber, &PartRow)]) -> Option<(Checksum, ChecksumType)> {
    let of_parts: Option<Vec<_>> =
        parts.iter().map(|(_, part)| part.checksum.as_ref().and_then(convert::wire_checksum)).collect();
    let of_parts = of_parts?;
    let (algorithm, kind) = match plan {
        Some(plan) => (convert::wire_algorithm(plan.algorithm), convert::wire_checksum_type(plan.kind)),
        None => (of_parts.first()?.algorithm(), ChecksumType::FullObject),
    };
    let checksum = match kind {
        ChecksumType::Composite => composite(algorithm, &of_parts)?,
        ChecksumType::FullObject => {
            let mut combiner = Combiner::new(algorithm)?;
            for (checksum, (_, part)) in of_parts.iter().zip(parts) {
                combiner.push(checksum, part.size)?;
            }
            combiner.finish()?
        }
    };
    Some((checksum, kind))
}

/// Adds the upload's id to an error, because the document does not contain it.
fn about_upload(error: Error, upload: &str) -> Error {
    if error.code() == Code::InvalidPartOrder { error.detail("UploadId", upload) } else { error }
}

fn verify_checksum(request: &Request, computed: Option<&(Checksum, ChecksumType)>) -> Result<(), Error> {
    match (&request.checksum, computed) {
        (None, _) => Ok(()),
        (Some(sent), Some((computed, _))) if sent.algorithm() == computed.algorithm() => sent.verify(computed),
        (Some(_), _) => Err(Error::invalid_request("The upload was not created with this checksum algorithm.")),
    }
}
