use axum::response::Response;
use domain::CLIENT_TOKEN_BYTES_MAX;
use events::ids::{ObjectKey, VersionId};
use http::StatusCode;
use jiff::Timestamp;
use policy::Action;
use s3::condition::Conditions;
use s3::request::RenameObject;
use s3::{Code, Error};

use crate::authorization::Authorized;
use crate::convert;
use crate::failure::Failure;
use crate::reply;
use crate::request::Request;
use crate::state::ObjectRef;

pub(super) async fn rename_object(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = RenameObject::parse(&call.head())?;
    if let Some(token) = request.client_token.as_ref().filter(|token| token.len() > CLIENT_TOKEN_BYTES_MAX) {
        let message = format!("The token may have {CLIENT_TOKEN_BYTES_MAX} bytes");
        return Err(Error::invalid_argument(message, "x-amz-client-token", token).into());
    }
    let key = call.key()?;
    let source = ObjectKey::from_bytes(request.source).map_err(|_| Error::new(Code::KeyTooLongError))?;
    let (call, bucket) = call.into_bucket()?;
    authorize(&call, bucket.object(&source, None))?;
    let looked_at = looked_at(bucket.object(&source, None), &request.source_conditions, call.now)?;
    let bucket = bucket.into_name();
    let precondition = convert::precondition(request.conditions);
    let client_token = request.client_token;
    let rename = domain::RenameObject { bucket, source, looked_at, key, precondition, client_token };
    let committed = call.commit_as(|call| {
        authorize(call, call.bucket()?.object(&rename.source, None))?;
        Ok(rename.clone().into())
    });
    // A caller who may not list the bucket does not learn which of the two keys is absent.
    let committed = committed.await.map_err(|failure| call.hide_absence(failure));
    committed.map(|_| reply::empty(StatusCode::OK))
}

/// The source is removed, and callers who may read the new key can read its contents. Both need rights on the source.
fn authorize(request: &Request<'_>, source: ObjectRef<'_>) -> Result<(), Failure> {
    [Action::DeleteObject, Action::GetObject]
        .into_iter()
        .try_for_each(|action| request.authorize_object(action, source))
}

/// The version that was judged and that the conditions hold for, and its size. The commit renames no other version, and
/// not this one if it has grown. `None` if this request was already executed, which the commit knows.
fn looked_at(
    source: ObjectRef<'_>,
    conditions: &Conditions,
    now: Timestamp,
) -> Result<Option<(VersionId, u64)>, Failure> {
    let row = source.current()?;
    let Some((row, object)) = row.as_ref().and_then(|row| Some((row, row.object.as_ref()?))) else {
        return Ok(None);
    };
    conditions.evaluate_rename_source(&object.etag.to_string(), row.modified, now)?;
    Ok(Some((row.version, object.size)))
}
