//! Folding events into the tables: the one way state comes to be, live, after a crash and in a rebuild.

use domain::project;
use eventlog::Stored;
use events::{Event, chain_hash};

use crate::tables::{Tables, Writable};
use crate::{Cursor, FoldError};

/// How many events are folded in one transaction while catching up.
pub(crate) const FOLD_EVENTS_MAX: usize = 5_000;

/// How many bytes of events are read at once while catching up.
pub(crate) const FOLD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Folds one event. Events folded already are passed over, so redelivery does no harm.
pub(crate) fn fold(tables: &mut Tables<Writable<'_>>, cursor: &mut Cursor, stored: &Stored) -> Result<(), FoldError> {
    if stored.sequence <= cursor.sequence {
        return Ok(());
    }
    let sequence = stored.sequence;
    let event = Event::decode(&stored.payload).map_err(|source| FoldError::Decode { sequence, source })?;
    let follows = sequence == cursor.sequence + 1 && event.sequence == sequence && event.previous == cursor.hash;
    if !follows || event.id != stored.id {
        return Err(FoldError::Chain { sequence });
    }
    fold_own(tables, cursor, &event, &stored.payload)
}

/// Folds an event that was decided on exactly this state.
pub(crate) fn fold_own(
    tables: &mut Tables<Writable<'_>>,
    cursor: &mut Cursor,
    event: &Event,
    bytes: &[u8],
) -> Result<(), FoldError> {
    for change in project(tables, event)? {
        tables.apply(&change)?;
    }
    *cursor = Cursor { sequence: event.sequence, event: event.id, hash: chain_hash(bytes), ..*cursor };
    tables.advance(cursor, bytes)?;
    Ok(())
}
