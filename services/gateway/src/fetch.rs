//! The bytes of an object, read from the cache or the nodes, one part after another.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use domain::View;
use domain::row::ObjectRow;
use events::ids::{ContentId, PartNumber, UploadId};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt, TryStreamExt};
use identity::{DataKey, FrameError};
use ledger::Snapshot;
use listener::Patience;
pub(crate) use plaintext::{ObjectReadError, Stretch};
use plaintext::{StretchError, opened};
use s3::{Code, Error};
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES};
use shards::{ReadError, ReadMemory, StoredContent};
use tokio::sync::oneshot;

use crate::Gateway;
use crate::failure::Failure;
use crate::request::Request;

impl From<ObjectReadError> for Failure {
    fn from(error: ObjectReadError) -> Self {
        Self::from(&error)
    }
}

impl From<&ObjectReadError> for Failure {
    fn from(error: &ObjectReadError) -> Self {
        match error {
            ObjectReadError::Read(error) => error.clone().into(),
            ObjectReadError::Damaged(error) => {
                tracing::error!(%error, "a content cannot be opened");
                Error::new(Code::InternalError).into()
            }
        }
    }
}

/// Which contents hold `range` of an object. `key`: the object's key, if it is encrypted.
pub(crate) fn stretches(
    snapshot: &Snapshot,
    object: &ObjectRow,
    range: Range<u64>,
    key: Option<&DataKey>,
) -> Result<Vec<Stretch>, Failure> {
    plaintext::stretches(&**snapshot, object, range, key).map_err(|error| match error {
        StretchError::View(error) => error.into(),
        error => {
            tracing::error!(%error, "the bytes of an object cannot be found");
            Error::new(Code::InternalError).into()
        }
    })
}

/// One part of an assembled object: where it begins, its length, and the number of parts.
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

/// The body of a response. It waits for the first bytes, so that a lost object causes an error, not a broken
/// connection.
pub(crate) async fn body(request: &Request<'_>, stretches: Vec<Stretch>) -> Result<Body, Failure> {
    let gateway = request.gateway;
    if let Some(patience) = request.parts.extensions.get::<Patience>() {
        patience.shorten_while(request.read_memory().waiting());
    }
    if stretches.is_empty() {
        return Ok(Body::empty());
    }
    if let [stretch] = &stretches[..]
        && let Some(bytes) = whole_if_room(gateway, stretch).await?
    {
        return Ok(Body::from(bytes));
    }
    let mut bytes = Box::pin(bytes(request, stretches));
    let first = match bytes.next().await {
        None => return Ok(Body::empty()),
        Some(first) => first.map_err(Failure::from)?,
    };
    Ok(Body::from_stream(one_by_one(stream::once(async { Ok(first) }).chain(bytes))))
}

/// The bytes of stretches, one after another. The stream ends after the first error.
pub(crate) fn bytes(
    request: &Request<'_>,
    stretches: Vec<Stretch>,
) -> impl Stream<Item = Result<Bytes, ObjectReadError>> + Send + use<> {
    let (gateway, memory) = (request.gateway.clone(), request.read_memory());
    let bytes = stream::iter(stretches).flat_map(move |stretch| {
        let (gateway, memory) = (gateway.clone(), memory.clone());
        let opened = async move {
            match whole_if_room(&gateway, &stretch).await {
                Ok(Some(bytes)) => stream::once(async { Ok(bytes) }).boxed(),
                Ok(None) => streamed(&gateway, stretch, memory),
                Err(error) => stream::once(async { Err(error) }).boxed(),
            }
        };
        stream::once(opened).flatten()
    });
    bytes.scan(false, |failed, chunk| {
        let ended = std::mem::replace(failed, chunk.is_err());
        std::future::ready((!ended).then_some(chunk))
    })
}

/// A content as it is known by now. One that cannot be looked up is as lost as it was.
fn look_up(gateway: &Gateway, content: ContentId) -> Option<StoredContent> {
    let row = gateway.0.ledger.latest().content(&content).ok().flatten()?;
    Some(StoredContent::of_row(content, row))
}

fn streamed(
    gateway: &Gateway,
    stretch: Stretch,
    memory: ReadMemory,
) -> BoxStream<'static, Result<Bytes, ObjectReadError>> {
    let (content, again) = (stretch.content, gateway.clone());
    let moved = move || look_up(&again, content);
    let stored =
        gateway.0.store.read_moving(stretch.stored, stretch.range, memory, moved).map_err(ObjectReadError::from);
    match stretch.cipher {
        None => stored.boxed(),
        Some(cipher) => opened(stored, cipher).boxed(),
    }
}

/// Requests a chunk only once the previous one has gone to the network. So a slow client keeps one chunk here, and its
/// memory is accounted for until it has gone.
fn one_by_one<E>(chunks: impl Stream<Item = Result<Bytes, E>> + Send) -> impl Stream<Item = Result<Bytes, E>> + Send {
    let state = (Box::pin(chunks), None::<oneshot::Receiver<Infallible>>);
    stream::unfold(state, |(mut chunks, gone)| async move {
        if let Some(gone) = gone {
            // Nothing is ever sent: the receiver ends when the chunk is dropped.
            let _ = gone.await;
        }
        let bytes = match chunks.next().await? {
            Ok(bytes) => bytes,
            Err(error) => return Some((Err(error), (chunks, None))),
        };
        let (held, gone) = oneshot::channel();
        Some((Ok(Bytes::from_owner(Held { bytes, _until_dropped: held })), (chunks, Some(gone))))
    })
}

/// Bytes, and the permit that is returned once they are dropped.
struct Held<T> {
    bytes: Bytes,
    _until_dropped: T,
}

impl<T> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A stretch of a content that is read whole: a small content always is, a larger one if there is memory for it until
/// the client has read it.
async fn whole_if_room(gateway: &Gateway, stretch: &Stretch) -> Result<Option<Bytes>, ObjectReadError> {
    let size = usize::try_from(stretch.stored.size).unwrap_or(usize::MAX);
    if size > STRIPE_BYTES {
        return Ok(None);
    }
    if size <= SMALL_BYTES_MAX {
        return whole(gateway, stretch).await.map(Some);
    }
    let kib = u32::try_from(size.div_ceil(1024)).unwrap_or(u32::MAX);
    let Ok(room) = Arc::clone(&gateway.0.whole_kib).try_acquire_many_owned(kib) else { return Ok(None) };
    let bytes = whole(gateway, stretch).await?;
    Ok(Some(Bytes::from_owner(Held { bytes, _until_dropped: room })))
}

/// A stretch of a content that is small enough to be cached whole, as it is stored.
async fn whole(gateway: &Gateway, stretch: &Stretch) -> Result<Bytes, ObjectReadError> {
    let bytes = if let Some(bytes) = gateway.0.cache.get(&stretch.content) {
        bytes
    } else {
        // Bytes that a node altered are neither cached nor served.
        let sha256 = stretch.stored.sha256.0;
        let is_right = move |bytes: &[u8]| crate::hashes::sha256(bytes) == sha256;
        let bytes = match gateway.0.store.read_verified(&stretch.stored, is_right).await {
            Err(lost @ ReadError::Lost { .. }) => {
                let moved = look_up(gateway, stretch.content).filter(|moved| *moved != stretch.stored).ok_or(lost)?;
                gateway.0.store.read_verified(&moved, is_right).await?
            }
            read => read?,
        };
        // A small response is a slice of a larger network buffer, which the cache must not keep alive.
        let kept = if bytes.len() <= SMALL_BYTES_MAX { Bytes::copy_from_slice(&bytes) } else { bytes.clone() };
        gateway.0.cache.insert(stretch.content, kept);
        bytes
    };
    let size = stretch.stored.size;
    let bound = |at: u64| usize::try_from(at).map_err(|_| ReadError::OutOfRange { size });
    let (start, end) = (bound(stretch.range.start)?, bound(stretch.range.end)?);
    let Some(cipher) = stretch.cipher.clone() else { return Ok(bytes.slice(start..end)) };
    let mut opener = cipher.opener();
    let plain = opener.push(bytes.get(start..end).ok_or(FrameError)?)?;
    opener.finish()?;
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_next_chunk_is_fetched_when_the_last_one_is_gone() {
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let chunks = stream::iter(0..3_u8).map(move |number| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if number < 2 { Ok(Bytes::from(vec![number; 10])) } else { Err(number) }
        });
        let mut chunks = Box::pin(one_by_one(chunks));
        let asked = || asked.load(std::sync::atomic::Ordering::Relaxed);
        let mut first = chunks.next().await.unwrap().unwrap();
        let rest = first.split_off(4);
        assert!(chunks.next().now_or_never().is_none());
        drop(first);
        assert!(chunks.next().now_or_never().is_none(), "some of it is still here");
        assert_eq!((asked(), &rest[..]), (1, &[0; 6][..]));
        drop(rest);
        assert_eq!(chunks.next().await, Some(Ok(Bytes::from(vec![1; 10]))));
        assert_eq!((chunks.next().await, asked()), (Some(Err(2)), 3));
    }
}
