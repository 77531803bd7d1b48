//! The garbage collector: frees the space of contents that nothing refers to, and of shards that no event names.
//!
//! # Input
//! - the state of a ledger: contents without references, generations in use, generations that ended, the horizon
//! - the shards that each storage node lists
//!
//! # Output
//! - `content.reclaimed`: contents ended. It is committed before any shard of them is discarded.
//! - `region.horizon_moved`: uploads that began before a moment cannot be named any more
//! - requests to nodes to discard shards that, by the log, will never be needed again
//!
//! # Never
//! It discards nothing because of a node's report or silence: only the log decides which shards are not needed (ADR
//! 24). No decision that could lose bytes depends on a clock, and none is made while the recounted references differ
//! from the rows. It may be killed at any point and run twice: the next pass over the nodes finds the work that is
//! left.
//!
//! # Layout
//! - [`Gc`]: the worker, one step of all there is to do
//! - `recount`: references counted anew, before anything else; `stopped`: why it does nothing until an operator looks
//! - `horizon`: when the horizon moves
//! - `due`: which contents nothing has referred to for long enough; `reclaim`: ends them
//! - `passes`: which nodes are to be gone through, and when; `sweep`: a pass over one node, page by page; `verdict`: what
//!   the log says of a shard that a node holds
//! - `discard`: shards on their nodes; `meters`: metrics

mod discard;
mod due;
mod horizon;
mod meters;
mod passes;
mod reclaim;
mod recount;
mod stopped;
mod sweep;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::View;
use domain::row::Duty;
use events::ids::{NodeId, RegionName};
use events::lease::{Lease, Term};
use jiff::Timestamp;
use ledger::{Ledger, Snapshot, Sources, StateError};
use shards::{NodeTable, ShardStore, Transport};
use tokio::sync::watch;
use tokio::time::Instant;
use worker::{Handle, Profile, Step, Trouble, Urgency, Worker, latest};

use due::Seen;
use passes::Passes;
use recount::Recounting;
use stopped::Stopped;
use sweep::OfRepair;

/// The name of the worker, of its lease and of its role.
const NAME: &str = "gc";

/// The longest pause after a step in which something was done. It is as long as the step took, so that at most half of
/// the time goes into this.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// How long something may have been due before clients give way to this as much as it does to them: they overwrite and
/// delete faster than its floor takes away.
const LAG_MAX: Duration = Duration::from_secs(30);

/// The interval at which it checks whether the first recount is complete.
const RECOUNT_LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// The pages of a node's list that one step reads while no content may end before that.
const PAGES_AT_FIRST: usize = 16;

/// The longest time between two checks for work: clocks may be set, and a machine may sleep.
const LOOK_INTERVAL_MAX: Duration = Duration::from_mins(1);

/// The shortest time between two checks of a state that keeps changing, if the grace period is longer.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The shortest such time whatever the grace period.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(10);

/// The options of the garbage collector.
#[derive(Debug, Clone)]
pub struct Options {
    /// The region.
    pub region: RegionName,
    /// The grace period: the time for which nothing must have referred to a content before it ends. Reads in progress
    /// have that long to finish.
    pub grace: Duration,
    /// The longest time that an upload may take. Shards of older ones that no event names are discarded.
    pub upload_time_max: Duration,
    /// The number of unnamed shards on one node that is assumed to be left over from uploads.
    pub stray_limits: StrayLimits,
    /// The source of time.
    pub sources: Sources,
    /// Fills a buffer with random bytes. Returns whether there were any.
    pub random: fn(&mut [u8]) -> bool,
}

/// The number of shards that a node may hold without the log naming them. If both limits are exceeded, the log may be
/// the wrong one, and nothing is done until an operator has checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrayLimits {
    /// Shards.
    pub shards: u64,
    /// Thousandths of all that the node holds.
    pub thousandths: u64,
}

impl Default for StrayLimits {
    fn default() -> Self {
        Self { shards: 1_000, thousandths: 100 }
    }
}

/// The garbage collector.
pub struct Gc<T: Transport> {
    options: Options,
    ledger: Ledger,
    store: ShardStore<T>,
    members: watch::Receiver<NodeTable>,
    /// The term in which the last step was taken.
    term: Option<Term>,
    seen: Seen,
    recounting: Recounting,
    passes: Passes,
    /// What repair left on each node, as of the last pass over it.
    of_repair: BTreeMap<NodeId, OfRepair>,
    stopped: Option<Stopped>,
    /// Contents that ended, or may have ended, and whose shards were not discarded yet.
    is_unfinished: bool,
    /// The last event by which an operator asked for work at once.
    asked: Option<u64>,
    /// The event up to which there was nothing to do.
    looked: u64,
}

impl<T: Transport> Gc<T> {
    /// A garbage collector over the state of a ledger and the nodes of a store.
    pub fn new(options: Options, ledger: Ledger, store: ShardStore<T>) -> Self {
        meters::describe();
        let seen = Seen::new(options.grace);
        let members = store.membership().changes();
        Self {
            options,
            ledger,
            store,
            members,
            term: None,
            seen,
            recounting: Recounting::default(),
            passes: Passes::default(),
            of_repair: BTreeMap::new(),
            stopped: None,
            is_unfinished: false,
            asked: None,
            looked: 0,
        }
    }

    fn now(&self) -> Timestamp {
        (self.options.sources.now)()
    }

    /// After a change of term, another process has worked in between, perhaps with another disk or program, so earlier
    /// findings do not count.
    fn begin_term(&mut self, term: Option<Term>) {
        if self.term != term {
            self.term = term;
            self.begin_again();
        }
    }

    fn begin_again(&mut self) {
        self.recounting = Recounting::default();
        self.passes = Passes::default();
        self.stopped = None;
        meters::stopped(false);
    }

    /// Does what operators requested since the last step.
    fn hear_operators(&mut self, handle: &Handle, snapshot: &Snapshot) -> Result<(), StateError> {
        let asked = snapshot.worker(handle.name())?.asked;
        if self.asked.replace(asked).is_some_and(|before| before != asked) {
            tracing::info!("looking at everything, as an operator requested");
            self.begin_again();
        }
        if let Some(Stopped::Strays(found)) = &self.stopped
            && found.is_settled(snapshot)?
        {
            tracing::warn!(node = %found.node, "continuing: an operator confirmed or gave up shards that no event names");
            self.passes.want(found.node.clone());
            self.stopped = None;
            meters::stopped(false);
        }
        Ok(())
    }

    /// Stops until an operator has checked.
    fn stop(&mut self, why: Stopped) -> Trouble {
        let trouble = why.trouble();
        tracing::error!(%why, "the garbage collector has stopped");
        meters::stopped(true);
        self.stopped = Some(why);
        trouble
    }

    /// Whether the shards of enough nodes were listed: they reveal a wrong log.
    fn is_first_over(&self) -> Result<bool, Trouble> {
        let nodes = latest(&self.ledger)?.list_nodes()?.into_iter().filter(|(_, row)| row.duty.is != Duty::Removed);
        let nodes: BTreeSet<NodeId> = nodes.map(|(node, _)| node).collect();
        Ok(self.passes.is_first_over(&nodes))
    }

    /// The time until something may be due.
    fn rest(&self, next_due: Option<Timestamp>) -> Duration {
        let now = self.now();
        let until = |time: Timestamp| Duration::try_from(time.duration_since(now)).unwrap_or_default();
        // By the other clock it is due after the grace period, whatever this one says.
        let due = next_due.map_or(LOOK_INTERVAL_MAX, |due| until(due).min(self.options.grace));
        let horizon = horizon::interval(self.options.upload_time_max);
        let passes = self.passes.rest(Instant::now());
        due.min(horizon).min(passes).clamp(self.look_pause(), LOOK_INTERVAL_MAX)
    }

    fn look_pause(&self) -> Duration {
        (self.options.grace / 4).clamp(LOOK_PAUSE_MIN, LOOK_PAUSE)
    }
}

impl<T: Transport> Worker for Gc<T> {
    fn profile(&self) -> Profile {
        Profile {
            name: NAME,
            about: "Gives back the room of contents without references and of shards that no event names.",
            unit: "contents and strays",
            lease: Some(Lease::Gc),
            rate: None,
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        self.begin_term(handle.term());
        let (snapshot, begun) = (latest(&self.ledger)?, Instant::now());
        self.hear_operators(handle, &snapshot)?;
        if let Some(why) = &self.stopped {
            return Err(why.trouble());
        }
        if std::mem::take(&mut self.is_unfinished) {
            self.passes.round_now();
        }
        self.looked = snapshot.cursor()?.sequence;
        self.seen.note(begun, self.looked);
        let is_counting = self.recount(handle).await?;
        if !self.recounting.is_over() {
            return Ok(Step::After(RECOUNT_LOOK_INTERVAL));
        }
        let is_moving = self.move_horizon(handle, &snapshot).await?;
        let (mut is_sweeping, mut pages) = (self.sweep(handle).await?, 1);
        while is_sweeping && pages < PAGES_AT_FIRST && begun.elapsed() < PAUSE_MAX && !self.is_first_over()? {
            is_sweeping = self.sweep(handle).await?;
            pages += 1;
        }
        let reclaimed = if self.is_first_over()? { Some(self.reclaim(handle).await?) } else { None };
        if is_moving || is_sweeping || reclaimed.as_ref().is_some_and(|found| found.is_more) {
            let is_late = reclaimed.as_ref().is_some_and(|found| found.lag >= LAG_MAX);
            let urgency = if is_late { Urgency::Urgent } else { Urgency::CanWait };
            let took = begun.elapsed();
            return Ok(Step::After(took.min(PAUSE_MAX).max(handle.rest(took, urgency))));
        }
        if is_counting {
            return Ok(Step::After(self.look_pause()));
        }
        if reclaimed.is_none() {
            handle.say("waits: nothing ends before half of the nodes, and all that answer, were gone through");
        }
        Ok(Step::Idle(self.rest(reclaimed.and_then(|found| found.next_due))))
    }

    fn lost(&mut self) {
        meters::lost();
    }

    async fn wake(&mut self) {
        tokio::time::sleep(self.look_pause()).await;
        let mut progress = self.ledger.progress();
        let (looked, members) = (self.looked, &mut self.members);
        tokio::select! {
            // Both ends are for the next step to see.
            _ = progress.wait_for(|progress| progress.cursor.sequence != looked || progress.failed.is_some()) => {}
            _ = members.changed() => {}
        }
    }
}
