use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use domain::Command;
use eventlog::Log;
use events::Origin;
use events::ids::RegionName;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::open::open_database;
use crate::snapshot::Snapshot;
use crate::writer::{Committed, Durable, Progress, Queued, Work, Writer};
use crate::{CommitError, OpenError, ReadError, Sources, barrier};

/// How many commands may wait for the writer.
const COMMANDS_WAITING_MAX: usize = 4_096;

/// How long a command may wait for room in the queue.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a command may take from the queue to its outcome, a restart of the log's server included.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(30);

/// How long a read may wait for its barrier.
const BARRIER_TIME_MAX: Duration = Duration::from_secs(10);

/// How a ledger is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The region whose log it folds.
    pub region: RegionName,
    /// The file of the projection.
    pub path: PathBuf,
    /// Nobody else appends to the log: reads need no barrier, and nothing is followed.
    pub sole_writer: bool,
    /// Bytes of redb's page cache.
    pub cache_bytes: usize,
    /// Where time and ids come from.
    pub sources: Sources,
}

/// State folded from the log, and the one way to change it. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    work: mpsc::Sender<Work>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    progress: watch::Receiver<Progress>,
    barrier: Option<mpsc::Sender<barrier::Waiting>>,
}

impl Ledger {
    /// Opens the projection, checks it against the log and folds what is missing.
    pub async fn open<L: Log>(options: Options, log: Arc<L>) -> Result<Self, OpenError> {
        let (database, cursor) = open_database(&options, log.as_ref()).await?;
        let database = Arc::new(database);
        let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::take(&database)?));
        let (progress_sender, progress) = watch::channel(Progress { cursor, failed: None });
        let (work, queue) = mpsc::channel(COMMANDS_WAITING_MAX);
        let writer = Writer {
            log: Arc::clone(&log),
            database,
            region: options.region,
            sources: options.sources,
            cursor,
            snapshot: Arc::clone(&snapshot),
            progress: progress_sender,
            durable: Durable { at: Instant::now(), sequence: cursor.sequence },
        };
        let runtime = Handle::current();
        std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer.run(queue, &runtime))
            .map_err(|source| OpenError::File { path: "the ledger's thread".into(), source })?;
        let mut ledger = Self { work, snapshot, progress, barrier: None };
        if !options.sole_writer {
            let (reads, waiting) = mpsc::channel(COMMANDS_WAITING_MAX);
            ledger.barrier = Some(reads);
            tokio::spawn(barrier::run(Arc::clone(&log), waiting, ledger.progress.clone()));
            tokio::spawn(follow(log, cursor.sequence + 1, ledger.work.clone()));
        }
        Ok(ledger)
    }

    /// Decides a command, writes its fact to the log, applies it, and answers.
    ///
    /// # Errors
    /// See [`CommitError`]; [`CommitError::is_definite`] says whether it can still happen.
    pub async fn commit(&self, command: Command, origin: Origin) -> Result<Committed, CommitError> {
        let (answer, outcome) = oneshot::channel();
        let work = Work::Commit(Queued { command, origin, answer });
        match self.work.send_timeout(work, QUEUE_TIME_MAX).await {
            Ok(()) => {}
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => return Err(CommitError::Busy),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => return Err(self.stopped()),
        }
        match tokio::time::timeout(COMMIT_TIME_MAX, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(self.stopped()),
            Err(_) => Err(CommitError::Unknown),
        }
    }

    fn stopped(&self) -> CommitError {
        let failed = self.progress.borrow().failed.clone();
        CommitError::Stopped(failed.map_or_else(|| "it was told to".to_owned(), |reason| reason.to_string()))
    }

    /// The state, with every write that was acked before this call.
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
        Ok(self.snapshot.load_full())
    }

    /// How far the log is folded, and whether the ledger still works.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Finishes what waits, makes the projection durable and stops.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.work.send(Work::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

/// Hands what is appended by anyone to the writer.
async fn follow<L: Log>(log: Arc<L>, from: u64, work: mpsc::Sender<Work>) {
    let mut events = log.follow(from);
    while let Some(first) = events.next().await {
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(event) = next.take() {
            match event {
                Ok(stored) => batch.push(stored),
                Err(error) => {
                    tracing::error!(%error, "the log cannot be followed any more");
                    return;
                }
            }
            next = events.try_next();
        }
        if work.send(Work::Fold(batch)).await.is_err() {
            return;
        }
    }
}
