use std::sync::Arc;

use feed::{Batch, FeedError, Filter, Reader};
use futures_util::StreamExt;
use futures_util::stream::{self, AbortHandle, BoxStream, abortable};
use tokio::sync::{broadcast, watch};
use tokio::time::{Duration, Instant};

use super::ask::SubscriptionId;
use super::pace::Pace;
use crate::telemetry::{LogFilter, LogLine, Tick};

/// How often a client learns how far it is, if it learns nothing else.
pub(super) const POSITION_INTERVAL: Duration = Duration::from_secs(15);

/// What comes in for a subscription.
pub(super) type Incoming = BoxStream<'static, (SubscriptionId, News)>;

/// Something that a subscription is about.
#[derive(Debug)]
pub(super) enum News {
    /// The next events of the log.
    Batch(Result<Batch, FeedError>),
    /// The newest second.
    Tick(Arc<Tick>),
    /// A log line.
    Line(Arc<LogLine>),
    /// So many log lines came faster than the client read.
    Missed(u64),
}

/// What a client follows. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Subscription {
    /// What is asked of the log, if it is one of events.
    pub(super) events: Option<Events>,
    /// Which log lines are asked for, if it is one of those.
    pub(super) logs: LogFilter,
    end: AbortHandle,
}

/// What is asked of the log, and how far it was told.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) filter: Filter,
    pub(super) pace: Option<Pace>,
    /// Everything up to this sequence was sent, left out and counted, or is not asked for.
    pub(super) position: u64,
    /// When the client was told a position last.
    pub(super) said: Instant,
}

impl Subscription {
    /// A subscription of events, and what comes in for it: one batch at a time, of which the next is read when this one is taken.
    pub(super) fn to_events(
        id: SubscriptionId,
        reader: Reader,
        filter: Filter,
        pace: Option<Pace>,
        now: Instant,
    ) -> (Self, Incoming) {
        let position = reader.position();
        let batches = stream::unfold(Some(reader), move |reader| {
            let id = id.clone();
            async move {
                let mut reader = reader?;
                let batch = reader.next().await;
                let reader = batch.is_ok().then_some(reader);
                Some(((id, News::Batch(batch)), reader))
            }
        });
        let (end, incoming) = ended_by(batches.boxed());
        let events = Some(Events { filter, pace, position, said: now });
        (Self { events, logs: LogFilter::default(), end }, incoming)
    }

    /// A subscription of ticks. Whoever is slow misses some, and gets the newest.
    pub(super) fn to_ticks(id: SubscriptionId, ticks: watch::Receiver<Option<Arc<Tick>>>) -> (Self, Incoming) {
        let ticks = stream::unfold(ticks, move |mut ticks| {
            let id = id.clone();
            async move {
                loop {
                    ticks.changed().await.ok()?;
                    let tick = ticks.borrow_and_update().clone();
                    if let Some(tick) = tick {
                        return Some(((id, News::Tick(tick)), ticks));
                    }
                }
            }
        });
        let (end, incoming) = ended_by(ticks.boxed());
        (Self { events: None, logs: LogFilter::default(), end }, incoming)
    }

    /// A subscription of log lines.
    pub(super) fn to_logs(
        id: SubscriptionId,
        logs: LogFilter,
        lines: broadcast::Receiver<Arc<LogLine>>,
    ) -> (Self, Incoming) {
        let lines = stream::unfold(lines, move |mut lines| {
            let id = id.clone();
            async move {
                let news = match lines.recv().await {
                    Ok(line) => News::Line(line),
                    Err(broadcast::error::RecvError::Lagged(count)) => News::Missed(count),
                    Err(broadcast::error::RecvError::Closed) => return None,
                };
                Some(((id, news), lines))
            }
        });
        let (end, incoming) = ended_by(lines.boxed());
        (Self { events: None, logs, end }, incoming)
    }

    /// When something has to be said of it, whatever happens.
    pub(super) fn due(&self) -> Option<Instant> {
        self.events.as_ref().map(Events::due)
    }
}

impl Events {
    /// When something has to be said of it, whatever happens.
    pub(super) fn due(&self) -> Instant {
        let position = self.said + POSITION_INTERVAL;
        let skipped = self.pace.as_ref().and_then(Pace::skipped).map(|skipped| skipped.due);
        skipped.map_or(position, |due| due.min(position))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.end.abort();
    }
}

/// What comes in until the handle is used.
fn ended_by(incoming: Incoming) -> (AbortHandle, Incoming) {
    let (incoming, end) = abortable(incoming);
    (end, incoming.boxed())
}
