//! Debts that were written down a while ago: a shard may have come after all.

use std::time::Duration;

use events::ids::ContentId;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::Transport;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::note::Doubts;
use crate::{CONTENTS_MAX, Never, Tasks};

/// How long after a debt was written down it is looked at once more: every request to a node, those of other gateways
/// too, has had its deadline by then.
const LATER_TIME: Duration = Duration::from_mins(1);

/// Contents that wait for that, at most. Others are looked at when their node comes back, or at the next start.
pub(crate) const LATER_MAX: usize = 16 * 1024;

/// A content, and when it is looked at again.
pub(crate) type Due = (Instant, ContentId);

impl<T: Transport> Tasks<T> {
    /// Has a content looked at once more in a while.
    pub(crate) fn look_later(&self, content: ContentId) {
        if self.later.try_send((Instant::now() + LATER_TIME, content)).is_err() {
            tracing::debug!(generation = %content.generation, "too many contents wait for another check");
        }
    }

    /// Looks at contents when they are due. What is there after all is owed no more.
    pub(crate) async fn look_at_due(&self, mut waiting: mpsc::Receiver<Due>) -> Never {
        loop {
            let mut due = Vec::new();
            if waiting.recv_many(&mut due, CONTENTS_MAX).await == 0 {
                return std::future::pending().await;
            }
            // They are in order of their times.
            if let Some((last, _)) = due.last() {
                sleep_until(*last).await;
            }
            let looked_at = stream::iter(due)
                .map(|(_, content)| async move { self.note(content, &Doubts::default()).await.map(drop) })
                .buffer_unordered(CONTENTS_MAX);
            let () = looked_at.try_collect().await?;
        }
    }
}
