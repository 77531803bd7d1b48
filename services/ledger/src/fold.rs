//! Folding events into the tables: the one way state comes to be, live, after a crash and in a rebuild.

use std::time::{Duration, Instant};

use domain::project;
use eventlog::{Log, ReadError, Stored};
use events::{Event, Fact, chain_hash};
use redb::WriteTransaction;

use crate::room::Written;
use crate::tables::{Tables, Writable};
use crate::{Cursor, FoldError, StateError, TooOld};

/// How many events are folded in one transaction while catching up.
pub(crate) const FOLD_EVENTS_MAX: usize = 5_000;

/// How many bytes of events are read at once while catching up.
pub(crate) const FOLD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a replica of the log may lack an event that the log has.
const BEHIND_TIME_MAX: Duration = Duration::from_secs(5);

/// How long to wait before such a replica is asked again.
const BEHIND_PAUSE: Duration = Duration::from_millis(10);

/// Reads events from `from` on, as many as are folded at once and not beyond `last`, which the log is known to
/// have. At least one is returned: a replica that is behind is asked again.
///
/// # Errors
/// See [`ReadError`]; a replica that stays behind makes it [`ReadError::Unavailable`].
pub(crate) async fn read_present<L: Log>(log: &L, from: u64, last: u64) -> Result<Vec<Stored>, ReadError> {
    let wanted = usize::try_from(last + 1 - from).unwrap_or(usize::MAX).min(FOLD_EVENTS_MAX);
    let asked = Instant::now();
    loop {
        let events = log.read(from, wanted, FOLD_BYTES_MAX).await?;
        if !events.is_empty() {
            return Ok(events);
        }
        if asked.elapsed() > BEHIND_TIME_MAX {
            return Err(ReadError::Unavailable { reason: format!("it does not show the event at sequence {from}") });
        }
        tokio::time::sleep(BEHIND_PAUSE).await;
    }
}

/// Folds the first of these events in a transaction, as many as change so many rows, and returns what it wrote.
pub(crate) fn fold_some(
    transaction: &WriteTransaction,
    cursor: &mut Cursor,
    events: &[Stored],
    rows_max: usize,
) -> Result<Written, FoldError> {
    let mut tables = Tables::write(transaction).map_err(StateError::from)?;
    let mut written = Written::default();
    for stored in events {
        if let Some(rows) = fold(&mut tables, cursor, stored)? {
            written = written.and(rows, stored.payload.len());
        }
        if written.rows >= rows_max {
            break;
        }
    }
    tables.finish(cursor)?;
    Ok(written)
}

/// Folds one event, and returns how many rows it wrote or dropped. Events folded already are passed over, so redelivery
/// does no harm.
fn fold(tables: &mut Tables<Writable<'_>>, cursor: &mut Cursor, stored: &Stored) -> Result<Option<usize>, FoldError> {
    if stored.sequence <= cursor.sequence {
        return Ok(None);
    }
    let sequence = stored.sequence;
    let event = Event::decode(&stored.payload).map_err(|source| FoldError::Decode { sequence, source })?;
    if let Fact::RegionUpgraded(upgraded) = &event.fact
        && upgraded.level > Fact::LEVEL
    {
        return Err(TooOld { level: upgraded.level, release: upgraded.release.clone() }.into());
    }
    let follows = sequence == cursor.sequence + 1 && event.sequence == sequence && event.previous == cursor.hash;
    if !follows || event.id != stored.id {
        return Err(FoldError::Chain { sequence });
    }
    fold_own(tables, cursor, &event, &stored.payload).map(Some)
}

/// Folds an event that was decided on exactly this state, and returns how many rows it wrote or dropped. `cursor` is
/// written when the tables are finished.
pub(crate) fn fold_own(
    tables: &mut Tables<Writable<'_>>,
    cursor: &mut Cursor,
    event: &Event,
    bytes: &[u8],
) -> Result<usize, FoldError> {
    let changes = project(tables, event)?;
    for change in &changes {
        tables.apply(change)?;
    }
    tables.keep(event.sequence, bytes)?;
    *cursor = Cursor { sequence: event.sequence, event: event.id, hash: chain_hash(bytes), ..*cursor };
    Ok(changes.len())
}
