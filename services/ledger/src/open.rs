//! Opening a projection: is it ours, does it belong to this log, what is missing?

use eventlog::{Log, Tail};
use redb::{Builder, Database, Durability, ReadableDatabase};

use crate::cursor::PROJECTION_VERSION;
use crate::fold::{FOLD_BYTES_MAX, FOLD_EVENTS_MAX, fold};
use crate::ledger::Options;
use crate::tables::Tables;
use crate::{Cursor, OpenError, StateError};

pub(crate) async fn open_database<L: Log>(options: &Options, log: &L) -> Result<(Database, Cursor), OpenError> {
    let database = create(options)?;
    let cursor = read_cursor(&database)?;
    let (database, cursor) = match cursor.version {
        version if version > PROJECTION_VERSION => {
            return Err(OpenError::Newer { found: version, known: PROJECTION_VERSION });
        }
        version if version < PROJECTION_VERSION => {
            tracing::info!(found = version, wanted = PROJECTION_VERSION, "rebuilding the projection from the log");
            drop(database);
            let path = options.path.display().to_string();
            std::fs::remove_file(&options.path).map_err(|source| OpenError::File { path, source })?;
            (create(options)?, Cursor::default())
        }
        _ => (database, cursor),
    };
    verify(log, cursor).await?;
    let cursor = fold_rest(&database, cursor, log, u64::MAX).await?;
    Ok((database, cursor))
}

fn create(options: &Options) -> Result<Database, OpenError> {
    let path = options.path.display().to_string();
    Builder::new()
        .set_cache_size(options.cache_bytes)
        .create(&options.path)
        .map_err(|source| OpenError::Database { path, source })
}

/// Makes the tables if the file is new, and reads how far it is.
fn read_cursor(database: &Database) -> Result<Cursor, StateError> {
    let transaction = database.begin_write()?;
    let cursor = Tables::write(&transaction)?.cursor()?;
    transaction.commit()?;
    Ok(cursor)
}

/// Checks that the log is whole and that the projection was folded from it.
async fn verify<L: Log>(log: &L, cursor: Cursor) -> Result<(), OpenError> {
    let tail = log.tail().await?;
    if !tail.is_dense() {
        let Tail { first_sequence: first, last_sequence: last, events, .. } = tail;
        return Err(OpenError::Holes { first, last, events });
    }
    if cursor.sequence > tail.last_sequence {
        return Err(OpenError::LostTail { last: tail.last_sequence, applied: cursor.sequence });
    }
    if cursor.sequence == 0 {
        return Ok(());
    }
    let found = log.read(cursor.sequence, 1, FOLD_BYTES_MAX).await?;
    let same =
        |stored: &eventlog::Stored| stored.id == cursor.event && events::chain_hash(&stored.payload) == cursor.hash;
    if found.first().is_some_and(same) { Ok(()) } else { Err(OpenError::Diverged { sequence: cursor.sequence }) }
}

/// Folds the log from the cursor to its end, or to a sequence.
pub(crate) async fn fold_rest<L: Log>(
    database: &Database,
    mut cursor: Cursor,
    log: &L,
    until: u64,
) -> Result<Cursor, OpenError> {
    while cursor.sequence < until {
        let wanted = usize::try_from(until - cursor.sequence).unwrap_or(usize::MAX).min(FOLD_EVENTS_MAX);
        let events = log.read(cursor.sequence + 1, wanted, FOLD_BYTES_MAX).await?;
        if events.is_empty() {
            break;
        }
        let mut transaction = database.begin_write().map_err(StateError::from)?;
        transaction.set_durability(Durability::None).map_err(StateError::from)?;
        {
            let mut tables = Tables::write(&transaction).map_err(StateError::from)?;
            for stored in &events {
                fold(&mut tables, &mut cursor, stored)?;
            }
        }
        transaction.commit().map_err(StateError::from)?;
    }
    let transaction = database.begin_write().map_err(StateError::from)?;
    transaction.commit().map_err(StateError::from)?;
    Ok(cursor)
}

/// Reads a projection's tables once.
pub(crate) fn read_tables(database: &Database) -> Result<Tables<crate::tables::ReadOnly>, StateError> {
    Ok(Tables::read(&database.begin_read()?)?)
}
