use axum::response::Response;
use domain::{DeleteObject, Outcome};
use http::StatusCode;
use http::header::HeaderValue;

use super::object_lock::bypasses_governance;
use crate::authorization::Authorized;
use crate::convert;
use crate::convert::version_name;
use crate::failure::Failure;
use crate::reply;

pub(super) async fn delete_object(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = s3::request::DeleteObject::parse(&call.head())?;
    let key = call.key()?;
    let (call, _) = call.into_bucket()?;
    let version = request.version_id.as_deref().map(|text| version_name(key.as_bytes(), text)).transpose()?;
    let precondition = convert::delete_precondition(request.conditions);
    let wanted = request.version_id.as_deref();
    let committed = call.commit_as(|call| {
        let bucket = call.bucket()?;
        let bypass_governance = bypasses_governance(call, bucket.object(&key, wanted))?;
        let (bucket, key, precondition) = (bucket.name.clone(), key.clone(), precondition.clone());
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
