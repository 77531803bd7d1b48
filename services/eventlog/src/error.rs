//! Errors, by what the caller does next.

/// The reason why an append did not happen as asked. The outcome is always definite: the first `appended` events are in
/// the log at their places and durable, the others are not in it and will not appear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else's event is at the place of the first event not appended. Catch up and decide again.
    #[error("conflict: another writer appended first, after {appended} of these events")]
    Conflict {
        /// The number of the first events that are in the log.
        appended: usize,
    },
    /// The log takes no events now. The same events may be appended again later.
    #[error("the log is unavailable after {appended} of these events: {reason}")]
    Unavailable {
        /// The number of the first events that are in the log.
        appended: usize,
        /// The reason that the server or the connection gives.
        reason: String,
    },
    /// The append exceeds a limit and never fits. Nothing was appended.
    #[error("{what}: {size} is more than {max}")]
    TooLarge {
        /// The name of the limit, with its unit.
        what: &'static str,
        /// The size of the append.
        size: usize,
        /// The limit.
        max: usize,
    },
    /// The log is damaged: it lost its tail, or what is at the place of these events is none. Stop.
    #[error(transparent)]
    Damaged(ReadError),
}

/// The reason why events could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A sequence is missing in the middle: the log is damaged. Stop.
    #[error("sequence {expected} is missing from the log, the next event is {found}")]
    Gap {
        /// The sequence that should have come.
        expected: u64,
        /// The sequence that came.
        found: u64,
    },
    /// The log ends before a sequence that was already there: it lost its tail. Stop.
    #[error("the log ends at sequence {last}, but sequence {expected} was already there: it lost its tail")]
    LostTail {
        /// A sequence that is known to have been in the log.
        expected: u64,
        /// The sequence at which the log ends.
        last: u64,
    },
    /// The log cannot be read now. Try again.
    #[error("the log cannot be read now: {reason}")]
    Unavailable {
        /// The reason that the server or the connection gives.
        reason: String,
    },
}

/// The reason why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection. The server may be away, or may refuse these credentials.
    #[error("cannot connect to the NATS server at {address}: {reason}")]
    Connect {
        /// The address of the server.
        address: String,
        /// The error.
        reason: String,
    },
    /// The server answers, but not to JetStream requests.
    #[error("JetStream at {address} does not answer: {reason}")]
    JetStream {
        /// The address of the server.
        address: String,
        /// The error.
        reason: String,
    },
    /// The stream exists with a setting under which the log would not be what it promises to be.
    #[error("stream {stream} has {setting} = {found}, but the log needs {wanted}")]
    Setting {
        /// The stream.
        stream: String,
        /// The setting's name.
        setting: &'static str,
        /// The server's value.
        found: String,
        /// The declared value.
        wanted: String,
    },
    /// The declaration of the stream (`nats/streams/events.json`) does not make a stream.
    #[error("the declaration of the stream cannot be used: {reason}")]
    Declaration {
        /// The error in it.
        reason: String,
    },
}
