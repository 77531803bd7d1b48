//! Nodes that came back: what they were thought to lack may be there after all.

use std::collections::BTreeMap;

use domain::View;
use events::ids::{ContentId, NodeId};
use futures_util::{StreamExt, TryStreamExt, stream};
use ledger::StateError;
use shards::Transport;
use tokio::time::sleep;

use crate::note::Doubts;
use crate::{CONTENTS_MAX, DEBT_AGE_MIN, Never, RETRY_PAUSE, Stopped, Tasks};

/// Rows of contents with faults that are read at a time.
const PAGE_MAX: usize = 256;

impl<T: Transport> Tasks<T> {
    /// Looks again at what a node owes whenever it comes online, also if it went and came while others were looked at.
    pub(crate) async fn watch_nodes(&self) -> Never {
        let membership = self.store.membership();
        let (mut changes, mut before) = (membership.changes(), BTreeMap::new());
        loop {
            changes.mark_unchanged();
            let arrivals = membership.arrivals();
            let is_new = |(node, count): &(&NodeId, &u64)| before.get(*node) != Some(*count);
            let returned: Vec<NodeId> = arrivals.iter().filter(is_new).map(|(node, _)| node.clone()).collect();
            before = arrivals;
            if !returned.is_empty() {
                // It may still be busy with what was sent to it before.
                sleep(DEBT_AGE_MIN).await;
                self.look_again(&returned).await?;
            } else if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn look_again(&self, nodes: &[NodeId]) -> Result<(), Stopped> {
        let mut after = None;
        loop {
            let page = match self.page(after.as_ref(), nodes) {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "the owed shards cannot be read");
                    if let Some(reason) = &self.ledger.progress().borrow().failed {
                        return Err(Stopped(reason.to_string()));
                    }
                    sleep(RETRY_PAUSE).await;
                    continue;
                }
            };
            let Some((last, contents)) = page else { return Ok(()) };
            let looked_at = stream::iter(contents)
                .map(|content| async move { self.note(content, &Doubts::default()).await.map(drop) })
                .buffer_unordered(CONTENTS_MAX);
            let () = looked_at.try_collect().await?;
            after = Some(last);
        }
    }

    /// The next contents with faults, of which those are named that these nodes owe something; none at the end.
    fn page(
        &self,
        after: Option<&ContentId>,
        nodes: &[NodeId],
    ) -> Result<Option<(ContentId, Vec<ContentId>)>, StateError> {
        let snapshot = self.ledger.latest();
        if snapshot.debt()?.contents == 0 {
            return Ok(None);
        }
        let rows = snapshot.faulty(after, PAGE_MAX)?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        let last = *last;
        let owes = rows.into_iter().filter(|(_, row)| row.faults.iter().any(|fault| nodes.contains(&fault.node)));
        Ok(Some((last, owes.map(|(content, _)| content).collect())))
    }
}
