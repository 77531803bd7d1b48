//! Writes that were acked one shard short: the shard comes, or becomes a debt on the log.

use std::time::Duration;

use events::content::Fault;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::{Debt, Transport};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::note::{Doubts, Noted};
use crate::{CONTENTS_MAX, DEBT_AGE_MIN, Never, REFUSED_PAUSE, Stopped, Tasks};

/// How often debts are looked for that are old enough.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// Debts that are written down each time, at most; the others wait for the next.
const DEBTS_MAX: usize = 256;

impl<T: Transport> Tasks<T> {
    /// Writes down the debts that are old enough.
    pub(crate) async fn settle_debts(&self) -> Never {
        let mut ticks = interval(LOOK_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.write_down_debts().await? == Noted::Refused {
                sleep(REFUSED_PAUSE).await;
            }
        }
    }

    /// What cannot be written down stays open, and the mark before it.
    async fn write_down_debts(&self) -> Result<Noted, Stopped> {
        let debts = self.store.settling().debts(DEBT_AGE_MIN, DEBTS_MAX);
        let noted = stream::iter(debts).map(|Debt { content, shards }| async move {
            let shards = shards.into_iter().map(|(shard, _)| (shard, Fault::Unwritten)).collect();
            let doubts = Doubts { shards, absent: Some(Fault::Unwritten), unanswered: None };
            let noted = self.note(content, &doubts).await?;
            if noted != Noted::Refused {
                self.store.settling().settle(content.generation);
            }
            Ok(noted)
        });
        let noted: Vec<Noted> = noted.buffer_unordered(CONTENTS_MAX).try_collect().await?;
        Ok(if noted.contains(&Noted::Refused) { Noted::Refused } else { Noted::Done })
    }
}
