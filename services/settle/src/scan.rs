//! Contents after the settled mark: a process acknowledged them and may have ended before all their shards were stored.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::View;
use events::content::Fault;
use events::ids::{ContentId, NodeId};
use events::object::Body;
use events::{Event, Fact};
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::Transport;
use tokio::time::{sleep, sleep_until, timeout_at};

use crate::check::{Outcome, Suspicion};
use crate::{CONTENTS_MAX, Never, RECORD_DELAY, REFUSED_PAUSE, RETRY_PAUSE, Stopped, Tasks};

/// How long after the start a node may take to send its first heartbeat. After that, shards that were just acknowledged
/// count as unwritten if the node does not answer.
const NODES_WAIT_MAX: Duration = Duration::from_secs(30);

/// What a scan has left unresolved.
#[derive(Debug, Default)]
pub(crate) struct Gap {
    /// Nodes that did not answer for contents that other processes acknowledged: they may or may not have the shards.
    silent: BTreeSet<NodeId>,
    /// The log refused a fact.
    pub(crate) is_refused: bool,
}

impl Gap {
    fn is_none(&self) -> bool {
        self.silent.is_empty() && !self.is_refused
    }

    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Recorded => {}
            Outcome::Unanswered(nodes) => self.silent.extend(nodes),
            Outcome::Refused => self.is_refused = true,
        }
    }
}

impl<T: Transport> Tasks<T> {
    /// Checks the contents after the mark that the previous process left, until none of them is unresolved.
    pub(crate) async fn scan_once(&self) -> Never {
        // An append of the previous process may have been in flight, and shards too.
        sleep_until(self.begun + RECORD_DELAY).await;
        let last = self.reached();
        loop {
            let from = self.mark.lock().await.position().settled + 1;
            let mut gap = self.scan(from, self.reached, true).await?;
            if last > self.reached {
                // Other processes and this one may have just acknowledged these; the epochs cover what is pending here.
                sleep_until(self.begun + 2 * RECORD_DELAY).await;
                let newer = self.scan(from.max(self.reached + 1), last, false).await?;
                gap.silent.extend(newer.silent);
                gap.is_refused |= newer.is_refused;
            }
            if gap.is_none() {
                tracing::info!(from, last, "checked the writes from before the start");
                break;
            }
            tracing::info!(silent = ?gap.silent, "the writes from before the start will be checked again");
            self.wait_for_answers(&gap).await;
        }
        self.figures.send_modify(|figures| figures.is_scanning = false);
        std::future::pending().await
    }

    /// Waits until another scan can resolve more.
    async fn wait_for_answers(&self, gap: &Gap) {
        if gap.is_refused {
            return sleep(REFUSED_PAUSE).await;
        }
        let membership = self.store.membership();
        let mut changes = membership.changes();
        while !gap.silent.iter().any(|node| membership.answers(node)) {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
        // The node may still be busy with earlier requests, or not answer although it sends heartbeats.
        sleep(RECORD_DELAY).await;
    }

    /// Checks every content that an event from sequence `from` to `last` stored. With `moves_mark` the settled mark
    /// follows page by page up to the first unresolved content, so that a process that ends meanwhile keeps its
    /// progress.
    ///
    /// # Errors
    /// If the ledger has stopped.
    pub(crate) async fn scan(&self, from: u64, last: u64, moves_mark: bool) -> Result<Gap, Stopped> {
        let (mut gap, mut scanned) = (Gap::default(), from - 1);
        while scanned < last {
            self.scan_page(scanned + 1, last, &mut scanned, &mut gap).await?;
            if moves_mark && gap.is_none() {
                self.advance(scanned).await;
            }
        }
        Ok(gap)
    }

    async fn scan_page(&self, from: u64, last: u64, scanned: &mut u64, gap: &mut Gap) -> Result<(), Stopped> {
        let ledger::PastEvents { events, until } = match self.ledger.past(from, last).await {
            Ok(past) => past,
            Err(error) => {
                tracing::debug!(%error, "retrying to read the log");
                if let Some(reason) = &self.ledger.progress().borrow().failed {
                    return Err(Stopped(reason.to_string()));
                }
                sleep(RETRY_PAUSE).await;
                return Ok(());
            }
        };
        let since = self.mark.lock().await.position().since;
        *scanned = until;
        let stored = events.iter().filter_map(|event| Some((stored(event)?, event.sequence > since)));
        let checked =
            stream::iter(stored.collect::<Vec<_>>()).map(|(content, is_own)| self.check_stored(content, is_own));
        let outcome: Vec<Outcome> = checked.buffer_unordered(CONTENTS_MAX).try_collect().await?;
        for outcome in outcome {
            gap.add(outcome);
        }
        Ok(())
    }

    /// Checks a content. `is_own` says that a process on this folder may have acknowledged it just before it ended;
    /// then a node that does not answer counts as a node without the shard.
    async fn check_stored(&self, content: ContentId, is_own: bool) -> Result<Outcome, Stopped> {
        // This process tracks the content as a pending write and records its missing shards.
        if self.store.pending_writes().is_pending(content.generation) {
            return Ok(Outcome::Recorded);
        }
        self.wait_for_nodes(content).await;
        let fault = is_own.then_some(Fault::Unwritten);
        self.check(content, &Suspicion { if_missing: fault, if_unanswered: fault, ..Suspicion::default() }).await
    }

    /// Waits until all nodes of a content have sent a heartbeat, or have had time to.
    async fn wait_for_nodes(&self, content: ContentId) {
        let Ok(Some(row)) = self.ledger.latest().content(&content) else { return };
        let membership = self.store.membership();
        let mut changes = membership.changes();
        let all_heard = async {
            while !row.placement.nodes.iter().all(|node| membership.answers(node)) {
                if changes.changed().await.is_err() {
                    break;
                }
            }
        };
        // The check itself finds out which nodes answer.
        let _heard = timeout_at(self.begun + NODES_WAIT_MAX, all_heard).await;
    }
}

/// The content that an event stored, if it stored one.
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
