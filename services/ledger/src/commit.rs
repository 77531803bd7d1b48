//! Committing commands: a batch is decided in an open transaction, its facts are published as one append, and on
//! the log's ack it is committed and answered.
//!
//! Decisions see the commands before them in the same batch. Nobody is answered before the log has the facts
//! and the rows are readable; on a conflict the transaction is dropped, the log followed, and all of the batch
//! decided again, as other events with other ids: nothing of the first attempt is in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::{Command, Context, Outcome, Refused, Rejection, View, decide};
use eventlog::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, AppendError, EVENT_BYTES_MAX, Log, Message, ReadError, Stored};
use events::ids::EventId;
use events::{Event, Origin, subject};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::fold::fold_own;
use crate::tables::{Tables, Writable};
use crate::writer::Writer;
use crate::{CommitError, Cursor, FoldError, StateError};

/// A batch is cut when its events reach this many bytes. One more event still fits the append.
const BATCH_BYTES_MAX: usize = APPEND_BYTES_MAX / 2;
const _: () = assert!(BATCH_BYTES_MAX + EVENT_BYTES_MAX <= APPEND_BYTES_MAX);

/// A command that waits.
pub(crate) struct Queued {
    pub(crate) command: Command,
    pub(crate) origin: Origin,
    pub(crate) answer: oneshot::Sender<Result<Committed, CommitError>>,
    pub(crate) claim: Claim,
}

impl Queued {
    /// Whether the writer has it from now on. Whoever does not wait any more need not be told, and has at best
    /// learned that it did not happen.
    pub(crate) fn is_taken(&self) -> bool {
        self.claim.take() && !self.answer.is_closed()
    }
}

/// Whose the command is: the writer's, which is about to decide it, or the asker's, who gives it up. Whoever
/// takes it first has it, so that a command that waited too long is known not to happen.
#[derive(Clone, Default)]
pub(crate) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Whether it was still to be had.
    pub(crate) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

/// A command that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The log's last sequence once it had happened.
    pub sequence: u64,
    /// What came of it.
    pub outcome: Outcome,
}

type Outcomes = Vec<Result<Committed, CommitError>>;

/// A batch that was decided and folded, in a transaction that is still open.
struct Decided {
    cursor: Cursor,
    messages: Vec<Message>,
    /// Of the first commands of the batch, in order.
    outcomes: Outcomes,
}

/// How an append of a batch ended.
enum Ended {
    /// These are the outcomes of its first commands.
    Committed(Outcomes),
    /// Somebody else appended, after what has these outcomes. Nothing of the rest happened.
    Conflict(Outcomes),
    /// It would have written nothing, and was decided on a state that others have left behind.
    Stale,
    /// Nothing of it happened.
    TurnedAway(CommitError),
}

impl<L: Log> Writer<L> {
    /// Commits the first commands of a batch with one append, and answers and removes them. If others append as
    /// well, that may be fewer than fit.
    pub(crate) fn commit(&mut self, batch: &mut Vec<Queued>, runtime: &Handle) -> Result<(), FoldError> {
        // Nobody else appends, so the state here is the newest there is.
        let mut is_newest = self.is_alone;
        while !batch.is_empty() {
            let tried = batch.len().min(self.contention.commands_max());
            metrics::histogram!("planetstore_ledger_batch_commands").record(u32::try_from(tried).unwrap_or(u32::MAX));
            let behind = match self.commit_once(&batch[..tried], is_newest, runtime)? {
                Ended::Committed(outcomes) => return Ok(answer(batch, outcomes)),
                Ended::TurnedAway(error) => return Ok(turn_away(batch, &error)),
                Ended::Stale => runtime.block_on(self.catch_up()),
                Ended::Conflict(outcomes) => {
                    metrics::counter!("planetstore_ledger_conflicts_total").increment(1);
                    let pause = if outcomes.is_empty() {
                        self.contention.lost(tried, self.sources.random())
                    } else {
                        self.contention.interrupted();
                        Some(Duration::ZERO)
                    };
                    answer(batch, outcomes);
                    let Some(pause) = pause else {
                        return Ok(turn_away(batch, &CommitError::Unavailable("others write all the time".into())));
                    };
                    runtime.block_on(async {
                        tokio::time::sleep(pause).await;
                        self.catch_up().await
                    })
                }
            };
            match behind {
                Ok(()) => is_newest = true,
                Err(FoldError::Log(error)) => return Ok(turn_away(batch, &unavailable(error)?)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Decides, publishes and commits as much of a batch as fits one append.
    fn commit_once(&mut self, batch: &[Queued], is_newest: bool, runtime: &Handle) -> Result<Ended, FoldError> {
        let transaction = self.begin()?;
        let decided = {
            let mut tables = Tables::write(&transaction).map_err(StateError::from)?;
            let decided = self.decide_batch(&mut tables, batch)?;
            tables.finish(&decided.cursor)?;
            decided
        };
        if decided.messages.is_empty() {
            transaction.abort().map_err(StateError::from)?;
            return self.answer_without_events(decided, is_newest, runtime);
        }
        let begun = Instant::now();
        let (appended, ended) = match runtime.block_on(self.log.append(self.cursor.sequence, &decided.messages)) {
            Ok(()) => {
                transaction.commit().map_err(StateError::from)?;
                self.moved(decided.cursor)?;
                self.contention.won(begun.elapsed(), Instant::now());
                return Ok(Ended::Committed(decided.outcomes));
            }
            Err(AppendError::Conflict { appended: 0 }) => {
                transaction.abort().map_err(StateError::from)?;
                return Ok(Ended::Conflict(Vec::new()));
            }
            Err(AppendError::Damaged(error)) => return Err(error.into()),
            Err(error @ (AppendError::Unavailable { appended: 0, .. } | AppendError::TooLarge { .. })) => {
                transaction.abort().map_err(StateError::from)?;
                return Ok(Ended::TurnedAway(CommitError::from(&error)));
            }
            Err(AppendError::Conflict { appended }) => (appended, Ended::Conflict as fn(Outcomes) -> Ended),
            Err(AppendError::Unavailable { appended, .. }) => (appended, Ended::Committed as fn(Outcomes) -> Ended),
        };
        // The first ones are in the log: fold and answer them, then see to the rest.
        transaction.abort().map_err(StateError::from)?;
        let messages = decided.messages[..appended].iter();
        let written: Vec<_> = (self.cursor.sequence + 1..)
            .zip(messages)
            .map(|(sequence, message)| Stored { sequence, id: message.id, payload: message.payload.clone() })
            .collect();
        self.fold(&written)?;
        Ok(ended(first_written(decided.outcomes, self.cursor.sequence)))
    }

    /// Answers a batch that wrote nothing, if it saw everything: a refusal is as good as a read, and where
    /// others append, a read asks the log first. `is_newest` says that this was done since the commands came.
    fn answer_without_events(&self, decided: Decided, is_newest: bool, runtime: &Handle) -> Result<Ended, FoldError> {
        if is_newest {
            return Ok(Ended::Committed(decided.outcomes));
        }
        match runtime.block_on(self.last_sequence()) {
            Ok(last) if last == self.cursor.sequence => Ok(Ended::Committed(decided.outcomes)),
            Ok(_) => Ok(Ended::Stale),
            Err(error) => Ok(Ended::TurnedAway(unavailable(error)?)),
        }
    }

    fn decide_batch(&self, tables: &mut Tables<Writable<'_>>, batch: &[Queued]) -> Result<Decided, FoldError> {
        let mut decided = Decided { cursor: self.cursor, messages: Vec::new(), outcomes: Vec::new() };
        let mut bytes = 0;
        for queued in batch {
            let context = self.sources.context();
            let mut warnings = Vec::new();
            let outcome = match decide(tables, &queued.command, context) {
                Ok(decision) => match decision.fact {
                    None => Ok(decision.outcome),
                    Some(fact) => self.write(tables, &mut decided.cursor, fact, queued, context)?.map(|message| {
                        bytes += message.payload.len();
                        decided.messages.push(message);
                        warnings = decision.warnings;
                        decision.outcome
                    }),
                },
                Err(Refused::Rejected(rejection)) => Err(CommitError::Rejected(rejection)),
                Err(Refused::View(error)) => return Err(error.into()),
            };
            let sequence = decided.cursor.sequence;
            decided.outcomes.push(outcome.map(|outcome| Committed { sequence, outcome }));
            // After the outcome's sequence was taken: what was asked for has happened even if an append ends here.
            for fact in warnings {
                if decided.messages.len() == APPEND_EVENTS_MAX {
                    break;
                }
                if let Ok(message) = self.write(tables, &mut decided.cursor, fact, queued, self.sources.context())? {
                    bytes += message.payload.len();
                    decided.messages.push(message);
                }
            }
            if bytes >= BATCH_BYTES_MAX || decided.messages.len() == APPEND_EVENTS_MAX {
                break;
            }
        }
        Ok(decided)
    }

    /// Makes an event of a fact and folds it, unless no log takes it.
    fn write(
        &self,
        tables: &mut Tables<Writable<'_>>,
        cursor: &mut Cursor,
        fact: events::Fact,
        queued: &Queued,
        context: Context,
    ) -> Result<Result<Message, CommitError>, FoldError> {
        let needed = fact.kind().level;
        // Whoever is alone writes for no other program.
        if needed > 0 && !self.is_alone {
            let level = tables.totals()?.level;
            if needed > level {
                return Ok(Err(Rejection::LevelTooLow { needed, level }.into()));
            }
        }
        let event = Event {
            id: EventId(context.fresh),
            time: context.now,
            sequence: cursor.sequence + 1,
            previous: cursor.hash,
            origin: queued.origin.clone(),
            fact,
        };
        let payload = event.encode(&self.region).map_err(|error| FoldError::Contradiction(error.to_string()))?;
        let (what, size, max) = ("bytes in one event", payload.len(), EVENT_BYTES_MAX);
        if size > max {
            return Ok(Err(CommitError::from(&AppendError::TooLarge { what, size, max })));
        }
        fold_own(tables, cursor, &event, &payload)?;
        Ok(Ok(Message { subject: subject(&self.region, &event.fact), id: event.id, payload }))
    }
}

/// Answers the first commands of a batch, and removes them.
fn answer(batch: &mut Vec<Queued>, outcomes: Outcomes) {
    for (queued, outcome) in batch.drain(..outcomes.len()).zip(outcomes) {
        // Whoever gave up waiting is not told.
        let _ = queued.answer.send(outcome);
    }
}

fn turn_away(batch: &mut Vec<Queued>, error: &CommitError) {
    batch.drain(..).for_each(|queued| drop(queued.answer.send(Err(error.clone()))));
}

/// What an error in reading the log means to commands of which nothing is written.
fn unavailable(error: ReadError) -> Result<CommitError, FoldError> {
    match error {
        ReadError::Unavailable { reason } => Ok(CommitError::Unavailable(reason)),
        stop @ (ReadError::Gap { .. } | ReadError::LostTail { .. } | ReadError::Foreign { .. }) => Err(stop.into()),
    }
}

/// The outcomes of the first commands of a batch, up to those that were decided on facts after `last`: these
/// are not written.
fn first_written(outcomes: Outcomes, last: u64) -> Outcomes {
    let written =
        |outcome: &Result<Committed, _>| outcome.as_ref().map_or(true, |committed| committed.sequence <= last);
    outcomes.into_iter().take_while(written).collect()
}
