//! A request's body that outlives its verb. What a refusal left unread is read and dropped if it is short; otherwise
//! the connection is closed, and the response says so.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

/// Unread bytes of a refused body that are read and dropped to keep the connection.
const DRAINED_BYTES_MAX: usize = 1024 * 1024;

/// How long reading and dropping them may take.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(2);

/// A handle on a body; clones share it.
#[derive(Clone)]
pub(crate) struct SharedBody(Arc<Shared>);

struct Shared {
    body: Mutex<Body>,
    /// The body is empty, so `100 Continue` is never sent.
    is_empty: bool,
    /// The first frame was requested. That is when `100 Continue` is sent.
    asked_for: AtomicBool,
}

impl SharedBody {
    pub(crate) fn new(body: Body) -> Self {
        let is_empty = body.is_end_stream();
        Self(Arc::new(Shared { body: Mutex::new(body), is_empty, asked_for: AtomicBool::new(false) }))
    }

    /// Prepares the connection for the next request: reads and drops the rest of the body, within bounds. Returns false
    /// if the connection cannot be used again. `is_known`: the caller is authenticated; nothing is read here of an
    /// anonymous body, and what the listener reads of it while the connection closes is not processed.
    pub(crate) async fn settle(self, headers: &HeaderMap, is_known: bool) -> bool {
        // The client's next bytes are predictable only if `100 Continue` was sent: a client that waits for it and gets
        // a final response instead may send the body or leave it out.
        let was_told_to_go_on = !self.0.is_empty && self.0.asked_for.load(Ordering::Relaxed);
        if headers.contains_key(EXPECT) && !was_told_to_go_on {
            return false;
        }
        self.is_end_stream() || (is_known && self.drain().await)
    }

    async fn drain(mut self) -> bool {
        if self.size_hint().lower() > DRAINED_BYTES_MAX as u64 {
            return false;
        }
        let drained = tokio::time::timeout(DRAIN_TIME_MAX, async {
            let mut bytes = 0;
            while let Some(frame) = self.frame().await {
                let Ok(frame) = frame else { return false };
                bytes += frame.data_ref().map_or(0, Bytes::len);
                if bytes > DRAINED_BYTES_MAX {
                    return false;
                }
            }
            true
        });
        drained.await.unwrap_or(false)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Body) -> T) -> T {
        act(&mut self.0.body.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl http_body::Body for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.0.asked_for.store(true, Ordering::Relaxed);
        let polled = self.with(|body| Pin::new(body).poll_frame(context));
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            telemetry::meter().bytes_in(frame.data_ref().map_or(0, Bytes::len) as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}
