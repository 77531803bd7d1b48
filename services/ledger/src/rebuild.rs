//! Folding the log anew, beside the projection that is in use, and comparing the two.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use eventlog::{Log, Message};
use events::ids::RegionName;
use events::{CHAIN_START, Event, chain_hash, subject};
use redb::{Database, ReadableTable};

use crate::fold::read_present;
use crate::open::{fold_rest, read_cursor, read_tables, whole_log};
use crate::tables::{Access, Difference};
use crate::{Cursor, FoldError, OpenError, StateError, Tables};

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
/// and compares all rows of the two. Nobody may have `live` open, and at `fresh` there may be nothing.
///
/// # Errors
/// [`OpenError`] when one of the files or the log cannot be read, or an event cannot be folded.
pub async fn rebuild<L: Log>(log: &L, live: &Path, fresh: &Path) -> Result<Rebuilt, OpenError> {
    let live_database = open(live)?;
    let live_tables = read_tables(&live_database)?;
    let applied = live_tables.cursor()?.sequence;
    let last = whole_log(log).await?.last_sequence;
    if applied > last {
        return Err(OpenError::LostTail { last, applied });
    }
    let path = fresh.display().to_string();
    if fresh.exists() {
        return Err(OpenError::File { path, source: ErrorKind::AlreadyExists.into() });
    }
    let database = Database::create(fresh).map_err(|source| OpenError::Database { path, source })?;
    read_cursor(&database)?;
    let begun = Instant::now();
    let cursor = fold_rest(&database, Cursor::default(), log, applied).await?;
    let took = begun.elapsed();
    let difference = read_tables(&database)?.first_difference(&live_tables)?;
    Ok(Rebuilt { events: cursor.sequence, took, difference })
}

/// Writes the newest events of the projection's ring back to a log that lost them, and returns how many. It may
/// be called again after an error in the middle.
///
/// # Errors
/// [`OpenError::LostTail`] when the ring does not reach back to the log's end; [`OpenError::Diverged`] when the
/// log has gone on without the lost events: there is nothing then that both agree on.
pub async fn restore_tail<L: Log>(log: &L, live: &Path, region: &RegionName) -> Result<u64, OpenError> {
    let database = open(live)?;
    let tables = read_tables(&database)?;
    let applied = tables.cursor()?.sequence;
    let mut last = whole_log(log).await?.last_sequence;
    let mut hash = match last {
        0 => CHAIN_START,
        last => read_present(log, last, last).await?.first().map_or(CHAIN_START, |event| chain_hash(&event.payload)),
    };
    let lost = OpenError::LostTail { last, applied };
    let mut restored = 0;
    while last < applied {
        let Some((event, payload)) = tables.recent_event(last + 1)? else { return Err(lost) };
        if event.previous != hash {
            return Err(OpenError::Diverged { sequence: last });
        }
        hash = chain_hash(&payload);
        let message = Message { subject: subject(region, &event.fact), id: event.id, payload };
        log.append(last, &[message]).await?;
        last += 1;
        restored += 1;
    }
    Ok(restored)
}

fn open(live: &Path) -> Result<Database, OpenError> {
    Database::open(live).map_err(|source| OpenError::Database { path: live.display().to_string(), source })
}

impl<A: Access> Tables<A> {
    /// An event of the ring, and its bytes as they were appended.
    fn recent_event(&self, sequence: u64) -> Result<Option<(Event, Bytes)>, OpenError> {
        let Some(bytes) = self.recent.get(sequence).map_err(StateError::from)? else { return Ok(None) };
        let payload = Bytes::copy_from_slice(bytes.value());
        let event = Event::decode(&payload).map_err(|source| FoldError::Decode { sequence, source })?;
        Ok(Some((event, payload)))
    }
}
