//! What a request counts as, for telemetry.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use events::ids::UserName;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use s3::Operation;
use telemetry::{Kind, Request, meter};

/// Who asks, and by which access key.
pub(crate) type By = Option<(UserName, Option<String>)>;

/// Counts a request that is answered.
pub(crate) fn count(operation: Option<Operation>, name: &'static str, status: StatusCode, took: Duration, by: By) {
    let kind = operation.map_or(Kind::Other, kind);
    meter().count(Request { operation: name, kind, status: status.as_u16(), took, by });
}

fn kind(operation: Operation) -> Kind {
    use Operation as O;
    match operation {
        O::GetObject | O::HeadObject | O::GetObjectAttributes => Kind::Read,
        O::PutObject
        | O::PostObject
        | O::CopyObject
        | O::RenameObject
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
pub(crate) struct Metered(pub(crate) Body);

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.0).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            meter().bytes_out(frame.data_ref().map_or(0, Bytes::len) as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
