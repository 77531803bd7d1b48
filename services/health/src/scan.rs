//! What lies behind the mark: contents that a process acked which did not live to see all their shards stored.

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

use crate::note::{Doubts, Noted};
use crate::{CONTENTS_MAX, DEBT_AGE_MIN, Never, REFUSED_PAUSE, RETRY_PAUSE, Stopped, Tasks};

/// How long after the start a node may take to be heard before what was just acked to it counts as not written.
const NODES_TIME_MAX: Duration = Duration::from_secs(30);

/// What a scan could not find out.
#[derive(Debug, Default)]
pub(crate) struct Gap {
    /// Nodes that did not answer, of contents that others acked: they may or may not have their shards.
    silent: BTreeSet<NodeId>,
    /// Something could not be written down.
    pub(crate) is_refused: bool,
}

impl Gap {
    fn is_none(&self) -> bool {
        self.silent.is_empty() && !self.is_refused
    }

    fn add(&mut self, noted: Noted) {
        match noted {
            Noted::Done => {}
            Noted::Silent(nodes) => self.silent.extend(nodes),
            Noted::Refused => self.is_refused = true,
        }
    }
}

impl<T: Transport> Tasks<T> {
    /// Looks at what lies behind the mark of the process before this one, until nothing of it is left open.
    pub(crate) async fn scan_once(&self) -> Never {
        // An append of the process before may have been under way, and its shards too.
        sleep_until(self.begun + DEBT_AGE_MIN).await;
        let last = self.reached();
        loop {
            let from = self.mark.lock().await.place().settled + 1;
            let mut gap = self.scan(from, self.reached, true).await?;
            if last > self.reached {
                // Others, and this process, may have acked these a moment before. What is open here follows the turns.
                sleep_until(self.begun + 2 * DEBT_AGE_MIN).await;
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

    /// Waits until it may be of use to look again.
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
        // It may still be busy with what was sent to it before; or not answer although it is heard.
        sleep(DEBT_AGE_MIN).await;
    }

    /// Looks at every content that an event from `from` to `last` stored. The mark follows, page by page, up to the
    /// first one of which something is left open: so a process that ends meanwhile has not looked in vain.
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
        let since = self.mark.lock().await.place().since;
        *scanned = until;
        let stored = events.iter().filter_map(|event| Some((stored(event)?, event.sequence > since)));
        let looked_at = stream::iter(stored.collect::<Vec<_>>()).map(|(content, own)| self.look_at(content, own));
        let noted: Vec<Noted> = looked_at.buffer_unordered(CONTENTS_MAX).try_collect().await?;
        for noted in noted {
            gap.add(noted);
        }
        Ok(())
    }

    /// `own`: a process on this folder may have acked it a moment before it ended. Of what is older than that, a node
    /// that does not answer says nothing.
    async fn look_at(&self, content: ContentId, own: bool) -> Result<Noted, Stopped> {
        // This process acked it, and will write down by itself what it is owed.
        if self.store.settling().is_open(content.generation) {
            return Ok(Noted::Done);
        }
        self.wait_for_nodes(content).await;
        let fault = own.then_some(Fault::Unwritten);
        self.note(content, &Doubts { absent: fault, unanswered: fault, ..Doubts::default() }).await
    }

    /// Waits until all nodes of a content are heard, or had time to be.
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
