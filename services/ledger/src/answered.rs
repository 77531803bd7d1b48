//! Commands that come again: whether one happened before is what the log says, so that a process that never heard of it
//! knows it as well. The id of a command is that of its event, and the newest events are in the projection.

use std::collections::{HashMap, HashSet, VecDeque};

use domain::{View, outcome_of};
use eventlog::Log;
use events::Event;
use events::ids::EventId;
use events::lease::Lease;
use serde::Deserialize;

use crate::commit::{Committed, Decided, Queued};
use crate::committer::{NotCommitted, Reply};
use crate::tables::{Access, RECENT_EVENTS_MAX, Tables, Writable};
use crate::writer::Writer;
use crate::{FoldError, StateError};

/// The ids of the newest facts, as many as the projection keeps events. It is filled when it is first needed, and costs a
/// process to which nobody sends commands nothing.
#[derive(Debug, Default)]
pub(crate) struct Answered {
    sequences: HashMap<EventId, u64>,
    order: VecDeque<EventId>,
    /// The sequence up to which the ids are known.
    up_to: u64,
}

/// What is read of an event.
#[derive(Deserialize)]
struct WithId {
    id: EventId,
}

impl Answered {
    /// Takes in the events up to a sequence that is committed.
    fn follow<A: Access>(&mut self, tables: &Tables<A>, up_to: u64) -> Result<(), StateError> {
        let oldest = (up_to + 1).saturating_sub(RECENT_EVENTS_MAX);
        for sequence in (self.up_to + 1).max(oldest)..=up_to {
            let Some((stored, true)) = tables.recent_entry(sequence)? else { continue };
            // What cannot be read here is the event of no command.
            let Ok(WithId { id }) = serde_json::from_slice(&stored.payload) else { continue };
            self.sequences.insert(id, sequence);
            self.order.push_back(id);
        }
        self.up_to = self.up_to.max(up_to);
        while let Some(id) = self.order.front().copied()
            && self.sequences.get(&id).is_none_or(|sequence| *sequence < oldest)
        {
            self.sequences.remove(&id);
            self.order.pop_front();
        }
        Ok(())
    }

    /// Forgets everything: the projection was opened anew.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The ids of commands whose events are in a batch.
pub(crate) type InBatch = HashSet<EventId>;

impl<L: Log> Writer<L> {
    /// The reply to a command that is not decided now: it happened before, or its term is over.
    pub(crate) fn reply_before(
        &mut self,
        tables: &Tables<Writable<'_>>,
        decided: &Decided,
        queued: &Queued,
    ) -> Result<Option<Reply>, FoldError> {
        let ticket = queued.ticket;
        let is_fenced = self.options.committing.as_ref().is_none_or(|committing| committing.is_fenced);
        if let Some(epoch) = ticket.term
            && is_fenced
            && !self.is_own_term(tables, epoch)?
        {
            return Ok(Some(Err(NotCommitted::OtherTerm)));
        }
        let Some(id) = ticket.id.filter(|_| ticket.term.is_some() || ticket.is_sent) else { return Ok(None) };
        if self.cursor.sequence.saturating_sub(ticket.known) > RECENT_EVENTS_MAX {
            return Ok(Some(Err(NotCommitted::TooOld)));
        }
        self.answered.follow(tables, self.cursor.sequence)?;
        let sequence = match self.answered.sequences.get(&id) {
            Some(sequence) => *sequence,
            None if decided.ids.contains(&id) => {
                let before = decided.messages.iter().position(|message| message.id == id).unwrap_or_default();
                self.cursor.sequence + 1 + before as u64
            }
            None => return Ok(None),
        };
        let Some((stored, _)) = tables.recent_entry(sequence)? else { return Ok(Some(Err(NotCommitted::TooOld))) };
        let event = Event::decode(&stored.payload).map_err(|error| FoldError::Contradiction(error.to_string()))?;
        let outcome = outcome_of(&queued.command, &event);
        Ok(Some(Ok(Committed { sequence, outcome })))
    }

    /// Whether a term is the present one, and this process's.
    fn is_own_term(&self, tables: &Tables<Writable<'_>>, epoch: u64) -> Result<bool, StateError> {
        let (row, own) = (tables.lease(Lease::Committer)?, self.options.committing.as_ref());
        Ok(row.is_some_and(|row| {
            let owner = row.owner.map(|owner| owner.process);
            row.epoch == epoch && owner.is_some() && owner == own.map(|own| own.owner.process)
        }))
    }
}
