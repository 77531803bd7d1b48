use std::future::Future;

use crate::{AppendError, Follow, Message, ReadError, Stored};

/// The ends of a log, and the number of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// The sequence of the oldest event; 1 unless older ones were taken out, also in an empty log.
    pub first_sequence: u64,
    /// The sequence of the newest event; 0 in a log that never had one.
    pub last_sequence: u64,
    /// The number of events.
    pub events: u64,
    /// The number of sequences between the first and the last that have no event.
    pub deleted: u64,
    /// The bytes that the log takes, as far as the server counts them.
    pub bytes: u64,
}

impl Tail {
    /// Returns whether every sequence from 1 to the last has its event.
    pub fn is_dense(&self) -> bool {
        self.first_sequence <= 1 && self.deleted == 0 && self.events == self.last_sequence
    }

    /// Returns the last sequence, for a caller that has seen the log reach `known`.
    ///
    /// # Errors
    /// [`ReadError::LostTail`] when the log ends before that.
    pub fn last_from(&self, known: u64) -> Result<u64, ReadError> {
        let last = self.last_sequence;
        if last < known { Err(ReadError::LostTail { expected: known, last }) } else { Ok(last) }
    }
}

/// A log of events in one total order: dense sequences from 1, appended by compare-and-swap on the last.
pub trait Log: Send + Sync + 'static {
    /// Appends the messages so that they get the sequences `expected_last + 1`, `+ 2`, and so on; returns when
    /// they are durable. Nothing is appended after an event of somebody else: an error says how many of the
    /// first messages are in the log (usually none) and what to do.
    ///
    /// An unknown outcome (a timeout, a lost connection) is resolved before this returns, however long the server is
    /// away. A caller with a deadline has to set it outside. Dropping the future leaves the outcome unknown. An empty
    /// append does nothing.
    ///
    /// # Errors
    /// See [`AppendError`].
    fn append(&self, expected_last: u64, messages: &[Message]) -> impl Future<Output = Result<(), AppendError>> + Send;

    /// Reads up to `events_max` events in order, beginning with the sequence `from`, cut where the payloads reach
    /// `bytes_max`, yet at least one if there is one. The result is empty when the log ends before `from`.
    ///
    /// A replica that is behind may answer, so an empty answer is no proof that the log ends: [`Log::tail`] is.
    ///
    /// # Errors
    /// [`ReadError::Gap`] if a sequence is missing; see [`ReadError`].
    fn read(
        &self,
        from: u64,
        events_max: usize,
        bytes_max: usize,
    ) -> impl Future<Output = Result<Vec<Stored>, ReadError>> + Send;

    /// Returns where the log begins and ends at a moment between call and return: every append that was acknowledged
    /// before the call is in it.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    fn tail(&self) -> impl Future<Output = Result<Tail, ReadError>> + Send;

    /// Follows all events from the sequence `from` on. The stream outlives reconnects and restarts of the server, and
    /// ends only with an error that means stop (never [`ReadError::Unavailable`]). `from - 1` must be in the log
    /// already, or the log has lost its tail. This must be called within a tokio runtime.
    fn follow(&self, from: u64) -> Follow;

    /// Returns whether the log takes only little, because its disk is nearly full. Events that make no room should not
    /// be appended then.
    fn is_short_of_room(&self) -> bool {
        false
    }
}
