//! The worker that compares what nodes list with what the log names.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::time::Duration;

use domain::row::{Duty, NodeRow};
use domain::{Command, NoteHealth, View};
use events::content::Fault;
use events::ids::{ContentId, NodeId};
use events::lease::Lease;
use futures_util::{StreamExt, TryStreamExt, stream};
use inventory::{Found, Looked, Named, Seen, Stretch, Walk, WalkError, findings, look};
use ledger::{CommitError, Ledger, Snapshot, StateError};
use shards::{Condition, IncidentKind, Inspection, ShardStore, StoredContent, Transport};
use tokio::time::Instant;
use worker::{Failpoint, Handle, Profile, Step, Trouble, Urgency, Worker, latest};

use crate::hints::{Damage, Hints, ToLookAt, Waiting};
use crate::{Options, meters};

/// The rate unless another one is set, in shards a second: ten million of them are listed in less than an hour.
const SHARDS_PER_SECOND: u64 = 4_000;

/// Facts about contents that are asked for at a time.
const FACTS_AT_ONCE_MAX: usize = 64;

/// The time for which a node is left after it came online: it may be busy, and shards of the time before on their way.
const RETURN_PAUSE: Duration = Duration::from_secs(5);

/// The time after which a node that can be reached and did not answer is looked at again. Each further one is twice as
/// long.
const SILENT_PAUSE: Duration = Duration::from_mins(1);

/// The longest such time.
const SILENT_PAUSE_MAX: Duration = Duration::from_hours(1);

/// Contents whose shards are read by their nodes at a time.
const INSPECTIONS_MAX: usize = 16;

/// The longest time until a look at what is to be done.
const IDLE_TIME_MAX: Duration = Duration::from_mins(1);

/// Finds what no message told: shards that nodes do not have although the log names them.
pub struct Scan<T: Transport> {
    options: Options,
    store: ShardStore<T>,
    ledger: Ledger,
    waiting: Waiting,
    /// Contents that are being looked at: if that does not come to its end, they wait again.
    looking: ToLookAt,
    pass: Option<Pass<T>>,
    /// A pass over all nodes that goes on after the present one, over nodes that came back.
    suspended: Option<Pass<T>>,
    /// How many stretches that pass goes on for before nodes that came back have their turn again: as many as the pass
    /// before it had. Otherwise a node that comes and goes all the time would keep all others from being looked at.
    stretches_owed: u64,
    /// How often each node had come online when it was last looked at.
    arrivals: BTreeMap<NodeId, u64>,
    /// Nodes that came online, and when they are to be looked at.
    returned: BTreeMap<NodeId, Instant>,
    /// The pause after which each node that did not answer is looked at again.
    silent: BTreeMap<NodeId, Duration>,
    /// When the next pass over all nodes is due.
    next: Instant,
    /// The last event by which an operator asked for work at once.
    asked: Option<u64>,
}

/// A pass that is under way.
struct Pass<T: Transport> {
    walk: Walk<T>,
    nodes: BTreeSet<NodeId>,
    is_over_all: bool,
    stretches: u64,
    shards: u64,
    found: u64,
}

impl<T: Transport> Scan<T> {
    /// A worker that begins with a pass over all nodes. Must be called within a tokio runtime.
    pub fn new(options: Options, ledger: Ledger, store: ShardStore<T>, hints: Hints) -> Self {
        meters::describe();
        let (arrivals, returned) = (store.membership().arrivals(), BTreeMap::new());
        let (waiting, next) = (Waiting::new(hints), Instant::now());
        let (looking, pass, suspended, stretches_owed) = (ToLookAt::default(), None, None, 0);
        let silent = BTreeMap::new();
        Self {
            options,
            store,
            ledger,
            waiting,
            looking,
            pass,
            suspended,
            stretches_owed,
            arrivals,
            returned,
            silent,
            next,
            asked: None,
        }
    }

    /// Begins anew if an operator asked for that since the last step.
    fn hear_operators(&mut self, handle: &Handle, snapshot: &Snapshot, now: Instant) -> Result<(), StateError> {
        let asked = snapshot.worker(handle.name())?.asked;
        if self.asked.replace(asked).is_some_and(|before| before != asked) {
            tracing::info!("comparing all shards on the nodes with the log, as an operator requested");
            (self.pass, self.suspended, self.stretches_owed, self.next) = (None, None, 0, now);
        }
        Ok(())
    }

    /// Remembers nodes that came online since the last look.
    fn see_arrivals(&mut self, now: Instant) {
        let arrivals = self.store.membership().arrivals();
        for (node, count) in &arrivals {
            if self.arrivals.get(node) != Some(count) {
                self.returned.insert(node.clone(), now + RETURN_PAUSE);
            }
        }
        self.arrivals = arrivals;
    }

    /// Begins a pass if one is due. One over nodes that came back begins before one over all goes on.
    fn begin(&mut self, now: Instant) -> Result<(), StateError> {
        let nodes = serving(&self.ledger.latest())?;
        if self.pass.is_none() {
            self.pass = if self.stretches_owed > 0 { self.suspended.take() } else { None };
        }
        if self.pass.is_none() {
            self.stretches_owed = 0;
        }
        let back: BTreeSet<NodeId> =
            self.returned.iter().filter(|(_, due)| **due <= now).map(|(node, _)| node.clone()).collect();
        let is_interrupted = self.pass.as_ref().is_none_or(|pass| pass.is_over_all && self.stretches_owed == 0);
        if !back.is_empty() && is_interrupted {
            self.returned.retain(|node, _| !back.contains(node));
            let back: BTreeSet<NodeId> = back.into_iter().filter(|node| nodes.contains_key(node)).collect();
            if !back.is_empty() {
                if let Some(pass) = self.pass.take() {
                    self.suspended = Some(pass);
                }
                self.pass = Some(self.pass_over(back, false));
            }
        }
        if self.pass.is_none() {
            self.pass = self.suspended.take();
        }
        if self.pass.is_none() && now >= self.next {
            self.next = now + self.options.scan_interval;
            self.pass = Some(self.pass_over(nodes.into_keys().collect(), true));
        }
        Ok(())
    }

    fn pass_over(&self, nodes: BTreeSet<NodeId>, is_over_all: bool) -> Pass<T> {
        tracing::info!(?nodes, "comparing the shards on the nodes with the log");
        let walk = Walk::new(self.store.clone(), self.ledger.clone(), nodes.iter().cloned(), false);
        Pass { walk, nodes, is_over_all, stretches: 0, shards: 0, found: 0 }
    }

    /// Goes on with the pass that is under way, in a step that began at `begun`.
    async fn go_on(&mut self, handle: &Handle, begun: Instant) -> Result<Step, Trouble> {
        let Some(pass) = &mut self.pass else { return Ok(Step::Idle(self.idle_time(Instant::now()))) };
        // Without a node that answers there is nothing to compare.
        let is_over = pass.walk.silent().len() == pass.nodes.len();
        let stretch = if is_over { None } else { pass.walk.next().await.map_err(|error| trouble(&error))? };
        let Some(stretch) = stretch else {
            let Some(pass) = self.pass.take() else { return Ok(Step::More) };
            pass.tell(handle);
            if !pass.is_over_all {
                self.stretches_owed = pass.stretches;
            }
            self.visit_again(&pass, Instant::now());
            return Ok(Step::More);
        };
        let doubtful = doubtful(&stretch)?;
        let (listed, contents, of) = (stretch.listed, stretch.contents_so_far, stretch.snapshot.totals()?.contents);
        drop(stretch);
        // They are looked at before the next stretch is, also if this step does not come to its end.
        self.waiting.add_found(doubtful);
        handle.reached(Failpoint::RepairListed).await;
        meters::scanned(listed);
        handle.done(listed);
        if let Some(pass) = &mut self.pass {
            pass.shards += listed;
            pass.stretches += 1;
            if pass.is_over_all {
                self.stretches_owed = self.stretches_owed.saturating_sub(1);
            }
            let per_content = pass.shards / contents.max(1);
            handle.left(Some(of.saturating_sub(contents) * per_content));
        }
        let rest = handle.rest(begun.elapsed(), Urgency::CanWait);
        handle.spend(listed).await;
        Ok(Step::After(rest))
    }

    /// Nodes that are there, and were too busy to answer, are looked at again soon.
    fn visit_again(&mut self, pass: &Pass<T>, now: Instant) {
        let silent = pass.walk.silent();
        self.silent.retain(|node, _| silent.contains(node) || !pass.nodes.contains(node));
        for node in silent.iter().filter(|node| self.store.membership().is_reachable(node)) {
            let pause = self.silent.get(node).map_or(SILENT_PAUSE, |pause| (*pause * 2).min(SILENT_PAUSE_MAX));
            self.silent.insert(node.clone(), pause);
            self.returned.entry(node.clone()).or_insert(now + pause);
        }
    }

    /// Looks at contents that may lack shards, and records what is news.
    async fn look(&mut self, ToLookAt { contents, read }: &ToLookAt, handle: &Handle) -> Result<(), Trouble> {
        let mut looked = look(&self.store, &self.ledger, contents, (self.options.sources.now)())
            .await
            .map_err(|error| trouble(&error))?;
        handle.alive();
        let inspected = self.read_through(&mut looked, read).await;
        handle.alive();
        self.record_news(&looked, handle).await?;
        // What the log knows by now is suspect no more.
        for (stored, inspection) in inspected {
            let answered = inspection.shards.iter().filter(|found| found.condition != Condition::Unknown);
            self.store.clear_suspects(&stored, &inspection, answered.map(|found| found.shard));
        }
        Ok(())
    }

    /// Has nodes read the shards in which reads of this process found something: of such damage a node knows nothing if
    /// the read did not pass through it.
    async fn read_through(
        &self,
        looked: &mut [Looked],
        read: &BTreeMap<ContentId, Damage>,
    ) -> Vec<(StoredContent, Inspection)> {
        let of_read = looked.iter().filter(|looked| read.contains_key(&looked.content));
        let stored: Vec<StoredContent> =
            of_read.map(|looked| StoredContent::of_row(looked.content, looked.row.clone())).collect();
        let inspected = stream::iter(stored).map(|stored| inspect(&self.store, stored));
        let inspected: Vec<_> = inspected.buffered(INSPECTIONS_MAX).collect().await;
        let of_read = looked.iter_mut().filter_map(|looked| Some((read.get(&looked.content)?, looked)));
        for ((damage, looked), (_, inspection)) in of_read.zip(&inspected) {
            see(looked, inspection, damage);
        }
        inspected
    }

    async fn record_news(&mut self, looked: &[Looked], handle: &Handle) -> Result<(), Trouble> {
        let nodes: BTreeMap<NodeId, NodeRow> = self.ledger.latest().list_nodes()?.into_iter().collect();
        let news =
            looked.iter().map(|looked| NoteHealth { content: looked.content, findings: findings(looked, &nodes) });
        let news: Vec<NoteHealth> = news.filter(|note| !note.findings.is_empty()).collect();
        if news.is_empty() {
            return Ok(());
        }
        handle.reached(Failpoint::RepairLooked).await;
        tracing::info!(contents = news.len(), "shards that the log names are missing on nodes, or are there again");
        let count = news.len();
        stream::iter(news).map(Ok).try_for_each_concurrent(FACTS_AT_ONCE_MAX, |note| record(note, handle)).await?;
        handle.reached(Failpoint::RepairNoted).await;
        meters::found(count);
        if let Some(pass) = &mut self.pass {
            pass.found += count as u64;
        }
        Ok(())
    }

    fn idle_time(&self, now: Instant) -> Duration {
        let next = self.returned.values().copied().chain([self.next]).min();
        next.map_or(IDLE_TIME_MAX, |next| next.saturating_duration_since(now).min(IDLE_TIME_MAX))
    }
}

impl<T: Transport> Pass<T> {
    fn tell(&self, handle: &Handle) {
        meters::passed();
        handle.left(Some(0));
        let silent = self.walk.silent();
        let mut sentence = format!(
            "compared {} shards of {} nodes with the log; {} contents had news",
            self.shards,
            self.nodes.len(),
            self.found
        );
        if !silent.is_empty() {
            let names: Vec<&str> = silent.iter().map(NodeId::as_str).collect();
            sentence = format!("{sentence}; {} did not answer", names.join(", "));
        }
        handle.say(&sentence);
    }
}

impl<T: Transport> Worker for Scan<T> {
    fn profile(&self) -> Profile {
        Profile {
            name: "scan",
            about: "Compares what nodes hold with what the log names.",
            unit: "shards",
            lease: Some(Lease::Repair),
            rate: NonZeroU64::new(SHARDS_PER_SECOND),
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let now = Instant::now();
        let snapshot = latest(&self.ledger)?;
        self.hear_operators(handle, &snapshot, now)?;
        self.see_arrivals(now);
        self.waiting.give_back(std::mem::take(&mut self.looking));
        self.looking = self.waiting.take(&snapshot)?;
        drop(snapshot);
        if !self.looking.contents.is_empty() {
            self.look(&self.looking.clone(), handle).await?;
            self.looking = ToLookAt::default();
            return Ok(Step::After(handle.rest(now.elapsed(), Urgency::CanWait)));
        }
        self.begin(now)?;
        self.go_on(handle, now).await
    }

    async fn wake(&mut self) {
        let mut members = self.store.membership().changes();
        tokio::select! {
            () = self.waiting.more() => {}
            // The next step looks at who came.
            _changed = members.changed() => {}
        }
    }
}

async fn inspect<T: Transport>(store: &ShardStore<T>, stored: StoredContent) -> (StoredContent, Inspection) {
    let inspection = store.inspect(&stored, &[]).await;
    (stored, inspection)
}

/// Takes in what the nodes say after they have read shards, and what was read of them here. If the checksum of a piece is
/// right and its tag is not, no node can tell that, so what was read counts. But not if that would leave too few shards:
/// then it is more likely that something is wrong here.
fn see(looked: &mut Looked, inspection: &Inspection, damage: &Damage) {
    let lost_max = looked.row.placement.layout.shards().len() - looked.row.placement.layout.read_quorum();
    let is_believed = damage.len() <= lost_max;
    for (shard, seen) in &mut looked.shards {
        let found = inspection.shards.iter().find(|found| found.shard == shard.index);
        let is_damaged = is_believed && damage.contains(&(shard.index, shard.generation));
        *seen = match found.filter(|found| found.generation == shard.generation).map(|found| found.condition) {
            // It is another one by now.
            None => *seen,
            Some(Condition::Intact | Condition::Unknown) if is_damaged => Seen::Faulty(Fault::Damaged),
            Some(Condition::Intact) => Seen::Intact,
            Some(Condition::Unknown) => Seen::Unanswered,
            Some(Condition::Faulty(IncidentKind::Damaged)) => Seen::Faulty(Fault::Damaged),
            Some(Condition::Faulty(IncidentKind::Unreadable)) => Seen::Faulty(Fault::Unreadable),
            Some(Condition::Faulty(IncidentKind::Missing | IncidentKind::Unwritten)) => Seen::Faulty(Fault::Missing),
        };
    }
}

/// The contents of a stretch of which a node does not say what the log knows.
fn doubtful(stretch: &Stretch) -> Result<BTreeSet<ContentId>, StateError> {
    let nodes: BTreeMap<NodeId, NodeRow> = stretch.snapshot.list_nodes()?.into_iter().collect();
    let owes = stretch.snapshot.debt()?.contents > 0;
    let mut doubtful = BTreeSet::new();
    for named in &stretch.named {
        let known = if owes { stretch.snapshot.faults(&named.content)?.faults } else { Vec::new() };
        let known = known.iter().find(|fault| fault.shard == named.shard.index).map(|fault| fault.fault);
        let is_given_up = nodes.get(&named.shard.node).is_some_and(|node| node.gave_up(placed_by(named)));
        if !is_given_up && is_news(named.found, known) {
            doubtful.insert(named.content);
        }
    }
    Ok(doubtful)
}

fn placed_by(named: &Named) -> u64 {
    named.row.placed_by(named.shard.index)
}

fn is_news(found: Found, known: Option<Fault>) -> bool {
    match found {
        Found::Unanswered | Found::NotAsked => false,
        Found::Intact => matches!(known, Some(Fault::Missing | Fault::Unwritten)),
        Found::Missing => !matches!(known, Some(Fault::Missing | Fault::Unwritten)),
        Found::Damaged => known != Some(Fault::Damaged),
        Found::Unreadable => known != Some(Fault::Unreadable),
    }
}

/// The nodes that are asked: all that joined and were not removed.
fn serving(snapshot: &Snapshot) -> Result<BTreeMap<NodeId, NodeRow>, StateError> {
    Ok(snapshot.list_nodes()?.into_iter().filter(|(_, row)| row.duty.is != Duty::Removed).collect())
}

async fn record(note: NoteHealth, handle: &Handle) -> Result<(), Trouble> {
    match handle.commit(Command::NoteHealth(Box::new(note))).await {
        // A content that is gone needs no shards.
        Ok(_) | Err(CommitError::Rejected(domain::Rejection::ContentGone)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn trouble(error: &WalkError) -> Trouble {
    Trouble::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use domain::JoinNode;
    use events::ids::FolderId;
    use shards::{Joined, Membership, PieceSecrets};
    use testkit::commands::origin;
    use testkit::{Clock, MemoryLog, MemoryNodes, ledgers};
    use tokio::sync::mpsc;
    use uuid::Uuid;

    use super::*;

    async fn scan(folder: &tempfile::TempDir) -> Scan<MemoryNodes> {
        let ledger = ledgers::open(&MemoryLog::new(), &folder.path().join("projection"), true).await;
        for number in 1..=3 {
            let folder = FolderId(Uuid::from_u128(number as u128));
            let join = JoinNode { node: MemoryNodes::name(number), folder, zone: "z".into(), replaces: None };
            ledger.commit(Command::from(join), origin()).await.unwrap();
        }
        let membership = Membership::guarded();
        membership.accept(Joined::of_rows(ledger.latest().list_nodes().unwrap(), 3));
        let store = ShardStore::new(MemoryNodes::new(3), membership, None, PieceSecrets::default(), mpsc::channel(1).0);
        let (repair_after, scan_interval) = (Duration::ZERO, Duration::from_hours(24));
        let options = Options { repair_after, scan_interval, sources: Clock::new().sources() };
        Scan::new(options, ledger, store, Hints { incidents: mpsc::channel(1).1, damaged: mpsc::channel(1).1 })
    }

    impl Scan<MemoryNodes> {
        fn returns(&mut self, number: usize) {
            let now = Instant::now();
            self.returned.insert(MemoryNodes::name(number), now);
            self.begin(now).unwrap();
        }

        /// The nodes of the pass that is under way.
        fn looks_at(&self) -> Vec<NodeId> {
            self.pass.iter().flat_map(|pass| pass.nodes.iter().cloned()).collect()
        }
    }

    #[tokio::test]
    async fn nodes_that_come_back_one_after_the_other_do_not_end_the_pass_over_all() {
        let folder = tempfile::tempdir().unwrap();
        let mut scan = scan(&folder).await;
        scan.begin(Instant::now()).unwrap();
        assert_eq!(scan.looks_at().len(), 3);
        scan.returns(2);
        assert_eq!(scan.looks_at(), [MemoryNodes::name(2)]);
        scan.returns(3);
        assert_eq!(scan.looks_at(), [MemoryNodes::name(2)], "one after the other");
        scan.pass = None;
        scan.begin(Instant::now()).unwrap();
        assert_eq!(scan.looks_at(), [MemoryNodes::name(3)]);
        scan.pass = None;
        scan.begin(Instant::now()).unwrap();
        assert_eq!(scan.looks_at().len(), 3, "the pass over all goes on");
    }

    #[tokio::test]
    async fn the_pass_over_all_gets_as_far_as_the_ones_between() {
        let folder = tempfile::tempdir().unwrap();
        let mut scan = scan(&folder).await;
        scan.begin(Instant::now()).unwrap();
        scan.returns(2);
        (scan.pass, scan.stretches_owed) = (None, 2);
        scan.returns(2);
        assert_eq!(scan.looks_at().len(), 3);
        scan.stretches_owed = 1;
        scan.begin(Instant::now()).unwrap();
        assert_eq!(scan.looks_at().len(), 3);
        scan.stretches_owed = 0;
        scan.begin(Instant::now()).unwrap();
        assert_eq!(scan.looks_at(), [MemoryNodes::name(2)]);
        assert!(scan.suspended.is_some());
    }
}
