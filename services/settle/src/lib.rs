//! Tracks the shards that acknowledged contents lack, and records them as facts.
//!
//! # Input
//! Incidents that reads and inspections report, pending writes of this process, and past events of the log.
//!
//! # Output
//! - `content.health_changed` facts
//! - a settled mark on disk: everything that this process acknowledged up to it is settled, so that after a crash only
//!   contents after the mark have to be checked
//!
//! # Never
//! This crate repairs nothing, and no request waits for it.
//!
//! # Files
//! - [`Keeper`] runs the tasks, one in each file: `unwritten` records shards that writes did not store; `epochs` moves
//!   the mark; `untracked` checks writes that were no longer tracked; `faulty` checks what reads reported; `scan`
//!   checks contents after the mark; `rejoined` checks contents on nodes that came back; `recheck` checks contents a
//!   second time
//! - `check` inspects a content and records the result
//! - `mark` is the file of the mark

mod check;
mod epochs;
mod faulty;
mod mark;
mod recheck;
mod rejoined;
mod scan;
#[cfg(test)]
mod tests;
mod untracked;
mod unwritten;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger::Ledger;
use shards::{Incident, ShardStore, Transport};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use epochs::Epochs;
use mark::Mark;
use recheck::{Due, RECHECKS_MAX};

/// The age from which a missing shard is recorded: a late shard may still arrive. Requests to nodes have deadlines of
/// this order.
const RECORD_DELAY: Duration = Duration::from_secs(5);

/// The most contents that each task inspects at a time.
const CONTENTS_MAX: usize = 16;

/// The pause before a retry when the log or the ledger is unavailable.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The pause before a retry when the log has refused a fact, for example until an operator raises the region's level.
const REFUSED_PAUSE: Duration = Duration::from_mins(1);

/// How long [`Keeper::stop`] waits for the tasks, including an append in flight.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// The state of this process's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// The log's sequence up to which all writes that this process, or an earlier one on this folder, acknowledged are
    /// settled: each shard is stored, or is recorded as missing.
    pub settled_sequence: u64,
    /// Whether writes from before the start are still being checked.
    pub is_scanning: bool,
}

/// The keeper ended because the ledger stopped.
#[derive(Debug, thiserror::Error)]
#[error("the ledger has stopped: {0}")]
pub struct Stopped(String);

/// The state that the tasks share.
struct Tasks<T: Transport> {
    ledger: Ledger,
    store: ShardStore<T>,
    mark: Arc<tokio::sync::Mutex<Mark>>,
    epochs: Mutex<Epochs>,
    rechecks: mpsc::Sender<Due>,
    figures: watch::Sender<Figures>,
    begun: Instant,
    /// The log's sequence at the start. The events of this process's writes come after it.
    reached: u64,
}

impl<T: Transport> Tasks<T> {
    fn new(mark: PathBuf, ledger: Ledger, store: ShardStore<T>) -> (Arc<Self>, mpsc::Receiver<Due>) {
        let reached = ledger.progress().borrow().cursor.sequence;
        let mark = Mark::open(mark, reached);
        let figures = Figures { settled_sequence: mark.position().settled, is_scanning: true };
        let (rechecks, due) = mpsc::channel(RECHECKS_MAX);
        let tasks = Self {
            ledger,
            store,
            mark: Arc::new(tokio::sync::Mutex::new(mark)),
            epochs: Mutex::default(),
            rechecks,
            figures: watch::Sender::new(figures),
            begun: Instant::now(),
            reached,
        };
        (Arc::new(tasks), due)
    }
}

/// The running tasks. Dropping it ends them at once, which loses nothing.
#[derive(Debug)]
pub struct Keeper {
    task: JoinHandle<Stopped>,
    stop: Option<oneshot::Sender<()>>,
    figures: watch::Receiver<Figures>,
}

impl Keeper {
    /// Starts the tasks. `mark` is the path of the mark's file; if there is no file, all contents of the log are
    /// checked once. Must be called before anything is written through `store`, within a tokio runtime.
    pub fn start<T: Transport>(
        mark: PathBuf,
        ledger: Ledger,
        store: ShardStore<T>,
        incidents: mpsc::Receiver<Incident>,
    ) -> Self {
        let (tasks, due) = Tasks::new(mark, ledger, store);
        let figures = tasks.figures.subscribe();
        let (stop, stopped) = oneshot::channel();
        Self { task: tokio::spawn(run(tasks, incidents, due, stopped)), stop: Some(stop), figures }
    }

    /// The state of this process's writes, as it changes.
    pub fn figures(&self) -> watch::Receiver<Figures> {
        self.figures.clone()
    }

    /// Waits until the tasks end by themselves, and returns the reason.
    pub async fn ended(&mut self) -> String {
        match (&mut self.task).await {
            Ok(stopped) => stopped.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Writes the mark once more and ends the tasks. Must be called when no request is in flight any more.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The tasks may have ended already.
            let _sent = stop.send(());
        }
        if tokio::time::timeout(STOP_TIME_MAX, &mut self.task).await.is_err() {
            tracing::warn!("some owed shards are not recorded yet: the next start looks for them");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run<T: Transport>(
    tasks: Arc<Tasks<T>>,
    incidents: mpsc::Receiver<Incident>,
    due: mpsc::Receiver<Due>,
    stop: oneshot::Receiver<()>,
) -> Stopped {
    let all = async {
        tokio::try_join!(
            tasks.advance_epochs(),
            tasks.record_unwritten(),
            tasks.check_untracked(),
            tasks.check_incidents(incidents),
            tasks.scan_once(),
            tasks.watch_rejoining_nodes(),
            tasks.run_rechecks(due),
        )
    };
    tokio::select! {
        // A dropped sender means stop as well.
        _stopped = stop => {
            tasks.finish_last_epoch().await;
            Stopped("it was told to".into())
        }
        ended = all => match ended {
            Ok((never, ..)) => match never {},
            Err(stopped) => stopped,
        }
    }
}

/// The result of a task that ends only with the ledger.
type Never = Result<Infallible, Stopped>;
