//! Settings that no bucket has here, answered as for a bucket that could have them.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use s3::xml::Unconfigured;
use s3::{Code, Error};

use crate::authorization::Authorized;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::state::Bucket;

/// Answers as the row of the operation says.
pub(super) async fn answer(call: Authorized<'_>, body: Body) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    match call.operation.unconfigured() {
        Some(Unconfigured::Absent(code)) => Err(Error::new(code).detail("BucketName", bucket.as_str()).into()),
        Some(Unconfigured::Empty(root)) => Ok(reply::xml(Unconfigured::empty(root))),
        Some(Unconfigured::EmptyPage(root)) => Ok(reply::xml(Unconfigured::empty_page(root))),
        Some(Unconfigured::Deleted) => Ok(reply::empty(StatusCode::NO_CONTENT)),
        // The document states what holds anyway, so nothing is written.
        Some(Unconfigured::Unchanging(kind)) => {
            kind.parse(&read_document(body, &call, Sums::OfDocument).await?)?;
            Ok(reply::empty(StatusCode::OK))
        }
        None => Err(Error::new(Code::InternalError).into()),
    }
}

/// No object has a torrent.
pub(super) fn torrent(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, _) = call.into_bucket()?;
    let error = Error::with_message(Code::NoSuchKey, "No object here has a torrent.");
    Err(error.detail("Key", String::from_utf8_lossy(call.key()?.as_bytes())).into())
}
