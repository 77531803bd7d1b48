//! What lies behind the mark: contents that a process acked which did not live to see all their shards stored.

use std::time::Duration;

use domain::View;
use events::content::Fault;
use events::ids::ContentId;
use events::object::Body;
use events::{Event, Fact};
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::Transport;
use tokio::time::{sleep, sleep_until, timeout_at};

use crate::note::Doubts;
use crate::{CONTENTS_MAX, DEBT_AGE_MIN, Never, RETRY_PAUSE, Stopped, Tasks};

/// How long after the start a node may take to be heard before what was just acked to it counts as not written.
const NODES_TIME_MAX: Duration = Duration::from_secs(30);

impl<T: Transport> Tasks<T> {
    /// Looks at what lies behind the mark of the process before this one.
    pub(crate) async fn scan_once(&self) -> Never {
        // An append of the process before may have been under way, and its shards too.
        sleep_until(self.begun + DEBT_AGE_MIN).await;
        let from = self.mark.lock().await.place().settled + 1;
        let last = self.ledger.progress().borrow().cursor.sequence;
        let mut scanned = from - 1;
        while scanned < last {
            // In pages, so that a process that ends meanwhile has not looked in vain.
            self.scan_page(scanned + 1, last, &mut scanned).await?;
            self.advance(scanned).await;
        }
        tracing::info!(from, last, "what was acked before the start has been looked at");
        self.figures.send_modify(|figures| figures.is_scanning = false);
        std::future::pending().await
    }

    /// Looks at every content that an event from `from` to `last` stored.
    pub(crate) async fn scan(&self, from: u64, last: u64) -> Result<(), Stopped> {
        let mut scanned = from - 1;
        while scanned < last {
            self.scan_page(scanned + 1, last, &mut scanned).await?;
        }
        Ok(())
    }

    async fn scan_page(&self, from: u64, last: u64, scanned: &mut u64) -> Result<(), Stopped> {
        let events = match self.ledger.past(from, last).await {
            Ok(events) => events,
            Err(error) => {
                tracing::debug!(%error, "trying again to read the log's past");
                if let Some(reason) = &self.ledger.progress().borrow().failed {
                    return Err(Stopped(reason.to_string()));
                }
                sleep(RETRY_PAUSE).await;
                return Ok(());
            }
        };
        let since = self.mark.lock().await.place().since;
        *scanned = events.last().map_or(last, |event| event.sequence);
        let stored = events.iter().filter_map(|event| Some((stored(event)?, event.sequence > since)));
        let looked_at = stream::iter(stored.collect::<Vec<_>>()).map(|(content, own)| self.look_at(content, own));
        looked_at.buffer_unordered(CONTENTS_MAX).try_collect().await
    }

    /// `own`: a process on this folder may have acked it a moment before it ended. Of what is older than that, a node
    /// that does not answer says nothing.
    async fn look_at(&self, content: ContentId, own: bool) -> Result<(), Stopped> {
        let fault = own.then_some(Fault::Unwritten);
        if own {
            self.wait_for_nodes(content).await;
        }
        self.note(content, &Doubts { absent: fault, unanswered: fault, ..Doubts::default() }).await
    }

    /// Waits until all nodes of a content are heard, or had time to be.
    async fn wait_for_nodes(&self, content: ContentId) {
        let Ok(Some(row)) = self.ledger.latest().content(&content) else { return };
        let membership = self.store.membership();
        let mut changes = membership.changes();
        let all_heard = async {
            while !row.placement.nodes.iter().all(|node| membership.is_reachable(node)) {
                if changes.changed().await.is_err() {
                    break;
                }
            }
        };
        // Whether they were heard or not is looked at by whoever asks them.
        let _heard = timeout_at(self.begun + NODES_TIME_MAX, all_heard).await;
    }
}

/// The content that an event stored, if it did.
fn stored(event: &Event) -> Option<ContentId> {
    let body = match &event.fact {
        Fact::ObjectCreated(fact) => &fact.body,
        Fact::ObjectAppended(fact) => &fact.part.body,
        Fact::UploadPartStored(fact) => &fact.body,
        _ => return None,
    };
    match body {
        Body::Stored { content, .. } => Some(*content),
        Body::Empty | Body::Known { .. } | Body::Parts { .. } => None,
    }
}
