//! Is an entry of the log a fact? The same answer in every ledger, for it decides what the state is.
//!
//! What nobody proves to have written is passed over, and so is what its author may not write. What a gateway wrote and
//! does not fit stops the fold: skipping that would fork the state. An event that was decided on another state than
//! this one does not fit either, since it carries the hash of the entry before it, which is another for what was passed
//! over than for a fact: no two ledgers judge differently for longer than one event.

use domain::{View, stands};
use eventlog::Stored;
use events::ids::Sha256Digest;
use events::{Author, Event, Fact, subject};
use jiff::Timestamp;

use crate::proof::Prover;
use crate::tables::{Reason, Tables, Writable};
use crate::{Cursor, FoldError, TooOld};

/// What an entry is.
pub(crate) enum Entry {
    /// A fact that follows from the state.
    Fact(Author, Box<Event>),
    /// None.
    Other(Reason),
}

/// Judges the entry behind the cursor. `hash`: of its bytes.
pub(crate) fn judge(
    tables: &Tables<Writable<'_>>,
    cursor: &Cursor,
    prover: &mut Prover,
    (stored, hash): (&Stored, Sha256Digest),
) -> Result<Entry, FoldError> {
    let totals = tables.totals()?;
    prover.turn_to(totals.keys)?;
    if totals.level < Fact::PROOF_LEVEL {
        return unproven(cursor, prover, (stored, hash));
    }
    let sequence = stored.sequence;
    match prover.author_of(stored, hash) {
        None => Ok(Entry::Other(Reason::Unproven)),
        Some(Author::Gateway) => {
            let event = decode(stored)?;
            check_place(cursor, stored, &event)?;
            if stored.subject != subject(prover.region(), &event.fact) {
                return Err(FoldError::Subject { sequence });
            }
            Ok(Entry::Fact(Author::Gateway, Box::new(event)))
        }
        Some(author @ Author::Lifecycle) => {
            let read = Event::decode(&stored.payload).ok().filter(|event| {
                let follows = check_place(cursor, stored, event).is_ok();
                follows && stored.subject == subject(prover.region(), &event.fact)
            });
            match read {
                Some(event) if stands(tables, author, &event, said(cursor))? => {
                    Ok(Entry::Fact(author, Box::new(event)))
                }
                _ => Ok(Entry::Other(Reason::MayNot(author))),
            }
        }
    }
}

/// The same from a time when nobody proved what he wrote. Whatever a program of that time stops at may be passed over
/// here, and what it takes for a fact must not be.
fn unproven(cursor: &Cursor, prover: &Prover, (stored, hash): (&Stored, Sha256Digest)) -> Result<Entry, FoldError> {
    let sequence = stored.sequence;
    let event = match decode(stored) {
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
    Ok(Entry::Fact(Author::Gateway, Box::new(event)))
}

/// Reads an event that this program must understand.
fn decode(stored: &Stored) -> Result<Event, FoldError> {
    let sequence = stored.sequence;
    let event = Event::decode(&stored.payload).map_err(|source| FoldError::Decode { sequence, source })?;
    match &event.fact {
        Fact::RegionUpgraded(upgraded) if upgraded.level > Fact::LEVEL => {
            Err(TooOld { level: upgraded.level, release: upgraded.release.clone() }.into())
        }
        _ => Ok(event),
    }
}

/// Whether an event was decided on exactly the state before it.
fn check_place(cursor: &Cursor, stored: &Stored, event: &Event) -> Result<(), FoldError> {
    let sequence = stored.sequence;
    let follows = event.sequence == sequence && event.previous == cursor.hash && event.id == stored.id;
    if follows { Ok(()) } else { Err(FoldError::Chain { sequence }) }
}

/// The time of the newest fact of a gateway.
pub(crate) fn said(cursor: &Cursor) -> Timestamp {
    Timestamp::from_microsecond(cursor.said).unwrap_or(Timestamp::MIN)
}
