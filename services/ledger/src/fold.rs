//! Folding events into the tables: the only way in which state is made, live, after a crash and in a rebuild.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use domain::project;
use eventlog::{Log, ReadError, Stored};
use events::ids::{EventId, Sha256Digest};
use events::{Author, Event, quarantine_hash};
use redb::WriteTransaction;

use crate::judge::{Entry, judge};
use crate::proof::Prover;
use crate::read::{self, Read};
use crate::room::Written;
use crate::tables::{QuarantinedRow, Reason, RecentRow, Tables, Writable};
use crate::{Cursor, FoldError};

/// The number of events that are folded in one transaction while catching up.
pub(crate) const FOLD_EVENTS_MAX: usize = 5_000;

/// The bytes of events that are read at once while catching up.
pub(crate) const FOLD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The time for which a replica of the log may lack an event that the log has.
const BEHIND_TIME_MAX: Duration = Duration::from_secs(5);

/// The pause before such a replica is asked again.
const BEHIND_PAUSE: Duration = Duration::from_millis(10);

/// Reads events from `from` on, as many as are folded at once and not beyond `last`, which the log is known to
/// have. At least one is returned: a replica that is behind is asked again.
///
/// # Errors
/// See [`ReadError`]; a replica that stays behind makes it [`ReadError::Unavailable`].
pub(crate) async fn read_present<L: Log>(log: &L, from: u64, last: u64) -> Result<Vec<Stored>, ReadError> {
    read_present_within(log, from, last, FOLD_BYTES_MAX).await
}

/// The same, cut where the events reach so many bytes.
pub(crate) async fn read_present_within<L: Log>(
    log: &L,
    from: u64,
    last: u64,
    bytes_max: usize,
) -> Result<Vec<Stored>, ReadError> {
    let wanted = usize::try_from(last + 1 - from).unwrap_or(usize::MAX).min(FOLD_EVENTS_MAX);
    let asked = Instant::now();
    loop {
        let events = log.read(from, wanted, bytes_max).await?;
        if !events.is_empty() {
            return Ok(events);
        }
        if asked.elapsed() > BEHIND_TIME_MAX {
            return Err(ReadError::Unavailable { reason: format!("it does not show the event at sequence {from}") });
        }
        tokio::time::sleep(BEHIND_PAUSE).await;
    }
}

/// Folds the first of these entries in a transaction, as many as change so many rows, and returns what it wrote.
pub(crate) fn fold_some(
    transaction: &WriteTransaction,
    cursor: &mut Cursor,
    prover: &mut Prover,
    entries: &[Stored],
    rows_max: usize,
) -> Result<Written, FoldError> {
    let mut tables = Tables::write(transaction);
    let mut written = Written::default();
    let folded = entries.partition_point(|stored| stored.sequence <= cursor.sequence);
    read::each(&entries[folded..], |read| {
        let size = read.stored.payload.len();
        if let Some(rows) = fold(&mut tables, cursor, prover, read)? {
            written = written.and(rows, size);
        }
        Ok::<_, FoldError>(if written.rows < rows_max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    tables.finish(cursor)?;
    Ok(written)
}

/// Folds one entry, and returns how many rows it wrote or dropped. Entries that are folded already are passed over, so
/// redelivery does no harm.
fn fold(
    tables: &mut Tables<Writable<'_>>,
    cursor: &mut Cursor,
    prover: &mut Prover,
    read: Read<'_>,
) -> Result<Option<usize>, FoldError> {
    let (stored, hash) = (read.stored, read.hash);
    if stored.sequence <= cursor.sequence {
        return Ok(None);
    }
    let sequence = stored.sequence;
    if sequence != cursor.sequence + 1 {
        return Err(FoldError::Chain { sequence });
    }
    match judge(tables, cursor, prover, read)? {
        Entry::Fact(author, event) => {
            let entry = Own { author, hash, proof: stored.proof.as_deref(), bytes: &stored.payload };
            fold_own(tables, cursor, &event, &entry).map(Some)
        }
        Entry::Other(reason) => pass_over(tables, cursor, stored, reason).map(Some),
    }
}

/// Passes over an entry that is no fact, and returns how many rows say so. The entry counts in the chain of hashes,
/// with the hash of a quarantined entry.
fn pass_over(
    tables: &mut Tables<Writable<'_>>,
    cursor: &mut Cursor,
    stored: &Stored,
    reason: Reason,
) -> Result<usize, FoldError> {
    let row = QuarantinedRow::new(reason, &stored.subject, stored.payload.len());
    tables.quarantine(stored.sequence, &row)?;
    tables.keep(stored.sequence, &RecentRow::of_other(stored))?;
    let hash = quarantine_hash(&stored.payload);
    *cursor = Cursor { sequence: stored.sequence, event: EventId::NONE, hash, ..*cursor };
    tracing::warn!(sequence = stored.sequence, subject = ?row.subject, %reason, "quarantined a log entry that is not a fact");
    Ok(1)
}

/// The author, hash, proof and bytes of a fact, as the log has them.
pub(crate) struct Own<'a> {
    pub(crate) author: Author,
    /// The hash of the event's bytes.
    pub(crate) hash: Sha256Digest,
    pub(crate) proof: Option<&'a str>,
    pub(crate) bytes: &'a [u8],
}

/// Folds an event that was decided on exactly this state, and returns how many rows it wrote or dropped. `cursor` is
/// written when the tables are finished.
pub(crate) fn fold_own(
    tables: &mut Tables<Writable<'_>>,
    cursor: &mut Cursor,
    event: &Event,
    own: &Own<'_>,
) -> Result<usize, FoldError> {
    let changes = project(tables, event)?;
    for change in &changes {
        tables.apply(change)?;
    }
    tables.keep(event.sequence, &RecentRow::of_fact(own.proof, own.bytes))?;
    let said = match own.author {
        Author::Gateway => cursor.said.max(event.time.as_microsecond()),
        Author::Lifecycle | Author::Maintenance => cursor.said,
    };
    *cursor = Cursor { sequence: event.sequence, event: event.id, hash: own.hash, said, ..*cursor };
    Ok(changes.iter().filter(|change| change.counts()).count())
}
