//! The one task that writes: it owns redb's write transaction, and does what is asked of it in order.
//!
//! How a batch of commands is committed is in `commit`; here are the loop around it, the folding of what others
//! appended, and when redb is made durable.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use eventlog::{APPEND_EVENTS_MAX, Log, Stored};
use events::ids::RegionName;
use redb::{Database, Durability, WriteTransaction};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use crate::commit::Queued;
use crate::contention::Contention;
use crate::fold::{fold, read_present};
use crate::ledger::COMMANDS_WAITING_MAX;
use crate::room::{DELETES_MAX, Room, free_bytes};
use crate::snapshot::Snapshot;
use crate::tables::Tables;
use crate::{CommitError, Cursor, FoldError, Sources, StateError};

/// How long commits may stay volatile in redb. The log has them: a crash replays this much.
const VOLATILE_TIME_MAX: Duration = Duration::from_secs(1);

/// How many events may stay volatile in redb.
const VOLATILE_EVENTS_MAX: u64 = 10_000;

/// How many commands a batch of several requests takes beyond the first of each. Whoever comes next waits for no more.
const SHARED_FURTHER_MAX: usize = 32;

/// How long batches stay so short after several requests waited: clients that wait for each answer ask again by then.
const SHARED_TIME: Duration = Duration::from_millis(100);

/// What the writer is asked to do.
pub(crate) enum Work {
    /// Decide, publish and apply a command.
    Commit(Queued),
    /// Fold what others appended.
    Fold(Vec<Stored>),
    /// The log cannot be followed any more: stop.
    Unfollowable(eventlog::ReadError),
    /// Make everything durable and stop.
    Stop,
}

/// What the rest of the process sees of the writer. When the channel closes, the writer has ended and the
/// projection's file is closed.
#[derive(Debug, Clone)]
pub struct Progress {
    /// How far the log is folded.
    pub cursor: Cursor,
    /// Why the writer stopped, if it did. Nothing can be written any more.
    pub failed: Option<Arc<str>>,
    /// It stopped because the region needs a newer program.
    pub is_too_old: bool,
}

pub(crate) struct Writer<L> {
    pub(crate) log: Arc<L>,
    pub(crate) database: Database,
    /// Where the database is.
    pub(crate) path: PathBuf,
    /// Its disk took not everything when it was last looked at.
    pub(crate) is_short_of_room: bool,
    pub(crate) region: RegionName,
    pub(crate) sources: Sources,
    /// Nobody else appends, so the log ends at the cursor.
    pub(crate) is_alone: bool,
    pub(crate) cursor: Cursor,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) durable: Durable,
    pub(crate) contention: Contention,
    /// When commands of several requests last waited together.
    pub(crate) shared: Option<Instant>,
    /// When to free more of what is being released, if anything is and no client asks for anything before.
    pub(crate) release: Option<Instant>,
    /// The task that hands over what others append; it ends with the writer.
    pub(crate) follower: Option<AbortHandle>,
}

/// When redb was last made durable.
pub(crate) struct Durable {
    pub(crate) at: Instant,
    pub(crate) sequence: u64,
}

impl<L: Log> Writer<L> {
    /// Works until it is told to stop, nobody is left to ask, or it cannot go on.
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
            tracing::error!(reason, "the ledger stops: nothing can be written any more");
            self.progress.send_modify(|progress| {
                progress.failed = Some(reason.into());
                progress.is_too_old = is_too_old;
            });
        }
        if let Some(follower) = &self.follower {
            follower.abort();
        }
        // Whoever waits in the queue learns it by losing the sender, after `failed` says why.
        drop(work);
        if let Err(error) = self.database.close() {
            tracing::error!(%error, "the projection could not be closed; opening it again will repair it");
        }
    }

    fn serve(&mut self, work: &mut mpsc::Receiver<Work>, runtime: &Handle) -> Result<(), FoldError> {
        // Commands that no batch has taken yet, and what came after them.
        let (mut waiting, mut behind) = (Vec::new(), None);
        loop {
            if waiting.is_empty() {
                let idle = Instant::now();
                let item = behind.take().map_or_else(|| self.wait(work, runtime), |item| Ok(Some(item)))?;
                self.contention.was_idle(idle.elapsed(), Instant::now());
                match item {
                    None | Some(Work::Stop) => return self.make_durable(),
                    Some(Work::Fold(events)) => self.fold_others(&events)?,
                    Some(Work::Unfollowable(error)) => return Err(error.into()),
                    Some(Work::Commit(first)) => waiting.push(first),
                }
            }
            if behind.is_none() {
                behind = self.gather(&mut waiting, work, runtime)?;
            }
            let taken = self.share(&mut waiting, Instant::now());
            let rest = waiting.split_off(taken.min(APPEND_EVENTS_MAX));
            let later = self.admit(&mut waiting)?;
            waiting = self.commit(waiting, runtime)?;
            waiting.extend(later.into_iter().chain(rest));
            if self.is_durability_due() {
                self.make_durable()?;
            }
        }
    }

    /// The next thing to do; `None` when nobody is left to ask. Meanwhile redb is made durable, and parts are freed,
    /// when that is due.
    fn wait(&mut self, work: &mut mpsc::Receiver<Work>, runtime: &Handle) -> Result<Option<Work>, FoldError> {
        loop {
            match work.try_recv() {
                Ok(item) => return Ok(Some(item)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            let is_volatile = self.cursor.sequence != self.durable.sequence;
            let durable = is_volatile.then(|| self.durable.at + VOLATILE_TIME_MAX);
            let Some(due) = durable.into_iter().chain(self.release).min() else {
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
            if self.release.is_some_and(|at| at <= Instant::now()) {
                self.commit_release(runtime)?;
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
                Work::Fold(events) => self.fold_others(&events)?,
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
                Ok(()) | Err(FoldError::Log(eventlog::ReadError::Unavailable { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(behind)
    }

    /// Orders what waits in turns, and says how many of these commands the next batch takes: all of a request that is
    /// alone, and few beyond the first of each where several ask, because those that come next wait for the whole batch.
    fn share(&mut self, waiting: &mut Vec<Queued>, now: Instant) -> usize {
        let requests = take_turns(waiting);
        if requests > 1 {
            self.shared = Some(now);
        }
        let is_shared = self.shared.is_some_and(|last| now.duration_since(last) < SHARED_TIME);
        if is_shared { waiting.len().min(requests + SHARED_FURTHER_MAX) } else { waiting.len() }
    }

    /// Turns away the commands for which the projection's disk has no room, and returns those that must wait for
    /// others to be durable.
    fn admit(&mut self, batch: &mut Vec<Queued>) -> Result<Vec<Queued>, FoldError> {
        // A disk that cannot be asked is one that the commit will tell about.
        let Ok(mut free) = free_bytes(&self.path) else { return Ok(Vec::new()) };
        let mut room = Room::of(free, self.cursor.sequence - self.durable.sequence);
        if room != Room::Ample {
            self.make_durable()?;
            free = free_bytes(&self.path).unwrap_or(free);
            room = Room::of(free, 0);
        }
        let is_short = room != Room::Ample;
        if is_short != self.is_short_of_room {
            tracing::warn!(is_short, free, "room on the projection's disk");
            self.is_short_of_room = is_short;
        }
        if !is_short {
            return Ok(Vec::new());
        }
        let (mut admitted, refused): (Vec<_>, Vec<_>) =
            batch.drain(..).partition(|queued| room == Room::Scarce && queued.command.only_ends());
        let error = CommitError::Unavailable("the disk of the projection is full".into());
        for queued in refused {
            // Whoever gave up waiting is not told.
            let _ = queued.answer.send(Err(error.clone()));
        }
        let later = admitted.split_off(admitted.len().min(DELETES_MAX));
        *batch = admitted;
        Ok(later)
    }

    /// Folds what the log has and the tables lack.
    ///
    /// # Errors
    /// [`eventlog::ReadError::Unavailable`], as an error of the log, when the log cannot be read now.
    pub(crate) async fn catch_up(&mut self) -> Result<(), FoldError> {
        let last = self.last_sequence().await?;
        while self.cursor.sequence < last {
            let events = read_present(self.log.as_ref(), self.cursor.sequence + 1, last).await?;
            self.fold_others(&events)?;
        }
        Ok(())
    }

    /// The log's last sequence, which is never before the cursor.
    pub(crate) async fn last_sequence(&self) -> Result<u64, eventlog::ReadError> {
        self.log.tail().await?.last_from(self.cursor.sequence)
    }

    /// Folds what somebody else appended.
    fn fold_others(&mut self, events: &[Stored]) -> Result<(), FoldError> {
        let before = self.cursor.sequence;
        self.fold(events)?;
        if self.cursor.sequence > before {
            self.contention.others_appended();
        }
        Ok(())
    }

    /// Folds events; those folded already are passed over.
    pub(crate) fn fold(&mut self, events: &[Stored]) -> Result<(), FoldError> {
        if events.last().is_none_or(|last| last.sequence <= self.cursor.sequence) {
            return Ok(());
        }
        let transaction = self.begin()?;
        let mut cursor = self.cursor;
        {
            let mut tables = Tables::write(&transaction).map_err(StateError::from)?;
            for stored in events {
                fold(&mut tables, &mut cursor, stored)?;
            }
            tables.finish(&cursor)?;
        }
        transaction.commit().map_err(StateError::from)?;
        self.moved(cursor)?;
        // Whoever appended them releases as well.
        self.pause_release();
        Ok(())
    }

    /// A transaction that a crash may lose: the log has its events.
    pub(crate) fn begin(&self) -> Result<WriteTransaction, StateError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        Ok(transaction)
    }

    /// Shows the new state to readers.
    pub(crate) fn moved(&mut self, cursor: Cursor) -> Result<(), FoldError> {
        self.cursor = cursor;
        let snapshot = Snapshot::take(&self.database)?;
        self.release = snapshot.is_releasing()?.then(|| self.release.unwrap_or_else(Instant::now));
        self.snapshot.store(Arc::new(snapshot));
        self.progress.send_modify(|progress| progress.cursor = cursor);
        metrics::counter!("planetstore_ledger_sequence").absolute(cursor.sequence);
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
            // After a crash, opening the file would otherwise read all of it.
            transaction.set_quick_repair(true);
            transaction.commit().map_err(StateError::from)?;
        }
        self.durable = Durable { at: Instant::now(), sequence: self.cursor.sequence };
        Ok(())
    }
}

/// Orders commands so that every request has its first turn before any has its second, oldest first: a request of a
/// thousand commands holds up nobody who asks for one thing. The commands of one request stay in their order, and the
/// oldest of those that wait is always in front. Returns how many requests there are.
fn take_turns(waiting: &mut Vec<Queued>) -> usize {
    let mut seen = HashMap::<&str, usize>::new();
    let turns = waiting.iter().map(|queued| {
        let turn = seen.entry(queued.origin.request_id.as_str()).or_default();
        *turn += 1;
        *turn
    });
    let turns: Vec<_> = turns.collect();
    let requests = seen.len();
    if !turns.is_sorted() {
        let mut in_turn: Vec<_> = turns.into_iter().zip(waiting.drain(..)).collect();
        in_turn.sort_by_key(|(turn, _)| *turn);
        waiting.extend(in_turn.into_iter().map(|(_, queued)| queued));
    }
    requests
}

/// What a panic said.
fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word")
}
