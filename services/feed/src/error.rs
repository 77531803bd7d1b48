use events::DecodeError;
use ledger::{ReadError, StateError};

/// The reason why events could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The position is none of this log.
    #[error("there is no event {after}: the log ends at {last}")]
    Beyond {
        /// The position that was asked for.
        after: u64,
        /// The sequence of the newest event.
        last: u64,
    },
    /// The ledger has stopped, and with it this process.
    #[error("this process is stopping")]
    Ended,
    /// The log or the projection cannot be read now. Try again.
    #[error(transparent)]
    Unavailable(#[from] ReadError),
    /// A fact that the ledger has folded cannot be read or written.
    #[error("the event at sequence {sequence}: {reason}")]
    Unreadable {
        /// Its place in the log.
        sequence: u64,
        /// The reason.
        reason: String,
    },
}

impl From<StateError> for FeedError {
    fn from(error: StateError) -> Self {
        ReadError(error.to_string()).into()
    }
}

impl FeedError {
    pub(crate) fn decode(sequence: u64, error: &DecodeError) -> Self {
        Self::Unreadable { sequence, reason: error.to_string() }
    }

    pub(crate) fn encode(sequence: u64, error: &dyn std::error::Error) -> Self {
        Self::Unreadable { sequence, reason: error.to_string() }
    }
}
