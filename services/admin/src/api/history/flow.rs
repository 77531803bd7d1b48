use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use feed::{Batch, FeedError, Filter, Reader};
use futures_util::stream;
use tokio::time::{Instant, timeout};

use super::sse;
use super::streams::Seat;
use super::viewer::Viewer;
use crate::api::refusal::Refusal;

/// How often a stream says something: proxies close what is silent, and a client learns how far it is.
const SILENCE_TIME_MAX: Duration = Duration::from_secs(15);

/// A stream of events, while a client reads it. The log is read only as fast as the client is.
pub(super) struct Flow {
    reader: Reader,
    viewer: Viewer,
    filter: Filter,
    _seat: Seat,
    /// What comes before the first event.
    begin: Option<Vec<u8>>,
    /// When something was said last.
    said: Instant,
    has_ended: bool,
}

impl Flow {
    pub(super) fn new(reader: Reader, viewer: Viewer, filter: Filter, seat: Seat) -> Self {
        let begin = Some(sse::begin(reader.position()));
        Self { reader, viewer, filter, _seat: seat, begin, said: Instant::now(), has_ended: false }
    }

    pub(super) fn body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut flow| async move {
            let chunk = flow.chunk().await?;
            flow.said = Instant::now();
            Some((Ok::<_, Infallible>(Bytes::from(chunk)), flow))
        }))
    }

    /// What comes next; `None` at the end.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        if self.has_ended {
            return None;
        }
        if let Some(begin) = self.begin.take() {
            return Some(begin);
        }
        loop {
            let silence = SILENCE_TIME_MAX.saturating_sub(self.said.elapsed());
            let next = timeout(silence, self.reader.next()).await;
            let chunk = self.viewer.renew().and_then(|()| self.viewer.may_read()).and_then(|()| match next {
                Ok(batch) => self.events(batch),
                Err(_) => Ok(Vec::new()),
            });
            match chunk {
                Ok(chunk) if !chunk.is_empty() => return Some(chunk),
                Ok(_) if self.said.elapsed() >= SILENCE_TIME_MAX => {
                    let mut chunk = Vec::new();
                    sse::position(self.reader.position(), &mut chunk);
                    return Some(chunk);
                }
                Ok(_) => {}
                Err(refusal) => return Some(self.end(&refusal)),
            }
        }
    }

    fn events(&self, batch: Result<Batch, FeedError>) -> Result<Vec<u8>, Refusal> {
        let Batch { entries, until: _, behind } = batch?;
        let bytes = entries.iter().map(|entry| entry.bytes.len() + sse::FRAME_BYTES).sum();
        let mut chunk = Vec::with_capacity(bytes);
        if let Some(behind) = behind {
            sse::behind(behind, &mut chunk);
        }
        for entry in entries {
            if self.viewer.takes(&self.filter, &entry)? {
                sse::event(entry.sequence, &self.viewer.shown(&entry)?, &mut chunk);
            }
        }
        Ok(chunk)
    }

    /// The last words. The client comes back, with a new token if it needs one.
    fn end(&mut self, refusal: &Refusal) -> Vec<u8> {
        self.has_ended = true;
        let mut chunk = Vec::new();
        sse::end(refusal.code, &refusal.message, &mut chunk);
        chunk
    }
}
