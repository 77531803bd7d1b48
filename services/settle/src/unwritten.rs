//! Shards that acknowledged writes did not store: each arrives late, or is recorded as unwritten on the log.

use std::time::Duration;

use events::content::Fault;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::{MissingShards, Transport};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::check::{Outcome, Suspicion};
use crate::{CONTENTS_MAX, Never, RECORD_DELAY, REFUSED_PAUSE, Stopped, Tasks};

/// How often pending writes are searched for missing shards.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The most contents whose missing shards are recorded each time; the others wait for the next.
const CONTENTS_PER_ROUND_MAX: usize = 256;

impl<T: Transport> Tasks<T> {
    /// Records the missing shards that are older than [`RECORD_DELAY`].
    pub(crate) async fn record_unwritten(&self) -> Never {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.record_due().await? == Outcome::Refused {
                sleep(REFUSED_PAUSE).await;
            }
        }
    }

    /// A content whose missing shards the log refuses stays pending, and the settled mark stays before it.
    async fn record_due(&self) -> Result<Outcome, Stopped> {
        let incomplete = self.store.pending_writes().missing_shards(RECORD_DELAY, CONTENTS_PER_ROUND_MAX);
        let outcomes = stream::iter(incomplete).map(|MissingShards { content, shards }| async move {
            let faults = shards.into_iter().map(|(shard, _)| ((shard, content.generation), Fault::Unwritten)).collect();
            let suspicion = Suspicion { faults, if_missing: Some(Fault::Unwritten), if_unanswered: None };
            let outcome = self.check(content, &suspicion).await?;
            if outcome != Outcome::Refused {
                self.store.pending_writes().resolve(content.generation);
            }
            Ok(outcome)
        });
        let outcomes: Vec<Outcome> = outcomes.buffer_unordered(CONTENTS_MAX).try_collect().await?;
        Ok(if outcomes.contains(&Outcome::Refused) { Outcome::Refused } else { Outcome::Recorded })
    }
}
