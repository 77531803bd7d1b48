//! Committing commands: a batch is decided in an open transaction, its facts are published as one append, and on
//! the log's ack it is committed and answered.
//!
//! A batch is bounded in events, bytes, rows and time, so that no client holds up the others for long.
//!
//! Decisions see the commands before them in the same batch. Nobody is answered before the log has the facts
//! and the rows are readable; on a conflict the transaction is dropped, the log followed, and all of the batch
//! decided again, as other events with other ids: nothing of the first attempt is in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use domain::{
    Command, Context, FACT_CHANGES_MAX, Identities, Outcome, Refused, Rejection, View, decide, may_write, stands,
};
use eventlog::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, AppendError, EVENT_BYTES_MAX, Log, Message, ReadError};
use events::ids::{AuthType, EventId, Principal, UserName};
use events::{Author, Event, Fact, Origin, chain_hash, subject};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::answered::InBatch;
use crate::committer::{NotCommitted, Reply, Ticket};
use crate::fold::{Own, fold_own};
use crate::judge::said;
use crate::proof::Statement;
use crate::room::{Room, Written};
use crate::tables::{Tables, Writable};
use crate::writer::Writer;
use crate::{CommitError, Cursor, FoldError, StateError};

/// A batch is cut when its events reach this many bytes. One more event still fits the append.
pub(crate) const BATCH_BYTES_MAX: usize = APPEND_BYTES_MAX / 2;
const _: () = assert!(BATCH_BYTES_MAX + EVENT_BYTES_MAX <= APPEND_BYTES_MAX);

/// A batch is cut when its events reach this number: one is left for what is being released, and one for a secret that
/// is kept apart.
const BATCH_EVENTS_MAX: usize = APPEND_EVENTS_MAX - 2;

/// A batch is cut when its events have written or dropped this many rows. What queued behind it waits no longer.
pub(crate) const BATCH_CHANGES_MAX: usize = 500;

const _: () = assert!(FACT_CHANGES_MAX > 2 * RELEASED_PARTS_MAX as usize);

/// A batch is cut when deciding and folding took this long, or as long as the last append if that took longer: a command
/// may read much and write little.
const BATCH_TIME_MIN: Duration = Duration::from_millis(5);

/// The longest that a batch is decided however long an append takes.
const BATCH_TIME_MAX: Duration = Duration::from_millis(50);

/// The number of parts that one event frees: each is two rows, and a batch with it takes a millisecond or two longer.
const RELEASED_PARTS_MAX: u16 = 128;

/// The time without releases of our own after another process appended, which releases as well, or after a release
/// failed.
const RELEASE_PAUSE: Duration = Duration::from_secs(1);

/// The principal of releases on the log.
const PRINCIPAL: &str = "ledger";

/// A command that waits.
pub(crate) struct Queued {
    pub(crate) command: Command,
    pub(crate) origin: Origin,
    pub(crate) answer: oneshot::Sender<Reply>,
    pub(crate) claim: Claim,
    pub(crate) ticket: Ticket,
}

/// The claim on a command: either the writer claims it to decide it, or the caller claims it to give it up. The first
/// claim wins, so that a command that waited too long is known not to happen.
#[derive(Clone, Default)]
pub(crate) struct Claim(Arc<AtomicBool>);

impl Claim {
    /// Claims the command. Returns whether nobody had claimed it before.
    pub(crate) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// Gives the claim back: nothing was done with the command.
    pub(crate) fn give_back(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A command that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The log's last sequence once it had happened.
    pub sequence: u64,
    /// The outcome.
    pub outcome: Outcome,
}

type Outcomes = Vec<Reply>;

/// A batch that was decided and folded, in a transaction that is still open.
pub(crate) struct Decided {
    cursor: Cursor,
    pub(crate) messages: Vec<Message>,
    /// The ids of commands that others sent.
    pub(crate) ids: InBatch,
    /// The outcomes of the first commands of the batch, in order.
    outcomes: Outcomes,
    written: Written,
}

/// The end of an append of a batch.
enum Ended {
    /// These are the outcomes of its first commands.
    Committed(Outcomes),
    /// Another process appended behind the commands with these outcomes. Nothing of the other commands happened.
    Conflict(Outcomes),
    /// The batch would have written nothing, and was decided on a state that is not the newest any more.
    Stale,
    /// Nothing of the batch happened.
    TurnedAway(CommitError),
}

impl<L: Log> Writer<L> {
    /// Commits the first commands of a batch, as many as the bounds and the contention with other writers allow, and
    /// leaves the others: commands that queued meanwhile get their turn before them.
    pub(crate) fn commit(&mut self, batch: &mut Vec<Queued>, runtime: &Handle) -> Result<(), FoldError> {
        // A caller that gave up needs no answer, and at best knows that its command did not happen.
        batch.retain(|queued| queued.claim.take() && !queued.answer.is_closed());
        // Nobody else appends, so the state here is the newest there is.
        let mut is_newest = self.options.sole_writer;
        while !batch.is_empty() {
            let tried = batch.len().min(self.contention.commands_max());
            let behind = match self.commit_once(&batch[..tried], is_newest, runtime)? {
                Ended::Committed(outcomes) => {
                    let commands = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
                    metrics::histogram!("planetstore_ledger_batch_commands").record(commands);
                    answer(batch, outcomes);
                    for queued in &*batch {
                        queued.claim.give_back();
                    }
                    break;
                }
                Ended::TurnedAway(error) => {
                    turn_away(batch, &error);
                    break;
                }
                Ended::Stale => runtime.block_on(self.catch_up()),
                Ended::Conflict(outcomes) => {
                    let pause = self.after_conflict(tried, outcomes.is_empty());
                    answer(batch, outcomes);
                    let Some(pause) = pause else {
                        turn_away(batch, &CommitError::Unavailable("others write all the time".into()));
                        break;
                    };
                    runtime.block_on(async {
                        tokio::time::sleep(pause).await;
                        self.catch_up().await
                    })
                }
            };
            match behind {
                Ok(()) => is_newest = true,
                Err(FoldError::Log(error)) => turn_away(batch, &unavailable(error)?),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Counts a conflict, in which nothing or the first part of an append got in. Returns how long to wait; `None`
    /// when there were too many.
    fn after_conflict(&mut self, tried: usize, is_lost: bool) -> Option<Duration> {
        metrics::counter!("planetstore_ledger_conflicts_total").increment(1);
        if is_lost {
            return self.contention.lost(tried, self.options.sources.random());
        }
        self.contention.interrupted();
        Some(Duration::ZERO)
    }

    /// Frees some of what is being released while no client asks for anything.
    pub(crate) fn commit_release(&mut self, runtime: &Handle) -> Result<(), FoldError> {
        let before = self.cursor.sequence;
        if matches!(self.commit_once(&[], self.options.sole_writer, runtime)?, Ended::Conflict(_) | Ended::Stale) {
            match runtime.block_on(self.catch_up()) {
                Ok(()) => {}
                Err(FoldError::Log(error)) => drop(unavailable(error)?),
                Err(error) => return Err(error),
            }
            self.pause_release();
        } else if self.cursor.sequence == before {
            self.pause_release();
        }
        Ok(())
    }

    /// Leaves releasing to others for a while.
    pub(crate) fn pause_release(&mut self) {
        self.release = self.release.map(|_| Instant::now() + RELEASE_PAUSE);
    }

    /// Decides, publishes and commits as much of a batch as fits one append.
    fn commit_once(&mut self, batch: &[Queued], is_newest: bool, runtime: &Handle) -> Result<Ended, FoldError> {
        let transaction = self.begin()?;
        let decided = {
            let mut tables = Tables::write(&transaction);
            let decided = self.decide_batch(&mut tables, batch)?;
            tables.finish(&decided.cursor)?;
            decided
        };
        if decided.messages.is_empty() {
            transaction.abort().map_err(StateError::from)?;
            return self.answer_without_events(decided, is_newest, runtime);
        }
        let begun = Instant::now();
        let outcome = runtime.block_on(self.log.append(self.cursor.sequence, &decided.messages));
        self.append_time = begun.elapsed().min(BATCH_TIME_MAX);
        let (appended, ended) = match outcome {
            Ok(()) => {
                transaction.commit().map_err(StateError::from)?;
                self.moved(decided.cursor, decided.written)?;
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
        let written: Vec<_> =
            (self.cursor.sequence + 1..).zip(messages).map(|(sequence, message)| message.stored(sequence)).collect();
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

    /// Decides the first commands of a batch, as many as one append and its bounds take, and frees some of what is
    /// being released.
    fn decide_batch(&mut self, tables: &mut Tables<Writable<'_>>, batch: &[Queued]) -> Result<Decided, FoldError> {
        let begun = Instant::now();
        let mut decided = Decided::on(self.cursor);
        for queued in batch {
            self.decide_one(tables, &mut decided, queued)?;
            if decided.is_full() || begun.elapsed() >= self.append_time.max(BATCH_TIME_MIN) {
                break;
            }
        }
        self.release(tables, &mut decided)?;
        Ok(decided)
    }

    fn decide_one(
        &mut self,
        tables: &mut Tables<Writable<'_>>,
        decided: &mut Decided,
        queued: &Queued,
    ) -> Result<(), FoldError> {
        if let Some(reply) = self.reply_before(tables, decided, queued)? {
            decided.outcomes.push(reply);
            return Ok(());
        }
        let mut context = self.options.sources.context();
        if let Some(id) = queued.ticket.id {
            context.fresh = id.0;
        }
        let mut warnings = Vec::new();
        let by = (&queued.origin, queued.ticket.by);
        let outcome = match decide(tables, &queued.command, context) {
            Ok(decision) => match decision.fact {
                None => Ok(decision.outcome),
                Some(fact) => self.write(tables, decided, fact, by, context)?.map(|()| {
                    decided.ids.extend(queued.ticket.id);
                    warnings = decision.warnings;
                    decision.outcome
                }),
            },
            Err(Refused::Rejected(rejection)) => Err(CommitError::Rejected(rejection)),
            Err(Refused::View(error)) => return Err(error.into()),
        };
        let sequence = decided.cursor.sequence;
        decided.outcomes.push(outcome.map(|outcome| Committed { sequence, outcome }).map_err(NotCommitted::from));
        // After the outcome's sequence was taken: what was asked for has happened even if an append ends here.
        for fact in warnings {
            if decided.messages.len() == APPEND_EVENTS_MAX {
                break;
            }
            // A fact that is too large for any log is left out.
            let _ = self.write(tables, decided, fact, by, self.options.sources.context())?;
        }
        Ok(())
    }

    /// Frees some of the parts that earlier facts ended, if there are any. Each batch carries a little of it, so that
    /// it neither waits for a quiet moment nor takes one from clients; it costs no append of its own.
    fn release(&mut self, tables: &mut Tables<Writable<'_>>, decided: &mut Decided) -> Result<(), FoldError> {
        // On a disk with little room the release waits, because it frees none.
        if !self.options.releases
            || self.is_committing_elsewhere()
            || self.room != Room::Ample
            || decided.messages.len() == APPEND_EVENTS_MAX
        {
            return Ok(());
        }
        let context = self.options.sources.context();
        let released = match decide(tables, &Command::ReleaseParts { max: RELEASED_PARTS_MAX }, context) {
            Ok(decision) => decision.fact,
            Err(Refused::Rejected(_)) => None,
            Err(Refused::View(error)) => return Err(error.into()),
        };
        if let Some(fact) = released {
            let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
            let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
            // A release is bounded, so it cannot be too large.
            let _ = self.write(tables, decided, fact, (&origin, self.prover.author()), context)?;
        }
        Ok(())
    }

    /// Makes an event of a fact and folds it, unless no log takes it. What is secret of it is kept apart in an event
    /// right before it. A conflict may let that one in alone: then it says nothing, and all is decided again.
    fn write(
        &mut self,
        tables: &mut Tables<Writable<'_>>,
        decided: &mut Decided,
        fact: Fact,
        by: (&Origin, Author),
        context: Context,
    ) -> Result<Result<(), CommitError>, FoldError> {
        if tables.totals()?.level < Fact::SECRETS_LEVEL {
            return self.write_one(tables, decided, fact, by, context);
        }
        let (before, fact) = fact.part(&self.options.region);
        if let Some(before) = before {
            let context = Context { fresh: self.options.sources.context().fresh, ..context };
            if let Err(refused) = self.write_one(tables, decided, before, by, context)? {
                return Ok(Err(refused));
            }
        }
        self.write_one(tables, decided, fact, by, context)
    }

    fn write_one(
        &mut self,
        tables: &mut Tables<Writable<'_>>,
        decided: &mut Decided,
        fact: Fact,
        (origin, sender): (&Origin, Author),
        context: Context,
    ) -> Result<Result<(), CommitError>, FoldError> {
        let needed = (self.options.level)(&fact);
        // A sole writer writes for no other program.
        if needed > 0
            && !self.options.sole_writer
            && let Err(rejection) = admit_level(needed, tables.totals()?.level)
        {
            return Ok(Err(rejection.into()));
        }
        // It would stop at its own event.
        if let Fact::RegionMasterKeyChanged(changed) = &fact
            && !self.prover.holds(changed)
        {
            return Ok(Err(Rejection::MasterKeyNotNext(tables.totals()?.keys.master_number()).into()));
        }
        // Whoever sent the command may have nothing committed that it could not commit itself.
        if sender != Author::Gateway && !may_write(sender, &fact) {
            return Ok(Err(Rejection::NotAuthor.into()));
        }
        let event = Event {
            id: EventId(context.fresh),
            time: context.now,
            sequence: decided.cursor.sequence + 1,
            previous: decided.cursor.hash,
            origin: origin.clone(),
            user: user_of(tables, origin)?,
            fact,
        };
        let payload =
            event.encode(&self.options.region).map_err(|error| FoldError::Contradiction(error.to_string()))?;
        let (what, size, max) = ("bytes in one event", payload.len(), EVENT_BYTES_MAX);
        if size > max {
            return Ok(Err(CommitError::from(&AppendError::TooLarge { what, size, max })));
        }
        // The others will ask the same of what this process proves, and nobody else of what it commits for others.
        let author = self.prover.author();
        if !stands(tables, sender, &event, said(&decided.cursor))? {
            return Ok(Err(Rejection::NotDue.into()));
        }
        let (subject, hash) = (subject(&self.options.region, &event.fact), chain_hash(&payload));
        self.prover.turn_to(tables.totals()?.keys)?;
        let statement = Statement { subject: &subject, sequence: event.sequence, id: event.id, hash };
        let proof = self.prover.prove(&statement);
        let own = Own { author, hash, proof: Some(&proof), bytes: &payload };
        let rows = fold_own(tables, &mut decided.cursor, &event, &own)?;
        decided.written = decided.written.and(rows, size);
        decided.messages.push(Message { subject, id: event.id, proof: Some(proof), payload });
        Ok(Ok(()))
    }
}

/// The user who sent a request, for consumers of the log: they do not know whose an access key is. Root's key is the only
/// one that is no row, because a caller's right is judged again where the command is decided.
fn user_of(tables: &Tables<Writable<'_>>, origin: &Origin) -> Result<Option<UserName>, StateError> {
    let Principal { kind, id } = &origin.principal;
    Ok(match kind {
        AuthType::System | AuthType::Unauthenticated => None,
        AuthType::User => id.parse().ok(),
        AuthType::ApiKey => {
            let row = id.parse().map_or(Ok(None), |key| tables.key(&key))?;
            Some(row.map_or_else(UserName::root, |row| row.user))
        }
    })
}

impl Decided {
    fn on(cursor: Cursor) -> Self {
        let (messages, ids, outcomes) = Default::default();
        Self { cursor, messages, ids, outcomes, written: Written::default() }
    }

    /// Returns whether the batch is full.
    fn is_full(&self) -> bool {
        self.written.payload >= BATCH_BYTES_MAX
            || self.messages.len() >= BATCH_EVENTS_MAX
            || self.written.rows >= BATCH_CHANGES_MAX
    }
}

/// Checks that a region at a level takes facts of the level that is needed.
fn admit_level(needed: u32, level: u32) -> Result<(), Rejection> {
    if needed > level { Err(Rejection::LevelTooLow { needed, level }) } else { Ok(()) }
}

/// Answers the first commands of a batch, and removes them.
fn answer(batch: &mut Vec<Queued>, outcomes: Outcomes) {
    for (queued, outcome) in batch.drain(..outcomes.len()).zip(outcomes) {
        // A caller that gave up has dropped its receiver.
        let _ = queued.answer.send(outcome);
    }
}

pub(crate) fn turn_away(batch: &mut Vec<Queued>, error: &CommitError) {
    for queued in batch.drain(..) {
        // What was sent to another process may have happened there.
        let error = if queued.ticket.is_sent { CommitError::Unknown } else { error.clone() };
        let _ = queued.answer.send(Err(error.into()));
    }
}

/// Translates an error in reading the log for commands of which nothing is written.
fn unavailable(error: ReadError) -> Result<CommitError, FoldError> {
    match error {
        ReadError::Unavailable { reason } => Ok(CommitError::Unavailable(reason)),
        stop @ (ReadError::Gap { .. } | ReadError::LostTail { .. }) => Err(stop.into()),
    }
}

/// The outcomes of the first commands of a batch, up to those that were decided on facts after `last`: these
/// are not written.
fn first_written(outcomes: Outcomes, last: u64) -> Outcomes {
    let written =
        |outcome: &Result<Committed, _>| outcome.as_ref().map_or(true, |committed| committed.sequence <= last);
    outcomes.into_iter().take_while(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_above_the_level_of_the_region_is_refused_with_what_to_do() {
        assert_eq!((admit_level(0, 0), admit_level(2, 2), admit_level(1, 2)), (Ok(()), Ok(()), Ok(())));
        let refused = admit_level(2, 1).unwrap_err();
        assert_eq!(refused, Rejection::LevelTooLow { needed: 2, level: 1 });
        assert!(refused.to_string().contains("planetstore admin region upgrade"), "{refused}");
    }
}
