use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use policy::Action;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::timeout;

use crate::api::history::{Seat, Viewer, sse};
use crate::api::refusal::Refusal;
use crate::telemetry::{LogFilter, LogLine};

/// How often a stream says something: proxies close what is silent.
const SILENCE_TIME_MAX: Duration = Duration::from_secs(15);

/// Lines that a chunk has, at most.
const CHUNK_LINES_MAX: usize = 64;

/// Log lines, while a client reads them. It holds up nobody: lines that it does not take in time are counted.
pub(super) struct Flow {
    /// Those of before.
    before: VecDeque<Arc<LogLine>>,
    lines: Receiver<Arc<LogLine>>,
    viewer: Viewer,
    filter: LogFilter,
    _seat: Seat,
    has_begun: bool,
    has_ended: bool,
}

impl Flow {
    pub(super) fn new(
        (before, lines): (Vec<Arc<LogLine>>, Receiver<Arc<LogLine>>),
        viewer: Viewer,
        filter: LogFilter,
        seat: Seat,
    ) -> Self {
        Self { before: before.into(), lines, viewer, filter, _seat: seat, has_begun: false, has_ended: false }
    }

    pub(super) fn body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut flow| async move {
            let chunk = flow.chunk().await?;
            Some((Ok::<_, Infallible>(Bytes::from(chunk)), flow))
        }))
    }

    /// What comes next; `None` at the end.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        if self.has_ended {
            return None;
        }
        if !self.has_begun {
            self.has_begun = true;
            return Some(sse::retry());
        }
        let mut chunk = Vec::new();
        let said = if self.before.is_empty() { self.follow(&mut chunk).await } else { self.catch_up(&mut chunk) };
        if let Err(refusal) = said {
            self.has_ended = true;
            sse::end(refusal.code, &refusal.message, &mut chunk);
        }
        Some(chunk)
    }

    fn catch_up(&mut self, chunk: &mut Vec<u8>) -> Result<(), Refusal> {
        self.make_sure()?;
        for line in self.before.drain(..CHUNK_LINES_MAX.min(self.before.len())) {
            sse::data(&*line, chunk)?;
        }
        Ok(())
    }

    /// Waits until there is something to say.
    async fn follow(&mut self, chunk: &mut Vec<u8>) -> Result<(), Refusal> {
        let silence = tokio::time::Instant::now() + SILENCE_TIME_MAX;
        while chunk.is_empty() {
            let left = silence.saturating_duration_since(tokio::time::Instant::now());
            let next = timeout(left, self.lines.recv()).await;
            self.make_sure()?;
            match next {
                Ok(Ok(line)) => self.take(&line, chunk)?,
                Ok(Err(RecvError::Lagged(count))) => sse::missed(count, chunk),
                Ok(Err(RecvError::Closed)) => return Err(Refusal::unavailable("the store stops")),
                Err(_) => sse::still_here(chunk),
            }
        }
        for _ in 1..CHUNK_LINES_MAX {
            match self.lines.try_recv() {
                Ok(line) => self.take(&line, chunk)?,
                Err(TryRecvError::Lagged(count)) => sse::missed(count, chunk),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Ok(())
    }

    fn take(&self, line: &LogLine, chunk: &mut Vec<u8>) -> Result<(), Refusal> {
        if self.filter.fits(line) { sse::data(line, chunk) } else { Ok(()) }
    }

    /// A slow client takes its time, and may have lost its right meanwhile.
    fn make_sure(&mut self) -> Result<(), Refusal> {
        self.viewer.renew()?;
        self.viewer.may(Action::AdminGetLogs)
    }
}
