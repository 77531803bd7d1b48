//! How the mark follows: time is cut into turns, and all up to a turn is settled when nothing acked in it is open.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use shards::Transport;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{Never, Tasks};

/// How often a turn ends.
const TURN_TIME: Duration = Duration::from_secs(1);

/// How often the mark is written, at most: each time costs two fsyncs of the folder that holds the projection.
const MARK_TIME_MIN: Duration = Duration::from_secs(2);

/// Turns that are remembered while one of them is not settled. Further ones count as one with the last.
const TURNS_MAX: usize = 1024;

/// Turns that have ended, each with the sequence that the log had reached before it did.
#[derive(Debug, Default)]
pub(crate) struct Turns(VecDeque<(u64, u64)>);

impl Turns {
    fn add(&mut self, turn: u64, reached: u64) {
        if self.0.len() < TURNS_MAX {
            self.0.push_back((turn, reached));
        }
    }

    /// Up to where all is settled, if that is further than it was.
    pub(crate) fn settled(&mut self, first_unsettled: u64) -> Option<u64> {
        let mut settled = None;
        while let Some((_, reached)) = self.0.pop_front_if(|(turn, _)| *turn < first_unsettled) {
            settled = Some(reached);
        }
        settled
    }
}

impl<T: Transport> Tasks<T> {
    /// Ends turns, whatever else has to wait, and writes the mark.
    pub(crate) async fn end_turns(&self) -> Never {
        let mut ticks = interval(TURN_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut settled, mut written) = (0, Instant::now());
        loop {
            ticks.tick().await;
            settled = self.end_turn().unwrap_or(settled);
            if written.elapsed() >= MARK_TIME_MIN && !self.figures.borrow().is_scanning {
                self.advance(settled).await;
                written = Instant::now();
            }
        }
    }

    /// The mark at the end of a process that was told to stop. Debts that are too young stay behind it.
    pub(crate) async fn end_last_turn(&self) {
        if let Some(settled) = self.end_turn().filter(|_| !self.figures.borrow().is_scanning) {
            self.advance(settled).await;
        }
    }

    /// Up to where all is settled now, if that is further than it was. The log's position is read first: what is acked
    /// after the turn ended cannot have its event there.
    fn end_turn(&self) -> Option<u64> {
        let settling = self.store.settling();
        let reached = self.reached();
        let mut turns = self.turns();
        turns.add(settling.end_turn(), reached);
        metrics::gauge!("planetstore_health_settling").set(u32::try_from(settling.open()).unwrap_or(u32::MAX));
        turns.settled(settling.first_unsettled())
    }

    /// How far the log is folded.
    pub(crate) fn reached(&self) -> u64 {
        self.ledger.progress().borrow().cursor.sequence
    }

    pub(crate) fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the mark.
    pub(crate) async fn advance(&self, settled: u64) {
        let mut mark = Arc::clone(&self.mark).lock_owned().await;
        if settled <= mark.place().settled {
            return;
        }
        let written = tokio::task::spawn_blocking(move || mark.advance(settled)).await;
        if let Err(error) = written {
            tracing::error!(%error, "the settled mark was not written");
        }
        self.figures.send_modify(|figures| figures.settled_sequence = settled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_follows_the_last_turn_before_the_first_that_is_not_settled() {
        let mut turns = Turns::default();
        turns.add(0, 10);
        turns.add(1, 20);
        turns.add(2, 30);
        assert_eq!(turns.settled(0), None);
        assert_eq!(turns.settled(2), Some(20));
        assert_eq!(turns.settled(2), None);
        assert_eq!(turns.settled(3), Some(30));
    }
}
