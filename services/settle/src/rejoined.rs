//! Nodes that rejoined: shards that are recorded as missing on them may be present.

use std::collections::BTreeMap;

use domain::View;
use events::ids::{ContentId, NodeId};
use futures_util::{StreamExt, TryStreamExt, stream};
use ledger::StateError;
use shards::Transport;
use tokio::time::sleep;

use crate::check::Suspicion;
use crate::{CONTENTS_MAX, Never, RECORD_DELAY, RETRY_PAUSE, Stopped, Tasks};

/// Rows of contents with faults in one page.
const PAGE_MAX: usize = 256;

impl<T: Transport> Tasks<T> {
    /// Checks the faulty contents of a node each time it comes online, also if it left and rejoined during the checks
    /// for another node.
    pub(crate) async fn watch_rejoining_nodes(&self) -> Never {
        let membership = self.store.membership();
        let (mut changes, mut before) = (membership.changes(), BTreeMap::new());
        loop {
            changes.mark_unchanged();
            let arrivals = membership.arrivals();
            let is_new = |(node, count): &(&NodeId, &u64)| before.get(*node) != Some(*count);
            let returned: Vec<NodeId> = arrivals.iter().filter(is_new).map(|(node, _)| node.clone()).collect();
            before = arrivals;
            if !returned.is_empty() {
                // The node may still be busy with earlier requests.
                sleep(RECORD_DELAY).await;
                self.recheck_nodes(&returned).await?;
            } else if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    async fn recheck_nodes(&self, nodes: &[NodeId]) -> Result<(), Stopped> {
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
            let checked = stream::iter(contents)
                .map(|content| async move { self.check(content, &Suspicion::default()).await.map(drop) })
                .buffer_unordered(CONTENTS_MAX);
            let () = checked.try_collect().await?;
            after = Some(last);
        }
    }

    /// The next page of contents with faults: its last content, and those contents that have a fault on `nodes`. `None`
    /// after the last page.
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
