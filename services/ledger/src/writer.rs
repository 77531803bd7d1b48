//! The one task that writes: it decides queued commands in an open transaction, publishes their facts as one
//! batch, and on the log's ack commits and answers.
//!
//! Decisions see the commands before them in the same batch. Nobody is answered before the log has the facts
//! and the rows are readable; on a conflict the transaction is dropped, the log followed, and all of the batch
//! decided again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use domain::{Command, Context, Outcome, Refused, decide};
use eventlog::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, AppendError, Log, Message, Stored};
use events::ids::{EventId, RegionName};
use events::{Event, Origin, subject};
use redb::{Database, Durability};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use crate::fold::{FOLD_BYTES_MAX, FOLD_EVENTS_MAX, fold, fold_own};
use crate::snapshot::Snapshot;
use crate::tables::{Tables, Writable};
use crate::{CommitError, Cursor, FoldError, Sources, StateError};

/// How long commits may stay volatile in redb. The log has them: a crash replays this much.
const VOLATILE_TIME_MAX: Duration = Duration::from_secs(1);

/// How many events may stay volatile in redb.
const VOLATILE_EVENTS_MAX: u64 = 10_000;

/// How often a batch is decided again after others appended, before its commands are turned away.
const CONFLICTS_MAX: u32 = 64;

/// A command is at most about this many bytes as an event; batches are cut so that they fit one append.
const BATCH_BYTES_MAX: usize = APPEND_BYTES_MAX / 2;

/// What the writer is asked to do.
pub(crate) enum Work {
    /// Decide, publish and apply a command.
    Commit(Queued),
    /// Fold what others appended.
    Fold(Vec<Stored>),
    /// Make everything durable and stop.
    Stop(oneshot::Sender<()>),
}

/// A command that waits.
pub(crate) struct Queued {
    pub(crate) command: Command,
    pub(crate) origin: Origin,
    pub(crate) answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// A command that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The log's last sequence once it had happened.
    pub sequence: u64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What the rest of the process sees of the writer.
#[derive(Debug, Clone)]
pub struct Progress {
    /// How far the log is folded.
    pub cursor: Cursor,
    /// Why the writer stopped, if it did. Nothing can be written any more.
    pub failed: Option<Arc<str>>,
}

pub(crate) struct Writer<L> {
    pub(crate) log: Arc<L>,
    pub(crate) database: Arc<Database>,
    pub(crate) region: RegionName,
    pub(crate) sources: Sources,
    pub(crate) cursor: Cursor,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) durable: Durable,
}

/// When redb was last made durable.
pub(crate) struct Durable {
    pub(crate) at: Instant,
    pub(crate) sequence: u64,
}

/// A batch that was decided and folded, in a transaction that is still open.
struct Decided {
    cursor: Cursor,
    messages: Vec<Message>,
    outcomes: Vec<Result<Committed, CommitError>>,
}

/// How a batch ended.
enum Ended {
    Committed(Vec<Result<Committed, CommitError>>),
    DecideAgain,
    TurnedAway(CommitError),
}

impl<L: Log> Writer<L> {
    /// Works until it is told to stop or cannot go on.
    pub(crate) fn run(mut self, mut work: mpsc::Receiver<Work>, runtime: &Handle) {
        let result = self.serve(&mut work, runtime);
        if let Err(error) = result {
            tracing::error!(%error, "the ledger stops: nothing can be written any more");
            let reason: Arc<str> = error.to_string().into();
            self.progress.send_modify(|progress| progress.failed = Some(Arc::clone(&reason)));
            work.close();
            while let Ok(left) = work.try_recv() {
                if let Work::Commit(queued) = left {
                    let _ = queued.answer.send(Err(CommitError::Stopped(reason.to_string())));
                }
            }
        }
    }

    fn serve(&mut self, work: &mut mpsc::Receiver<Work>, runtime: &Handle) -> Result<(), FoldError> {
        let mut next = None;
        loop {
            let wait = VOLATILE_TIME_MAX.saturating_sub(self.durable.at.elapsed());
            let item = match next.take() {
                Some(item) => Some(item),
                None => match work.try_recv() {
                    Ok(item) => Some(item),
                    Err(_) if self.cursor.sequence == self.durable.sequence => runtime.block_on(work.recv()),
                    Err(_) => match runtime.block_on(async { tokio::time::timeout(wait, work.recv()).await }) {
                        Ok(item) => item,
                        Err(_) => {
                            self.make_durable()?;
                            continue;
                        }
                    },
                },
            };
            match item {
                None => return self.make_durable(),
                Some(Work::Stop(done)) => {
                    self.make_durable()?;
                    let _ = done.send(());
                    return Ok(());
                }
                Some(Work::Fold(events)) => self.fold(&events)?,
                Some(Work::Commit(first)) => {
                    let mut batch = vec![first];
                    while batch.len() < APPEND_EVENTS_MAX {
                        match work.try_recv() {
                            Ok(Work::Commit(queued)) => batch.push(queued),
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(batch, runtime)?;
                }
            }
            if self.is_durability_due() {
                self.make_durable()?;
            }
        }
    }

    fn commit(&mut self, mut batch: Vec<Queued>, runtime: &Handle) -> Result<(), FoldError> {
        // Whoever gave up while waiting was told that the outcome is unknown: not happening is the better one.
        batch.retain(|queued| !queued.answer.is_closed());
        metrics::histogram!("planetstore_ledger_batch_commands").record(batch.len() as f64);
        let mut conflicts = 0;
        while !batch.is_empty() {
            match self.commit_once(&batch, runtime)? {
                Ended::Committed(outcomes) => {
                    for (queued, outcome) in batch.drain(..outcomes.len()).zip(outcomes) {
                        let _ = queued.answer.send(outcome);
                    }
                }
                Ended::DecideAgain if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    metrics::counter!("planetstore_ledger_conflicts_total").increment(1);
                    runtime.block_on(self.catch_up())?;
                }
                Ended::DecideAgain => {
                    let busy = CommitError::Unavailable("others write all the time".into());
                    batch.drain(..).for_each(|queued| drop(queued.answer.send(Err(busy.clone()))));
                }
                Ended::TurnedAway(error) => {
                    batch.drain(..).for_each(|queued| drop(queued.answer.send(Err(error.clone()))));
                }
            }
        }
        Ok(())
    }

    /// Decides, publishes and commits as much of a batch as fits one append.
    fn commit_once(&mut self, batch: &[Queued], runtime: &Handle) -> Result<Ended, FoldError> {
        let mut transaction = self.database.begin_write().map_err(StateError::from)?;
        transaction.set_durability(Durability::None).map_err(StateError::from)?;
        let decided = {
            let mut tables = Tables::write(&transaction).map_err(StateError::from)?;
            self.decide_batch(&mut tables, batch)?
        };
        if decided.messages.is_empty() {
            transaction.abort().map_err(StateError::from)?;
            return Ok(Ended::Committed(decided.outcomes));
        }
        match runtime.block_on(self.log.append(self.cursor.sequence, &decided.messages)) {
            Ok(()) => {
                transaction.commit().map_err(StateError::from)?;
                self.moved(decided.cursor)?;
                Ok(Ended::Committed(decided.outcomes))
            }
            Err(error) => {
                transaction.abort().map_err(StateError::from)?;
                match error {
                    AppendError::Conflict { appended: 0 } => Ok(Ended::DecideAgain),
                    // The first ones are in the log: fold and answer them, then see to the rest.
                    AppendError::Conflict { appended } | AppendError::Unavailable { appended, .. } if appended > 0 => {
                        runtime.block_on(self.catch_up())?;
                        Ok(Ended::Committed(first_written(decided, appended)))
                    }
                    AppendError::Damaged(error) => Err(FoldError::Log(error)),
                    other => Ok(Ended::TurnedAway(CommitError::from(&other))),
                }
            }
        }
    }

    fn decide_batch(&self, tables: &mut Tables<Writable<'_>>, batch: &[Queued]) -> Result<Decided, FoldError> {
        let mut decided = Decided { cursor: self.cursor, messages: Vec::new(), outcomes: Vec::new() };
        let mut bytes = 0;
        for queued in batch {
            let context = self.sources.context();
            let outcome = match decide(tables, &queued.command, context) {
                Ok(decision) => {
                    if let Some(fact) = decision.fact {
                        let message = self.write(tables, &mut decided.cursor, fact, queued, context)?;
                        bytes += message.payload.len();
                        decided.messages.push(message);
                    }
                    Ok(Committed { sequence: decided.cursor.sequence, outcome: decision.outcome })
                }
                Err(Refused::Rejected(rejection)) => Err(CommitError::Rejected(rejection)),
                Err(Refused::View(error)) => return Err(error.into()),
            };
            decided.outcomes.push(outcome);
            if bytes >= BATCH_BYTES_MAX {
                break;
            }
        }
        Ok(decided)
    }

    fn write(
        &self,
        tables: &mut Tables<Writable<'_>>,
        cursor: &mut Cursor,
        fact: events::Fact,
        queued: &Queued,
        context: Context,
    ) -> Result<Message, FoldError> {
        let event = Event {
            id: EventId(context.fresh),
            time: context.now,
            sequence: cursor.sequence + 1,
            previous: cursor.hash,
            origin: queued.origin.clone(),
            fact,
        };
        let payload = event.encode(&self.region).map_err(|error| FoldError::Contradiction(error.to_string()))?;
        fold_own(tables, cursor, &event, &payload)?;
        Ok(Message { subject: subject(&self.region, &event.fact), id: event.id, payload })
    }

    /// Folds what the log has and the tables lack.
    async fn catch_up(&mut self) -> Result<(), FoldError> {
        loop {
            let events = self.log.read(self.cursor.sequence + 1, FOLD_EVENTS_MAX, FOLD_BYTES_MAX).await?;
            if events.is_empty() {
                return Ok(());
            }
            self.fold(&events)?;
        }
    }

    fn fold(&mut self, events: &[Stored]) -> Result<(), FoldError> {
        let mut transaction = self.database.begin_write().map_err(StateError::from)?;
        transaction.set_durability(Durability::None).map_err(StateError::from)?;
        let mut cursor = self.cursor;
        {
            let mut tables = Tables::write(&transaction).map_err(StateError::from)?;
            for stored in events {
                fold(&mut tables, &mut cursor, stored)?;
            }
        }
        transaction.commit().map_err(StateError::from)?;
        self.moved(cursor)
    }

    /// Shows the new state to readers.
    fn moved(&mut self, cursor: Cursor) -> Result<(), FoldError> {
        self.cursor = cursor;
        self.snapshot.store(Arc::new(Snapshot::take(&self.database)?));
        self.progress.send_modify(|progress| progress.cursor = cursor);
        metrics::gauge!("planetstore_ledger_sequence").set(cursor.sequence as f64);
        Ok(())
    }

    fn is_durability_due(&self) -> bool {
        let volatile = self.cursor.sequence - self.durable.sequence;
        volatile >= VOLATILE_EVENTS_MAX || (volatile > 0 && self.durable.at.elapsed() >= VOLATILE_TIME_MAX)
    }

    fn make_durable(&mut self) -> Result<(), FoldError> {
        if self.cursor.sequence != self.durable.sequence {
            let mut transaction = self.database.begin_write().map_err(StateError::from)?;
            transaction.set_durability(Durability::Immediate).map_err(StateError::from)?;
            transaction.commit().map_err(StateError::from)?;
        }
        self.durable = Durable { at: Instant::now(), sequence: self.cursor.sequence };
        Ok(())
    }
}

/// The outcomes of the commands whose facts are among the first `appended` of a batch. Those that wrote
/// nothing are decided again with the rest, since they may have seen facts that are not written.
fn first_written(decided: Decided, appended: usize) -> Vec<Result<Committed, CommitError>> {
    let first = decided.cursor.sequence - decided.messages.len() as u64;
    let last = first + appended as u64;
    decided
        .outcomes
        .into_iter()
        .take_while(|outcome| outcome.as_ref().map_or(true, |committed| committed.sequence <= last))
        .collect()
}
