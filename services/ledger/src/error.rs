use domain::{ProjectError, Rejection};
use eventlog::AppendError;
use events::ids::{Generation, InvalidName, MasterKeyId};
use events::{Author, DecodeError};

/// The reason why the projection cannot be read or written. Its file is damaged or its disk fails; a rebuild from the
/// log restores it.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// redb could not do it.
    #[error("the projection's storage failed: {0}")]
    Storage(#[from] redb::StorageError),
    /// A table is not what it should be.
    #[error("a table of the projection cannot be opened: {0}")]
    Table(#[from] redb::TableError),
    /// A transaction could not be begun.
    #[error("cannot begin a transaction on the projection: {0}")]
    Transaction(#[from] redb::TransactionError),
    /// A transaction could not be ended.
    #[error("the projection cannot commit: {0}")]
    Commit(#[from] redb::CommitError),
    /// Durability could not be set.
    #[error("the projection cannot set a durability: {0}")]
    Durability(#[from] redb::SetDurabilityError),
    /// A row's bytes are no row.
    #[error("a row of the projection cannot be decoded: {0}")]
    Row(postcard::Error),
    /// A row's key is no key.
    #[error("a row of the projection has a wrong key: {0}")]
    Key(InvalidName),
    /// Two tables contradict each other.
    #[error("generation {generation} is in use and belongs to no content: rebuild the projection")]
    NoContent {
        /// The generation.
        generation: Generation,
    },
}

impl StateError {
    /// Returns redb's error about its file, if it is one.
    pub(crate) fn storage(&self) -> Option<&redb::StorageError> {
        match self {
            Self::Storage(error)
            | Self::Table(redb::TableError::Storage(error))
            | Self::Transaction(redb::TransactionError::Storage(error))
            | Self::Commit(redb::CommitError::Storage(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns whether the disk was full.
    pub(crate) fn is_full(&self) -> bool {
        self.storage().is_some_and(is_full)
    }
}

fn is_full(error: &redb::StorageError) -> bool {
    matches!(error, redb::StorageError::Io(error) if crate::disk::is_full(error))
}

/// The region needs a newer program than this one. Nothing is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the region is at level {level} since release {release}: this is release {}, which knows level {} and must not go on; start release {release} or a newer one",
    env!("CARGO_PKG_VERSION"),
    events::Fact::LEVEL
)]
pub struct TooOld {
    /// The region's level.
    pub level: u32,
    /// The release that raised it.
    pub release: String,
}

impl FoldError {
    /// Returns whether a newer program would go on.
    pub fn is_too_old(&self) -> bool {
        match self {
            Self::TooOld(_) => true,
            Self::Decode { source, .. } => source.is_newer(),
            _ => false,
        }
    }
}

/// The reason why an event of the log cannot be applied. The process has to stop: skipping it would fork the state.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The log cannot be read.
    #[error("the log cannot be read: {0}")]
    Log(#[from] eventlog::ReadError),
    /// An event cannot be read: this program is too old, or the log is damaged.
    #[error("the event at sequence {sequence} cannot be read{}: {source}", if source.is_newer() { ", which a newer release may be able to" } else { "" })]
    Decode {
        /// The sequence of the event.
        sequence: u64,
        /// Why.
        source: DecodeError,
    },
    /// The region is past this program. Start a newer one.
    #[error(transparent)]
    TooOld(#[from] TooOld),
    /// The chain of hashes is broken: an event was lost, changed or put in.
    #[error("the event at sequence {sequence} does not follow the previous event")]
    Chain {
        /// The sequence of the event.
        sequence: u64,
    },
    /// The event is on the subject of another one, and is from the time before events were proven.
    #[error("the event at sequence {sequence} is on another subject than its own")]
    Subject {
        /// The sequence of the event.
        sequence: u64,
    },
    /// Events are proven from here on, and the event that says so is not proven by the keys of this process.
    #[error(
        "the event at sequence {sequence}, from which on all events are proven, is not proven by the keys of this process: give it the master key of the region's gateways"
    )]
    OtherKeys {
        /// The sequence of the event.
        sequence: u64,
    },
    /// An author proves what it writes with a key that this process was not given.
    #[error(
        "key {number} of {} is in use, and this process was given key {held}: `planetstore author-key` on a gateway's data folder writes the new one",
        author.as_str()
    )]
    KeyMissing {
        /// The author of the key.
        author: Author,
        /// The number of the key in use.
        number: u32,
        /// The number of the newest key that is held here.
        held: u32,
    },
    /// The region goes on with a master key that this process was not given.
    #[error(
        "the master key with number {number} is in use, and this process holds {held}, numbered from 0: give it all of them in order. A gateway needs the master key file of another gateway; other roles need the output of `planetstore author-key` on a gateway's data folder"
    )]
    MasterKeyMissing {
        /// Its number.
        number: u32,
        /// The number of master keys that this process holds.
        held: u32,
    },
    /// This process was given another master key under that number.
    #[error(
        "the region's master key with number {number} is {key}, but this process holds another key with that number: give it the keys that the other gateways have, in order"
    )]
    OtherMasterKey {
        /// Its number.
        number: u32,
        /// Its id.
        key: MasterKeyId,
    },
    /// The event contradicts the state.
    #[error("{0}")]
    Contradiction(String),
    /// The projection was closed because its disk was full, and does not open again.
    #[error("the projection met a full disk and cannot be reopened: {0}")]
    Reopen(Box<OpenError>),
}

impl From<OpenError> for FoldError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Fold(error) => error,
            other => Self::Reopen(Box::new(other)),
        }
    }
}

impl From<ProjectError<StateError>> for FoldError {
    fn from(error: ProjectError<StateError>) -> Self {
        match error {
            ProjectError::View(error) => Self::State(error),
            contradiction @ ProjectError::Contradiction { .. } => Self::Contradiction(contradiction.to_string()),
        }
    }
}

/// The reason why a ledger cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The projection's file cannot be opened.
    #[error("cannot open the projection {path}: {source}")]
    Database {
        /// The path of the projection.
        path: String,
        /// Why.
        source: redb::DatabaseError,
    },
    /// The file is in the way and cannot be removed.
    #[error("cannot replace the projection {path}: {source}")]
    File {
        /// The path of the projection.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A newer program made the projection.
    #[error(
        "the projection has version {found}; this program knows version {known}: use the newer program, or remove the file to rebuild it"
    )]
    Newer {
        /// The file's version.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// The projection was folded by a process with other keys.
    #[error(
        "the projection cannot be opened with this master key or author key: it was folded with another one; bring that one back"
    )]
    OtherKeys,
    /// The log is not dense: events are missing.
    #[error("the log has gaps: {events} events for sequences {first} to {last}; see `planetstore doctor`")]
    Holes {
        /// The first sequence.
        first: u64,
        /// The last.
        last: u64,
        /// The number of events.
        events: u64,
    },
    /// The log ends before the state: it lost its tail.
    #[error(
        "the log ends at {last} but {applied} events were applied: it lost its tail; `planetstore doctor` says what to do"
    )]
    LostTail {
        /// The log's last sequence.
        last: u64,
        /// The cursor.
        applied: u64,
    },
    /// The log holds another event where the cursor stands.
    #[error(
        "the log holds another event at sequence {sequence} than the one applied: it is not the log of this projection"
    )]
    Diverged {
        /// The cursor.
        sequence: u64,
    },
    /// An event cannot be folded.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The disk has no room for what the projection lacks. Nothing is lost: the log has it.
    #[error("the disk of the projection {path} is full, and too much of the log is not in it yet")]
    Full {
        /// The path of the projection.
        path: String,
    },
    /// The log does not take a lost tail back.
    #[error("the lost tail cannot be appended: {0}")]
    Append(#[from] AppendError),
}

impl OpenError {
    /// Returns whether opening may succeed a moment later: there is no room now, or the log is away.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Fold(FoldError::Log(eventlog::ReadError::Unavailable { .. })) => true,
            Self::Database { source: redb::DatabaseError::Storage(error), .. } => is_full(error),
            Self::Fold(FoldError::State(error)) => error.is_full(),
            _ => false,
        }
    }
}

impl From<StateError> for OpenError {
    fn from(error: StateError) -> Self {
        Self::Fold(error.into())
    }
}

impl From<eventlog::ReadError> for OpenError {
    fn from(error: eventlog::ReadError) -> Self {
        Self::Fold(error.into())
    }
}

/// The reason why a command was not committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// The command was refused. Nothing changed.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The log takes nothing at the moment. Nothing changed: try again.
    #[error("the log is not available: {0}")]
    Unavailable(String),
    /// Too many commands wait already. Nothing changed: slow down.
    #[error("too many writes are waiting")]
    Busy,
    /// The time was up before the outcome was known: it may still happen.
    #[error("the outcome of the write is unknown")]
    Unknown,
    /// The ledger stopped; the process must be restarted.
    #[error("the ledger has stopped: {0}")]
    Stopped(String),
}

impl CommitError {
    /// Returns whether it is certain that nothing changed and nothing will, so that staged shards may be discarded.
    pub fn is_definite(&self) -> bool {
        match self {
            Self::Rejected(_) | Self::Unavailable(_) | Self::Busy => true,
            Self::Unknown | Self::Stopped(_) => false,
        }
    }
}

impl From<&AppendError> for CommitError {
    fn from(error: &AppendError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// The state could not be shown up to date. Try again.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the state is not up to date: {0}")]
pub struct ReadError(pub String);
