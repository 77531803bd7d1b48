//! Goes through all contents, again and again, for shards whose move makes the fills of nodes more even. There is no queue:
//! what is worth a move is found anew in each pass, so nothing is lost with this.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::balance::{BEGIN, Disks, END, Search};
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

/// That time is so many times that of reading all rows, if that is longer.
const STUCK_INTERVAL_TIMES: u32 = 100;

/// What is known of the passes.
#[derive(Debug)]
pub(crate) struct Course {
    search: Option<Search>,
    /// The last content that the pass has looked at.
    after: Option<ContentId>,
    /// How long it took so far to read the rows of the pass.
    reading: Duration,
    /// Whether it goes on with what may have been begun before it was left, by another process or by this one.
    goes_on: bool,
    /// The nodes of which the search knows. Others are a reason to begin anew.
    nodes: BTreeSet<NodeId>,
    /// Before this, nothing is looked for with the same nodes: what could be moved was.
    stuck_until: Option<Instant>,
}

/// A shard that is to move, and where to.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) owed: Owed,
    pub(crate) to: NodeId,
}

/// What nodes and contents are like at one point of the log.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) nodes: &'a Nodes,
    pub(crate) now: Instant,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            search: None,
            after: None,
            reading: Duration::ZERO,
            goes_on: true,
            nodes: BTreeSet::new(),
            stuck_until: None,
        }
    }
}

impl Course {
    /// Begins to look for moves if the fills are uneven enough. Returns whether something is looked for.
    pub(crate) fn begin(&mut self, disks: &Disks, now: Instant) -> bool {
        let nodes = disks.names();
        if self.nodes != nodes {
            *self = Self { nodes, goes_on: self.goes_on || self.search.is_some(), ..Self::default() };
        }
        if self.search.is_none() && self.stuck_until.is_none_or(|until| until <= now) {
            let band = if std::mem::take(&mut self.goes_on) { END } else { BEGIN };
            self.search = Search::begin(disks, band);
        }
        self.search.is_some()
    }

    /// Whether the fills are uneven, and no content can make them less so.
    pub(crate) fn is_stuck(&self) -> bool {
        self.search.is_none() && self.stuck_until.is_some()
    }

    /// The next shards that are to move.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn page(
        &mut self,
        mut disks: Disks,
        backoff: &mut Backoff,
        Seen { snapshot, nodes, now }: Seen<'_>,
    ) -> Result<Vec<Planned>, StateError> {
        let Some(mut search) = self.search else { return Ok(Vec::new()) };
        let (mut planned, mut bytes, begun) = (Vec::new(), 0, Instant::now());
        let rows = snapshot.list_contents(self.after.as_ref(), ROWS_MAX)?;
        let is_last = rows.len() < ROWS_MAX;
        for (content, row) in rows {
            let shard_bytes = row.placement.layout.shard_bytes(row.size);
            let is_full = planned.len() == PAGE_MOVES_MAX || bytes + shard_bytes > PAGE_BYTES_MAX;
            if is_full && !planned.is_empty() {
                self.search = Some(search);
                self.reading += begun.elapsed();
                return Ok(planned);
            }
            self.after = Some(content);
            let Some(shards) = movable(&content, &row, nodes).filter(|_| !backoff.is_left(&content, now)) else {
                continue;
            };
            let Some(chosen) = disks.best_move(&shards, shard_bytes, &search) else { continue };
            let Some(shard) = shards.into_iter().find(|shard| shard.index == chosen.index) else { continue };
            disks.moved(&chosen, shard_bytes);
            search.has_moved();
            bytes += shard_bytes;
            let shards = vec![OwedShard { shard, cause: PlaceCause::Balance }];
            planned.push(Planned { owed: Owed { content, row, margin: Margin::Two, shards }, to: chosen.to });
        }
        self.search = Some(search);
        self.reading += begun.elapsed();
        if is_last {
            self.end_pass(search, &disks, backoff, now);
            backoff.forget_released();
            backoff.release(now);
        }
        Ok(planned)
    }

    fn end_pass(&mut self, search: Search, disks: &Disks, backoff: &Backoff, now: Instant) {
        self.search = search.next(disks);
        let is_stuck = self.search.is_none() && Search::begin(disks, END).is_some();
        let later = now + STUCK_INTERVAL_MIN.max(self.reading * STUCK_INTERVAL_TIMES);
        // What could not be moved when it was tried is tried again before that.
        self.goes_on = is_stuck;
        self.stuck_until = is_stuck.then(|| backoff.next().map_or(later, |next| next.min(later)));
        (self.after, self.reading) = (None, Duration::ZERO);
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
