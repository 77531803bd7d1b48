//! What a request counts as, for telemetry.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use events::ids::{BucketName, UserName};
use http::StatusCode;
use http_body::{Frame, SizeHint};
use s3::{Address, Operation};
use telemetry::{Kind, Request, meter};

/// Who asks, and by which access key.
pub(crate) type By = Option<(UserName, Option<String>)>;

/// What is known of a request by the time that it is answered.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Who asks.
    pub(crate) by: By,
    /// What it is about.
    pub(crate) address: Option<Address>,
    /// Where it comes from.
    pub(crate) client: Option<IpAddr>,
    /// It is a read that the owner of the bucket asks for a record of.
    pub(crate) is_recorded: bool,
}

/// The name of all who sign nothing.
const ANONYMOUS: &str = "anonymous";

/// Counts a request that is answered.
pub(crate) fn count(operation: Option<Operation>, name: &'static str, status: StatusCode, took: Duration, by: By) {
    let kind = operation.map_or(Kind::Other, kind);
    meter().count(Request { operation: name, kind, status: status.as_u16(), took, by });
}

/// Whether an operation reads objects, or lists them.
pub(crate) fn is_read(operation: Operation) -> bool {
    matches!(kind(operation), Kind::Read | Kind::List)
}

fn kind(operation: Operation) -> Kind {
    use Operation as O;
    match operation {
        O::GetObject | O::HeadObject | O::GetObjectAttributes => Kind::Read,
        O::PutObject
        | O::PostObject
        | O::CopyObject
        | O::RenameObject
        | O::PutReplica
        | O::UploadPart
        | O::UploadPartCopy
        | O::CreateMultipartUpload
        | O::CompleteMultipartUpload => Kind::Write,
        O::ListBuckets
        | O::ListObjects
        | O::ListObjectsV2
        | O::ListObjectVersions
        | O::ListParts
        | O::ListMultipartUploads => Kind::List,
        O::DeleteObject | O::DeleteObjects | O::AbortMultipartUpload => Kind::Delete,
        _ => Kind::Other,
    }
}

/// A response's body whose bytes are counted as they go out.
pub(crate) struct Metered {
    body: Body,
    /// Bytes that went out.
    bytes: u64,
    /// Of which bucket it is, and who reads it, if somebody reads an object.
    reader: Option<(BucketName, String)>,
}

impl Metered {
    pub(crate) fn new(body: Body, reader: Option<(BucketName, String)>) -> Self {
        Self { body, bytes: 0, reader }
    }
}

/// Of which bucket a request reads an object, and for whom.
pub(crate) fn reader(operation: Option<Operation>, status: StatusCode, known: &Known) -> Option<(BucketName, String)> {
    if operation.map(kind) != Some(Kind::Read) || !status.is_success() {
        return None;
    }
    let bucket = known.address.as_ref()?.bucket.as_deref()?.parse().ok()?;
    let reader = known.by.as_ref().map_or_else(|| ANONYMOUS.to_owned(), |(user, _)| user.to_string());
    Some((bucket, reader))
}

impl Drop for Metered {
    /// A client may go away before the end.
    fn drop(&mut self) {
        if let Some((bucket, reader)) = self.reader.take() {
            meter().read(bucket, reader, self.bytes);
        }
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.bytes += bytes;
            meter().bytes_out(bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
