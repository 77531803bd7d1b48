//! Second checks of contents whose shards were recorded as missing: a late shard may have arrived since.

use std::time::Duration;

use events::ids::ContentId;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::Transport;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::check::Suspicion;
use crate::{CONTENTS_MAX, Never, Tasks};

/// The time between a record of missing shards and the second check. It is longer than the deadline of every request to
/// a node, including those of other gateways.
const RECHECK_TIME: Duration = Duration::from_mins(1);

/// The most contents that wait for a second check. Others are checked when their node rejoins, or at the next start.
pub(crate) const RECHECKS_MAX: usize = 16 * 1024;

/// A content and the time of its second check.
pub(crate) type Due = (Instant, ContentId);

impl<T: Transport> Tasks<T> {
    /// Schedules a second check of a content.
    pub(crate) fn recheck_later(&self, content: ContentId) {
        if self.rechecks.try_send((Instant::now() + RECHECK_TIME, content)).is_err() {
            tracing::debug!(generation = %content.generation, "too many contents wait for another check");
        }
    }

    /// Checks contents when they are due. Shards that have arrived are recorded as present.
    pub(crate) async fn run_rechecks(&self, mut waiting: mpsc::Receiver<Due>) -> Never {
        loop {
            let mut due = Vec::new();
            if waiting.recv_many(&mut due, CONTENTS_MAX).await == 0 {
                return std::future::pending().await;
            }
            // The channel holds them in the order of their times.
            if let Some((last, _)) = due.last() {
                sleep_until(*last).await;
            }
            let checked = stream::iter(due)
                .map(|(_, content)| async move { self.check(content, &Suspicion::default()).await.map(drop) })
                .buffer_unordered(CONTENTS_MAX);
            let () = checked.try_collect().await?;
        }
    }
}
