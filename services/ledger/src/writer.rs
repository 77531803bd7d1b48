//! The only task that writes: it owns redb's write transaction, and handles requests in order.
//!
//! `commit` commits a batch of commands, and `shortage` handles a full disk; this file has the loop around them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use eventlog::{APPEND_EVENTS_MAX, Log, ReadError, Stored};
use redb::{Database, Durability, WriteTransaction};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::answered::Answered;
use crate::commit::{Queued, turn_away};
use crate::committer::Term;
use crate::contention::Contention;
use crate::disk::Reserve;
use crate::fold::read_present;
use crate::ledger::{COMMANDS_WAITING_MAX, Options};
use crate::proof::Prover;
use crate::room::{Room, Written};
use crate::shortage::LOOK_INTERVAL;
use crate::snapshot::Snapshot;
use crate::turns::Turns;
use crate::{CommitError, Cursor, FoldError, StateError};

/// The time for which commits may stay volatile in redb. The log has them: a crash replays this much.
const VOLATILE_TIME_MAX: Duration = Duration::from_secs(1);

/// The number of events that may stay volatile in redb.
const VOLATILE_EVENTS_MAX: u64 = 10_000;

/// A request to the writer.
#[expect(clippy::large_enum_variant, reason = "nearly all of them are commands")]
pub(crate) enum Work {
    /// Decide, publish and apply a command.
    Commit(Queued),
    /// Fold what others appended.
    Fold(Vec<Stored>),
    /// The log cannot be followed any more: stop.
    Unfollowable(ReadError),
    /// Make everything durable and stop.
    Stop,
}

/// The state of the writer. When the channel closes, the writer has ended and the projection's file is closed.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The position up to which the log is applied.
    pub cursor: Cursor,
    /// The reason why the writer stopped, if it did. Writes are refused from then on.
    pub failed: Option<Arc<str>>,
    /// Whether the writer stopped because the region needs a newer release.
    pub is_too_old: bool,
    /// The projection is opened anew: what was shown before cannot be read any more.
    pub is_reopening: bool,
    /// The process that commits for all, in the state up to here. It is set only in a process that takes part in that.
    pub committer: Option<Term>,
    /// The disk has little room.
    pub is_short: bool,
}

pub(crate) struct Writer<L> {
    pub(crate) log: Arc<L>,
    pub(crate) options: Options,
    pub(crate) database: Database,
    /// Makes proofs for the events of this process, and finds the authors of all other entries.
    pub(crate) prover: Prover,
    /// The reserve on the projection's disk.
    pub(crate) reserve: Arc<Reserve>,
    /// The commands for which the disk had room at the last check, and the bytes that were free.
    pub(crate) room: Room,
    pub(crate) free: u64,
    /// The rows and bytes that were folded and are not durable.
    pub(crate) volatile: Written,
    /// Events of other processes for which the disk had no room.
    pub(crate) held: Vec<Stored>,
    pub(crate) cursor: Cursor,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) durable: Durable,
    pub(crate) contention: Contention,
    /// The duration of the last append.
    pub(crate) append_time: Duration,
    /// The order in which requests get into batches.
    pub(crate) turns: Turns,
    /// The time at which to free more parts, if any are being released and no client sends a command before.
    pub(crate) release: Option<Instant>,
    /// The commands that happened lately.
    pub(crate) answered: Answered,
    /// The task that hands over what others append; it ends with the writer.
    pub(crate) follower: Option<AbortHandle>,
}

/// The time at which redb was last made durable.
pub(crate) struct Durable {
    pub(crate) at: Instant,
    pub(crate) sequence: u64,
}

impl Durable {
    /// Returns whether a durable commit is due, with the log folded up to a sequence.
    pub(crate) fn is_due(&self, sequence: u64) -> bool {
        let volatile = sequence - self.sequence;
        volatile >= VOLATILE_EVENTS_MAX || (volatile > 0 && self.at.elapsed() >= VOLATILE_TIME_MAX)
    }
}

impl<L: Log> Writer<L> {
    /// Works until it is stopped, all senders are gone, or it fails.
    pub(crate) fn run(mut self, mut work: mpsc::Receiver<Work>, runtime: &Handle) {
        // What a panic leaves half done is an open transaction, which redb drops; nothing here is used after it.
        let result = catch_unwind(AssertUnwindSafe(|| self.serve(&mut work, runtime)));
        work.close();
        let is_too_old = matches!(&result, Ok(Err(error)) if error.is_too_old());
        let failed = match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("it panicked: {}", panic_text(panic.as_ref()))),
        };
        if let Some(reason) = failed {
            tracing::error!(reason, "the ledger has stopped: writes are refused");
            self.progress.send_modify(|progress| {
                progress.failed = Some(reason.into());
                progress.is_too_old = is_too_old;
            });
        }
        if let Some(follower) = &self.follower {
            follower.abort();
        }
        // Callers in the queue lose their sender, after `failed` has the reason.
        drop(work);
        if let Err(error) = self.database.close() {
            tracing::error!(%error, "the projection could not be closed; opening it again will repair it");
        }
    }

    fn serve(&mut self, work: &mut mpsc::Receiver<Work>, runtime: &Handle) -> Result<(), FoldError> {
        let (mut waiting, mut behind) = (Vec::new(), None);
        while let Err(error) = self.serve_while_sound(&mut waiting, &mut behind, work, runtime) {
            if !self.is_full(&error) {
                return Err(error);
            }
            // What was appended of them is in the log, and is folded now.
            turn_away(&mut waiting, &CommitError::Unknown);
            self.reopen(runtime)?;
        }
        Ok(())
    }

    /// `waiting` are the commands that no batch has taken yet, `behind` is what came after them.
    fn serve_while_sound(
        &mut self,
        waiting: &mut Vec<Queued>,
        behind: &mut Option<Work>,
        work: &mut mpsc::Receiver<Work>,
        runtime: &Handle,
    ) -> Result<(), FoldError> {
        self.look()?;
        loop {
            if !self.held.is_empty() {
                let held = std::mem::take(&mut self.held);
                self.fold_or_hold(held)?;
            }
            if waiting.is_empty() {
                let idle = Instant::now();
                let item = behind.take().map_or_else(|| self.wait(work, runtime), |item| Ok(Some(item)))?;
                self.contention.was_idle(idle.elapsed(), Instant::now());
                match item {
                    // On a full disk the next opening reads it from the log.
                    None | Some(Work::Stop) => return self.make_durable().or_else(|error| self.unless_full(error)),
                    Some(Work::Fold(events)) => self.fold_or_hold(events)?,
                    Some(Work::Unfollowable(error)) => return Err(error.into()),
                    Some(Work::Commit(first)) => waiting.push(first),
                }
            }
            if behind.is_none() {
                *behind = self.gather(waiting, work, runtime)?;
            }
            let taken = self.turns.share(waiting, Instant::now());
            let rest = waiting.split_off(taken.min(APPEND_EVENTS_MAX));
            let mut later = self.admit(waiting).and_then(|later| self.commit(waiting, runtime).map(|()| later));
            waiting.extend(later.as_mut().map(std::mem::take).unwrap_or_default().into_iter().chain(rest));
            later?;
            if self.is_durability_due() {
                self.make_durable()?;
            }
        }
    }

    /// Returns the next thing to do; `None` when all senders are gone. Meanwhile this makes redb durable and frees
    /// parts, when that is due.
    fn wait(&mut self, work: &mut mpsc::Receiver<Work>, runtime: &Handle) -> Result<Option<Work>, FoldError> {
        loop {
            match work.try_recv() {
                Ok(item) => return Ok(Some(item)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            let is_volatile = self.cursor.sequence != self.durable.sequence;
            let durable = is_volatile.then(|| self.durable.at + VOLATILE_TIME_MAX);
            let held = (!self.held.is_empty()).then(|| Instant::now() + LOOK_INTERVAL);
            let Some(due) = durable.into_iter().chain(self.release).chain(held).min() else {
                return Ok(runtime.block_on(work.recv()));
            };
            let time = due.saturating_duration_since(Instant::now());
            if !time.is_zero()
                && let Ok(item) = runtime.block_on(async { tokio::time::timeout(time, work.recv()).await })
            {
                return Ok(item);
            }
            if self.is_durability_due() {
                self.make_durable()?;
            }
            if !self.held.is_empty() {
                return Ok(Some(Work::Fold(std::mem::take(&mut self.held))));
            }
            if self.release.is_some_and(|at| at <= Instant::now()) {
                // It makes no room, so on a disk with little of it, it waits.
                if self.look()? == Room::Ample { self.commit_release(runtime)? } else { self.pause_release() }
            }
        }
    }

    /// Adds the commands that queued meanwhile, up to anything else that waits; what others appended is folded before,
    /// for the commands would otherwise be decided on an old state.
    fn gather(
        &mut self,
        waiting: &mut Vec<Queued>,
        work: &mut mpsc::Receiver<Work>,
        runtime: &Handle,
    ) -> Result<Option<Work>, FoldError> {
        let turn = self.contention.take_turn().map(|time| tokio::time::Instant::now() + time);
        let mut behind = None;
        while waiting.len() < COMMANDS_WAITING_MAX {
            let item = match (work.try_recv(), turn) {
                (Ok(item), _) => item,
                // It is the others' turn to append.
                (Err(_), Some(end)) if self.contention.is_turn_of_others() => {
                    match runtime.block_on(async { tokio::time::timeout_at(end, work.recv()).await }) {
                        Ok(item) => item.unwrap_or(Work::Stop),
                        Err(_) => break,
                    }
                }
                (Err(_), _) => break,
            };
            match item {
                Work::Commit(queued) => waiting.push(queued),
                Work::Fold(events) => self.fold_or_hold(events)?,
                other @ (Work::Unfollowable(_) | Work::Stop) => {
                    behind = Some(other);
                    break;
                }
            }
        }
        if turn.is_some() && !self.contention.is_turn_of_others() {
            // Their first events came, and others of the same append may be under way still.
            match runtime.block_on(self.catch_up()) {
                // The next append says so as well.
                Ok(()) | Err(FoldError::Log(ReadError::Unavailable { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(behind)
    }

    /// Folds what the log has and the tables lack.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`], as an error of the log, when the log cannot be read now, or the disk has no room for
    /// what it has.
    pub(crate) async fn catch_up(&mut self) -> Result<(), FoldError> {
        let last = self.last_sequence().await?;
        while self.cursor.sequence < last {
            let events = read_present(self.log.as_ref(), self.cursor.sequence + 1, last).await?;
            if !self.fold_others(&events)? {
                return Err(ReadError::Unavailable { reason: "the disk of the projection is full".into() }.into());
            }
        }
        Ok(())
    }

    /// The log's last sequence, which is never before the cursor.
    pub(crate) async fn last_sequence(&self) -> Result<u64, ReadError> {
        self.log.tail().await?.last_from(self.cursor.sequence)
    }

    /// Whether another process commits for all.
    pub(crate) fn is_committing_elsewhere(&self) -> bool {
        let own = self.options.committing.as_ref().map(|own| own.owner.process);
        self.progress.borrow().committer.is_some_and(|term| Some(term.process) != own)
    }

    /// A transaction that a crash may lose: the log has its events.
    pub(crate) fn begin(&self) -> Result<WriteTransaction, StateError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        Ok(transaction)
    }

    /// Shows the new state to readers.
    pub(crate) fn moved(&mut self, cursor: Cursor, written: Written) -> Result<(), FoldError> {
        self.cursor = cursor;
        self.volatile += written;
        let snapshot = Snapshot::take(&self.database)?;
        let is_releasing = self.options.releases && snapshot.is_releasing()?;
        self.release = is_releasing.then(|| self.release.unwrap_or_else(Instant::now));
        let committer = self.options.committer(&snapshot)?;
        self.snapshot.store(Arc::new(snapshot));
        self.progress.send_modify(|progress| (progress.cursor, progress.committer) = (cursor, committer));
        metrics::counter!("planetstore_ledger_sequence").absolute(cursor.sequence);
        Ok(())
    }
}

/// Returns the message of a panic.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}
