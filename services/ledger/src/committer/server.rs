//! What the committer does for others: it takes their commands to its writer, and answers when all of a request have an
//! outcome. Requests are taken in the order in which they came, so that a command that is sent twice is decided first
//! where it was sent first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use domain::View;
use eventlog::Asked;
use events::Author;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::seal::{Proof, Seals};
use super::wire::{Question, RELEASE, Response, Sent, Told};
use super::{NotCommitted, Reply, Ticket};
use crate::CommitError;
use crate::commit::{Claim, Queued};
use crate::snapshot::Snapshot;
use crate::writer::{Progress, Work};

/// Requests of others that may wait for their outcomes.
const REQUESTS_WAITING_MAX: usize = 256;

/// A request that waits for longer than this means that the process does not get on, and another should commit.
const STUCK_TIME: Duration = Duration::from_secs(5);

/// Answers what other processes ask.
pub(crate) struct Server {
    seals: Arc<Seals>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    work: mpsc::WeakSender<Work>,
    progress: watch::Receiver<Progress>,
    slots: Arc<Semaphore>,
    waiting: Arc<Waiting>,
}

/// The requests that wait for their outcomes, by the order in which they came.
#[derive(Default)]
struct Waiting(Mutex<(u64, BTreeMap<u64, Instant>)>);

impl Waiting {
    fn begin(&self, now: Instant) -> u64 {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.0 += 1;
        let number = waiting.0;
        waiting.1.insert(number, now);
        number
    }

    fn end(&self, number: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&number);
    }

    fn is_stuck(&self, now: Instant) -> bool {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.1.values().next().is_some_and(|begun| now.duration_since(*begun) >= STUCK_TIME)
    }
}

impl Server {
    pub(crate) fn new(
        seals: Arc<Seals>,
        snapshot: Arc<ArcSwap<Snapshot>>,
        work: mpsc::WeakSender<Work>,
        progress: watch::Receiver<Progress>,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(REQUESTS_WAITING_MAX));
        Self { seals, snapshot, work, progress, slots, waiting: Arc::default() }
    }

    /// Serves until the writer has ended. Then nobody answers under this id any more, which the others notice at once.
    pub(crate) async fn run(self, mut asked: BoxStream<'static, Asked>) {
        let mut progress = self.progress.clone();
        let ended = progress.wait_for(|progress| progress.failed.is_some());
        tokio::pin!(ended);
        loop {
            let asked = tokio::select! {
                _ = &mut ended => return,
                asked = asked.next() => asked,
            };
            let Some(asked) = asked else { return };
            if let Err(error) = self.take(asked) {
                tracing::debug!(error, "a request of another process is not answered");
            }
        }
    }

    /// Takes a request, and has it answered.
    fn take(&self, asked: Asked) -> Result<(), String> {
        let numbers = self.snapshot.load().totals().map_err(|error| error.to_string())?.keys;
        let opened = self.seals.open(numbers, &asked.bytes).map_err(|error| error.to_string())?;
        let (author, proof, body) = opened.ok_or("nobody proves it")?;
        let response = match serde_json::from_slice(&body) {
            Ok(Question::Ping) => Response::Pong { works: !self.waiting.is_stuck(Instant::now()) },
            Ok(Question::Commit { release, epoch, commands }) if release == RELEASE => {
                let read: Result<Vec<Sent<'_>>, _> =
                    commands.iter().map(|command| serde_json::from_str(command.get())).collect();
                match read {
                    Ok(commands) => return self.commit(asked, (author, proof), epoch, commands),
                    Err(error) => {
                        tracing::warn!(%error, "a command of another process is not understood");
                        Response::OtherRelease
                    }
                }
            }
            Ok(Question::Commit { .. }) | Err(_) => Response::OtherRelease,
        };
        let answering = Answering { seals: Arc::clone(&self.seals), snapshot: Arc::clone(&self.snapshot) };
        tokio::spawn(async move { answering.answer(asked, (author, proof), &response).await });
        Ok(())
    }

    fn commit(
        &self,
        asked: Asked,
        (author, proof): (Author, Proof),
        epoch: u64,
        commands: Vec<Sent<'_>>,
    ) -> Result<(), String> {
        let answering = Answering { seals: Arc::clone(&self.seals), snapshot: Arc::clone(&self.snapshot) };
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            tokio::spawn(async move { answering.answer(asked, (author, proof), &Response::Busy).await });
            return Ok(());
        };
        let work = self.work.upgrade().ok_or("the ledger has stopped")?;
        let outcomes: Vec<_> = commands.into_iter().map(|sent| enqueue(&work, sent, author, epoch)).collect();
        let (waiting, number) = (Arc::clone(&self.waiting), self.waiting.begin(Instant::now()));
        let progress = self.progress.clone();
        tokio::spawn(async move {
            let mut told = Vec::with_capacity(outcomes.len());
            for outcome in outcomes {
                told.push(match outcome {
                    // A writer that ends may have appended it.
                    Ok(outcome) => outcome.await.map_or(Told::Unknown, Told::from),
                    Err(not_taken) => Told::from(Reply::Err(not_taken)),
                });
            }
            waiting.end(number);
            let at = progress.borrow().cursor.sequence;
            answering.answer(asked, (author, proof), &Response::Outcomes { told, at }).await;
            drop(slot);
        });
        Ok(())
    }
}

/// Hands a command to the writer.
fn enqueue(
    work: &mpsc::Sender<Work>,
    sent: Sent<'_>,
    by: Author,
    epoch: u64,
) -> Result<oneshot::Receiver<Reply>, NotCommitted> {
    let (answer, outcome) = oneshot::channel();
    let ticket = Ticket { id: Some(sent.id), known: sent.known, by, term: Some(epoch), is_sent: false };
    let (command, origin) = (sent.command.into_owned(), sent.origin.into_owned());
    match work.try_send(Work::Commit(Queued { command, origin, answer, claim: Claim::default(), ticket })) {
        Ok(()) => Ok(outcome),
        Err(mpsc::error::TrySendError::Full(_)) => Err(CommitError::Busy.into()),
        Err(mpsc::error::TrySendError::Closed(_)) => Err(CommitError::Unknown.into()),
    }
}

/// What an answer needs.
struct Answering {
    seals: Arc<Seals>,
    snapshot: Arc<ArcSwap<Snapshot>>,
}

impl Answering {
    async fn answer(&self, asked: Asked, to: (Author, Proof), response: &Response) {
        let sealed = serde_json::to_vec(response).map_err(|error| error.to_string()).and_then(|body| {
            let numbers = self.snapshot.load().totals().map_err(|error| error.to_string())?.keys;
            self.seals.answer(numbers, to, &body).map_err(|error| error.to_string())
        });
        match sealed {
            Ok(bytes) => asked.answer(bytes).await,
            // The sender asks again.
            Err(error) => tracing::warn!(error, "another process cannot be answered"),
        }
    }
}
