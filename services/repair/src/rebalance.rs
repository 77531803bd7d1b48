//! The worker that moves shards from fuller nodes to emptier ones.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use domain::View;
use domain::balance::{Disk, Disks};
use domain::row::Condition;
use events::Fact;
use events::lease::Lease;
use futures_util::{StreamExt, stream};
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

/// Shards of a content for which a node is looked for that is not slow: as many as a content has at most.
const SHARDS_MAX: usize = 6;

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
    fn disks(&self, snapshot: &Snapshot, nodes: &Nodes) -> Result<Disks, StateError> {
        let prompt = self.mender.store.candidates(&[], SHARDS_MAX);
        let mut disks = Vec::new();
        for holder in self.mender.store.membership().holders() {
            let Some(row) = snapshot.node(&holder.node)? else { continue };
            if !nodes.is_asked(&holder.node) {
                continue;
            }
            let is_prompt = prompt.iter().any(|candidate| candidate.node == holder.node);
            let takes = is_prompt && nodes.open().contains(&holder.node) && row.condition.is == Condition::Healthy;
            let placed_bytes = snapshot.node_usage(&holder.node)?.bytes;
            let disk = Disk { zone: holder.zone, placed_bytes, free_bytes: holder.free_bytes, takes };
            disks.push((holder.node, disk));
        }
        Ok(disks.into_iter().collect())
    }

    async fn go_on(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let (now, snapshot) = (Instant::now(), latest(&self.mender.ledger)?);
        if snapshot.totals()?.level < Fact::TAGS_LEVEL {
            handle.say("the region's level has no facts about moved shards yet");
            return Ok(Step::Idle(LEVEL_PAUSE));
        }
        self.hear_operators(handle, &snapshot)?;
        if let Some(first) = self.counted.first(&snapshot)? {
            self.say(handle, format!("moves nothing while {first}"));
            return Ok(Step::Idle(LOOK_INTERVAL));
        }
        let nodes = self.nodes(&snapshot, now)?;
        let disks = self.disks(&snapshot, &nodes)?;
        let is_uneven = self.course.begin(&disks, now);
        self.tell(handle, &disks, is_uneven);
        if !is_uneven {
            return Ok(Step::Idle(LOOK_INTERVAL));
        }
        let seen = Seen { snapshot: &snapshot, nodes: &nodes, now };
        let planned = self.course.page(disks, &mut self.backoff, seen)?;
        drop(snapshot);
        if planned.is_empty() {
            // At most half of a core goes into looking.
            let took = now.elapsed();
            return Ok(Step::After(took.max(handle.rest(took, Urgency::CanWait))));
        }
        let moved = self.move_all(planned, &nodes, handle).await?;
        Ok(if moved > 0 { Step::More } else { Step::After(FAILED_PAUSE) })
    }

    /// Moves these shards, and has their new places recorded. Returns how many moved.
    async fn move_all(&mut self, planned: Vec<Planned>, nodes: &Nodes, handle: &Handle) -> Result<usize, Trouble> {
        let Self { mender, pressure, counted, backoff, .. } = self;
        let (mender, progress) = (&*mender, Progress::new(Instant::now()));
        let pace = Paced { handle, pressure, urgency: Urgency::CanWait, progress: &progress };
        let mend = |planned: Planned| {
            let pace = &pace;
            async move { mender.mend_on(&planned.to, planned.owed, pace).await }
        };
        let mending = stream::iter(planned).map(mend).buffer_unordered(CONTENTS_MAX);
        let written = gather(mending, mender, counted, (handle, &progress)).await;
        let mut mended = Vec::new();
        for outcome in written {
            match outcome {
                Ok(written) => mended.push(written),
                Err((content, reason)) => leave(backoff, content, reason),
            }
        }
        let mut moved = 0;
        let Committed { repaired, trouble } = mender.commit(mended, nodes, handle).await;
        for Repaired { content, causes, bytes, rest, .. } in repaired {
            match rest {
                Rest::Nothing => backoff.forget(&content),
                Rest::Unplaced | Rest::Refused => leave(backoff, content, Reason::Refused),
            }
            moved += causes.len();
            meters::moved(causes.len(), bytes);
            handle.done(bytes);
        }
        trouble.map_or(Ok(moved), Err)
    }

    /// Says how even the fills are.
    fn tell(&mut self, handle: &Handle, disks: &Disks, is_uneven: bool) {
        let left = if is_uneven { disks.surplus_bytes() } else { 0 };
        meters::filled(disks.fills(), left);
        handle.left(Some(left));
        let fills = disks.fills();
        let state = match (is_uneven, self.course.is_stuck()) {
            (true, _) => "shards are moving",
            (false, false) => "no shard has to move",
            (false, true) => "no shard can move to an emptier node, for the safety of its content or for want of room",
        };
        let percent = |fill: f64| fill * 100.0;
        self.say(
            handle,
            format!(
                "{state}; nodes are filled to {:.2} % on average, the emptiest to {:.2} % and the fullest to {:.2} %",
                percent(fills.mean),
                percent(fills.lowest),
                percent(fills.highest)
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

/// Waits until all shards are written, or something has to be done before they move: then those that are not written yet are
/// given up.
async fn gather<T: Transport>(
    mending: impl stream::Stream<Item = Result<Mended<T>, NotMended>>,
    mender: &Mender<T>,
    counted: &Counted,
    (handle, progress): (&Handle, &Progress),
) -> Vec<Result<Mended<T>, NotMended>> {
    let mut written = Vec::new();
    let mut mending = std::pin::pin!(mending);
    let mut interrupted = std::pin::pin!(something_first(&mender.ledger, counted));
    loop {
        tokio::select! {
            next = mending.next() => match next {
                Some(outcome) => {
                    progress.made();
                    written.push(outcome);
                }
                None => return written,
            },
            first = &mut interrupted => {
                tracing::info!(%first, "moving no more shards for now");
                return written;
            }
            () = sleep(ALIVE_INTERVAL) => {
                if progress.is_recent() {
                    handle.alive();
                }
            }
        }
    }
}

/// Waits until something has to be done before shards move.
async fn something_first(ledger: &Ledger, counted: &Counted) -> First {
    let mut progress = ledger.progress();
    loop {
        // What cannot be read is for the next step to say.
        if let Ok(Some(first)) = counted.first(&ledger.latest()) {
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
