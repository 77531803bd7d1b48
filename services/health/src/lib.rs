//! Tracks the shards that acknowledged contents lack, and records them as facts.
//!
//! Input: faults that reads found, shards that writes did not wait for, and the log's past. Output:
//! `content.health_changed` facts, and a settled mark on disk: everything that this process acknowledged up to it is
//! settled, so that after a crash only what is behind the mark has to be checked. This crate repairs nothing, and no
//! request waits for it.
//!
//! # Layout
//! - [`Keeper`]: the tasks, a file each: `settle`, the owed shards of writes; `turns`, moving the mark; `lost`, writes
//!   that were not tracked; `wanting`, faults found by reads; `scan`, contents behind the mark; `returned`, nodes that
//!   came back; `later`, owed shards that are checked again
//! - `note`: inspects a content and records the result
//! - `mark`: the file of the mark

mod later;
mod lost;
mod mark;
mod note;
mod returned;
mod scan;
mod settle;
#[cfg(test)]
mod tests;
mod turns;
mod wanting;

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger::Ledger;
use shards::{Incident, ShardStore, Transport};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use later::{Due, LATER_MAX};
use mark::Mark;
use turns::Turns;

/// How old a debt is before it becomes a fact: a shard may be late, and what is not there now may be in a moment.
/// Requests to nodes have deadlines of this order.
const DEBT_AGE_MIN: Duration = Duration::from_secs(5);

/// Contents that each task inspects at a time.
const CONTENTS_MAX: usize = 16;

/// How long to wait before something is tried again that the log or the ledger did not take.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before something is tried again that the log refuses: until an operator raises the region's level,
/// say.
const REFUSED_PAUSE: Duration = Duration::from_mins(1);

/// How long the end of the tasks is waited for, an append under way included.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// The state of this process's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// The log's sequence up to which all that this process, or one before it on this folder, acked is settled: each
    /// shard is there, or is known to be owed.
    pub settled_sequence: u64,
    /// Whether writes from before the start are still being checked.
    pub is_scanning: bool,
}

/// The keeper ended because the ledger stopped.
#[derive(Debug, thiserror::Error)]
#[error("the ledger has stopped: {0}")]
pub struct Stopped(String);

/// What every task needs.
struct Tasks<T: Transport> {
    ledger: Ledger,
    store: ShardStore<T>,
    mark: Arc<tokio::sync::Mutex<Mark>>,
    turns: Mutex<Turns>,
    later: mpsc::Sender<Due>,
    figures: watch::Sender<Figures>,
    begun: Instant,
    /// Where the log was then. What this process acks comes behind it.
    reached: u64,
}

impl<T: Transport> Tasks<T> {
    fn new(mark: PathBuf, ledger: Ledger, store: ShardStore<T>) -> (Arc<Self>, mpsc::Receiver<Due>) {
        let reached = ledger.progress().borrow().cursor.sequence;
        let mark = Mark::open(mark, reached);
        let figures = Figures { settled_sequence: mark.place().settled, is_scanning: true };
        let (later, due) = mpsc::channel(LATER_MAX);
        let tasks = Self {
            ledger,
            store,
            mark: Arc::new(tokio::sync::Mutex::new(mark)),
            turns: Mutex::default(),
            later,
            figures: watch::Sender::new(figures),
            begun: Instant::now(),
            reached,
        };
        (Arc::new(tasks), due)
    }
}

/// The tasks, running. Dropped, they end at once, which loses nothing.
#[derive(Debug)]
pub struct Keeper {
    task: JoinHandle<Stopped>,
    stop: Option<oneshot::Sender<()>>,
    figures: watch::Receiver<Figures>,
}

impl Keeper {
    /// Begins. `mark` is the file of the mark: without it, all contents of the log are looked at once. To be called
    /// before anything is written through `store`.
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

    /// Waits until it ends without being asked to.
    pub async fn ended(&mut self) -> String {
        match (&mut self.task).await {
            Ok(stopped) => stopped.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Writes the mark once more, and ends. To be called when no request is under way any more.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended already.
            let _told = stop.send(());
        }
        if tokio::time::timeout(STOP_TIME_MAX, &mut self.task).await.is_err() {
            tracing::warn!("what is owed is not written down yet: the next start looks for it");
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
            tasks.end_turns(),
            tasks.settle_debts(),
            tasks.find_lost(),
            tasks.take_in(incidents),
            tasks.scan_once(),
            tasks.watch_nodes(),
            tasks.look_at_due(due),
        )
    };
    tokio::select! {
        // Dropping the other end is a wish to stop as well.
        _stopped = stop => {
            tasks.end_last_turn().await;
            Stopped("it was told to".into())
        }
        ended = all => match ended {
            Ok((never, ..)) => match never {},
            Err(stopped) => stopped,
        }
    }
}

/// Of a task that ends only with the ledger.
type Never = Result<Infallible, Stopped>;
