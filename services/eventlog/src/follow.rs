use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::{ReadError, Stored};

/// Events that may wait in a [`Follow`] before the log is asked for no more.
pub(crate) const FOLLOW_EVENTS_WAITING_MAX: usize = 256;

/// Events as they come, in order and without gaps. After an error there is nothing more.
///
/// A [`Stream`]; dropping it ends the following.
#[derive(Debug)]
pub struct Follow {
    events: mpsc::Receiver<Result<Stored, ReadError>>,
    task: AbortHandle,
}

impl Follow {
    /// Starts the task that `feed` makes of the sending end; for who implements [`Log`](crate::Log). Must be called within a
    /// tokio runtime.
    pub fn spawn<F, Fut>(feed: F) -> Self
    where
        F: FnOnce(mpsc::Sender<Result<Stored, ReadError>>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(FOLLOW_EVENTS_WAITING_MAX);
        let task = tokio::spawn(feed(sender)).abort_handle();
        Self { events, task }
    }

    /// The next event; `None` only after an error. Safe to drop while it waits.
    pub async fn next(&mut self) -> Option<Result<Stored, ReadError>> {
        self.events.recv().await
    }

    /// The next event if it is here already.
    pub fn try_next(&mut self) -> Option<Result<Stored, ReadError>> {
        self.events.try_recv().ok()
    }
}

impl Stream for Follow {
    type Item = Result<Stored, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(context)
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.task.abort();
    }
}
