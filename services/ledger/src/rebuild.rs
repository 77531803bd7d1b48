//! Folding the log anew, beside the projection that is in use, and comparing the two.

use std::path::Path;
use std::time::{Duration, Instant};

use eventlog::Log;
use events::ids::RegionName;
use redb::Database;

use crate::open::{fold_rest, read_tables};
use crate::tables::Difference;
use crate::{Cursor, OpenError, StateError};

/// What a rebuild came to.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// How many events were folded.
    pub events: u64,
    /// How long it took.
    pub took: Duration,
    /// Where the rebuilt projection differs from the live one; `None` when they are equal.
    pub difference: Option<Difference>,
}

/// Folds the log from its first event into a new file at `fresh`, as far as the projection at `live` goes,
/// and compares all rows of the two. Nobody may have `live` open.
///
/// # Errors
/// [`OpenError`] when one of the files or the log cannot be read, or an event cannot be folded.
pub async fn rebuild<L: Log>(log: &L, live: &Path, fresh: &Path) -> Result<Rebuilt, OpenError> {
    let open_error = |path: &Path| {
        let path = path.display().to_string();
        move |source| OpenError::Database { path, source }
    };
    let live_database = Database::open(live).map_err(open_error(live))?;
    let live_tables = read_tables(&live_database)?;
    let until = live_tables.cursor()?.sequence;
    let database = Database::create(fresh).map_err(open_error(fresh))?;
    let begun = Instant::now();
    let cursor = fold_rest(&database, Cursor::default(), log, until).await?;
    let took = begun.elapsed();
    let difference = if cursor.sequence == 0 {
        None // Tables that nothing was written to do not exist yet.
    } else {
        read_tables(&database)?.first_difference(&live_tables)?
    };
    Ok(Rebuilt { events: cursor.sequence, took, difference })
}

/// Writes the newest events of the projection's ring back to a log that lost them.
///
/// # Errors
/// [`OpenError`] when the ring does not reach back to the log's end, or the log does not take them.
pub async fn restore_tail<L: Log>(log: &L, live: &Path, region: &RegionName) -> Result<u64, OpenError> {
    let path = live.display().to_string();
    let database = Database::open(live).map_err(|source| OpenError::Database { path, source })?;
    let tables = read_tables(&database)?;
    let applied = tables.cursor()?.sequence;
    let mut last = log.tail().await?.last_sequence;
    let lost = OpenError::LostTail { last, applied };
    let mut restored = 0;
    while last < applied {
        let Some(message) = tables.recent_event(last + 1, region)? else { return Err(lost) };
        log.append(last, std::slice::from_ref(&message))
            .await
            .map_err(|error| crate::FoldError::Contradiction(error.to_string()))?;
        last += 1;
        restored += 1;
    }
    Ok(restored)
}

impl<A: crate::tables::Access> crate::Tables<A> {
    /// An event of the ring, as it was appended.
    fn recent_event(&self, sequence: u64, region: &RegionName) -> Result<Option<eventlog::Message>, OpenError> {
        use redb::ReadableTable;
        let Some(bytes) = self.recent.get(sequence).map_err(StateError::from)? else { return Ok(None) };
        let payload = bytes::Bytes::copy_from_slice(bytes.value());
        let decoded = events::Event::decode(&payload);
        let event = decoded.map_err(|source| crate::FoldError::Decode { sequence, source })?;

        Ok(Some(eventlog::Message { subject: events::subject(region, &event.fact), id: event.id, payload }))
    }
}
