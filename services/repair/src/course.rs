//! Goes through all contents, again and again, for shards whose move makes the fills of nodes more even. There is no queue:
//! what is worth a move is found anew in each pass, so nothing is lost with this.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::View;
use domain::balance::{BEGIN, Band, Disks, END, Search};
use domain::row::{ContentRow, PlacedShard};
use events::content::PlaceCause;
use events::ids::{ContentId, NodeId};
use ledger::{Snapshot, StateError};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::owed::{Margin, Owed, OwedShard};
use crate::standing::{Nodes, Standing};

/// Rows that are read before others get their turn.
const ROWS_MAX: usize = 1_000;

/// Contents of which one page moves a shard, at most.
pub(crate) const PAGE_MOVES_MAX: usize = 256;

/// Bytes of shards that one page moves, at most, if it is more than one shard: as much as is done again after a kill.
const PAGE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The shortest time until contents are looked at again, if none could be moved although the fills are uneven.
const STUCK_INTERVAL_MIN: Duration = Duration::from_mins(10);

/// The same while a node takes nothing that may take shards again in a moment.
const LACKING_INTERVAL: Duration = Duration::from_secs(30);

/// In any case, that time is so many times that of reading all rows, if that is longer.
const STUCK_INTERVAL_TIMES: u32 = 100;

/// What is known of the passes.
#[derive(Debug)]
pub(crate) struct Course {
    search: Option<Search>,
    /// The last content that the pass has looked at.
    after: Option<ContentId>,
    /// The same before the page that is under way.
    page_after: Option<ContentId>,
    /// Whether the pass has looked at all contents.
    is_at_end: bool,
    /// How long it took so far to read the rows of the pass.
    reading: Duration,
    /// Whether it goes on with what may have been begun before it was left, by another process or by this one.
    goes_on: bool,
    /// The nodes that could be used when it last looked. Others are a reason to begin anew.
    usable: BTreeSet<NodeId>,
    /// Before this, nothing is looked for with the same nodes: what could be moved was.
    stuck_until: Option<Instant>,
}

/// A shard that is to move, and where to.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) owed: Owed,
    pub(crate) to: NodeId,
}

/// What the nodes are like now.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Those that can be read from.
    pub(crate) disks: Disks,
    /// Those that hold shards and take new ones by the word of the log.
    pub(crate) usable: BTreeSet<NodeId>,
    /// Whether some of these take none at the moment: they are slow, or do not answer.
    pub(crate) lacks_some: bool,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            search: None,
            after: None,
            page_after: None,
            is_at_end: false,
            reading: Duration::ZERO,
            goes_on: true,
            usable: BTreeSet::new(),
            stuck_until: None,
        }
    }
}

impl Course {
    /// Begins to look for moves if the fills are uneven enough, or ends the pass that has looked at all contents. Returns
    /// whether something is looked for.
    pub(crate) fn begin(&mut self, seen: &Seen, backoff: &mut Backoff, now: Instant) -> bool {
        if !seen.usable.is_subset(&self.usable) {
            // The pass goes on where it is: only one that has looked at all contents for what is looked for last is the end.
            self.goes_on |= self.search.take().is_some();
            self.stuck_until = None;
        }
        if self.usable != seen.usable {
            self.usable.clone_from(&seen.usable);
        }
        if std::mem::take(&mut self.is_at_end) {
            if let Some(search) = self.search {
                self.end_pass(search, seen, backoff, now);
            }
            self.reading = Duration::ZERO;
        }
        if self.search.is_none() && self.stuck_until.is_none_or(|until| until <= now) {
            self.search = Search::begin(&seen.disks, self.band());
            // What was begun is over once nothing is left of it, with all nodes there.
            self.goes_on &= self.search.is_none() && seen.lacks_some;
        }
        self.search.is_some()
    }

    /// How uneven fills are for it to begin.
    fn band(&self) -> Band {
        if self.goes_on { END } else { BEGIN }
    }

    /// Whether shards are looked for that are to move.
    pub(crate) fn is_under_way(&self) -> bool {
        self.search.is_some()
    }

    /// Whether the fills are uneven, and no content can make them less so.
    pub(crate) fn is_stuck(&self) -> bool {
        self.search.is_none() && self.stuck_until.is_some()
    }

    /// Whether the fills are so even that nothing has to move.
    pub(crate) fn is_done(&self, disks: &Disks) -> bool {
        !self.is_under_way() && !self.is_stuck() && Search::begin(disks, self.band()).is_none()
    }

    /// The next shards that are to move. What became of them is to be [told](Self::took).
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn page(
        &mut self,
        mut disks: Disks,
        backoff: &Backoff,
        (snapshot, nodes): (&Snapshot, &Nodes),
        now: Instant,
    ) -> Result<Vec<Planned>, StateError> {
        let Some(search) = self.search else { return Ok(Vec::new()) };
        let (mut planned, mut bytes, begun) = (Vec::new(), 0, Instant::now());
        self.page_after = self.after;
        let rows = snapshot.list_contents(self.after.as_ref(), ROWS_MAX)?;
        let is_last = rows.len() < ROWS_MAX;
        let are_all_whole = snapshot.debt()?.contents == 0;
        for (content, row) in rows {
            let shard_bytes = row.placement.layout.shard_bytes(row.size);
            let is_full = planned.len() == PAGE_MOVES_MAX || bytes + shard_bytes > PAGE_BYTES_MAX;
            if is_full && !planned.is_empty() {
                self.reading += begun.elapsed();
                return Ok(planned);
            }
            self.after = Some(content);
            let Some(shards) = movable(&content, &row, nodes).filter(|_| !backoff.is_left(&content, now)) else {
                continue;
            };
            let Some(chosen) = disks.best_move(&shards, shard_bytes, &search) else { continue };
            let Some(shard) = shards.into_iter().find(|shard| shard.index == chosen.index) else { continue };
            // What has a fault and cannot be repaired stays as it is.
            if !are_all_whole && !snapshot.faults(&content)?.faults.is_empty() {
                continue;
            }
            disks.moved(&chosen, shard_bytes);
            bytes += shard_bytes;
            let shards = vec![OwedShard { shard, cause: PlaceCause::Balance }];
            planned.push(Planned { owed: Owed { content, row, margin: Margin::Two, shards }, to: chosen.to });
        }
        self.reading += begun.elapsed();
        if is_last {
            (self.after, self.is_at_end) = (None, true);
        }
        Ok(planned)
    }

    /// So many shards of the last page moved. If it was interrupted, its contents are looked at again.
    pub(crate) fn took(&mut self, shards: usize, is_interrupted: bool) {
        if let Some(search) = self.search.as_mut().filter(|_| shards > 0) {
            search.has_moved();
        }
        if is_interrupted {
            (self.after, self.is_at_end) = (self.page_after, false);
        }
    }

    fn end_pass(&mut self, search: Search, seen: &Seen, backoff: &mut Backoff, now: Instant) {
        self.search = search.next(&seen.disks);
        let is_stuck = self.search.is_none() && Search::begin(&seen.disks, END).is_some();
        self.goes_on = is_stuck || seen.lacks_some;
        // What could not be moved when it was tried, and nodes that take nothing now, are a reason to look earlier, but
        // never for more than a part of the time.
        let later = now + if seen.lacks_some { LACKING_INTERVAL } else { STUCK_INTERVAL_MIN };
        let next = backoff.next().map_or(later, |next| next.min(later));
        self.stuck_until = is_stuck.then(|| next.max(now + self.reading * STUCK_INTERVAL_TIMES));
        backoff.forget_released();
        backoff.release(now);
    }
}

/// The shards of a content, if one of them may move for the sake of even fills alone: all of them are where they should be, and
/// the content is not about to be reclaimed.
fn movable(content: &ContentId, row: &ContentRow, nodes: &Nodes) -> Option<Vec<PlacedShard>> {
    if row.references == 0 {
        return None;
    }
    let holds = |shard: &PlacedShard| nodes.standing(&shard.node, row.placed_by(shard.index)) == Standing::Holds;
    let shards: Vec<PlacedShard> = row.shards(content).collect();
    shards.iter().all(holds).then_some(shards)
}

#[cfg(test)]
mod tests {
    use domain::balance::Disk;

    use super::*;
    use crate::backoff::Reason;
    use crate::owed::tests::content;
    use crate::standing::tests::name;

    const MIB: u64 = 1 << 20;

    /// Nodes of a GiB each, which hold so many MiB.
    fn seen(held: &[(u8, u64)], usable: &[u8], lacks_some: bool) -> Seen {
        let disk = |(number, held): &(u8, u64)| {
            let (placed_bytes, free_bytes) = (held * MIB, (1024 - held) * MIB);
            (name(*number), Disk { zone: name(*number).to_string(), placed_bytes, free_bytes, takes: true })
        };
        let usable = usable.iter().map(|number| name(*number)).collect();
        Seen { disks: held.iter().map(disk).collect(), usable, lacks_some }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_goes_on_where_it_is_when_nodes_come_and_go() {
        let (mut course, mut backoff, now) = (Course::default(), Backoff::default(), Instant::now());
        let uneven = [(1, 500), (2, 500), (3, 0)];
        assert!(course.begin(&seen(&uneven, &[1, 2, 3], false), &mut backoff, now));
        course.after = Some(content());
        let before = course.search;
        // It is not heard for a moment, of which the log says nothing.
        assert!(course.begin(&seen(&uneven[..2], &[1, 2, 3], true), &mut backoff, now));
        assert_eq!((course.search, course.after), (before, Some(content())));
        // One more joins.
        let four = [(1, 500), (2, 500), (3, 0), (4, 0)];
        assert!(course.begin(&seen(&four, &[1, 2, 3, 4], false), &mut backoff, now));
        assert_eq!(course.after, Some(content()), "what was looked at is not looked at again first");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_begun_goes_on_when_a_node_is_back() {
        let (mut course, mut backoff, now) = (Course::default(), Backoff::default(), Instant::now());
        let all = [1, 2, 3];
        // Enough for it to go on, and too little to begin.
        let little = [(1, 10), (2, 10), (3, 7)];
        assert!(course.begin(&seen(&little, &all, false), &mut backoff, now));
        course.is_at_end = true;
        assert!(!course.begin(&seen(&little[..2], &all, true), &mut backoff, now), "there is no target");
        assert!(course.begin(&seen(&little, &all, false), &mut backoff, now));
        course.is_at_end = true;
        assert!(!course.begin(&seen(&[(1, 9), (2, 9), (3, 9)], &all, false), &mut backoff, now));
        assert!(!course.begin(&seen(&little, &all, false), &mut backoff, now), "drift begins nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_plan_of_which_nothing_came_counts_as_no_move_and_an_interrupted_page_is_looked_at_again() {
        let (mut course, mut backoff, now) = (Course::default(), Backoff::default(), Instant::now());
        let uneven = seen(&[(1, 500), (2, 500), (3, 0)], &[1, 2, 3], false);
        course.begin(&uneven, &mut backoff, now);
        let begun = course.search.unwrap();
        (course.after, course.is_at_end) = (None, true);
        course.took(0, true);
        assert!(!course.is_at_end);
        course.is_at_end = true;
        course.took(0, false);
        course.begin(&uneven, &mut backoff, now);
        assert_eq!(course.search, begun.next(&uneven.disks), "less useful moves are looked for");
        let (mut moved, before) = (course.search.unwrap(), course.search);
        moved.has_moved();
        course.is_at_end = true;
        course.took(1, false);
        course.begin(&uneven, &mut backoff, now);
        assert_eq!(course.search, moved.next(&uneven.disks));
        assert_ne!(course.search, before.and_then(|before| before.next(&uneven.disks)));
    }

    #[tokio::test(start_paused = true)]
    async fn looking_in_vain_takes_a_small_part_of_the_time_whatever_was_left() {
        let (mut course, mut backoff, now) = (Course::default(), Backoff::default(), Instant::now());
        let uneven = seen(&[(1, 500), (2, 500), (3, 0)], &[1, 2, 3], false);
        course.begin(&uneven, &mut backoff, now);
        backoff.leave(content(), Reason::Refused, now);
        let reading = Duration::from_secs(7);
        while course.search.is_some() {
            (course.is_at_end, course.reading) = (true, reading);
            course.begin(&uneven, &mut backoff, now);
        }
        assert!(course.is_stuck());
        assert_eq!(course.stuck_until, Some(now + reading * STUCK_INTERVAL_TIMES));
    }
}
