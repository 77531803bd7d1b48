//! The bytes of an object, from the cache or the nodes, part after part.

use std::ops::Range;

use axum::body::Body;
use bytes::Bytes;
use domain::View;
use domain::row::{BodyRow, ObjectRow};
use events::ids::{ContentId, PartNumber, UploadId};
use futures_util::{Stream, StreamExt, stream};
use ledger::Snapshot;
use s3::{Code, Error};
use shards::StoredContent;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES};

use crate::Gateway;
use crate::failure::Failure;

/// A stretch of an object that lies in one content.
pub(crate) struct Stretch {
    content: ContentId,
    stored: StoredContent,
    range: Range<u64>,
}

/// Which contents hold `range` of an object.
pub(crate) fn stretches(snapshot: &Snapshot, object: &ObjectRow, range: Range<u64>) -> Result<Vec<Stretch>, Failure> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    match object.body {
        BodyRow::Empty => Ok(Vec::new()),
        BodyRow::Content(content) => Ok(vec![stretch(snapshot, content, range)?]),
        BodyRow::Parts(upload) => parts_stretches(snapshot, upload, range),
    }
}

fn parts_stretches(snapshot: &Snapshot, upload: UploadId, range: Range<u64>) -> Result<Vec<Stretch>, Failure> {
    let mut stretches = Vec::new();
    let mut begin = 0;
    for (_, part) in snapshot.parts(upload)? {
        let end = begin + part.size;
        let within = range.start.max(begin)..range.end.min(end);
        if let (BodyRow::Content(content), false) = (part.body, within.is_empty()) {
            stretches.push(stretch(snapshot, content, within.start - begin..within.end - begin)?);
        }
        begin = end;
        if begin >= range.end {
            break;
        }
    }
    Ok(stretches)
}

fn stretch(snapshot: &Snapshot, content: ContentId, range: Range<u64>) -> Result<Stretch, Failure> {
    let Some(row) = snapshot.content(&content)? else {
        tracing::error!(sha256 = %content.sha256, "an object names a content that is not there");
        return Err(Error::new(Code::InternalError).into());
    };
    let stored =
        StoredContent { bucket: row.bucket, generation: content.generation, size: row.size, placement: row.placement };
    Ok(Stretch { content, stored, range })
}

/// The bytes of one part of an assembled object: where they begin, how many, and how many parts there are.
pub(crate) fn part_range(
    snapshot: &Snapshot,
    upload: UploadId,
    wanted: u16,
) -> Result<Option<(PartNumber, Range<u64>)>, Failure> {
    let mut begin = 0;
    for (number, part) in snapshot.parts(upload)? {
        if number.get() == wanted {
            return Ok(Some((number, begin..begin + part.size)));
        }
        begin += part.size;
    }
    Ok(None)
}

/// The body of an answer. The first bytes are here when this returns, so that what is lost is an error, not a
/// broken connection.
pub(crate) async fn body(gateway: &Gateway, mut stretches: Vec<Stretch>) -> Result<Body, Failure> {
    match stretches.len() {
        0 => Ok(Body::empty()),
        1 if stretches[0].stored.size <= STRIPE_BYTES as u64 => {
            let stretch = stretches.swap_remove(0);
            Ok(Body::from(whole(gateway, &stretch).await?))
        }
        _ => {
            let mut bytes = Box::pin(bytes(gateway.clone(), stretches));
            let first = match bytes.next().await {
                None => return Ok(Body::empty()),
                Some(first) => first.map_err(Failure::from)?,
            };
            Ok(Body::from_stream(stream::once(async { Ok(first) }).chain(bytes)))
        }
    }
}

/// The bytes of stretches, one after the other. It ends after the first error.
pub(crate) fn bytes(
    gateway: Gateway,
    stretches: Vec<Stretch>,
) -> impl Stream<Item = Result<Bytes, shards::ReadError>> + Send {
    stream::iter(stretches).flat_map(move |stretch| {
        let gateway = gateway.clone();
        if stretch.stored.size <= STRIPE_BYTES as u64 {
            stream::once(async move { whole(&gateway, &stretch).await }).boxed()
        } else {
            gateway.0.store.read(stretch.stored, stretch.range).boxed()
        }
    })
}

/// The bytes of a stretch of a content small enough to be cached whole.
async fn whole(gateway: &Gateway, stretch: &Stretch) -> Result<Bytes, shards::ReadError> {
    let bytes = if let Some(bytes) = gateway.0.cache.get(&stretch.content) {
        bytes
    } else {
        let bytes = gateway.0.store.read_whole(&stretch.stored).await?;
        // A small answer is a slice of a larger network buffer, which the cache must not keep alive.
        let kept = if bytes.len() <= SMALL_BYTES_MAX { Bytes::copy_from_slice(&bytes) } else { bytes.clone() };
        gateway.0.cache.insert(stretch.content, kept);
        bytes
    };
    let size = stretch.stored.size;
    let bound = |at: u64| usize::try_from(at).map_err(|_| shards::ReadError::OutOfRange { size });
    Ok(bytes.slice(bound(stretch.range.start)?..bound(stretch.range.end)?))
}
