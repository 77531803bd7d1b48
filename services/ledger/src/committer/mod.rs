//! One committer: of the processes that append to a log, one decides the commands of all (ADR 38).
//!
//! The owner of the lease `committer` commits. The ledgers of other processes send it their commands, several in one
//! request, and answer when their own state shows what happened. Nothing rests on who commits: every append is a
//! compare-and-swap, and every command has an id, which is the id of its event. A command that is sent is bound to the
//! term of its committer. If its outcome is unknown, the sender first ends that term with a fact. From then on only the
//! process that is asked again decides the command, and that process finds on the log whether it happened.
//!
//! [`Sender`] sends commands, `group` batches them, [`Server`] answers requests, `wire` is the format of both, and `seal`
//! authenticates them.

mod group;
mod seal;
mod sender;
mod server;
mod wire;

use std::sync::Arc;

use eventlog::Peers;
use events::Author;
use events::ids::{EventId, ProcessId};
use events::lease::Owner;

use crate::{CommitError, Committed};

pub(crate) use sender::{Delegation, Sender};
pub(crate) use server::Server;

/// What a ledger needs so that one process commits for all.
#[derive(Debug, Clone)]
pub struct Committing {
    /// The way to the other processes.
    pub peers: Arc<dyn Peers>,
    /// This process. Two ledgers never have the same id.
    pub owner: Owner,
    /// Whether a command is refused outside of the term in which it was sent: yes, but in a test that shows what it is for.
    pub is_fenced: bool,
}

/// The process that commits for all, in one term of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The process.
    pub process: ProcessId,
    /// The number of the term.
    pub epoch: u64,
}

/// What is known of a command besides what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The id that its event has; `None` if the writer makes one when it decides.
    pub(crate) id: Option<EventId>,
    /// The last sequence that the sender knew before the command was sent to anyone: its event is behind it.
    pub(crate) known: u64,
    /// The kind of process that sends it.
    pub(crate) by: Author,
    /// The term in which alone it may be decided.
    pub(crate) term: Option<u64>,
    /// It was sent before, so that its event may be on the log.
    pub(crate) is_sent: bool,
}

impl Ticket {
    /// The ticket of a command that this process decides itself, and nobody was asked to.
    pub(crate) fn own(by: Author) -> Self {
        Self { id: None, known: 0, by, term: None, is_sent: false }
    }
}

/// The reason why a command was not committed here.
#[derive(Debug, Clone)]
pub(crate) enum NotCommitted {
    /// It is the caller's.
    Error(CommitError),
    /// The term in which it may be decided is not the present one, or not this process's.
    OtherTerm,
    /// It was sent so long ago that the log is not known to lack its event.
    TooOld,
    /// The disk of this process has no room. That of another may.
    NoRoom,
}

/// The outcome of a command, for the task that waits for it.
pub(crate) type Reply = Result<Committed, NotCommitted>;

impl From<CommitError> for NotCommitted {
    fn from(error: CommitError) -> Self {
        Self::Error(error)
    }
}

impl From<NotCommitted> for CommitError {
    fn from(why: NotCommitted) -> Self {
        match why {
            NotCommitted::Error(error) => error,
            NotCommitted::OtherTerm | NotCommitted::TooOld => Self::Unknown,
            NotCommitted::NoRoom => Self::Unavailable(NO_ROOM.into()),
        }
    }
}

/// The reason that a caller gets when there is no room for its command.
pub(crate) const NO_ROOM: &str = "the disk of the projection or of the log is full";
