use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use domain::row::LeaseRow;
use domain::{Command, View};
use eventlog::Log;
use events::ids::RegionName;
use events::lease::Lease;
use events::{Author, Fact, Origin};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::answered::Answered;
use crate::commit::{Claim, Committed, Queued};
use crate::committer::{Committing, Delegation, Sender, Term, Ticket};
use crate::contention::Contention;
use crate::follow::follow;
use crate::keyring::Keyring;
use crate::open::{Opened, open_database};
use crate::past::{LoggedEntry, LoggedFacts, Past, PastEvents};
use crate::proof::Prover;
use crate::room::Room;
use crate::snapshot::Snapshot;
use crate::turns::Turns;
use crate::writer::{Durable, Progress, Work, Writer};
use crate::{CommitError, Disk, OpenError, ReadError, Sources, StateError, barrier};

/// The number of commands that may wait for the writer.
pub(crate) const COMMANDS_WAITING_MAX: usize = 4_096;

/// The number of reads that may wait while the log is asked.
const READS_WAITING_MAX: usize = 4_096;

/// The time for which a command may wait for room in the queue.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(5);

/// The time that a command may take from the queue to its outcome, a restart of the log's server included.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(30);

/// The time for which a read may wait for its barrier.
const BARRIER_TIME_MAX: Duration = Duration::from_secs(10);

/// The time that a ledger may take to stop, the append that is under way included.
const STOP_TIME_MAX: Duration = Duration::from_secs(10);

/// The options of a ledger.
#[derive(Debug, Clone)]
pub struct Options {
    /// The region of the log.
    pub region: RegionName,
    /// The file of the projection.
    pub path: PathBuf,
    /// No other process appends to the log: reads need no barrier, and nothing is followed.
    pub sole_writer: bool,
    /// Bytes of redb's page cache.
    pub cache_bytes: usize,
    /// The sources of time and ids.
    pub sources: Sources,
    /// The keys by which authors prove their events. The kind of the keyring is the author that this process writes as.
    pub keyring: Keyring,
    /// Whether this ledger releases the parts that deletes left behind; otherwise other processes do.
    pub releases: bool,
    /// The disk of the projection.
    pub disk: Disk,
    /// The level of a region from which on a fact may be written: [`Fact::level`], but in tests.
    pub level: fn(&Fact) -> u32,
    /// What it takes so that one process commits for all. Without it, this process commits its own commands.
    pub committing: Option<Committing>,
}

impl Options {
    /// Bytes that may be folded on a full disk, in memory: redb has half of its cache for what is not written.
    pub(crate) fn volatile_bytes_max(&self) -> u64 {
        self.cache_bytes as u64 / 2
    }

    /// The process that commits for all in a state, if this one takes part in that.
    pub(crate) fn committer(&self, state: &Snapshot) -> Result<Option<Term>, StateError> {
        if self.committing.is_none() {
            return Ok(None);
        }
        let term = |row: LeaseRow| Some(Term { process: row.owner?.process, epoch: row.epoch });
        Ok(state.lease(Lease::Committer)?.and_then(term))
    }
}

/// State folded from the log, and the one way to change it. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    work: mpsc::Sender<Work>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    progress: watch::Receiver<Progress>,
    barrier: Option<mpsc::Sender<barrier::Waiting>>,
    past: Past,
    author: Author,
    delegation: Option<Delegation>,
}

impl Ledger {
    /// Opens the projection, checks it against the log and folds what is missing.
    pub async fn open<L: Log>(options: Options, log: Arc<L>) -> Result<Self, OpenError> {
        let mut prover = Prover::new(options.keyring.clone(), options.region.clone())?;
        let Opened { database, cursor, durable, volatile, reserve } =
            open_database(&options, &mut prover, log.as_ref()).await?;
        let first = Snapshot::take(&database)?;
        let release = (options.releases && first.is_releasing()?).then(Instant::now);
        let committer = options.committer(&first)?;
        let snapshot = Arc::new(ArcSwap::from_pointee(first));
        let first =
            Progress { cursor, committer, failed: None, is_too_old: false, is_reopening: false, is_short: false };
        let (progress_sender, progress) = watch::channel(first);
        let (work, queue) = mpsc::channel(COMMANDS_WAITING_MAX);
        let (past, author) = (Past::of(Arc::clone(&log)), options.keyring.author());
        let mut ledger =
            Self { work, snapshot: Arc::clone(&snapshot), progress, barrier: None, past, author, delegation: None };
        let mut follower = None;
        if !options.sole_writer {
            let (reads, waiting) = mpsc::channel(READS_WAITING_MAX);
            ledger.barrier = Some(reads);
            tokio::spawn(barrier::run(Arc::clone(&log), waiting, ledger.progress.clone()));
            let (work, progress) = (ledger.work.downgrade(), ledger.progress.clone());
            follower = Some(tokio::spawn(follow(Arc::clone(&log), cursor.sequence + 1, work, progress)).abort_handle());
            ledger.delegation = options.committing.clone().map(|committing| {
                let of = (options.region.clone(), options.keyring.clone(), options.sources.clone());
                let (work, progress) = (ledger.work.downgrade(), ledger.progress.clone());
                Sender::start(committing, of, Arc::clone(&snapshot), work, progress)
            });
        }
        let writer = Writer {
            log,
            database,
            prover,
            reserve,
            room: Room::Ample,
            free: u64::MAX,
            volatile,
            held: Vec::new(),
            cursor,
            snapshot,
            progress: progress_sender,
            durable: Durable { at: Instant::now(), sequence: durable },
            contention: Contention::new(options.sole_writer, Instant::now()),
            options,
            append_time: Duration::ZERO,
            turns: Turns::default(),
            release,
            answered: Answered::default(),
            follower,
        };
        let runtime = Handle::current();
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer.run(queue, &runtime))
            .map_err(|source| OpenError::File { path: "the ledger's thread".into(), source })?;
        Ok(ledger)
    }

    /// Decides a command, writes its fact to the log, applies it, and answers.
    ///
    /// # Errors
    /// See [`CommitError`]; [`CommitError::is_definite`] says whether it can still happen.
    pub async fn commit(&self, command: Command, origin: Origin) -> Result<Committed, CommitError> {
        let (answer, outcome) = oneshot::channel();
        let claim = Claim::default();
        let elsewhere = self.elsewhere(&command);
        let ticket = elsewhere.as_ref().map_or_else(|| Ticket::own(self.author), |(_, ticket)| *ticket);
        let queued = Queued { command, origin, answer, claim: claim.clone(), ticket };
        let taken = if let Some((queue, _)) = elsewhere {
            queue.send_timeout(queued, QUEUE_TIME_MAX).await.map_err(|error| is_timeout(&error))
        } else {
            let taken = self.work.send_timeout(Work::Commit(queued), QUEUE_TIME_MAX).await;
            taken.map_err(|error| is_timeout(&error))
        };
        match taken {
            Ok(()) => {}
            Err(true) => return Err(CommitError::Busy),
            Err(false) => return Err(CommitError::Stopped(self.why_stopped().await)),
        }
        match tokio::time::timeout(COMMIT_TIME_MAX, outcome).await {
            Ok(Ok(outcome)) => outcome.map_err(CommitError::from),
            Ok(Err(_)) => Err(CommitError::Stopped(self.why_stopped().await)),
            Err(_) if claim.take() => Err(CommitError::Unavailable("it did not take the commands before".into())),
            Err(_) => Err(CommitError::Unknown),
        }
    }

    /// The way of a command to the process that commits for all, if that is another one.
    fn elsewhere(&self, command: &Command) -> Option<(&mpsc::Sender<Queued>, Ticket)> {
        let delegation = self.delegation.as_ref()?;
        let progress = self.progress.borrow();
        delegation.takes(&progress, command).then(|| (delegation.queue(), delegation.ticket(&progress)))
    }

    /// Waits for the reason why the writer stopped, which it is about to publish.
    async fn why_stopped(&self) -> String {
        let mut progress = self.progress.clone();
        // An error means that it ended without a reason.
        let _ = progress.wait_for(|progress| progress.failed.is_some()).await;
        let failed = progress.borrow().failed.clone();
        failed.map_or_else(|| "it was told to".into(), |reason| reason.to_string())
    }

    /// Returns the state with every write that was acknowledged before this call.
    ///
    /// # Errors
    /// [`ReadError`] when the log does not answer in time, or the ledger stopped.
    pub async fn read(&self) -> Result<Arc<Snapshot>, ReadError> {
        if let Some(barrier) = &self.barrier {
            let (read, reached) = oneshot::channel();
            let passed = tokio::time::timeout(BARRIER_TIME_MAX, async {
                barrier.send(read).await.map_err(|_| ReadError("the ledger has stopped".into()))?;
                reached.await.map_err(|_| ReadError("the ledger has stopped".into()))?.map_err(ReadError)
            });
            passed.await.map_err(|_| ReadError("the log does not answer".into()))??;
        }
        if self.progress.borrow().is_reopening {
            self.reopened().await?;
        }
        // With the writer the projection's file is closed, and snapshots of it can be read no more.
        if self.work.is_closed() {
            return Err(ReadError(format!("the ledger has stopped: {}", self.why_stopped().await)));
        }
        Ok(self.snapshot.load_full())
    }

    /// Waits until the projection can be read again.
    async fn reopened(&self) -> Result<(), ReadError> {
        let mut progress = self.progress.clone();
        let reopened = progress.wait_for(|progress| !progress.is_reopening || progress.failed.is_some());
        match tokio::time::timeout(BARRIER_TIME_MAX, reopened).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(ReadError("the ledger has stopped".into())),
            Err(_) => Err(ReadError("the projection is opened anew".into())),
        }
    }

    /// Reads events that are folded already: at least one, from `from` on and not beyond `last`.
    ///
    /// # Errors
    /// [`ReadError`] when the log cannot be read now.
    pub async fn past(&self, from: u64, last: u64) -> Result<PastEvents, ReadError> {
        let entries = self.past.read(from, last).await?;
        PastEvents::of(&entries, &self.snapshot.load())
    }

    /// Reads facts that are folded already, in the bytes that the log has of them: at least one entry, from `from` on and
    /// not beyond `last`, cut where the entries reach `bytes_max`. The newest entries are in the projection, so the log is
    /// asked for older ones only.
    ///
    /// # Errors
    /// [`ReadError`] when the log or the projection cannot be read now.
    pub async fn facts(&self, from: u64, last: u64, bytes_max: usize) -> Result<LoggedFacts, ReadError> {
        if let Some(facts) = LoggedFacts::of_ring(&self.snapshot.load(), from, last, bytes_max)? {
            return Ok(facts);
        }
        let entries = self.past.read_within(from, last, bytes_max).await?;
        LoggedFacts::of(entries, &self.snapshot.load())
    }

    /// Reads entries that are folded already, facts and others, as [`Self::facts`] reads facts: at least one, from `from`
    /// on and not beyond `last`, without a gap.
    ///
    /// # Errors
    /// [`ReadError`] when the log or the projection cannot be read now.
    pub async fn entries(&self, from: u64, last: u64, bytes_max: usize) -> Result<Vec<LoggedEntry>, ReadError> {
        let recent = LoggedEntry::of_ring(&self.snapshot.load(), from, last, bytes_max)?;
        if !recent.is_empty() {
            return Ok(recent);
        }
        let entries = self.past.read_within(from, last, bytes_max).await?;
        LoggedEntry::of(entries, &self.snapshot.load())
    }

    /// Whether this process commits for all that append to the log, as far as it knows.
    pub fn is_committer(&self) -> bool {
        let own = self.delegation.as_ref().map(Delegation::process);
        self.progress.borrow().committer.is_some_and(|term| Some(term.process) == own)
    }

    /// Returns the newest state of this process, without a barrier: for hints that are decided again at a commit.
    pub fn latest(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Returns the position up to which the log is applied, and whether the ledger has failed, as they change.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Finishes what waits, makes the projection durable, closes its file and stops.
    ///
    /// If the log does not answer an append that is under way, this gives up after [`STOP_TIME_MAX`]: the log is
    /// the truth, and the next opening folds what the projection lacks.
    pub async fn stop(&self) {
        let stopped = tokio::time::timeout(STOP_TIME_MAX, async {
            // An error says the same: it stopped already.
            let _ = self.work.send(Work::Stop).await;
            self.ended().await;
        });
        if stopped.await.is_err() {
            tracing::warn!("the ledger did not stop in time: an append is still in flight");
        }
    }

    /// Waits until the writer has ended, for any reason, and the projection's file is closed.
    async fn ended(&self) {
        let mut progress = self.progress.clone();
        while progress.changed().await.is_ok() {}
    }
}

/// Whether a queue was full for as long as may be; otherwise it is closed.
fn is_timeout<T>(error: &mpsc::error::SendTimeoutError<T>) -> bool {
    matches!(error, mpsc::error::SendTimeoutError::Timeout(_))
}
