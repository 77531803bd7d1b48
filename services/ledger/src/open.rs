//! Opening a projection: checking that it belongs to these keys and this log, and folding what it lacks.

use std::sync::Arc;

use domain::View;
use eventlog::{Log, Stored, Tail};
use events::ids::EventId;
use events::{Fact, chain_hash, quarantine_hash};
use redb::{Builder, Database, Durability, ReadableDatabase, TableError, WriteTransaction};

use crate::cursor::PROJECTION_VERSION;
use crate::disk::{Backend, Reserve};
use crate::fold::{fold_some, read_present};
use crate::ledger::Options;
use crate::proof::Prover;
use crate::room::Written;
use crate::tables::{Tables, region};
use crate::{Cursor, FoldError, OpenError, StateError, TooOld};

/// Rows that a step of opening changes where there is little room, and the bytes that must be free for it to be durable.
const SMALL_STEP_CHANGES: usize = 500;
const SMALL_STEP_BYTES: u64 = 12 << 20;

/// Bytes that must be free for a step to be as large as what is read at once.
const LARGE_STEP_BYTES: u64 = 1 << 30;

/// Events of a durable step of a rebuild. Their rows lie everywhere in some tables, so that a short step writes nearly
/// all pages of those.
const LONG_STEP_EVENTS: u64 = 50_000;

/// A projection that is open and holds all that the log had a moment ago.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) cursor: Cursor,
    /// The sequence up to which it is durable.
    pub(crate) durable: u64,
    pub(crate) volatile: Written,
    pub(crate) reserve: Arc<Reserve>,
}

pub(crate) async fn open_database<L: Log>(
    options: &Options,
    prover: &mut Prover,
    log: &L,
) -> Result<Opened, OpenError> {
    let reserve = Arc::new(Reserve::beside(&options.path, options.disk));
    let mut database = create(options, &reserve)?;
    let last = whole_log(log).await?.last_sequence;
    if let Some((version, applied)) = found(&database)? {
        if version > PROJECTION_VERSION {
            return Err(OpenError::Newer { found: version, known: PROJECTION_VERSION });
        }
        if applied > last {
            return Err(OpenError::LostTail { last, applied });
        }
        if version < PROJECTION_VERSION {
            tracing::info!(found = version, wanted = PROJECTION_VERSION, "rebuilding the projection from the log");
            drop(database);
            let path = options.path.display().to_string();
            std::fs::remove_file(&options.path).map_err(|source| OpenError::File { path, source })?;
            database = create(options, &reserve)?;
        }
    }
    let cursor = prepare(&database, prover)?;
    let level = read_tables(&database)?.totals()?.level;
    if level > Fact::LEVEL {
        return Err(FoldError::from(TooOld { level, release: "a newer one".into() }).into());
    }
    verify(log, cursor, last).await?;
    let mut opened = Opened { database, cursor, durable: cursor.sequence, volatile: Written::default(), reserve };
    opened.fold_rest(options, prover, log, last).await?;
    // A process that lacks a key in use fails now, and not at its first request.
    prover.turn_to(read_tables(&opened.database)?.totals()?.keys)?;
    Ok(opened)
}

fn create(options: &Options, reserve: &Arc<Reserve>) -> Result<Database, OpenError> {
    let path = options.path.display().to_string();
    let backend = Backend::create(reserve);
    backend
        .and_then(|backend| Builder::new().set_cache_size(options.cache_bytes).create_with_backend(backend))
        .map_err(|source| OpenError::Database { path, source })
}

/// Returns the version of a projection, known or not, and its last sequence; `None` if nothing was folded yet.
pub(crate) fn found(database: &Database) -> Result<Option<(u32, u64)>, StateError> {
    region::found(database.begin_read()?)
}

/// Makes the tables if the file is new.
pub(crate) fn make_tables(database: &Database) -> Result<(), StateError> {
    let transaction = database.begin_write()?;
    Tables::write(&transaction).open_all()?;
    transaction.commit()?;
    Ok(())
}

/// Makes the tables if the file is new, makes sure that it belongs to these keys, and reads how far it is. A file that
/// has the name of the keys already is not written to: the disk may be full.
pub(crate) fn prepare(database: &Database, prover: &Prover) -> Result<Cursor, OpenError> {
    let name = prover.name();
    let tables = Tables::read(database.begin_read().map_err(StateError::from)?);
    match tables.open_all() {
        Err(TableError::TableDoesNotExist(_)) => {}
        opened => {
            opened.map_err(StateError::from)?;
            match tables.judged_by()? {
                Some(judged_by) if judged_by == name => return Ok(tables.cursor()?),
                Some(_) => return Err(OpenError::OtherKeys),
                None => {}
            }
        }
    }
    let mut transaction = database.begin_write().map_err(StateError::from)?;
    transaction.set_quick_repair(true);
    let cursor = {
        let mut tables = Tables::write(&transaction);
        tables.open_all().map_err(StateError::from)?;
        tables.belong_to(&name)?;
        tables.cursor()?
    };
    transaction.commit().map_err(StateError::from)?;
    Ok(cursor)
}

/// Returns the tail of a log from which no event is missing.
pub(crate) async fn whole_log<L: Log>(log: &L) -> Result<Tail, OpenError> {
    let tail = log.tail().await?;
    if tail.is_dense() {
        return Ok(tail);
    }
    let Tail { first_sequence: first, last_sequence: last, events, .. } = tail;
    Err(OpenError::Holes { first, last, events })
}

/// Checks that the projection was folded from this log.
async fn verify<L: Log>(log: &L, cursor: Cursor, last: u64) -> Result<(), OpenError> {
    if cursor.sequence == 0 {
        return Ok(());
    }
    let found = read_present(log, cursor.sequence, last).await?;
    let same = |stored: &Stored| match cursor.event {
        EventId::NONE => quarantine_hash(&stored.payload) == cursor.hash,
        event => stored.id == event && chain_hash(&stored.payload) == cursor.hash,
    };
    if found.first().is_some_and(same) { Ok(()) } else { Err(OpenError::Diverged { sequence: cursor.sequence }) }
}

/// Folds the log from the cursor to a sequence that it is known to have. Every step is durable: redb gives
/// space free again only then, and a crash on a long way loses one step.
pub(crate) async fn fold_rest<L: Log>(
    database: &Database,
    mut cursor: Cursor,
    prover: &mut Prover,
    log: &L,
    until: u64,
) -> Result<Cursor, OpenError> {
    while cursor.sequence < until {
        let transaction = begin_step(database, Durability::Immediate)?;
        let end = until.min(cursor.sequence + LONG_STEP_EVENTS);
        while cursor.sequence < end {
            let events = read_present(log, cursor.sequence + 1, end).await?;
            fold_some(&transaction, &mut cursor, prover, &events, usize::MAX)?;
        }
        transaction.commit().map_err(StateError::from)?;
    }
    Ok(cursor)
}

/// Folds the first of these events in a transaction, as many as change so many rows.
fn fold_step(
    database: &Database,
    cursor: &mut Cursor,
    prover: &mut Prover,
    events: &[Stored],
    (durability, rows_max): (Durability, usize),
) -> Result<Written, FoldError> {
    let transaction = begin_step(database, durability)?;
    let written = fold_some(&transaction, cursor, prover, events, rows_max)?;
    transaction.commit().map_err(StateError::from)?;
    Ok(written)
}

fn begin_step(database: &Database, durability: Durability) -> Result<WriteTransaction, FoldError> {
    let mut transaction = database.begin_write().map_err(StateError::from)?;
    transaction.set_durability(durability).map_err(StateError::from)?;
    transaction.set_quick_repair(matches!(durability, Durability::Immediate));
    Ok(transaction)
}

impl Opened {
    /// Folds the log up to a sequence that it is known to have, in steps that the disk has room for. On a full one they
    /// stay in memory, and from as much on as that takes, the reserve makes room for them.
    async fn fold_rest<L: Log>(
        &mut self,
        options: &Options,
        prover: &mut Prover,
        log: &L,
        until: u64,
    ) -> Result<(), OpenError> {
        while self.cursor.sequence < until {
            let events = read_present(log, self.cursor.sequence + 1, until).await?;
            while self.cursor.sequence < events.last().map_or(0, |last| last.sequence) {
                self.fold_step(options, prover, &events)?;
            }
        }
        Ok(())
    }

    /// Bytes from which on a step must be durable: with one more in memory, and one that is durable, the reserve still has
    /// room for them.
    fn volatile_bytes_max(&self, options: &Options) -> u64 {
        let in_memory = options.volatile_bytes_max();
        match self.reserve.bytes() {
            0 => in_memory,
            reserve => in_memory.min(reserve.saturating_sub(2 * SMALL_STEP_BYTES)),
        }
    }

    fn fold_step(&mut self, options: &Options, prover: &mut Prover, events: &[Stored]) -> Result<(), OpenError> {
        let free = self.reserve.free_bytes().unwrap_or(u64::MAX).saturating_sub(self.volatile.bytes());
        let is_volatile = free < SMALL_STEP_BYTES && self.volatile.bytes() < self.volatile_bytes_max(options);
        if free < SMALL_STEP_BYTES && !is_volatile && !self.reserve.finds(self.volatile.bytes() + SMALL_STEP_BYTES) {
            return Err(OpenError::Full { path: options.path.display().to_string() });
        }
        let durability = if is_volatile { Durability::None } else { Durability::Immediate };
        let rows_max = if free < LARGE_STEP_BYTES { SMALL_STEP_CHANGES } else { usize::MAX };
        let written = fold_step(&self.database, &mut self.cursor, prover, events, (durability, rows_max))?;
        if is_volatile {
            self.volatile += written;
        } else {
            (self.durable, self.volatile) = (self.cursor.sequence, Written::default());
        }
        Ok(())
    }
}

/// Reads a projection's tables once.
pub(crate) fn read_tables(database: &Database) -> Result<Tables<crate::tables::ReadOnly>, StateError> {
    Ok(Tables::read(database.begin_read()?))
}
