//! Processes over one log and one network, each of which can be stopped, cut off and made to lag.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::model::Model;
use domain::row::{LeaseRow, WorkerRow};
use domain::{ChangeWorker, Command, Context, Refused, View, decide, project};
use events::ids::{AuthType, EventId, Principal, ProcessId, RegionName, Sha256Digest, WorkerName};
use events::lease::{Lease, Owner};
use events::{Event, Fact, Origin};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use ledger::{CommitError, Committed, StateError};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use uuid::Uuid;
use worker::{
    Failpoints, Handle, Link, Message, Options, Profile, Report, Step, Store, Telemetry, Trouble, Worker, Workers,
};

/// The worker whose settings are the marks. Its rate is the number of the mark, and in the last digit of the process.
const MARKS: &str = "marks";

pub(crate) const LEASE: Lease = Lease::Repair;

pub(crate) fn region() -> RegionName {
    "test-1".parse().unwrap()
}

/// A clock on the wall that jumps at every look: nothing may depend on it.
fn jumping_clock() -> Timestamp {
    static LOOKS: AtomicU64 = AtomicU64::new(0);
    let jump = LOOKS.fetch_add(1, Ordering::Relaxed) * 7_919 % 1_000;
    Timestamp::from_second(1_700_000_000 + i64::try_from(jump).unwrap() * 86_400).unwrap()
}

/// What all processes share.
#[derive(Clone, Default)]
pub(crate) struct World(Arc<Shared>);

#[derive(Default)]
struct Shared {
    log: Mutex<Vec<Event>>,
    appended: watch::Sender<usize>,
    subscribers: Mutex<Vec<(Arc<Faults>, mpsc::UnboundedSender<Message>)>>,
}

/// What is wrong with one process.
#[derive(Default)]
pub(crate) struct Faults {
    /// It is stopped: nothing that it asked for goes on.
    stopped: watch::Sender<bool>,
    /// Its connection to the network is down.
    is_cut_off: AtomicBool,
    /// Its renewals are lost.
    is_mute: AtomicBool,
    /// What is sent to it is lost.
    is_deaf: AtomicBool,
    /// The log does not answer it.
    has_no_log: AtomicBool,
    /// How often its connection was made.
    connections: AtomicU64,
}

impl Faults {
    async fn running(&self) {
        self.stopped.subscribe().wait_for(|stopped| !stopped).await.unwrap();
    }
}

/// One process: its state of the log, its faults, its workers.
pub(crate) struct Process {
    pub(crate) faults: Arc<Faults>,
    pub(crate) store: Arc<Twin>,
    pub(crate) workers: Workers,
    pub(crate) owner: Owner,
}

impl World {
    pub(crate) fn process(&self, number: u8) -> Process {
        let (faults, owner) = (Arc::new(Faults::default()), owner(number));
        let (sender, heard) = mpsc::unbounded_channel();
        self.0.subscribers.lock().unwrap().push((Arc::clone(&faults), sender));
        let telemetry = Arc::new(Network { world: self.clone(), faults: Arc::clone(&faults) });
        let of = Arc::clone(&faults);
        let heard = stream::unfold(
            (heard, of),
            |(mut heard, of): (mpsc::UnboundedReceiver<Message>, Arc<Faults>)| async move {
                let message = heard.recv().await?;
                of.running().await;
                Some((message, (heard, of)))
            },
        );
        let link = Link { telemetry, heard: heard.boxed() };
        self.start(owner, faults, Some(link))
    }

    /// The only process that appends to the log.
    pub(crate) fn sole_process(&self, number: u8) -> Process {
        self.start(owner(number), Arc::default(), None)
    }

    fn start(&self, owner: Owner, faults: Arc<Faults>, link: Option<Link>) -> Process {
        let store = Arc::new(Twin(Arc::new(State {
            world: self.clone(),
            faults: Arc::clone(&faults),
            model: Mutex::default(),
            folded: watch::Sender::default(),
        })));
        let options = Options {
            region: region(),
            owner: owner.clone(),
            now: Arc::new(jumping_clock),
            link,
            failpoints: Failpoints::none(),
        };
        let workers = Workers::start(options, Arc::clone(&store) as Arc<dyn Store>);
        Process { faults, store, workers, owner }
    }

    /// Looks through the facts on the log.
    fn look<T>(&self, mut at: impl FnMut(&Fact) -> Option<T>) -> Vec<T> {
        self.0.log.lock().unwrap().iter().filter_map(|event| at(&event.fact)).collect()
    }

    pub(crate) fn facts(&self) -> Vec<Fact> {
        self.look(|fact| Some(fact.clone()))
    }

    /// The changes of owner: the number of the process for a taken lease, 0 for a released one.
    pub(crate) fn owners(&self) -> Vec<u128> {
        self.look(|fact| match fact {
            Fact::RegionLeaseTaken(taken) => Some(taken.owner.process.0.as_u128()),
            Fact::RegionLeaseReleased(_) => Some(0),
            _ => None,
        })
    }

    /// Whether every piece of work on the log is of the process that owned the lease at that point.
    pub(crate) fn assert_fenced(&self) {
        let mut owner = None;
        let strays = self.look(|fact| {
            match fact {
                Fact::RegionLeaseTaken(taken) => owner = Some(taken.owner.process.0.as_u128()),
                Fact::RegionLeaseReleased(_) => owner = None,
                _ => {}
            }
            worked(fact).filter(|by| owner != Some(u128::from(*by)))
        });
        assert_eq!(strays, Vec::<u8>::new(), "{:?}", self.owners());
    }

    /// How much work a process has done.
    pub(crate) fn work_of(&self, number: u8) -> usize {
        self.look(|fact| worked(fact).filter(|by| *by == number)).len()
    }

    /// Waits for a condition, and how long that took.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) -> Duration {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_mins(10), "{what} never came: {:?}", self.facts());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    }

    fn append(&self, command: &Command, model: &mut Model) -> Result<Committed, CommitError> {
        let mut log = self.0.log.lock().unwrap();
        fold(model, &log);
        let (now, fresh) = (Timestamp::UNIX_EPOCH, Uuid::from_u128(log.len() as u128));
        match decide(model, command, Context { now, fresh }) {
            Ok(decision) => {
                if let Some(fact) = decision.fact {
                    let principal = Principal { kind: AuthType::System, id: "test".into() };
                    let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
                    let (sequence, previous) = (log.len() as u64 + 1, Sha256Digest([0; 32]));
                    log.push(Event { id: EventId(fresh), time: now, sequence, previous, origin, user: None, fact });
                }
                fold(model, &log);
                self.0.appended.send_replace(log.len());
                Ok(Committed { sequence: log.len() as u64, outcome: decision.outcome })
            }
            Err(Refused::Rejected(rejection)) => Err(rejection.into()),
            Err(Refused::View(never)) => match never {},
        }
    }
}

/// Which process left a mark.
fn worked(fact: &Fact) -> Option<u8> {
    match fact {
        Fact::RegionWorkerChanged(changed) if changed.worker.as_str() == MARKS => {
            u8::try_from(changed.rate?.get() % 10).ok()
        }
        _ => None,
    }
}

/// Folds what a state lacks of a log. How much it has is kept in it, where nothing else is.
fn fold(model: &mut Model, log: &[Event]) {
    let folded = usize::try_from(model.identities_changed).unwrap();
    for event in &log[folded..] {
        project(model, event).unwrap().into_iter().for_each(|change| model.apply(change));
    }
    model.identities_changed = log.len() as u64;
}

pub(crate) fn owner(number: u8) -> Owner {
    Owner { process: ProcessId(Uuid::from_u128(number.into())), name: format!("process {number}") }
}

impl Process {
    /// Stops it, as SIGSTOP does.
    pub(crate) fn stop(&self) {
        self.faults.stopped.send_replace(true);
    }

    pub(crate) fn go_on(&self) {
        self.faults.stopped.send_replace(false);
    }

    pub(crate) fn cut_off(&self, is_cut_off: bool) {
        let was = self.faults.is_cut_off.swap(is_cut_off, Ordering::Relaxed);
        if was && !is_cut_off {
            self.faults.connections.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn mute(&self, is_mute: bool) {
        self.faults.is_mute.store(is_mute, Ordering::Relaxed);
    }

    pub(crate) fn deafen(&self, is_deaf: bool) {
        self.faults.is_deaf.store(is_deaf, Ordering::Relaxed);
    }

    pub(crate) fn take_log(&self, has_no_log: bool) {
        self.faults.has_no_log.store(has_no_log, Ordering::Relaxed);
    }

    pub(crate) fn report(&self, worker: &str) -> Report {
        let mut reports = self.workers.reports().into_iter();
        reports.find(|report| report.worker.as_str() == worker && report.process == self.owner).unwrap()
    }

    /// Sets a worker, as an administrator does. A rate of 0 removes the limit.
    pub(crate) async fn set(&self, worker: &str, paused: Option<bool>, rate: Option<u64>) {
        let rate = rate.map(NonZeroU64::new);
        let change = ChangeWorker { region: region(), worker: worker.parse().unwrap(), paused, rate };
        self.store.commit("admin", change.into()).await.unwrap();
    }
}

/// The state of one process.
pub(crate) struct Twin(Arc<State>);

struct State {
    world: World,
    faults: Arc<Faults>,
    model: Mutex<Model>,
    folded: watch::Sender<u64>,
}

impl State {
    /// Folds what the log has, if that can be read.
    fn fold(&self) -> bool {
        if self.faults.has_no_log.load(Ordering::Relaxed) {
            return false;
        }
        fold(&mut self.model.lock().unwrap(), &self.world.0.log.lock().unwrap());
        let folded = self.model.lock().unwrap().identities_changed;
        self.folded.send_if_modified(|before| std::mem::replace(before, folded) != folded);
        true
    }
}

impl Store for Twin {
    fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, StateError> {
        let Ok(row) = self.0.model.lock().unwrap().lease(lease);
        Ok(row)
    }

    fn settings(&self, worker: &WorkerName) -> Result<WorkerRow, StateError> {
        let Ok(row) = self.0.model.lock().unwrap().worker(worker);
        Ok(row)
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        let state = Arc::clone(&self.0);
        let (mut appended, folded) = (state.world.0.appended.subscribe(), state.folded.subscribe());
        appended.mark_changed();
        let changes = stream::unfold((appended, folded, state), |(mut appended, mut folded, state)| async move {
            let changed = tokio::select! {
                changed = appended.changed() => changed,
                changed = folded.changed() => changed,
            };
            changed.ok()?;
            state.faults.running().await;
            state.fold();
            Some(((), (appended, folded, state)))
        });
        changes.boxed()
    }

    fn catch_up(&self) -> BoxFuture<'_, bool> {
        async {
            self.0.faults.running().await;
            self.0.fold()
        }
        .boxed()
    }

    fn commit(&self, _: &str, command: Command) -> BoxFuture<'_, Result<Committed, CommitError>> {
        async move {
            self.0.faults.running().await;
            if !self.0.fold() {
                return Err(CommitError::Unavailable("the test says so".into()));
            }
            let committed = self.0.world.append(&command, &mut self.0.model.lock().unwrap());
            self.0.fold();
            committed
        }
        .boxed()
    }
}

/// The network as one process sees it.
struct Network {
    world: World,
    faults: Arc<Faults>,
}

impl Telemetry for Network {
    fn connection(&self) -> Option<u64> {
        let is_cut_off = self.faults.is_cut_off.load(Ordering::Relaxed);
        (!is_cut_off).then(|| self.faults.connections.load(Ordering::Relaxed))
    }

    fn send(&self, message: Message) -> BoxFuture<'_, ()> {
        async move {
            self.faults.running().await;
            let is_lost = self.faults.is_mute.load(Ordering::Relaxed) && matches!(message, Message::Renewal { .. });
            if is_lost || self.faults.is_cut_off.load(Ordering::Relaxed) {
                return;
            }
            for (faults, sender) in self.world.0.subscribers.lock().unwrap().iter() {
                if !faults.is_cut_off.load(Ordering::Relaxed) && !faults.is_deaf.load(Ordering::Relaxed) {
                    let _gone = sender.send(message.clone());
                }
            }
        }
        .boxed()
    }
}

/// A worker that commits a mark of its process ten times a second, and needs the lease.
pub(crate) struct Marks {
    number: u8,
    store: Arc<Twin>,
    made: u64,
    pub(crate) is_stuck: Arc<AtomicBool>,
    pub(crate) is_failing: Arc<AtomicBool>,
    /// What each step comes to, if that is anything.
    pub(crate) trouble: Arc<Mutex<Option<Trouble>>>,
    /// How often it was told that it does not own the lease.
    pub(crate) lost: Arc<AtomicU64>,
}

impl Marks {
    pub(crate) fn of(process: &Process, number: u8) -> Self {
        let (is_stuck, is_failing, trouble, lost) = (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        Self { number, store: Arc::clone(&process.store), made: 0, is_stuck, is_failing, trouble, lost }
    }
}

impl Worker for Marks {
    fn profile(&self) -> Profile {
        Profile { name: "marker", about: "Leaves marks.", unit: "marks", lease: Some(LEASE), rate: None }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        handle.spend(1).await;
        if self.is_stuck.load(Ordering::Relaxed) {
            return std::future::pending().await;
        }
        if self.is_failing.load(Ordering::Relaxed) {
            return Err(Trouble::Failed("the test says so".into()));
        }
        if let Some(trouble) = self.trouble.lock().unwrap().clone() {
            return Err(trouble);
        }
        self.made += 1;
        let rate = NonZeroU64::new(self.made * 10 + u64::from(self.number));
        let worker = MARKS.parse().unwrap();
        let mark = ChangeWorker { region: region(), worker, paused: None, rate: Some(rate) };
        self.store.commit("marker", handle.fence(mark)).await?;
        handle.done(1);
        handle.say("left a mark");
        Ok(Step::After(Duration::from_millis(100)))
    }

    fn lost(&mut self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// A process with such a worker.
pub(crate) fn marking(world: &World, number: u8) -> Process {
    let process = world.process(number);
    process.workers.add(Marks::of(&process, number)).unwrap();
    process
}
