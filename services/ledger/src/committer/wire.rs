//! What senders and the committer say to each other: JSON behind a proof. Only the same release understands it, because
//! a field that an older one does not know could be a condition. Between releases everyone commits on its own.

use std::borrow::Cow;

use domain::{Command, Outcome, Rejection};
use events::Origin;
use events::ids::EventId;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{NotCommitted, Reply};
use crate::commit::Queued;
use crate::{CommitError, Committed};

/// The release that understands what this one says.
pub(super) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// Bytes of the commands in one request: it fits a message of any server.
pub(super) const REQUEST_BYTES_MAX: usize = 512 * 1024;

/// Commands in one request.
pub(super) const REQUEST_COMMANDS_MAX: usize = 256;

/// A request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Question<'a> {
    /// Whether the process is there, and takes commands.
    Ping,
    /// Decide commands in a term.
    Commit {
        /// The release of the sender.
        #[serde(borrow)]
        release: Cow<'a, str>,
        /// The number of the term.
        epoch: u64,
        /// The commands, each as [`Sent`].
        #[serde(borrow)]
        commands: Vec<&'a RawValue>,
    },
}

/// A command as it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Sent<'a> {
    /// The id that its event has.
    pub(super) id: EventId,
    /// The sequence behind which its event is.
    pub(super) known: u64,
    /// What caused it.
    pub(super) origin: Cow<'a, Origin>,
    /// The command.
    pub(super) command: Cow<'a, Command>,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Response {
    /// Whether the process gets on with what it was asked for.
    Pong {
        /// Whether it does.
        works: bool,
    },
    /// The sender's release is another one.
    OtherRelease,
    /// Too many commands wait. None of these was taken.
    Busy,
    /// The outcomes of the commands.
    Outcomes {
        /// In the order of the commands.
        told: Vec<Told>,
        /// The log's last sequence in the state on which the last of them was decided, or in a later one.
        at: u64,
    },
}

/// The outcome of a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Told {
    /// It happened.
    Done {
        /// The log's last sequence once it had.
        sequence: u64,
        /// The outcome.
        outcome: Outcome,
    },
    /// It is refused.
    Rejected(Rejection),
    /// The log takes nothing now. The command was not done.
    Unavailable(String),
    /// Too many commands wait. This one was not taken.
    Busy,
    /// Not in this term, or not by this process.
    OtherTerm,
    /// Sent too long ago to tell whether it happened.
    TooOld,
    /// The disk of the committer is full.
    NoRoom,
    /// It may have happened.
    Unknown,
}

impl From<Reply> for Told {
    fn from(reply: Reply) -> Self {
        match reply {
            Ok(Committed { sequence, outcome }) => Self::Done { sequence, outcome },
            Err(NotCommitted::OtherTerm) => Self::OtherTerm,
            Err(NotCommitted::TooOld) => Self::TooOld,
            Err(NotCommitted::NoRoom) => Self::NoRoom,
            Err(NotCommitted::Error(error)) => match error {
                CommitError::Rejected(rejection) => Self::Rejected(rejection),
                CommitError::Unavailable(why) => Self::Unavailable(why),
                CommitError::Busy => Self::Busy,
                CommitError::Unknown | CommitError::Stopped(_) => Self::Unknown,
            },
        }
    }
}

/// A command as a part of a request; `None` if it is too long for any.
pub(super) fn encode(queued: &Queued) -> Result<Option<Box<RawValue>>, serde_json::Error> {
    let Some(id) = queued.ticket.id else { return Ok(None) };
    let (origin, command) = (Cow::Borrowed(&queued.origin), Cow::Borrowed(&queued.command));
    let raw = serde_json::value::to_raw_value(&Sent { id, known: queued.ticket.known, origin, command })?;
    Ok(Some(raw).filter(|raw| raw.get().len() <= REQUEST_BYTES_MAX))
}
