//! The server's answers to a publish, and their meaning.

use serde::Deserialize;

use super::api::{Refusal, code};

/// The outcome of one publish, or of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The messages are stored and durable.
    Appended,
    /// The messages are not at this place: the log does not end where it should, or the ids are there already. A look
    /// into the log decides.
    Moved,
    /// The messages are not stored, for a reason that is not about the place.
    Refused(String),
    /// There was no answer: the messages may be stored now, later or never.
    Unknown(String),
}

/// The outcome of sending several messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// The number of the first messages that are known to be stored and durable.
    pub(super) appended: usize,
    /// The outcome of the others, or of all if there are no others.
    pub(super) rest: Answer,
}

#[derive(Deserialize)]
struct PubAck {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
    error: Option<Refusal>,
}

/// Reads the answer to a publish whose last message should get the sequence `last`.
pub(super) fn of_publish(payload: &[u8], last: u64) -> Answer {
    match serde_json::from_slice::<PubAck>(payload) {
        Ok(PubAck { error: Some(refusal), .. }) => of_refusal(refusal),
        Ok(ack) if ack.seq == last && !ack.duplicate => Answer::Appended,
        Ok(_) => Answer::Moved,
        Err(error) => Answer::Unknown(format!("the server's answer is not understood: {error}")),
    }
}

/// Reads the answer to the first message of a batch, which says nothing but whether the batch was begun.
pub(super) fn of_batch_begin(payload: &[u8]) -> Option<Answer> {
    let refusal = serde_json::from_slice::<PubAck>(payload).ok()?.error?;
    Some(of_refusal(refusal))
}

fn of_refusal(refusal: Refusal) -> Answer {
    match refusal.err_code {
        code::WRONG_LAST_SEQUENCE
        | code::WRONG_LAST_SEQUENCE_CONSTANT
        | code::WRONG_LAST_MESSAGE_ID
        | code::DUPLICATE_MESSAGE_CONFLICT
        | code::BATCH_CONTAINS_DUPLICATE => Answer::Moved,
        // Writing began and failed: what is on the disk is not known.
        code::STORE_FAILED => Answer::Unknown(refusal.description),
        _ => Answer::Refused(refusal.description),
    }
}

/// Sums up the answers to a chain of publishes, each of which was stored only if the one before it was.
pub(super) fn of_chain(answers: Vec<Answer>) -> Sent {
    let appended = answers.iter().rposition(|a| *a == Answer::Appended).map_or(0, |last| last + 1);
    let mut rest = answers.into_iter().skip(appended);
    let first = rest.next().unwrap_or(Answer::Appended);
    // A message that may be under way still makes the outcome unknown, regardless of the answers to the others.
    let rest = rest.find(|a| matches!(a, Answer::Unknown(_))).filter(|_| first != Answer::Appended).unwrap_or(first);
    Sent { appended, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u64) -> Vec<u8> {
        format!(r#"{{"error":{{"code":400,"err_code":{code},"description":"why"}},"stream":"S","seq":0}}"#).into_bytes()
    }

    #[test]
    fn only_an_ack_of_the_right_sequence_is_an_append() {
        assert_eq!(of_publish(br#"{"stream":"S","seq":7}"#, 7), Answer::Appended);
        assert_eq!(of_publish(br#"{"stream":"S","seq":7,"batch":"b","count":3}"#, 7), Answer::Appended);
        assert_eq!(of_publish(br#"{"stream":"S","seq":8}"#, 7), Answer::Moved);
        assert_eq!(of_publish(br#"{"stream":"S","seq":7,"duplicate":true}"#, 7), Answer::Moved);
        assert!(matches!(of_publish(b"", 7), Answer::Unknown(_)));
    }

    #[test]
    fn refusals_are_told_apart_by_what_they_prove() {
        assert_eq!(of_publish(&refused(10071), 7), Answer::Moved);
        assert_eq!(of_publish(&refused(10070), 7), Answer::Moved);
        assert_eq!(of_publish(&refused(10201), 7), Answer::Moved);
        assert_eq!(of_publish(&refused(10023), 7), Answer::Refused("why".into()));
        assert_eq!(of_publish(&refused(10077), 7), Answer::Unknown("why".into()));
        assert_eq!(of_batch_begin(b""), None);
        assert_eq!(of_batch_begin(&refused(10210)), Some(Answer::Refused("why".into())));
    }

    #[test]
    fn a_chain_is_appended_up_to_its_last_ack() {
        use Answer::{Appended, Moved};
        let unknown = || Answer::Unknown("timeout".into());
        let refused = || Answer::Refused("full".into());
        let sum = |answers: &[Answer]| {
            let sent = of_chain(answers.to_vec());
            (sent.appended, sent.rest)
        };
        assert_eq!(sum(&[Appended, Appended]), (2, Appended));
        assert_eq!(sum(&[Appended, Moved]), (1, Moved));
        assert_eq!(sum(&[Moved, Moved]), (0, Moved));
        assert_eq!(sum(&[unknown(), Appended, Moved]), (2, Moved), "the second proves the first");
        assert_eq!(sum(&[Appended, refused(), Moved]), (1, refused()));
        assert_eq!(sum(&[Appended, Moved, unknown()]), (1, unknown()));
        assert_eq!(sum(&[unknown(), unknown()]), (0, unknown()));
    }
}
