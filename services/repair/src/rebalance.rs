//! The worker that moves shards from fuller nodes to emptier ones.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use domain::View;
use domain::balance::{Disk, Disks};
use domain::row::Condition;
use events::Fact;
use events::ids::NodeId;
use events::lease::Lease;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ledger::{Ledger, Snapshot, StateError};
use shards::{ShardStore, Transport};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use worker::{Handle, Profile, Step, Trouble, Urgency, Worker, latest};

use crate::backoff::{Backoff, Reason};
use crate::batch::{Committed, Repaired, Rest};
use crate::counted::{Count, Counted, First};
use crate::course::{Course, Planned, Seen};
use crate::mend::{Mended, Mender, NotMended};
use crate::pace::{ALIVE_INTERVAL, Paced, Progress};
use crate::pressure::Pressure;
use crate::ready::Ready;
use crate::repair::{CONTENTS_MAX, LEVEL_PAUSE};
use crate::standing::{Absences, Nodes};
use crate::{Options, meters};

/// The rate unless another one is set, in bytes of moved shards a second.
const BYTES_PER_SECOND: u64 = 32 * 1024 * 1024;

/// The time from one look at the fills to the next while nothing has to move, or something else goes first.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The shortest time between two looks because a node came or went.
const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// The time until the next try if none of the shards of a page could be moved.
const FAILED_PAUSE: Duration = Duration::from_secs(5);

/// How long a node is left alone that did not take a shard. Others get theirs meanwhile.
const TARGET_PAUSE: Duration = Duration::from_secs(10);

/// What is said while fills are uneven and no content may move.
const STUCK: &str = "no shard can move to an emptier node, for the safety of its content or for want of room";

/// Moves shards from fuller nodes to emptier ones, while nothing is owed.
pub struct Rebalance<T: Transport> {
    options: Options,
    mender: Mender<T>,
    pressure: Arc<Pressure>,
    absences: Absences,
    counted: Counted,
    /// Wakes when repair has counted.
    counts: watch::Receiver<Option<Count>>,
    course: Course,
    backoff: Backoff,
    /// Nodes that did not take a shard a moment ago, and until when they are left alone.
    resting: BTreeMap<NodeId, Instant>,
    /// The last event by which an operator asked for work at once.
    asked: Option<u64>,
    said: String,
}

impl<T: Transport> Rebalance<T> {
    /// A worker that writes through `store`, after repair, which counts what is owed. Must be called within a tokio runtime.
    pub fn new(options: Options, ledger: Ledger, store: ShardStore<T>, counted: Counted) -> Self {
        meters::describe();
        let mender = Mender { store, ledger, sources: options.sources.clone(), claims: counted.claims.clone() };
        Self {
            options,
            mender,
            pressure: Pressure::new(Instant::now()),
            absences: Absences::default(),
            counts: counted.changes(),
            counted,
            course: Course::default(),
            backoff: Backoff::default(),
            resting: BTreeMap::new(),
            asked: None,
            said: String::new(),
        }
    }

    /// Begins anew if an operator asked for that since the last step.
    fn hear_operators(&mut self, handle: &Handle, snapshot: &Snapshot) -> Result<(), StateError> {
        let asked = snapshot.worker(handle.name())?.asked;
        if self.asked.replace(asked).is_some_and(|before| before != asked) {
            tracing::info!("comparing the fills of all nodes, as an operator requested");
            (self.course, self.backoff) = (Course::default(), Backoff::default());
        }
        Ok(())
    }

    fn nodes(&mut self, snapshot: &Snapshot, now: Instant) -> Result<Nodes, StateError> {
        let rows = snapshot.list_nodes()?.into_iter().collect();
        let candidates = self.mender.store.membership().candidates();
        let time = (self.options.sources.now)();
        Ok(Nodes::new(rows, &candidates, &mut self.absences, self.options.repair_after, (time, now)))
    }

    /// The nodes that can be read from, and which of them may take shards.
    fn disks(&mut self, snapshot: &Snapshot, nodes: &Nodes, now: Instant) -> Result<Seen, StateError> {
        self.resting.retain(|_, until| *until > now);
        let usable: BTreeSet<NodeId> = nodes.usable().cloned().collect();
        let (mut disks, mut takers) = (Vec::new(), 0);
        for holder in self.mender.store.membership().holders() {
            let Some(row) = snapshot.node(&holder.node)? else { continue };
            if !nodes.is_asked(&holder.node) {
                continue;
            }
            let may_take = nodes.open().contains(&holder.node) && row.condition.is == Condition::Healthy;
            let placed_bytes = snapshot.node_usage(&holder.node)?.bytes;
            if !may_take && placed_bytes == 0 {
                // It has no part in how evenly shards lie.
                continue;
            }
            let is_prompt = self.mender.store.is_prompt(&holder.node) && !self.resting.contains_key(&holder.node);
            let takes = may_take && is_prompt;
            takers += usize::from(takes && usable.contains(&holder.node));
            let disk = Disk { zone: holder.zone, placed_bytes, free_bytes: holder.free_bytes, takes };
            disks.push((holder.node, disk));
        }
        let lacks_some = takers < usable.len();
        Ok(Seen { disks: disks.into_iter().collect(), usable, lacks_some })
    }

    async fn go_on(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let (now, snapshot) = (Instant::now(), latest(&self.mender.ledger)?);
        if snapshot.totals()?.level < Fact::TAGS_LEVEL {
            handle.say("the region's level has no facts about moved shards yet");
            return Ok(Step::Idle(LEVEL_PAUSE));
        }
        self.hear_operators(handle, &snapshot)?;
        let nodes = self.nodes(&snapshot, now)?;
        let seen = self.disks(&snapshot, &nodes, now)?;
        let is_uneven = self.course.begin(&seen, &mut self.backoff, now);
        let first = self.counted.first(&snapshot)?;
        self.tell(handle, &seen.disks, first.as_ref());
        if first.is_some() || !is_uneven {
            return Ok(Step::Idle(LOOK_INTERVAL));
        }
        let planned = self.course.page(seen.disks, &self.backoff, (&snapshot, &nodes), now)?;
        drop(snapshot);
        if planned.is_empty() {
            // At most half of a core goes into looking.
            let took = now.elapsed();
            return Ok(Step::After(took.max(handle.rest(took, Urgency::CanWait))));
        }
        let resting = self.resting.len();
        let moved = self.move_all(planned, &nodes, handle).await;
        self.course.took(moved.shards, moved.is_interrupted);
        // Without a target that takes nothing, the next page is another one.
        let is_news = moved.shards > 0 || self.resting.len() > resting;
        moved.trouble.map_or(Ok(if is_news { Step::More } else { Step::After(FAILED_PAUSE) }), Err)
    }

    /// Moves these shards, several at a time, and has their new places recorded as they are ready.
    async fn move_all(&mut self, planned: Vec<Planned>, nodes: &Nodes, handle: &Handle) -> Moved {
        let Self { mender, pressure, counted, backoff, resting, .. } = self;
        let (mender, progress) = (&*mender, Progress::new(Instant::now()));
        let pace = Paced { handle, pressure, urgency: Urgency::CanWait, progress: &progress };
        let (mut waiting, mut mending, mut committing) =
            (planned.into_iter(), FuturesUnordered::new(), FuturesUnordered::new());
        let (mut ready, mut moved) = (Ready::default(), Moved::default());
        let mut first = std::pin::pin!(something_first(&mender.ledger, counted, |_| true));
        loop {
            while mending.len() < CONTENTS_MAX
                && let Some(next) = waiting.find(|planned| !resting.contains_key(&planned.to))
            {
                mending.push(move_one(mender, next, &pace));
            }
            if let Some(written) = ready.take(mending.is_empty()) {
                committing.push(mender.commit(written, nodes, handle));
            }
            if mending.is_empty() && committing.is_empty() {
                return moved;
            }
            tokio::select! {
                Some((to, outcome)) = mending.next() => {
                    progress.made();
                    match outcome {
                        Ok(written) => ready.push(written),
                        Err((content, reason)) => {
                            if reason == Reason::NoRoom {
                                resting.insert(to, Instant::now() + TARGET_PAUSE);
                            }
                            leave(backoff, content, reason);
                        }
                    }
                }
                Some(committed) = committing.next() => {
                    progress.made();
                    if moved.count(committed, backoff, handle) {
                        // What is not placed yet is discarded. What is being placed comes to its end.
                        waiting = Vec::new().into_iter();
                        mending.clear();
                        ready = Ready::default();
                    }
                }
                found = &mut first => {
                    tracing::info!(first = %found, "moving no more shards for now");
                    moved.is_interrupted = true;
                    waiting = Vec::new().into_iter();
                    if found.is_urgent() {
                        mending.clear();
                    }
                    first.set(something_first(&mender.ledger, counted, First::is_urgent));
                }
                () = ready.due() => {}
                () = sleep(ALIVE_INTERVAL) => {
                    if progress.is_recent() {
                        handle.alive();
                    }
                }
            }
        }
    }

    /// Says how even the fills are, and what keeps shards from moving.
    fn tell(&mut self, handle: &Handle, disks: &Disks, first: Option<&First>) {
        let fills = disks.fills();
        let left = if self.course.is_done(disks) { 0 } else { disks.surplus_bytes() };
        meters::filled(fills, left);
        handle.left(Some(left));
        let state = match (first, self.course.is_under_way()) {
            (Some(first), _) => format!("moves nothing while {first}"),
            (None, true) => "shards are moving".into(),
            (None, false) if self.course.is_stuck() => STUCK.into(),
            (None, false) => "no shard has to move".into(),
        };
        let percent = |fill: f64| fill * 100.0;
        let (mean, lowest, highest) = (percent(fills.mean), percent(fills.lowest), percent(fills.highest));
        self.say(
            handle,
            format!(
                "{state}; nodes are filled to {mean:.2} % on average, the emptiest to {lowest:.2} % and the fullest to \
                 {highest:.2} %"
            ),
        );
    }

    fn say(&mut self, handle: &Handle, sentence: String) {
        if self.said != sentence {
            handle.say(&sentence);
            self.said = sentence;
        }
    }
}

/// What became of a page.
#[derive(Default)]
struct Moved {
    shards: usize,
    /// Something came first, and the rest was not begun.
    is_interrupted: bool,
    trouble: Option<Trouble>,
}

impl Moved {
    /// Counts what was recorded. Returns whether that went wrong.
    fn count(&mut self, Committed { repaired, trouble }: Committed, backoff: &mut Backoff, handle: &Handle) -> bool {
        for Repaired { content, causes, bytes, rest, .. } in repaired {
            match rest {
                Rest::Nothing => backoff.forget(&content),
                Rest::Unplaced | Rest::Refused => leave(backoff, content, Reason::Refused),
            }
            self.shards += causes.len();
            meters::moved(causes.len(), bytes);
            handle.done(bytes);
        }
        let is_trouble = trouble.is_some();
        self.trouble = trouble.or_else(|| self.trouble.take());
        is_trouble
    }
}

/// Writes a shard to its target. Returns that, too.
async fn move_one<T: Transport>(
    mender: &Mender<T>,
    planned: Planned,
    pace: &Paced<'_>,
) -> (NodeId, Result<Mended<T>, NotMended>) {
    let outcome = mender.mend_on(&planned.to, planned.owed, pace).await;
    (planned.to, outcome)
}

/// Waits until something of this kind has to be done before shards move.
async fn something_first(ledger: &Ledger, counted: &Counted, is_meant: fn(&First) -> bool) -> First {
    let mut progress = ledger.progress();
    loop {
        // What cannot be read is for the next step to say.
        if let Ok(Some(first)) = counted.first(&ledger.latest())
            && is_meant(&first)
        {
            return first;
        }
        if progress.changed().await.is_err() {
            // The ledger has stopped: the commit finds that.
            return std::future::pending().await;
        }
        sleep(LOOK_PAUSE).await;
    }
}

/// Leaves a content for a while.
fn leave(backoff: &mut Backoff, content: events::ids::ContentId, reason: Reason) {
    meters::not_moved(reason.as_str());
    backoff.leave(content, reason, Instant::now());
}

impl<T: Transport> Worker for Rebalance<T> {
    fn profile(&self) -> Profile {
        Profile {
            name: "rebalance",
            about: "Moves shards from fuller nodes to emptier ones.",
            unit: "bytes",
            lease: Some(Lease::Repair),
            rate: NonZeroU64::new(BYTES_PER_SECOND),
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        self.go_on(handle).await
    }

    fn lost(&mut self) {
        self.course = Course::default();
    }

    async fn wake(&mut self) {
        let mut members = self.mender.store.membership().changes();
        tokio::select! {
            _changed = members.changed() => sleep(LOOK_PAUSE).await,
            _counted = self.counts.changed() => {}
        }
    }
}
