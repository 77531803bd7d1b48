use std::collections::BTreeMap;
use std::future::pending;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::row::{LeaseRow, WorkerRow};
use events::ids::{InvalidName, RegionName, WorkerName};
use events::lease::{Lease, Owner, Term};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use crate::clients::Clients;
use crate::commits::{COMMIT_INTERVAL, Commits};
use crate::failpoint::Failpoints;
use crate::heard::Heard;
use crate::holder::{Hold, Holder, Needing, Signs, release};
use crate::run::{Loop, run};
use crate::status::Status;
use crate::throttle::Throttle;
use crate::{Link, Message, Report, Store, Telemetry, Worker, meters};

/// How often other processes are told how the workers of this one are doing.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// The shortest time between two looks at the settings and leases of a state that changes all the time.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// The longest such time: what could not be read at the last look is there again at some time.
const LOOK_INTERVAL_MAX: Duration = Duration::from_secs(10);

/// The options of all workers of a process.
pub struct Options {
    /// The region.
    pub region: RegionName,
    /// This run of this process.
    pub owner: Owner,
    /// The time, to show it to people.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The other processes of the region. `None` if this one alone appends to the log: then it takes its leases at once.
    pub link: Option<Link>,
    /// The points at which a test ends the process.
    pub failpoints: Failpoints,
}

/// Why a worker was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// Its name is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// There is one of its name.
    #[error("there is a worker {0} already")]
    Twice(WorkerName),
}

/// The background loops of this process. Clones share them.
#[derive(Clone)]
pub struct Workers(Arc<Shared>);

struct Shared {
    region: RegionName,
    owner: Owner,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    store: Arc<dyn Store>,
    telemetry: Option<Arc<dyn Telemetry>>,
    state: Mutex<Running>,
    heard: Heard,
    commits: Commits,
    failpoints: Failpoints,
    clients: Clients,
    /// What is broken, if anything is.
    broken: watch::Sender<Option<String>>,
}

/// What is running.
#[derive(Default)]
struct Running {
    loops: BTreeMap<WorkerName, LoopEntry>,
    leases: BTreeMap<Lease, LeaseEntry>,
    tasks: Vec<(AbortHandle, JoinHandle<()>)>,
    is_stopped: bool,
}

/// A loop, and the ways to what it works with.
struct LoopEntry {
    status: Arc<Status>,
    settings: watch::Sender<WorkerRow>,
    rate: watch::Sender<Option<NonZeroU64>>,
}

/// A lease that some loop needs.
struct LeaseEntry {
    row: watch::Sender<Option<LeaseRow>>,
    signs: watch::Sender<Signs>,
    needing: Needing,
    hold: watch::Receiver<Hold>,
}

impl Workers {
    /// Begins to follow the settings of the region's workers. Must be called within a tokio runtime.
    pub fn start(options: Options, store: Arc<dyn Store>) -> Self {
        meters::describe();
        let Options { region, owner, now, link, failpoints } = options;
        let (telemetry, heard) = link.map(|Link { telemetry, heard }| (telemetry, heard)).unzip();
        let changes = store.changes();
        // Whoever is alone disturbs nobody: its commands are appended together with those of clients.
        let interval = if telemetry.is_some() { COMMIT_INTERVAL } else { Duration::ZERO };
        let (commits, gathering) = Commits::new(Arc::clone(&store), interval);
        let shared = Arc::new(Shared {
            region,
            owner,
            now,
            store,
            telemetry,
            state: Mutex::default(),
            heard: Heard::default(),
            commits,
            failpoints,
            clients: Clients::default(),
            broken: watch::Sender::new(None),
        });
        let workers = Self(shared);
        workers.spawn("what gathers commits", async move {
            gathering.run().await;
            None
        });
        let follow = workers.clone();
        workers.spawn("the settings", async move { follow.follow(changes).await });
        if let Some(heard) = heard {
            let (hear, tell) = (workers.clone(), workers.clone());
            workers.spawn("what is heard of others", async move { hear.hear(heard).await });
            workers.spawn("what others are told", async move { tell.tell().await });
        }
        workers
    }

    /// Adds a loop and starts it.
    ///
    /// # Errors
    /// See [`AddError`].
    pub fn add<W: Worker>(&self, worker: W) -> Result<(), AddError> {
        let profile = worker.profile();
        let name: WorkerName = profile.name.parse()?;
        let status = Arc::new(Status::new(name.clone(), profile, self.0.now.clone()));
        let now = self.settings(&name);
        let mut state = self.state();
        if state.loops.contains_key(&name) {
            return Err(AddError::Twice(name));
        }
        let (settings, set) = watch::channel(now);
        let (rate, limit) = watch::channel(now.rate.or(profile.rate));
        let throttle = Arc::new(Throttle::new(limit));
        state.loops.insert(name, LoopEntry { status: Arc::clone(&status), settings, rate });
        drop(state);
        let hold = profile.lease.map(|lease| self.hold(lease, &status));
        let Shared { commits, failpoints, clients, .. } = &*self.0;
        let (commits, failpoints, clients) = (commits.clone(), failpoints.clone(), clients.clone());
        let it = Loop { status, throttle, commits, failpoints, clients, settings: set, hold };
        self.spawn(profile.name, async move {
            run(worker, it).await;
            None
        });
        Ok(())
    }

    /// How busy clients are: to be told by whoever hears it.
    pub fn clients(&self) -> &Clients {
        &self.0.clients
    }

    /// How every worker is doing: those of this process, in the order of their names, and behind them those of other
    /// processes, as far as they are heard here.
    pub fn reports(&self) -> Vec<Report> {
        let mut others = self.0.heard.reports(Instant::now());
        others.retain(|report| report.process.process != self.0.owner.process);
        others.sort_by(|one, other| (&one.worker, &one.process.name).cmp(&(&other.worker, &other.process.name)));
        self.own_reports().into_iter().chain(others).collect()
    }

    fn own_reports(&self) -> Vec<Report> {
        let state = self.state();
        state.loops.values().map(|entry| entry.status.report(&self.0.owner, *entry.rate.borrow())).collect()
    }

    /// Sets the gauges that are looked up rather than counted.
    pub fn observe(&self) {
        self.own_reports().iter().for_each(meters::observe);
        for (lease, entry) in &self.state().leases {
            meters::observe_lease(*lease, matches!(&*entry.hold.borrow(), Hold::Owned(_)));
        }
    }

    /// Waits until a part of it is broken, which is a defect; how. That the ledger has stopped is for the ledger to say.
    pub async fn broken(&self) -> String {
        let mut broken = self.0.broken.subscribe();
        let how = broken.wait_for(Option::is_some).await.ok().and_then(|how| how.clone());
        match how {
            Some(how) => how,
            // Its sender is held by this very value.
            None => pending().await,
        }
    }

    /// Stops all loops where they are, and gives the leases back.
    pub async fn stop(&self) {
        let (tasks, leases) = {
            let mut state = self.state();
            state.is_stopped = true;
            (std::mem::take(&mut state.tasks), state.leases.keys().copied().collect::<Vec<_>>())
        };
        for (stop, _) in &tasks {
            stop.abort();
        }
        for (_, task) in tasks {
            // It says nothing: it waited for the one that was stopped.
            let _ended = task.await;
        }
        // Whoever is alone has nobody to give them to, and takes them at once when it starts again.
        if self.0.telemetry.is_some() {
            for lease in leases {
                release(self.0.store.as_ref(), &self.0.region, &self.0.owner, lease).await;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, Running> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a part of it, and notices if it breaks: `what` panicked, or ends with what is broken.
    fn spawn(&self, what: &'static str, part: impl Future<Output = Option<String>> + Send + 'static) {
        let mut state = self.state();
        if state.is_stopped {
            return;
        }
        let part = tokio::spawn(part);
        let (stop, shared) = (part.abort_handle(), Arc::clone(&self.0));
        let noticed = tokio::spawn(async move {
            let how = match part.await {
                Ok(how) => how,
                Err(error) => error.is_panic().then(|| format!("{what} panicked")),
            };
            shared.broken.send_if_modified(|broken| {
                let is_first = broken.is_none() && how.is_some();
                *broken = broken.take().or(how);
                is_first
            });
        });
        state.tasks.push((stop, noticed));
    }

    /// How a lease stands; from now on this process tries to get it.
    fn hold(&self, lease: Lease, needs: &Arc<Status>) -> watch::Receiver<Hold> {
        let mut state = self.state();
        if let Some(entry) = state.leases.get(&lease) {
            entry.needing.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(needs));
            return entry.hold.clone();
        }
        let (row, rows) = watch::channel(self.row(lease));
        let (signs, heard) = watch::channel(Signs::default());
        let needing = Needing::new(Mutex::new(vec![Arc::clone(needs)]));
        let (hold, holding) = watch::channel(Hold::Waiting("it is not known yet who owns it".into()));
        state.leases.insert(lease, LeaseEntry { row, signs, needing: Arc::clone(&needing), hold: holding.clone() });
        drop(state);
        let holder = Holder {
            lease,
            region: self.0.region.clone(),
            owner: self.0.owner.clone(),
            store: Arc::clone(&self.0.store),
            telemetry: self.0.telemetry.clone(),
            row: rows,
            signs: heard,
            needing,
            hold,
        };
        self.spawn("the holder of a lease", async move {
            let never = holder.run().await;
            match never {}
        });
        holding
    }

    fn row(&self, lease: Lease) -> Option<LeaseRow> {
        self.0.store.lease(lease).unwrap_or_else(|error| {
            tracing::debug!(%error, %lease, "a lease cannot be looked up");
            None
        })
    }

    fn settings(&self, name: &WorkerName) -> WorkerRow {
        self.0.store.settings(name).unwrap_or_else(|error| {
            tracing::debug!(%error, worker = %name, "the settings of a worker cannot be looked up");
            // Somebody may have paused it.
            WorkerRow { paused: true, ..WorkerRow::default() }
        })
    }

    /// Hands on what changes in the state, until it does not change any more.
    async fn follow(&self, mut changes: BoxStream<'static, ()>) -> Option<String> {
        loop {
            match tokio::time::timeout(LOOK_INTERVAL_MAX, changes.next()).await {
                Ok(None) => return None,
                Ok(Some(())) | Err(_) => self.look(),
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// Looks up all settings and leases. What cannot be read now stays as it is.
    fn look(&self) {
        let state = self.state();
        for (name, entry) in &state.loops {
            if let Ok(row) = self.0.store.settings(name) {
                set(&entry.rate, row.rate.or(entry.status.profile.rate));
                set(&entry.settings, row);
            }
        }
        for (lease, entry) in &state.leases {
            if let Ok(row) = self.0.store.lease(*lease) {
                set(&entry.row, row);
            }
        }
    }

    async fn hear(&self, mut heard: BoxStream<'static, Message>) -> Option<String> {
        while let Some(message) = heard.next().await {
            let lease = match message {
                Message::Report(report) => {
                    self.0.heard.hear(*report, Instant::now());
                    continue;
                }
                Message::Probe { process, .. } if process != self.0.owner.process => continue,
                Message::Probe { lease, .. } | Message::Renewal { term: Term { lease, .. }, .. } => lease,
            };
            if let Some(entry) = self.state().leases.get(&lease) {
                entry.signs.send_modify(|signs| match message {
                    Message::Renewal { .. } => signs.renewals += 1,
                    _ => signs.probes += 1,
                });
            }
        }
        Some("the connection to the workers of other processes has ended".into())
    }

    async fn tell(&self) -> Option<String> {
        let Some(telemetry) = &self.0.telemetry else { return pending().await };
        let mut turns = tokio::time::interval(REPORT_INTERVAL);
        loop {
            turns.tick().await;
            for report in self.own_reports() {
                telemetry.send(Message::Report(Box::new(report))).await;
            }
        }
    }
}

fn set<T: PartialEq>(sender: &watch::Sender<T>, value: T) {
    sender.send_if_modified(|present| {
        let is_other = *present != value;
        *present = value;
        is_other
    });
}
