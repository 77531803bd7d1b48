//! The decisions of an append: what to do after an answer, and after a look into the log.
//!
//! An outcome is decided only on an explicit answer of the server. After an unknown one the same messages are sent
//! again with the same expected sequence: compare-and-swap lets one copy in at most, so that the answer to the second
//! also decides the first. Reading alone would not do: a server whose disk fails shows events that it holds in memory
//! only.

use events::ids::EventId;

use super::answer::{Answer, Sent};
use crate::{AppendError, ReadError};

/// Which sends of this append may be under way still.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Doubt {
    /// The oldest connection a send of unknown outcome went to, by its number.
    connection: Option<u64>,
    /// The server process the last of them went to.
    server: Option<String>,
    /// One of these sends may yet go out on a later connection.
    strayed: bool,
}

impl Doubt {
    /// Adds a send of unknown outcome, all of which went to a server process, or may have.
    #[must_use]
    pub(super) fn and(self, connection: u64, server: Option<String>) -> Self {
        Self {
            connection: Some(self.connection.map_or(connection, |oldest| oldest.min(connection))),
            strayed: self.strayed || server.is_none(),
            server,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        self.connection.is_none()
    }

    /// Returns whether every send is decided because it went to processes that are gone: where one server at a time
    /// keeps the log, and `server` keeps it now, the log shows the outcome.
    pub(super) fn is_settled_on(&self, server: &str) -> bool {
        !self.strayed && self.server.as_deref().is_some_and(|last| last != server)
    }

    /// Returns whether an answer on `connection` leaves a send under way. A connection keeps its order: what went
    /// before on the same one is decided when this is. What went to an earlier one may still be read by the server.
    fn outlives(&self, connection: u64) -> bool {
        self.connection.is_some_and(|oldest| oldest < connection)
    }
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Return the outcome to the caller.
    Done(Result<(), AppendError>),
    /// Read what is in the log behind the first `appended`, and [`after_look`].
    Look { appended: usize },
    /// Send what is behind the first `appended` again.
    Again { appended: usize, why: String },
}

/// Returns the next step after a send on `connection`; `before` of the messages had been appended earlier.
pub(super) fn after_answer(before: usize, sent: Sent, doubt: &Doubt, connection: u64) -> Step {
    let appended = before + sent.appended;
    match sent.rest {
        Answer::Appended => Step::Done(Ok(())),
        Answer::Moved => Step::Look { appended },
        Answer::Refused(why) if doubt.outlives(connection) => Step::Again { appended, why },
        // An earlier send of the same connection may have been stored, and this one refused for another reason.
        Answer::Refused(_) if !doubt.is_none() => Step::Look { appended },
        Answer::Refused(reason) => Step::Done(Err(AppendError::Unavailable { appended, reason })),
        Answer::Unknown(why) => Step::Again { appended, why },
    }
}

/// The result of a look into the log: its last sequence, and the ids from the first place in question on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) last: u64,
    pub(super) ids: Vec<EventId>,
}

/// Returns the next step after a look. `ids` are the ids of all the messages, of which the first `before` are known to
/// be appended.
pub(super) fn after_look(
    expected_last: u64,
    ids: &[EventId],
    before: usize,
    found: &Found,
    refused: Option<String>,
) -> Step {
    let known = expected_last + before as u64;
    if found.last < known {
        return Step::Done(Err(AppendError::Damaged(ReadError::LostTail { expected: known, last: found.last })));
    }
    let same = ids[before..].iter().zip(&found.ids).take_while(|(ours, theirs)| ours == theirs).count();
    let appended = before + same;
    if appended == ids.len() {
        Step::Done(Ok(()))
    } else if found.ids.len() > same {
        Step::Done(Err(AppendError::Conflict { appended }))
    } else if let Some(reason) = refused {
        Step::Done(Err(AppendError::Unavailable { appended, reason }))
    } else {
        Step::Again { appended, why: "the log ends before the events, yet was said to have moved".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u128]) -> Vec<EventId> {
        numbers.iter().map(|n| EventId(uuid::Uuid::from_u128(*n))).collect()
    }

    fn sent(appended: usize, rest: Answer) -> Sent {
        Sent { appended, rest }
    }

    fn full() -> Answer {
        Answer::Refused("full".into())
    }

    #[test]
    fn an_answer_without_doubt_is_the_outcome() {
        let after = |sent| after_answer(1, sent, &Doubt::default(), 1);
        assert_eq!(after(sent(3, Answer::Appended)), Step::Done(Ok(())));
        assert_eq!(after(sent(1, Answer::Moved)), Step::Look { appended: 2 });
        assert_eq!(
            after(sent(1, full())),
            Step::Done(Err(AppendError::Unavailable { appended: 2, reason: "full".into() }))
        );
        assert_eq!(
            after(sent(0, Answer::Unknown("timeout".into()))),
            Step::Again { appended: 1, why: "timeout".into() }
        );
    }

    #[test]
    fn a_refusal_is_no_outcome_while_an_earlier_send_may_be_under_way() {
        let doubt = Doubt::default().and(2, None);
        let again = || Step::Again { appended: 0, why: "full".into() };
        assert_eq!(after_answer(0, sent(0, full()), &doubt, 3), again());
        assert_eq!(after_answer(0, sent(0, full()), &doubt, 2), Step::Look { appended: 0 });
        assert_eq!(after_answer(0, sent(0, Answer::Moved), &doubt, 3), Step::Look { appended: 0 });
        assert_eq!(after_answer(0, sent(0, full()), &doubt.and(3, None), 3), again());
    }

    #[test]
    fn what_went_to_a_process_that_is_gone_is_settled() {
        let server = |name: &str| Some(name.to_owned());
        assert!(!Doubt::default().is_settled_on("a"));
        let doubt = Doubt::default().and(1, server("a"));
        assert!(!doubt.is_settled_on("a") && doubt.is_settled_on("b"));
        let doubt = doubt.and(2, server("b"));
        assert!(!doubt.is_settled_on("b") && doubt.is_settled_on("c"));
        let strayed = doubt.and(3, None).and(4, server("c"));
        assert!(!strayed.is_settled_on("d"), "one of them may still come in");
    }

    #[test]
    fn a_look_tells_ours_from_theirs() {
        let ours = ids(&[1, 2, 3]);
        let after = |before, last, found: &[u128], refused| {
            after_look(10, &ours, before, &Found { last, ids: ids(found) }, refused)
        };
        let full = || Some("full".to_owned());
        assert_eq!(after(0, 13, &[1, 2, 3], None), Step::Done(Ok(())));
        assert_eq!(after(0, 14, &[1, 2, 3, 9], full()), Step::Done(Ok(())), "what follows is not our concern");
        assert_eq!(after(1, 13, &[2, 3], None), Step::Done(Ok(())));
        assert_eq!(after(0, 11, &[9], None), Step::Done(Err(AppendError::Conflict { appended: 0 })));
        assert_eq!(after(0, 12, &[1, 9], None), Step::Done(Err(AppendError::Conflict { appended: 1 })));
        assert_eq!(after(1, 12, &[9], full()), Step::Done(Err(AppendError::Conflict { appended: 1 })));
        assert_eq!(
            after(0, 11, &[2], None),
            Step::Done(Err(AppendError::Conflict { appended: 0 })),
            "ours at another place is not ours"
        );
        assert!(matches!(after(0, 12, &[1, 2], None), Step::Again { appended: 2, .. }));
        assert!(matches!(after(0, 10, &[], None), Step::Again { appended: 0, .. }));
        assert_eq!(
            after(0, 10, &[], full()),
            Step::Done(Err(AppendError::Unavailable { appended: 0, reason: "full".into() }))
        );
        let lost = |expected, last| Step::Done(Err(AppendError::Damaged(ReadError::LostTail { expected, last })));
        assert_eq!(after(0, 9, &[], None), lost(10, 9));
        assert_eq!(after(2, 11, &[], None), lost(12, 11));
    }
}
