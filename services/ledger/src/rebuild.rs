//! Folding the log anew, beside the projection that is in use, and comparing the two.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use eventlog::{Log, Message, Stored};
use events::ids::{EventId, RegionName, Sha256Digest};
use events::{CHAIN_START, Event, chain_hash, quarantine_hash, subject};
use redb::Database;
use uuid::Uuid;

use crate::fold::read_present;
use crate::keyring::Keyring;
use crate::open::{fold_rest, found, make_tables, prepare, read_tables, whole_log};
use crate::proof::Prover;
use crate::tables::Difference;
use crate::{Cursor, FoldError, OpenError};

/// The result of a rebuild.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// The number of events applied.
    pub events: u64,
    /// The duration.
    pub took: Duration,
    /// The first difference between the rebuilt projection and the live one; `None` if they are equal.
    pub difference: Option<Difference>,
}

/// Folds the log from its first event into a new file at `fresh`, as far as the projection at `live` goes,
/// and compares all rows of the two. Nobody may have `live` open, and at `fresh` there may be nothing. What proves each
/// event is checked with the keys of the process that made `live`.
///
/// # Errors
/// [`OpenError`] when one of the files or the log cannot be read, or an event cannot be folded.
pub async fn rebuild<L: Log>(
    log: &L,
    (region, keyring): (&RegionName, Keyring),
    live: &Path,
    fresh: &Path,
) -> Result<Rebuilt, OpenError> {
    let mut prover = Prover::new(keyring, region.clone())?;
    let live_database = open(live)?;
    let applied = prepare(&live_database, &prover)?.sequence;
    let live_tables = read_tables(&live_database)?;
    let last = whole_log(log).await?.last_sequence;
    if applied > last {
        return Err(OpenError::LostTail { last, applied });
    }
    let path = fresh.display().to_string();
    if fresh.exists() {
        return Err(OpenError::File { path, source: ErrorKind::AlreadyExists.into() });
    }
    let database = Database::create(fresh).map_err(|source| OpenError::Database { path, source })?;
    prepare(&database, &prover)?;
    let begun = Instant::now();
    let cursor = fold_rest(&database, Cursor::default(), &mut prover, log, applied).await?;
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
    make_tables(&database)?;
    let (_, applied) = found(&database)?.unwrap_or_default();
    let tables = read_tables(&database)?;
    let mut last = whole_log(log).await?.last_sequence;
    let mut end = match last {
        0 => End::Start,
        last => End::Entry(read_present(log, last, last).await?.pop()),
    };
    let lost = OpenError::LostTail { last, applied };
    let mut restored = 0;
    while last < applied {
        let Some((entry, is_fact)) = tables.recent_entry(last + 1)? else { return Err(lost) };
        let message = if is_fact {
            let sequence = entry.sequence;
            let event = Event::decode(&entry.payload).map_err(|source| FoldError::Decode { sequence, source })?;
            if !end.is_followed_by(event.previous) {
                return Err(OpenError::Diverged { sequence: last });
            }
            Message { subject: subject(region, &event.fact), id: event.id, ..entry.message() }
        } else {
            // The log refuses an id that it had a short time ago, and an entry that is not a fact may have any id.
            Message { id: id_of(&entry), ..entry.message() }
        };
        let (id, subject) = (message.id, message.subject.clone());
        log.append(last, &[message]).await?;
        end = End::Entry(Some(Stored { id, subject, ..entry }));
        last += 1;
        restored += 1;
    }
    Ok(restored)
}

/// The end of a log.
enum End {
    Start,
    Entry(Option<Stored>),
}

impl End {
    /// Returns whether an event with this hash of its predecessor was appended behind this end, which may be a fact or
    /// a quarantined entry.
    fn is_followed_by(&self, previous: Sha256Digest) -> bool {
        match self {
            Self::Start => previous == CHAIN_START,
            Self::Entry(entry) => entry
                .as_ref()
                .is_some_and(|entry| [chain_hash(&entry.payload), quarantine_hash(&entry.payload)].contains(&previous)),
        }
    }
}

/// Returns an id for an entry that is not a fact, always the same for the same bytes at the same place.
fn id_of(entry: &Stored) -> EventId {
    let Sha256Digest(hash) = quarantine_hash(&entry.payload);
    let [first, second, ..] = hash.as_chunks::<8>().0 else { return EventId::NONE };
    let high = u64::from_be_bytes(*first) ^ entry.sequence;
    EventId(Uuid::from_u64_pair(high, u64::from_be_bytes(*second)))
}

fn open(live: &Path) -> Result<Database, OpenError> {
    Database::open(live).map_err(|source| OpenError::Database { path: live.display().to_string(), source })
}
