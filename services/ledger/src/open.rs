//! Opening a projection: is it ours, does it belong to this log, what is missing?

use domain::View;
use eventlog::{Log, Tail};
use events::Fact;
use redb::{Builder, Database, ReadableDatabase, TableError};

use crate::cursor::PROJECTION_VERSION;
use crate::fold::{fold, read_present};
use crate::ledger::Options;
use crate::tables::{Tables, region};
use crate::{Cursor, FoldError, OpenError, StateError, TooOld};

pub(crate) async fn open_database<L: Log>(options: &Options, log: &L) -> Result<(Database, Cursor), OpenError> {
    let mut database = create(options)?;
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
            database = create(options)?;
        }
    }
    let cursor = read_cursor(&database)?;
    let level = read_tables(&database)?.totals()?.level;
    if level > Fact::LEVEL {
        return Err(FoldError::from(TooOld { level, release: "a newer one".into() }).into());
    }
    verify(log, cursor, last).await?;
    let cursor = fold_rest(&database, cursor, log, last).await?;
    Ok((database, cursor))
}

fn create(options: &Options) -> Result<Database, OpenError> {
    let path = options.path.display().to_string();
    Builder::new()
        .set_cache_size(options.cache_bytes)
        .create(&options.path)
        .map_err(|source| OpenError::Database { path, source })
}

/// The version of a projection, whichever it is, and how far it is; `None` if nothing was folded yet. Only the
/// table of the cursor is opened, and only the fields of it that every version begins with are read.
fn found(database: &Database) -> Result<Option<(u32, u64)>, StateError> {
    let region = match database.begin_read()?.open_table(region::TABLE) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        region => region?,
    };
    let Some(cursor) = region.get(region::CURSOR)? else { return Ok(None) };
    let (found, _) = postcard::take_from_bytes(cursor.value()).map_err(StateError::Row)?;
    Ok(Some(found))
}

/// Makes the tables if the file is new, and reads how far it is.
pub(crate) fn read_cursor(database: &Database) -> Result<Cursor, StateError> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    let cursor = Tables::write(&transaction)?.cursor()?;
    transaction.commit()?;
    Ok(cursor)
}

/// Where a log ends of which nothing is missing.
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
    let same =
        |stored: &eventlog::Stored| stored.id == cursor.event && events::chain_hash(&stored.payload) == cursor.hash;
    if found.first().is_some_and(same) { Ok(()) } else { Err(OpenError::Diverged { sequence: cursor.sequence }) }
}

/// Folds the log from the cursor to a sequence that it is known to have. Every step is durable: redb gives
/// space free again only then, and a crash on a long way loses one step.
pub(crate) async fn fold_rest<L: Log>(
    database: &Database,
    mut cursor: Cursor,
    log: &L,
    until: u64,
) -> Result<Cursor, OpenError> {
    while cursor.sequence < until {
        let events = read_present(log, cursor.sequence + 1, until).await?;
        let mut transaction = database.begin_write().map_err(StateError::from)?;
        transaction.set_quick_repair(true);
        {
            let mut tables = Tables::write(&transaction).map_err(StateError::from)?;
            for stored in &events {
                fold(&mut tables, &mut cursor, stored)?;
            }
            tables.finish(&cursor)?;
        }
        transaction.commit().map_err(StateError::from)?;
    }
    Ok(cursor)
}

/// Reads a projection's tables once.
pub(crate) fn read_tables(database: &Database) -> Result<Tables<crate::tables::ReadOnly>, StateError> {
    Ok(Tables::read(&database.begin_read()?)?)
}
