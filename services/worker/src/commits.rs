//! Commits of background work, gathered: wherever several processes append, each append makes the others decide again.

use std::sync::Arc;
use std::time::Duration;

use domain::Command;
use events::ids::WorkerName;
use futures_util::future::join_all;
use ledger::{CommitError, Committed};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::Store;

/// How often commands are committed where other processes append to the log, too.
pub(crate) const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// Commands that are committed together, at most: the ledger appends so many at once.
const TOGETHER_MAX: usize = 256;

/// Commands that may wait for it.
const WAITING_MAX: usize = 1_024;

/// A command that waits.
struct Queued {
    by: WorkerName,
    command: Command,
    answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// The way to commit together with others. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Commits(mpsc::Sender<Queued>);

/// What has to be run for it.
pub(crate) struct Gathering {
    queue: mpsc::Receiver<Queued>,
    store: Arc<dyn Store>,
    interval: Duration,
}

impl Commits {
    pub(crate) fn new(store: Arc<dyn Store>, interval: Duration) -> (Self, Gathering) {
        let (sender, queue) = mpsc::channel(WAITING_MAX);
        (Self(sender), Gathering { queue, store, interval })
    }

    /// Commits a command with the next ones.
    pub(crate) async fn commit(&self, by: WorkerName, command: Command) -> Result<Committed, CommitError> {
        let (answer, outcome) = oneshot::channel();
        let stopped = || CommitError::Stopped("background work was told to stop".into());
        self.0.send(Queued { by, command, answer }).await.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }
}

impl Gathering {
    /// Commits what is asked for, until nobody is left to ask.
    pub(crate) async fn run(mut self) {
        let (mut waiting, mut next) = (Vec::new(), Instant::now());
        while self.queue.recv_many(&mut waiting, TOGETHER_MAX).await > 0 {
            sleep_until(next).await;
            while waiting.len() < TOGETHER_MAX
                && let Ok(queued) = self.queue.try_recv()
            {
                waiting.push(queued);
            }
            next = Instant::now() + self.interval;
            // Whoever was dropped meanwhile wants it no more.
            let wanted = waiting.drain(..).filter(|queued| !queued.answer.is_closed());
            let store = self.store.as_ref();
            join_all(wanted.map(|Queued { by, command, answer }| async move {
                let outcome = store.commit(by.as_str(), command).await;
                // As here.
                let _dropped = answer.send(outcome);
            }))
            .await;
        }
    }
}
