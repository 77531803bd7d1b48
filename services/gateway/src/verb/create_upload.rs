use axum::response::Response;
use domain::{Command, CreateUpload};
use events::ids::UploadId;
use events::upload::ChecksumPlan;
use http::{HeaderName, HeaderValue};
use s3::request::CreateMultipartUpload;
use s3::xml::InitiateMultipartUploadResult;

use super::{acl, object_lock};
use crate::authorization::Authorized;
use crate::convert;
use crate::encryption::Protection;
use crate::failure::Failure;
use crate::lifecycle;
use crate::reply;

const CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("x-amz-checksum-algorithm");
const CHECKSUM_TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");

pub(super) async fn create_upload(call: Authorized<'_>) -> Result<Response, Failure> {
    call.check_signed("initiate multipart uploads")?;
    let request = CreateMultipartUpload::parse(&call.head())?;
    let (call, bucket) = call.into_bucket()?;
    let of_object = acl::of_new_object(&call, &bucket)?;
    let lock = object_lock::of_new_object(&call, &bucket)?;
    let (bucket, row) = bucket.without_state();
    let protection = Protection::of_new_object(&call, &row, request.encryption.as_ref(), None).await?;
    let key = call.key()?;
    let upload = UploadId(call.fresh());
    let plan = request.checksum_algorithm.zip(request.checksum_type);
    let create = CreateUpload {
        bucket: bucket.clone(),
        key: key.clone(),
        upload,
        attributes: convert::attributes(request.metadata, request.storage_class, request.tags),
        checksum: plan.map(|(algorithm, kind)| ChecksumPlan {
            algorithm: convert::algorithm(algorithm),
            kind: convert::checksum_type(kind),
        }),
        encryption: protection.as_ref().map(|protection| protection.encryption(None)),
        initiator: call.caller.user_id().cloned(),
        owner: of_object.owner,
        acl: of_object.acl,
        lock,
    };
    call.commit(Command::CreateUpload(Box::new(create))).await?;
    let upload_id = upload.to_string();
    let result = InitiateMultipartUploadResult { bucket: bucket.as_str(), key: key.as_bytes(), upload_id: &upload_id };
    let mut response = reply::xml(result.to_xml());
    if let Some((algorithm, kind)) = plan {
        response.headers_mut().insert(CHECKSUM_ALGORITHM, HeaderValue::from_static(algorithm.name()));
        response.headers_mut().insert(CHECKSUM_TYPE, HeaderValue::from_static(kind.name()));
    }
    if let Some(protection) = &protection {
        protection.insert_headers(response.headers_mut())?;
    }
    lifecycle::insert_abort(response.headers_mut(), &call.gateway.0.ledger.latest(), &row, &key, call.now)?;
    Ok(response)
}
