//! The writer and a full disk: it checks the free space before it writes, refuses commands for which there is no room,
//! and opens the file anew if redb met the full disk all the same.
//!
//! A full disk does not end the ledger. Volatile commits are on the log, so they may stay in memory, or be lost and
//! folded again; only their size has a bound.

use std::time::{Duration, Instant};

use eventlog::{Log, Stored};
use redb::backends::InMemoryBackend;
use redb::{Builder, Durability, StorageError};
use tokio::runtime::Handle;

use crate::commit::{Queued, turn_away};
use crate::committer::{NO_ROOM, NotCommitted};
use crate::fold::fold_some;
use crate::open::{Opened, open_database};
use crate::room::{COMMIT_BYTES, DELETE_ROOM_BYTES_MIN, DELETES_MAX, Room, Written};
use crate::writer::{Durable, Writer};
use crate::{CommitError, FoldError, OpenError, StateError};

/// Rows that one transaction changes while events of others are folded, before the disk is looked at again.
const FOLD_CHANGES_MAX: usize = 2_000;

/// The interval at which a full disk is checked while something waits for room.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// The divisor of the free bytes that may be volatile: other programs may take the rest before it is durable.
const VOLATILE_SHARE: u64 = 16;

/// The bytes that may be volatile however full the disk is. The reserve is larger.
const VOLATILE_BYTES_MIN: u64 = 16 << 20;

impl<L: Log> Writer<L> {
    /// Looks at the disk, after making durable what is not if there is less room than there should be.
    pub(crate) fn look(&mut self) -> Result<Room, FoldError> {
        let (mut room, mut free) = Room::look(&self.reserve, self.volatile.bytes());
        if room != Room::Ample {
            self.make_durable()?;
            (room, free) = Room::look(&self.reserve, self.volatile.bytes());
        }
        if room != self.room {
            tracing::warn!(?room, free, "free space on the projection's disk");
            self.progress.send_modify(|progress| progress.is_short = room != Room::Ample);
        }
        (self.room, self.free) = (room, free);
        Ok(room)
    }

    /// Turns away the commands for which the projection's disk has no room, and returns those that must wait for
    /// others to be durable.
    pub(crate) fn admit(&mut self, batch: &mut Vec<Queued>) -> Result<Vec<Queued>, FoldError> {
        let mut room = self.look()?;
        if room == Room::Ample && !self.log.is_short_of_room() {
            return Ok(Vec::new());
        }
        let (mut admitted, mut refused): (Vec<_>, Vec<_>) =
            batch.drain(..).partition(|queued| queued.command.only_ends());
        if !admitted.is_empty() && self.free < self.volatile.bytes() + DELETE_ROOM_BYTES_MIN {
            // The log may be on the same disk, and needs room for these as well.
            self.reserve.give_up();
            room = self.look()?;
        }
        if room == Room::Gone {
            refused.append(&mut admitted);
        }
        // Another process may have room for what it sent.
        for queued in refused.extract_if(.., |queued| queued.ticket.term.is_some()) {
            let _ = queued.answer.send(Err(NotCommitted::NoRoom));
        }
        turn_away(&mut refused, &CommitError::Unavailable(NO_ROOM.into()));
        let later = admitted.split_off(admitted.len().min(DELETES_MAX));
        *batch = admitted;
        Ok(later)
    }

    /// Folds what others appended, or keeps it until there is room for it.
    pub(crate) fn fold_or_hold(&mut self, events: Vec<Stored>) -> Result<(), FoldError> {
        if !self.fold_others(&events)? {
            self.held = events;
        }
        Ok(())
    }

    /// Folds what others appended, and says whether there was room for all of it.
    pub(crate) fn fold_others(&mut self, events: &[Stored]) -> Result<bool, FoldError> {
        let before = self.cursor.sequence;
        let all = self.fold_while_room(events)?;
        if self.cursor.sequence > before {
            self.contention.others_appended();
            // The process that appended these events releases as well.
            self.pause_release();
        }
        Ok(all)
    }

    fn fold_while_room(&mut self, events: &[Stored]) -> Result<bool, FoldError> {
        while self.lacks_any(events) {
            self.look()?;
            if self.volatile.bytes() >= self.options.volatile_bytes_max() {
                self.make_durable()?;
                // Without room the events stay in memory, within redb's cache.
                if self.volatile.bytes() >= self.options.volatile_bytes_max() {
                    return Ok(false);
                }
            }
            self.fold_once(events)?;
        }
        Ok(true)
    }

    /// Folds events without a check of the disk: a batch of them was admitted. Those folded already are passed over.
    pub(crate) fn fold(&mut self, events: &[Stored]) -> Result<(), FoldError> {
        while self.lacks_any(events) {
            self.fold_once(events)?;
        }
        Ok(())
    }

    fn lacks_any(&self, events: &[Stored]) -> bool {
        events.last().is_some_and(|last| last.sequence > self.cursor.sequence)
    }

    fn fold_once(&mut self, events: &[Stored]) -> Result<(), FoldError> {
        let transaction = self.begin()?;
        let mut cursor = self.cursor;
        let written = fold_some(&transaction, &mut cursor, &mut self.prover, events, FOLD_CHANGES_MAX)?;
        transaction.commit().map_err(StateError::from)?;
        self.moved(cursor, written)
    }

    pub(crate) fn is_durability_due(&self) -> bool {
        let bytes_max = (self.free / VOLATILE_SHARE).max(VOLATILE_BYTES_MIN);
        self.durable.is_due(self.cursor.sequence) || self.volatile.bytes() >= bytes_max
    }

    /// Makes volatile commits durable, if the disk has room for them. The reserve is for deletes.
    pub(crate) fn make_durable(&mut self) -> Result<(), FoldError> {
        if self.cursor.sequence != self.durable.sequence {
            let needed = self.volatile.bytes() + COMMIT_BYTES;
            if self.reserve.free_bytes().is_some_and(|free| free < needed) {
                self.durable.at = Instant::now();
                return Ok(());
            }
            let mut transaction = self.database.begin_write().map_err(StateError::from)?;
            transaction.set_durability(Durability::Immediate).map_err(StateError::from)?;
            // After a crash, opening the file would otherwise read all of it.
            transaction.set_quick_repair(true);
            transaction.commit().map_err(StateError::from)?;
        }
        self.durable = Durable { at: Instant::now(), sequence: self.cursor.sequence };
        self.volatile = Written::default();
        Ok(())
    }

    /// Returns whether redb met a full disk. Until its file is opened anew, redb then fails every write.
    pub(crate) fn is_full(&self, error: &FoldError) -> bool {
        let FoldError::State(error) = error else { return false };
        let is_after = || matches!(error.storage(), Some(StorageError::PreviousIo)) && self.reserve.has_met_full();
        error.is_full() || is_after()
    }

    /// Passes on every error but a full disk.
    pub(crate) fn unless_full(&self, error: FoldError) -> Result<(), FoldError> {
        if self.is_full(&error) { Ok(()) } else { Err(error) }
    }

    /// Opens the projection anew as it was made durable last, and folds what it lacks. Reads wait meanwhile.
    pub(crate) fn reopen(&mut self, runtime: &Handle) -> Result<(), FoldError> {
        tracing::warn!("the disk of the projection is full; reopening the projection");
        self.progress.send_modify(|progress| progress.is_reopening = true);
        // The file cannot be open twice, so a database in memory takes its place meanwhile.
        let path = self.options.path.display().to_string();
        let aside = Builder::new().set_cache_size(0).create_with_backend(InMemoryBackend::new());
        let aside = aside.map_err(|source| OpenError::Database { path, source })?;
        let full = std::mem::replace(&mut self.database, aside);
        if let Err(error) = full.close() {
            tracing::debug!(%error, "the projection cannot be closed durably");
        }
        let opened = runtime.block_on(async {
            loop {
                // A disk that reports room and fails writes must not keep this loop busy.
                tokio::time::sleep(LOOK_INTERVAL).await;
                match open_database(&self.options, &mut self.prover, self.log.as_ref()).await {
                    Err(error) if error.is_passing() => {
                        tracing::warn!(%error, "the projection cannot be opened yet");
                    }
                    opened => return opened,
                }
            }
        });
        let Opened { database, cursor, durable, volatile, reserve } = opened?;
        (self.database, self.reserve, self.volatile) = (database, reserve, volatile);
        self.durable = Durable { at: Instant::now(), sequence: durable };
        self.held.clear();
        self.answered.clear();
        self.moved(cursor, Written::default())?;
        self.progress.send_modify(|progress| progress.is_reopening = false);
        Ok(())
    }
}
