//! One content is inspected, and what was found becomes a fact.

use std::collections::{BTreeMap, BTreeSet};

use domain::row::ContentRow;
use domain::{Command, Finding, NoteHealth, Rejection, View};
use events::Origin;
use events::content::{Fault, ShardFault};
use events::ids::{AuthType, ContentId, NodeId, Principal};
use ledger::{CommitError, StateError};
use shards::{Condition, IncidentKind, Inspected, Look, StoredContent, Transport};
use tokio::time::sleep;

use crate::{RETRY_PAUSE, Stopped, Tasks};

/// Whom the log names as the cause of these facts.
const PRINCIPAL: &str = "health";

/// What is thought of some shards of a content before they are looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doubts {
    /// What is wrong with a shard as far as its node cannot say.
    pub(crate) shards: BTreeMap<u8, Fault>,
    /// What a shard is that its node does not have.
    pub(crate) absent: Option<Fault>,
    /// What a shard is whose node does not answer.
    pub(crate) unanswered: Option<Fault>,
}

/// What came of looking at a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Noted {
    /// What is owed to it is on the log.
    Done,
    /// The same of what these nodes do not have; they did not answer.
    Silent(BTreeSet<NodeId>),
    /// What was found could not be written down: somebody has to look again.
    Refused,
}

/// Why nothing is written down.
#[derive(Debug, thiserror::Error)]
enum NoteError {
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the state cannot be read: {0}")]
    State(#[from] StateError),
}

impl NoteError {
    /// Whether the log takes it in a while. What it refuses, it refuses again, and others wait.
    fn passes(&self) -> bool {
        match self {
            Self::Commit(CommitError::Unavailable(_) | CommitError::Busy | CommitError::Unknown) => true,
            Self::Commit(CommitError::Rejected(_) | CommitError::Stopped(_)) | Self::State(_) => false,
        }
    }
}

impl<T: Transport> Tasks<T> {
    /// Inspects a content, and writes down what changed. Tries again while the log takes nothing.
    pub(crate) async fn note(&self, content: ContentId, doubts: &Doubts) -> Result<Noted, Stopped> {
        loop {
            match self.note_once(content, doubts).await {
                Ok(noted) => return Ok(noted),
                Err(NoteError::Commit(CommitError::Stopped(reason))) => return Err(Stopped(reason)),
                Err(error) if error.passes() => {
                    tracing::debug!(%error, "retrying to record the owed shards of a content");
                    sleep(RETRY_PAUSE).await;
                }
                Err(error) => {
                    metrics::counter!("planetstore_health_refused_total").increment(1);
                    tracing::warn!(generation = %content.generation, %error, "the owed shards of a content were not recorded");
                    return Ok(Noted::Refused);
                }
            }
        }
    }

    async fn note_once(&self, content: ContentId, doubts: &Doubts) -> Result<Noted, NoteError> {
        let Some((row, known)) = self.known(content)? else { return Ok(Noted::Done) };
        let stored = StoredContent::of_row(content, row);
        let look = self.store.inspect(&stored, &doubted(&known, doubts)).await;
        let findings = findings(&look.shards, &known, doubts);
        if !findings.is_empty() {
            metrics::counter!("planetstore_health_changes_total").increment(1);
            tracing::info!(generation = %content.generation, ?findings, "the faulty shards of a content changed");
            let command = Command::NoteHealth(Box::new(NoteHealth { content, findings: findings.clone() }));
            match self.ledger.commit(command, origin()).await {
                // Nothing is owed to a content that is gone.
                Ok(_) | Err(CommitError::Rejected(Rejection::ContentGone)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let unclear = unclear(&look, &known, &findings);
        let clear = look.shards.iter().map(|found| found.shard).filter(|shard| !unclear.contains_key(shard));
        self.store.acquit(&stored, &look, clear);
        let is_late = |finding: &Finding| matches!(finding.fault, Some(Fault::Unwritten | Fault::Missing));
        if findings.iter().any(is_late) {
            self.look_later(content);
        }
        Ok(if unclear.is_empty() { Noted::Done } else { Noted::Silent(unclear.into_values().collect()) })
    }

    fn known(&self, content: ContentId) -> Result<Option<(ContentRow, Vec<ShardFault>)>, StateError> {
        let snapshot = self.ledger.latest();
        let Some(row) = snapshot.content(&content)? else { return Ok(None) };
        Ok(Some((row, snapshot.faults(&content)?.faults)))
    }
}

fn origin() -> Origin {
    let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
    Origin { principal, request_id: String::new(), traceparent: None }
}

/// Shards whose bytes are in doubt: to be there is not enough.
fn doubted(known: &[ShardFault], doubts: &Doubts) -> Vec<u8> {
    let is_of_bytes = |fault: Fault| matches!(fault, Fault::Damaged | Fault::Unreadable);
    let known = known.iter().map(|fault| (fault.shard, fault.fault));
    let all = known.chain(doubts.shards.iter().map(|(shard, fault)| (*shard, *fault)));
    all.filter(|(_, fault)| is_of_bytes(*fault)).map(|(shard, _)| shard).collect()
}

/// What differs from what is known.
fn findings(inspected: &[Inspected], known: &[ShardFault], doubts: &Doubts) -> Vec<Finding> {
    let differs = |Inspected { shard, node, condition }: &Inspected| {
        let was = known.iter().find(|fault| fault.shard == *shard).map(|fault| fault.fault);
        let doubt = doubts.shards.get(shard).copied();
        let is = match *condition {
            Condition::Whole => None,
            Condition::Unknown => was.or(doubt).or(doubts.unanswered),
            Condition::Wanting(IncidentKind::Damaged) => Some(Fault::Damaged),
            Condition::Wanting(IncidentKind::Unreadable) => Some(Fault::Unreadable),
            Condition::Wanting(IncidentKind::Missing | IncidentKind::Unwritten) => {
                // Whether it was lost or never written is known from before, if at all.
                let before = was.or(doubt).or(doubts.absent);
                Some(before.filter(|fault| *fault == Fault::Unwritten).unwrap_or(Fault::Missing))
            }
        };
        (is != was).then(|| Finding { shard: *shard, node: node.clone(), fault: is })
    };
    inspected.iter().filter_map(differs).collect()
}

/// Shards of which nothing is known, by what nodes say or by what is written down.
fn unclear(look: &Look, known: &[ShardFault], findings: &[Finding]) -> BTreeMap<u8, NodeId> {
    let is_known =
        |shard| known.iter().any(|fault| fault.shard == shard) || findings.iter().any(|finding| finding.shard == shard);
    let unknown = look.shards.iter().filter(|found| found.condition == Condition::Unknown && !is_known(found.shard));
    unknown.map(|found| (found.shard, found.node.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(shard: u8, condition: Condition) -> Inspected {
        Inspected { shard, node: "n1".parse().unwrap(), condition }
    }

    fn faults(found: Vec<Finding>) -> Vec<(u8, Option<Fault>)> {
        found.into_iter().map(|finding| (finding.shard, finding.fault)).collect()
    }

    fn known(shard: u8, fault: Fault) -> ShardFault {
        ShardFault { shard, node: "n1".parse().unwrap(), fault }
    }

    const MISSING: Condition = Condition::Wanting(IncidentKind::Missing);

    #[test]
    fn only_what_differs_is_found() {
        let inspected = || vec![found(0, Condition::Whole), found(1, MISSING), found(2, Condition::Unknown)];
        let none = Doubts::default();
        assert_eq!(faults(findings(&inspected(), &[], &none)), [(1, Some(Fault::Missing))]);
        let as_known = [known(1, Fault::Missing), known(2, Fault::Damaged)];
        assert!(findings(&inspected(), &as_known, &none).is_empty(), "an answer that is missing changes nothing");
        let back = [known(0, Fault::Missing), known(1, Fault::Unwritten)];
        assert_eq!(faults(findings(&inspected(), &back, &none)), [(0, None)]);
    }

    #[test]
    fn what_a_node_cannot_say_is_as_it_was_doubted() {
        let doubts = Doubts { shards: [(1, Fault::Unwritten), (2, Fault::Damaged)].into(), ..Doubts::default() };
        let inspected = vec![found(0, Condition::Unknown), found(1, MISSING), found(2, Condition::Unknown)];
        let told = faults(findings(&inspected, &[], &doubts));
        assert_eq!(told, [(1, Some(Fault::Unwritten)), (2, Some(Fault::Damaged))]);
        assert_eq!(doubted(&[known(4, Fault::Damaged)], &doubts), [4, 2], "these are read through");
    }

    #[test]
    fn what_the_log_refuses_is_not_tried_again_at_once() {
        let refused = Rejection::LevelTooLow { needed: 2, level: 1 };
        assert!(!NoteError::from(CommitError::Rejected(refused)).passes());
        for passing in [CommitError::Busy, CommitError::Unknown, CommitError::Unavailable(String::new())] {
            assert!(NoteError::from(passing).passes());
        }
    }

    #[test]
    fn a_node_that_does_not_answer_owes_only_what_was_just_acked() {
        let inspected = || vec![found(0, Condition::Unknown)];
        let own = Doubts { unanswered: Some(Fault::Unwritten), ..Doubts::default() };
        assert_eq!(faults(findings(&inspected(), &[], &own)), [(0, Some(Fault::Unwritten))]);
        assert!(findings(&inspected(), &[], &Doubts::default()).is_empty());
    }
}
