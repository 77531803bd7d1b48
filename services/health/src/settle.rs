//! Writes that were acked one shard short: the shard comes, or becomes a debt on the log. And the mark follows.

use std::collections::VecDeque;
use std::time::Duration;

use events::content::Fault;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::{Debt, Transport};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::note::Doubts;
use crate::{CONTENTS_MAX, DEBT_AGE_MIN, Never, Stopped, Tasks};

/// How often a turn ends.
const TURN_TIME: Duration = Duration::from_secs(1);

/// How often the mark is written, at most: each time costs two fsyncs of the folder that holds the projection.
const MARK_TIME_MIN: Duration = Duration::from_secs(2);

/// Turns that are remembered while one of them is not settled. Further ones count as one with the last.
const TURNS_MAX: usize = 1024;

/// Debts that are written down in one turn, at most; the others wait for the next.
const DEBTS_MAX: usize = 256;

/// Turns that have ended, each with the sequence that the log had reached before it did.
struct Turns(VecDeque<(u64, u64)>);

impl Turns {
    fn add(&mut self, turn: u64, reached: u64) {
        if self.0.len() < TURNS_MAX {
            self.0.push_back((turn, reached));
        }
    }

    /// Up to where all is settled, if that is further than it was.
    fn settled(&mut self, first_unsettled: u64) -> Option<u64> {
        let mut settled = None;
        while let Some((_, reached)) = self.0.pop_front_if(|(turn, _)| *turn < first_unsettled) {
            settled = Some(reached);
        }
        settled
    }
}

impl<T: Transport> Tasks<T> {
    /// Follows the turns, and writes down the debts that are old enough.
    pub(crate) async fn settle_all(&self) -> Never {
        let mut ticks = interval(TURN_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut turns, mut settled, mut written) = (Turns(VecDeque::new()), 0, Instant::now());
        loop {
            ticks.tick().await;
            self.write_down_debts().await?;
            self.look_for_lost().await?;
            self.end_turn(&mut turns, &mut settled);
            if written.elapsed() >= MARK_TIME_MIN && !self.figures.borrow().is_scanning {
                self.advance(settled).await;
                written = Instant::now();
            }
        }
    }

    /// The mark at the end of a process that was told to stop. Debts that are too young stay behind it.
    pub(crate) async fn settle_last(&self) {
        let (mut turns, mut settled) = (Turns(VecDeque::new()), 0);
        self.end_turn(&mut turns, &mut settled);
        if !self.figures.borrow().is_scanning {
            self.advance(settled).await;
        }
    }

    /// The log's position is read first: what is acked after the turn ended cannot have its event there.
    fn end_turn(&self, turns: &mut Turns, settled: &mut u64) {
        let settling = self.store.settling();
        let reached = self.ledger.progress().borrow().cursor.sequence;
        turns.add(settling.end_turn(), reached);
        if let Some(reached) = turns.settled(settling.first_unsettled()) {
            *settled = reached;
        }
        metrics::gauge!("planetstore_health_settling").set(u32::try_from(settling.open()).unwrap_or(u32::MAX));
    }

    /// Moves the mark.
    pub(crate) async fn advance(&self, settled: u64) {
        let mut mark = self.mark.lock().await;
        if settled > mark.place().settled {
            // A small file: the fsync takes no longer than those of the projection, which block a thread as well.
            tokio::task::block_in_place(|| mark.advance(settled));
            self.figures.send_modify(|figures| figures.settled_sequence = settled);
        }
    }

    async fn write_down_debts(&self) -> Result<(), Stopped> {
        let debts = self.store.settling().debts(DEBT_AGE_MIN, DEBTS_MAX);
        let written = stream::iter(debts).map(|Debt { content, shards }| async move {
            let shards = shards.into_iter().map(|(shard, _)| (shard, Fault::Unwritten)).collect();
            self.note(content, &Doubts { shards, absent: Some(Fault::Unwritten), unanswered: None }).await?;
            self.store.settling().settle(content.generation);
            Ok(())
        });
        written.buffer_unordered(CONTENTS_MAX).try_collect().await
    }

    /// Looks on the log for contents that were lost sight of: all since the mark.
    async fn look_for_lost(&self) -> Result<(), Stopped> {
        let settling = self.store.settling();
        let Some(turn) = settling.lost() else { return Ok(()) };
        // Their events are on the log by now: nobody loses sight of a content before its commit has had its time.
        let reached = self.ledger.progress().borrow().cursor.sequence;
        let from = self.mark.lock().await.place().settled + 1;
        tracing::info!(from, reached, "looking on the log for writes that were lost sight of");
        self.scan(from, reached).await?;
        settling.found(turn);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_follows_the_last_turn_before_the_first_that_is_not_settled() {
        let mut turns = Turns(VecDeque::new());
        turns.add(0, 10);
        turns.add(1, 20);
        turns.add(2, 30);
        assert_eq!(turns.settled(0), None);
        assert_eq!(turns.settled(2), Some(20));
        assert_eq!(turns.settled(2), None);
        assert_eq!(turns.settled(3), Some(30));
    }
}
