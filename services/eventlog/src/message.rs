use bytes::Bytes;
use events::ids::EventId;

use crate::AppendError;

/// Events in one append, at most. nats-server takes up to 1000 in an atomic batch.
pub const APPEND_EVENTS_MAX: usize = 512;

/// Bytes of payload in one append, at most.
pub const APPEND_BYTES_MAX: usize = 8 << 20;

/// Bytes of one event's payload, at most: the 1 MiB a nats-server accepts by default, less room for headers.
pub const EVENT_BYTES_MAX: usize = (1 << 20) - 4096;

/// The most bytes of a proof. A longer text proves nothing.
pub const PROOF_BYTES_MAX: usize = 256;

/// One event to append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The NATS subject, one that the stream listens to.
    pub subject: String,
    /// The event's id: the `Nats-Msg-Id`, by which an append of unknown outcome is found again.
    pub id: EventId,
    /// The proof of the author, for readers.
    pub proof: Option<String>,
    /// The serialized event.
    pub payload: Bytes,
}

/// An entry that was read back. Anyone with the right to publish may have made it: only its place is known to be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the log, from 1, without gaps.
    pub sequence: u64,
    /// Its id, from `Nats-Msg-Id`; zeros if it has none that can be read.
    pub id: EventId,
    /// The subject it was published on.
    pub subject: String,
    /// The proof of the author, not checked here.
    pub proof: Option<String>,
    /// The serialized event, as it was appended.
    pub payload: Bytes,
}

impl Message {
    /// Returns the entry that is read back at a sequence.
    #[must_use]
    pub fn stored(&self, sequence: u64) -> Stored {
        let Self { subject, id, proof, payload } = self.clone();
        Stored { sequence, id, subject, proof, payload }
    }
}

impl Stored {
    /// Returns the message that appends this entry again.
    #[must_use]
    pub fn message(&self) -> Message {
        let Self { id, subject, proof, payload, .. } = self.clone();
        Message { subject, id, proof, payload }
    }
}

/// Checks that one append can carry these messages.
///
/// # Errors
/// [`AppendError::TooLarge`] names the limit that is exceeded.
pub fn check_size(messages: &[Message]) -> Result<(), AppendError> {
    let within = |what, size, max| if size > max { Err(AppendError::TooLarge { what, size, max }) } else { Ok(()) };
    within("events in one append", messages.len(), APPEND_EVENTS_MAX)?;
    within("bytes in one append", messages.iter().map(|m| m.payload.len()).sum(), APPEND_BYTES_MAX)?;
    messages.iter().try_for_each(|m| within("bytes in one event", m.payload.len(), EVENT_BYTES_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(count: usize, bytes: usize) -> Vec<Message> {
        let message = Message {
            subject: "ps.test.object.b.put".into(),
            id: EventId(uuid::Uuid::nil()),
            proof: None,
            payload: vec![0; bytes].into(),
        };
        vec![message; count]
    }

    #[test]
    fn accepts_up_to_each_limit_and_not_one_more() {
        let refused = |count, bytes| match check_size(&messages(count, bytes)) {
            Err(AppendError::TooLarge { what, .. }) => Some(what),
            _ => None,
        };
        assert_eq!(refused(APPEND_EVENTS_MAX, 1), None);
        assert_eq!(refused(APPEND_EVENTS_MAX + 1, 1), Some("events in one append"));
        assert_eq!(refused(1, EVENT_BYTES_MAX), None);
        assert_eq!(refused(1, EVENT_BYTES_MAX + 1), Some("bytes in one event"));
        assert_eq!(refused(9, EVENT_BYTES_MAX), Some("bytes in one append"));
    }
}
