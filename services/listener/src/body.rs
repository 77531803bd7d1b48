use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::linger::Unread;

/// The body of a request, as it arrives.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    unread: Unread,
    is_broken: bool,
    silence: Option<Silence>,
}

/// How long nothing arrived.
#[derive(Debug)]
struct Silence {
    time_max: Duration,
    /// When waiting for a frame began, and when it times out.
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why the rest of a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The client sent nothing for too long. The connection ends after the response.
    #[error("the client sent nothing of the body for {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// The connection broke, or the framing of the body is malformed. The client can no longer be answered.
    #[error("the body cannot be read")]
    Broken(#[from] hyper::Error),
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, unread: Unread, silence_time_max: Option<Duration>) -> Self {
        unread.set(!incoming.is_end_stream());
        let silence = silence_time_max.map(|time_max| Silence { time_max, since: None, timer: None });
        Self { incoming, unread, is_broken: false, silence }
    }
}

impl Silence {
    /// Ready when it has lasted too long.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<BodyError> {
        let deadline = *self.since.get_or_insert_with(Instant::now) + self.time_max;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        ready!(timer.as_mut().poll(context));
        if Instant::now() < deadline {
            timer.as_mut().reset(deadline);
            ready!(timer.as_mut().poll(context));
        }
        Poll::Ready(BodyError::Silent(self.time_max))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.incoming).poll_frame(context);
        match &polled {
            // No frame follows, although the body is incomplete.
            Poll::Ready(Some(Err(_))) => this.is_broken = true,
            Poll::Ready(Some(Ok(_))) => this.unread.set(!this.incoming.is_end_stream()),
            Poll::Ready(None) => this.unread.set(this.is_broken),
            Poll::Pending => {}
        }
        match (&mut this.silence, polled) {
            (Some(silence), Poll::Pending) => silence.poll(context).map(|error| Some(Err(error))),
            (silence, polled) => {
                if let Some(silence) = silence {
                    silence.since = None;
                }
                polled.map_err(BodyError::Broken)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
