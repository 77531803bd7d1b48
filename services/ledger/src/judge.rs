//! Decides whether an entry of the log is a fact. Every ledger must decide alike, because the answer determines the
//! state.
//!
//! An entry without a valid proof is passed over, and so is one that its author may not write. An entry of a gateway
//! that does not fit stops the fold: skipping it would fork the state. An event that was decided on another state than
//! this one does not fit either, since it carries the hash of the entry before it, and the hash of a quarantined entry
//! differs from that of a fact: two ledgers cannot disagree for longer than one event.

use domain::{View, stands};
use eventlog::Stored;
use events::{Author, DecodeError, Event, Fact, subject};
use jiff::Timestamp;

use crate::proof::Prover;
use crate::read::Read;
use crate::tables::{Reason, Tables, Writable};
use crate::{Cursor, FoldError, TooOld};

/// The verdict on an entry.
pub(crate) enum Entry {
    /// A fact that follows from the state.
    Fact(Author, Box<Event>),
    /// The entry is not a fact.
    Other(Reason),
}

/// Judges the entry behind the cursor.
pub(crate) fn judge(
    tables: &Tables<Writable<'_>>,
    cursor: &Cursor,
    prover: &mut Prover,
    read: Read<'_>,
) -> Result<Entry, FoldError> {
    let totals = tables.totals()?;
    prover.turn_to(totals.keys)?;
    if totals.level < Fact::PROOF_LEVEL {
        return unproven(cursor, prover, read);
    }
    let Read { stored, hash, event } = read;
    let sequence = stored.sequence;
    match prover.author_of(stored, hash) {
        None => Ok(Entry::Other(Reason::Unproven)),
        Some(Author::Gateway) => {
            let event = understood(sequence, event)?;
            check_place(cursor, stored, &event)?;
            if stored.subject != subject(prover.region(), &event.fact) {
                return Err(FoldError::Subject { sequence });
            }
            Ok(Entry::Fact(Author::Gateway, event))
        }
        Some(author @ (Author::Lifecycle | Author::Maintenance)) => {
            let read = event.ok().filter(|event| {
                let follows = check_place(cursor, stored, event).is_ok();
                follows && stored.subject == subject(prover.region(), &event.fact)
            });
            match read {
                Some(event) if stands(tables, author, &event, said(cursor))? => Ok(Entry::Fact(author, event)),
                _ => Ok(Entry::Other(Reason::MayNot(author))),
            }
        }
    }
}

/// Judges an entry of the time before events were proven. Entries that stop a program of that time may be passed over
/// here, but its facts must stay facts.
fn unproven(cursor: &Cursor, prover: &Prover, read: Read<'_>) -> Result<Entry, FoldError> {
    let Read { stored, hash, event } = read;
    let sequence = stored.sequence;
    let event = match understood(sequence, event) {
        Err(FoldError::Decode { source, .. }) if source.is_no_event() => return Ok(Entry::Other(Reason::NoEvent)),
        event => event?,
    };
    check_place(cursor, stored, &event)?;
    if stored.subject != subject(prover.region(), &event.fact) {
        return Err(FoldError::Subject { sequence });
    }
    if let Fact::RegionUpgraded(upgraded) = &event.fact
        && upgraded.level >= Fact::PROOF_LEVEL
        && prover.author_of(stored, hash) != Some(Author::Gateway)
    {
        return Err(FoldError::OtherKeys { sequence });
    }
    Ok(Entry::Fact(Author::Gateway, event))
}

/// Returns an event that this program must understand.
fn understood(sequence: u64, event: Result<Box<Event>, DecodeError>) -> Result<Box<Event>, FoldError> {
    let event = event.map_err(|source| FoldError::Decode { sequence, source })?;
    match &event.fact {
        Fact::RegionUpgraded(upgraded) if upgraded.level > Fact::LEVEL => {
            Err(TooOld { level: upgraded.level, release: upgraded.release.clone() }.into())
        }
        _ => Ok(event),
    }
}

/// Checks that an event was decided on exactly the state before it.
fn check_place(cursor: &Cursor, stored: &Stored, event: &Event) -> Result<(), FoldError> {
    let sequence = stored.sequence;
    let follows = event.sequence == sequence && event.previous == cursor.hash && event.id == stored.id;
    if follows { Ok(()) } else { Err(FoldError::Chain { sequence }) }
}

/// Returns the time of the newest fact of a gateway.
pub(crate) fn said(cursor: &Cursor) -> Timestamp {
    Timestamp::from_microsecond(cursor.said).unwrap_or(Timestamp::MIN)
}
