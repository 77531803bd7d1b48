//! Walks the contents that are owed something, the most endangered first.
//!
//! A round has a pass for each margin. Each pass goes through the contents with faults and, where nodes decide what is owed,
//! through all contents. There is no queue: what is owed is read again whenever it is to be known.

use std::time::Duration;

use domain::View;
use domain::row::ContentRow;
use events::content::{PlaceCause, ShardFault};
use events::ids::ContentId;
use ledger::{Snapshot, StateError};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::owed::{Margin, Owed, owed};
use crate::standing::{Nodes, Signature};
use crate::tally::Tally;

/// Rows that are read before others get their turn.
const ROWS_MAX: usize = 1_000;

/// Contents that one page hands out, at most.
pub(crate) const PAGE_OWED_MAX: usize = 512;

/// The shortest time from one walk through all contents to the next, if nothing asks for one.
const ALL_INTERVAL_MIN: Duration = Duration::from_mins(10);

/// The time from one walk through all contents to the next is so many times that of the walk, if that is longer.
const ALL_INTERVAL_TIMES: u32 = 100;

/// The same while something is placed on nodes that have to be empty.
const EMPTYING_INTERVAL_TIMES: u32 = 10;

/// The longest time between two rounds over contents with faults, while there are any, and the shortest one between two over
/// all contents while something is placed on nodes that have to be empty.
const OWED_INTERVAL: Duration = Duration::from_secs(30);

/// The shortest time between two rounds because faults became known while the first was under way.
const ROUND_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// The shortest time between two rounds because other nodes have room: a disk that is nearly full has room now and then.
const ROOM_INTERVAL_MIN: Duration = Duration::from_secs(10);

/// What decides whether a round is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Cause {
    nodes: Signature,
    faulty_contents: u64,
    unsafe_contents: u64,
}

impl Cause {
    fn of(snapshot: &Snapshot, nodes: &Nodes) -> Result<Self, StateError> {
        let debt = snapshot.debt()?;
        let (faulty_contents, unsafe_contents) = (debt.contents, debt.unsafe_contents);
        Ok(Self { nodes: nodes.signature(), faulty_contents, unsafe_contents })
    }

    /// Whether a round that began for `before` should begin again: contents may have become more endangered than those of
    /// its present pass.
    fn interrupts(&self, before: &Self) -> bool {
        !self.nodes.is_alike(&before.nodes) || self.unsafe_contents > before.unsafe_contents
    }
}

/// Which contents a pass goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Faulty,
    All,
}

/// A round that is under way.
#[derive(Debug)]
struct Round {
    cause: Cause,
    /// The last event that was known when it began.
    at: u64,
    /// Whether it goes through all contents.
    is_over_all: bool,
    /// The time that it took to read the rows of the first pass.
    reading: Duration,
    margin: Margin,
    source: Source,
    after: Option<ContentId>,
    /// What the first pass counted of all margins.
    counted: Tally,
    /// How many contents without a fault it found to be owed shards.
    faultless: u64,
}

/// What a round that went through all contents came to, and what was repaired since. The log's debt says how many have
/// faults, so those are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Contents without a fault that are owed shards.
    pub(crate) owed: u64,
    /// The last event that was known when it began.
    pub(crate) at: u64,
}

/// The rounds.
#[derive(Debug)]
pub(crate) struct Rounds {
    round: Option<Round>,
    /// What the last round that ended began for, and when it ended.
    last: Option<(Cause, Instant)>,
    /// When a round over all contents is due, whatever happens.
    next_all: Instant,
    /// Before this, no round begins because other nodes have room.
    next_for_room: Instant,
    /// What all contents are owed, as far as it is known.
    pub(crate) tally: Option<Tally>,
    /// The last event that was known when that was counted.
    pub(crate) tally_at: u64,
    /// What the last round over all contents came to. One over contents with faults says nothing of others.
    pub(crate) whole: Option<Whole>,
}

/// A part of a round.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Contents of the margin that is repaired now.
    pub(crate) owed: Vec<Owed>,
    /// How many contents were looked at.
    pub(crate) looked_at: usize,
}

impl Rounds {
    pub(crate) fn new(now: Instant) -> Self {
        Self { round: None, last: None, next_all: now, next_for_room: now, tally: None, tally_at: 0, whole: None }
    }

    /// Whether a round is due, also in place of one that is under way.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn is_due(
        &mut self,
        snapshot: &Snapshot,
        nodes: &Nodes,
        backoff: &Backoff,
        now: Instant,
    ) -> Result<bool, StateError> {
        let cause = Cause::of(snapshot, nodes)?;
        let is_due = self.due(&cause, backoff, now).is_some();
        self.see_fewer(&cause);
        Ok(is_due)
    }

    /// Whether a round is due, and if so, whether that is because of the nodes.
    fn due(&self, cause: &Cause, backoff: &Backoff, now: Instant) -> Option<bool> {
        let (round, last) = (self.round.as_ref(), self.last.as_ref());
        let Some(before) = round.map(|round| &round.cause).or_else(|| last.map(|(cause, _)| cause)) else {
            return Some(true);
        };
        let are_others = !before.nodes.is_alike(&cause.nodes);
        if round.is_some() {
            return cause.interrupts(before).then_some(are_others);
        }
        let has_other_room = before.nodes != cause.nodes && now >= self.next_for_room;
        if are_others || has_other_room {
            return Some(true);
        }
        let is_due = cause.faulty_contents > before.faulty_contents
            || now >= self.next_all
            || last.is_some_and(|(_, ended)| pause_of(cause, backoff).is_some_and(|pause| now >= *ended + pause))
            || backoff.next().is_some_and(|next| next <= now);
        is_due.then_some(false)
    }

    /// Begins a round if one is due. Returns whether one is under way.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn begin(
        &mut self,
        snapshot: &Snapshot,
        nodes: &Nodes,
        backoff: &mut Backoff,
        now: Instant,
    ) -> Result<bool, StateError> {
        let cause = Cause::of(snapshot, nodes)?;
        if self.round.is_none() {
            backoff.forget_released();
        }
        if let Some(nodes_changed) = self.due(&cause, backoff, now) {
            if nodes_changed {
                backoff.nodes_changed();
                self.next_for_room = now + ROOM_INTERVAL_MIN;
            }
            let mut is_over_all =
                nodes_changed || now >= self.next_all || self.is_over_all() || must_be_emptied(snapshot, nodes)?;
            for content in backoff.release(now) {
                // A round over contents with faults does not come to it.
                is_over_all |= snapshot.faults(&content)?.faults.is_empty() && snapshot.content(&content)?.is_some();
            }
            self.round = Some(Round {
                cause: cause.clone(),
                at: snapshot.cursor()?.sequence,
                is_over_all,
                reading: Duration::ZERO,
                margin: Margin::None,
                source: Source::Faulty,
                after: None,
                counted: Tally::default(),
                faultless: 0,
            });
        }
        self.see_fewer(&cause);
        Ok(self.round.is_some())
    }

    /// Takes in that fewer contents have faults than when the last round began, since it repaired them: one more is news.
    fn see_fewer(&mut self, cause: &Cause) {
        if let Some((last, _)) = &mut self.last {
            last.faulty_contents = last.faulty_contents.min(cause.faulty_contents);
            last.unsafe_contents = last.unsafe_contents.min(cause.unsafe_contents);
        }
    }

    /// Shards of a content were placed, `is_whole` if that is all that it was owed.
    pub(crate) fn repaired(&mut self, margin: Margin, causes: &[PlaceCause], bytes: u64, is_whole: bool) {
        let counted = self.round.as_mut().filter(|round| round.margin == Margin::None).map(|round| &mut round.counted);
        for tally in counted.into_iter().chain(&mut self.tally) {
            tally.repaired(margin, causes.iter().copied(), bytes, is_whole);
        }
        if is_whole && !causes.contains(&PlaceCause::Fault) {
            let counted = self.round.as_mut().map(|round| &mut round.faultless);
            for owed in counted.into_iter().chain(self.whole.as_mut().map(|whole| &mut whole.owed)) {
                *owed = owed.saturating_sub(1);
            }
        }
    }

    fn is_over_all(&self) -> bool {
        self.round.as_ref().is_some_and(|round| round.is_over_all)
    }

    /// When the next round is due, if nothing changes. To be asked while none is under way.
    pub(crate) fn next(&self, backoff: &Backoff) -> Instant {
        let faults = self.last.as_ref().and_then(|(cause, ended)| Some(*ended + pause_of(cause, backoff)?));
        [Some(self.next_all), faults, backoff.next()].into_iter().flatten().min().unwrap_or(self.next_all)
    }

    /// The next page of the round that is under way.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn page(
        &mut self,
        snapshot: &Snapshot,
        nodes: &Nodes,
        backoff: &Backoff,
        now: Instant,
    ) -> Result<Page, StateError> {
        let Some(round) = &mut self.round else { return Ok(Page::default()) };
        let (mut page, begun) = (Page::default(), Instant::now());
        let Rows { rows, last } = round.rows(snapshot)?;
        for (content, row, faults) in rows {
            page.looked_at += 1;
            if let Some(owed) = owed(content, row, &faults, nodes) {
                if round.margin == Margin::None {
                    round.counted.add(&owed);
                    round.faultless += u64::from(faults.is_empty());
                }
                if owed.margin == round.margin && !backoff.is_left(&content, now) {
                    page.owed.push(owed);
                }
            }
            if page.owed.len() == PAGE_OWED_MAX {
                round.after = Some(content);
                return Ok(page);
            }
        }
        round.reading += begun.elapsed();
        round.after = last;
        if last.is_none() {
            let is_emptying = must_be_emptied(snapshot, nodes)?;
            self.end_pass(is_emptying, now);
        }
        Ok(page)
    }

    /// Goes on to the next pass, or ends the round.
    fn end_pass(&mut self, is_emptying: bool, now: Instant) {
        let Some(mut round) = self.round.take() else { return };
        round.after = None;
        if round.source == Source::Faulty && round.is_over_all {
            round.source = Source::All;
            self.round = Some(round);
            return;
        }
        if round.margin == Margin::None {
            if round.is_over_all {
                self.whole = Some(Whole { owed: round.faultless, at: round.at });
                self.next_all = now
                    + if is_emptying {
                        OWED_INTERVAL.max(round.reading * EMPTYING_INTERVAL_TIMES)
                    } else {
                        ALL_INTERVAL_MIN.max(round.reading * ALL_INTERVAL_TIMES)
                    };
            }
            (self.tally, self.tally_at) = (Some(round.counted.clone()), round.at);
        }
        round.source = Source::Faulty;
        let others = Margin::ALL.into_iter().filter(|margin| *margin > round.margin);
        match others.into_iter().find(|margin| round.counted.contents(*margin) > 0) {
            Some(margin) => {
                round.margin = margin;
                self.round = Some(round);
            }
            None => self.last = Some((round.cause, now)),
        }
    }
}

/// Contents, each with its faults.
struct Rows {
    rows: Vec<(ContentId, ContentRow, Vec<ShardFault>)>,
    /// The last content that was read; `None` if there are no more.
    last: Option<ContentId>,
}

impl Round {
    /// The next contents.
    fn rows(&self, snapshot: &Snapshot) -> Result<Rows, StateError> {
        let mut rows = Vec::new();
        let last = match self.source {
            Source::Faulty => {
                let faulty = snapshot.faulty(self.after.as_ref(), ROWS_MAX)?;
                let last = faulty.last().filter(|_| faulty.len() == ROWS_MAX).map(|(content, _)| *content);
                for (content, faults) in faulty {
                    if let Some(row) = snapshot.content(&content)? {
                        rows.push((content, row, faults.faults));
                    }
                }
                last
            }
            Source::All => {
                let all = snapshot.list_contents(self.after.as_ref(), ROWS_MAX)?;
                let last = all.last().filter(|_| all.len() == ROWS_MAX).map(|(content, _)| *content);
                let is_whole = snapshot.debt()?.contents == 0;
                for (content, row) in all {
                    // Those with faults were in the part before.
                    if is_whole || snapshot.faults(&content)?.faults.is_empty() {
                        rows.push((content, row, Vec::new()));
                    }
                }
                last
            }
        };
        Ok(Rows { rows, last })
    }
}

/// The time from the end of a round to the next because of contents with faults. Those that were tried in vain are left; if
/// there are others, they became known when that round had passed them by.
fn pause_of(cause: &Cause, backoff: &Backoff) -> Option<Duration> {
    let are_left = |count: usize| count as u64 >= cause.faulty_contents;
    let is_known = backoff.count().is_none_or(are_left);
    (cause.faulty_contents > 0).then_some(if is_known { OWED_INTERVAL } else { ROUND_INTERVAL_MIN })
}

/// Whether something is still placed on nodes that have to be empty.
fn must_be_emptied(snapshot: &Snapshot, nodes: &Nodes) -> Result<bool, StateError> {
    for node in nodes.to_be_empty() {
        if snapshot.node_usage(node)?.shards > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use ledger::Ledger;
    use testkit::{MemoryLog, ledgers};

    use super::*;
    use crate::backoff::Reason;
    use crate::owed::tests::content;
    use crate::standing::tests::nodes;

    async fn empty(folder: &tempfile::TempDir) -> Ledger {
        ledgers::open(&MemoryLog::new(), &folder.path().join("projection"), true).await
    }

    /// Goes through rounds until none is due. Returns how many pages that were.
    fn go_on(rounds: &mut Rounds, backoff: &mut Backoff, ledger: &Ledger, now: Instant) -> usize {
        let (snapshot, nodes) = (ledger.latest(), nodes(&[]));
        let mut pages = 0;
        while pages < 100 && rounds.begin(&snapshot, &nodes, backoff, now).unwrap() {
            rounds.page(&snapshot, &nodes, backoff, now).unwrap();
            pages += 1;
        }
        pages
    }

    #[tokio::test]
    async fn a_content_that_is_gone_or_owed_nothing_any_more_keeps_no_round_going() {
        let (folder, now) = (tempfile::tempdir().unwrap(), Instant::now());
        let ledger = empty(&folder).await;
        let (mut rounds, mut backoff) = (Rounds::new(now), Backoff::default());
        assert!((1..10).contains(&go_on(&mut rounds, &mut backoff, &ledger, now)));
        backoff.leave(content(), Reason::NoRoom, now);
        assert_eq!(go_on(&mut rounds, &mut backoff, &ledger, now), 0);
        let later = rounds.next(&backoff);
        assert_eq!(later, now + Duration::from_secs(10));
        assert!((1..10).contains(&go_on(&mut rounds, &mut backoff, &ledger, later)), "it is looked for once");
        assert!(rounds.next(&backoff) > later);
        assert_eq!(backoff.counts().map(|(_, count)| count).sum::<usize>(), 0);
    }

    #[tokio::test]
    async fn only_a_round_over_all_contents_says_what_those_without_a_fault_are_owed() {
        let (folder, now) = (tempfile::tempdir().unwrap(), Instant::now());
        let ledger = empty(&folder).await;
        let (mut rounds, mut backoff) = (Rounds::new(now), Backoff::default());
        go_on(&mut rounds, &mut backoff, &ledger, now);
        let whole = Whole { owed: 1, at: 7 };
        rounds.whole = Some(whole);
        let faulty = Round {
            cause: Cause::default(),
            at: 9,
            is_over_all: false,
            reading: Duration::ZERO,
            margin: Margin::None,
            source: Source::Faulty,
            after: None,
            counted: Tally::default(),
            faultless: 0,
        };
        rounds.round = Some(faulty);
        rounds.end_pass(false, now);
        assert_eq!((rounds.whole, rounds.tally_at), (Some(whole), 9), "it was not looked at");
        rounds.repaired(Margin::Two, &[PlaceCause::Fault], 1, true);
        assert_eq!(rounds.whole, Some(whole), "that was another one");
        rounds.repaired(Margin::Two, &[PlaceCause::Spread], 1, true);
        assert_eq!(rounds.whole, Some(Whole { owed: 0, ..whole }));
    }
}
