//! Bodies that flow no faster than token buckets allow. One frame is held back at a time, so memory stays bounded and
//! the sender is slowed down.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use ratelimit::Bucket;
use tokio::time::{Sleep, sleep};

/// Bytes are counted in units of this size, because token buckets count only to 2^32.
pub(super) const UNIT_BYTES: u64 = 1024;

/// The number of units for a number of bytes.
pub(super) fn units(bytes: usize) -> Option<NonZeroU32> {
    let units = (bytes as u64).div_ceil(UNIT_BYTES);
    NonZeroU32::new(u32::try_from(units).unwrap_or(u32::MAX))
}

/// Bytes taken from the buckets at once. A larger frame is cut, so that it never needs more tokens than they hold.
pub(super) const PIECE_BYTES_MAX: usize = 256 * 1024;

pub(super) fn paced(body: Body, buckets: Vec<Arc<Bucket>>) -> Body {
    Body::new(Paced { body, buckets, waiting: None, rest: None })
}

struct Paced {
    body: Body,
    buckets: Vec<Arc<Bucket>>,
    waiting: Option<Waiting>,
    /// The rest of a frame that was cut.
    rest: Option<Bytes>,
}

/// A piece, the buckets that it still needs tokens from, and when to ask the first of them again.
struct Waiting {
    piece: Bytes,
    asked: usize,
    until: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    /// Ready once every bucket gave the tokens for the piece.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(waiting) = &mut self.waiting else { return Poll::Ready(None) };
        while let Some(bucket) = self.buckets.get(waiting.asked) {
            if let Some(until) = &mut waiting.until {
                match until.as_mut().poll(context) {
                    Poll::Ready(()) => waiting.until = None,
                    Poll::Pending => return Poll::Pending,
                }
            }
            match units(waiting.piece.len()).map_or(Ok(()), |units| bucket.take(units.get())) {
                Ok(()) => waiting.asked += 1,
                Err(wait) => waiting.until = Some(Box::pin(sleep(wait))),
            }
        }
        Poll::Ready(self.waiting.take().map(|waiting| waiting.piece))
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            match this.poll_waiting(context) {
                Poll::Ready(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
            let mut data = match this.rest.take() {
                Some(rest) => rest,
                None => match Pin::new(&mut this.body).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                        Ok(data) => data,
                        Err(other) => return Poll::Ready(Some(Ok(other))),
                    },
                    other => return other,
                },
            };
            if data.len() > PIECE_BYTES_MAX {
                this.rest = Some(data.split_off(PIECE_BYTES_MAX));
            }
            this.waiting = Some(Waiting { piece: data, asked: 0, until: None });
        }
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_none() && self.rest.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held =
            self.waiting.as_ref().map_or(0, |waiting| waiting.piece.len()) + self.rest.as_ref().map_or(0, Bytes::len);
        let (held, inner) = (held as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + held);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + held);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Instant;

    use governor::Quota;
    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn every_byte_arrives_no_sooner_than_allowed() {
        let units = NonZeroU32::new(512).unwrap();
        let bucket = Arc::new(Bucket::new(Quota::per_second(units)));
        let bytes = Bytes::from(vec![7; 768 * 1024 + 1]);
        let begun = Instant::now();
        let paced = paced(Body::from(bytes.clone()), vec![bucket]);
        assert_eq!(paced.size_hint().exact(), Some(bytes.len() as u64));
        assert_eq!(paced.collect().await.unwrap().to_bytes(), bytes);
        assert!(begun.elapsed().as_millis() >= 400, "{:?}", begun.elapsed());
    }
}
