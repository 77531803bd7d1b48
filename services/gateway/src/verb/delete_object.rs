use axum::response::Response;
use domain::{DeleteObject, Outcome};
use http::StatusCode;
use http::header::HeaderValue;

use super::object_lock::At;
use crate::call::{Call, version_name};
use crate::convert;
use crate::failure::Failure;
use crate::reply;

pub(super) async fn delete_object(call: &Call<'_>) -> Result<Response, Failure> {
    let request = s3::request::DeleteObject::parse(&call.head())?;
    let key = call.key()?;
    let (_, bucket, _) = call.read_bucket().await?;
    let version = request.version_id.as_deref().map(|text| version_name(key.as_bytes(), text)).transpose()?;
    let precondition = convert::delete_precondition(request.conditions);
    let wanted = request.version_id.as_deref();
    let committed = call.commit_as(|call, snapshot| {
        let row = call.judged_bucket(snapshot, &bucket)?;
        let at = At { snapshot, name: &bucket, bucket: &row, key: &key, version: wanted };
        let bypass_governance = at.bypasses_governance(call)?;
        let (bucket, key, precondition) = (bucket.clone(), key.clone(), precondition.clone());
        Ok(DeleteObject { bucket, key, version, precondition, bypass_governance }.into())
    });
    let committed = committed.await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    if let Outcome::Deleted { version, delete_marker } = committed.outcome {
        reply::insert_version(response.headers_mut(), version)?;
        if delete_marker {
            response.headers_mut().insert(reply::DELETE_MARKER, HeaderValue::from_static("true"));
        }
    }
    Ok(response)
}
