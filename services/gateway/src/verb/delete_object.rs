use axum::response::Response;
use domain::{Command, Outcome};
use http::StatusCode;
use http::header::HeaderValue;
use s3::Error;
use s3::request::DeleteObject;

use crate::call::{Call, version_name};
use crate::failure::Failure;
use crate::reply;

pub(super) async fn delete_object(call: &Call<'_>) -> Result<Response, Failure> {
    let request = DeleteObject::parse(&call.head())?;
    if !request.conditions.is_empty() {
        return Err(Error::not_implemented("a conditional delete").into());
    }
    let key = call.key()?;
    let (_, bucket, _) = call.read_bucket().await?;
    let version = request.version_id.as_deref().map(|text| version_name(key.as_bytes(), text)).transpose()?;
    let committed = call.commit(Command::DeleteObject { bucket, key, version }).await?;
    let mut response = reply::empty(StatusCode::NO_CONTENT);
    if let Outcome::Deleted { version, delete_marker } = committed.outcome {
        reply::insert_version(response.headers_mut(), version)?;
        if delete_marker {
            response.headers_mut().insert(reply::DELETE_MARKER, HeaderValue::from_static("true"));
        }
    }
    Ok(response)
}
