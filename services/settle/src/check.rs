//! Checks one content: inspects its shards on the nodes, and records what changed as a fact.

use std::collections::{BTreeMap, BTreeSet};

use domain::row::ContentRow;
use domain::{Command, Finding, NoteHealth, Rejection, View};
use events::Origin;
use events::content::{Fault, ShardFault};
use events::ids::{AuthType, ContentId, Generation, NodeId, Principal};
use ledger::{CommitError, StateError};
use shards::{Condition, IncidentKind, InspectedShard, Inspection, StoredContent, Transport};
use tokio::time::sleep;

use crate::{RETRY_PAUSE, Stopped, Tasks};

/// The principal that these facts name as their cause.
const PRINCIPAL: &str = "settle";

/// What is known of the shards of a content before they are inspected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Suspicion {
    /// The fault of a shard, by its index and its generation: a shard that was written anew since has another one. It
    /// counts where the node of the shard does not answer.
    pub(crate) faults: BTreeMap<(u8, Generation), Fault>,
    /// The fault to record for a shard that its node does not have.
    pub(crate) if_missing: Option<Fault>,
    /// The fault to record for a shard whose node does not answer.
    pub(crate) if_unanswered: Option<Fault>,
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The log knows all missing and damaged shards of the content.
    Recorded,
    /// The condition of the shards on these nodes is unknown: the nodes did not answer.
    Unanswered(BTreeSet<NodeId>),
    /// The log refused the fact. The content has to be checked again.
    Refused,
}

/// The reason why nothing was recorded.
#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("the state cannot be read: {0}")]
    State(#[from] StateError),
}

impl RecordError {
    /// Whether a retry may succeed. What the log has refused it will refuse again, and other contents wait.
    fn is_transient(&self) -> bool {
        match self {
            Self::Commit(CommitError::Unavailable(_) | CommitError::Busy | CommitError::Unknown) => true,
            Self::Commit(CommitError::Rejected(_) | CommitError::Stopped(_)) | Self::State(_) => false,
        }
    }
}

impl<T: Transport> Tasks<T> {
    /// Inspects a content and records what changed. Retries while the log is unavailable.
    ///
    /// # Errors
    /// If the ledger has stopped.
    pub(crate) async fn check(&self, content: ContentId, suspicion: &Suspicion) -> Result<Outcome, Stopped> {
        loop {
            match self.check_once(content, suspicion).await {
                Ok(outcome) => return Ok(outcome),
                Err(RecordError::Commit(CommitError::Stopped(reason))) => return Err(Stopped(reason)),
                Err(error) if error.is_transient() => {
                    tracing::debug!(%error, "retrying to record the owed shards of a content");
                    sleep(RETRY_PAUSE).await;
                }
                Err(error) => {
                    metrics::counter!("planetstore_settle_refused_total").increment(1);
                    tracing::warn!(generation = %content.generation, %error, "the owed shards of a content were not recorded");
                    return Ok(Outcome::Refused);
                }
            }
        }
    }

    async fn check_once(&self, content: ContentId, suspicion: &Suspicion) -> Result<Outcome, RecordError> {
        let Some((row, known)) = self.known(content)? else { return Ok(Outcome::Recorded) };
        let stored = StoredContent::of_row(content, row);
        let inspection = self.store.inspect(&stored, &suspects(&known, suspicion)).await;
        let findings = findings(&inspection.shards, &known, suspicion);
        if !findings.is_empty() {
            metrics::counter!("planetstore_settle_changes_total").increment(1);
            tracing::info!(generation = %content.generation, ?findings, "the faulty shards of a content changed");
            let command = Command::NoteHealth(Box::new(NoteHealth { content, findings: findings.clone() }));
            match self.ledger.commit(command, origin()).await {
                // A deleted content needs no shards.
                Ok(_) | Err(CommitError::Rejected(Rejection::ContentGone)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let unanswered = unanswered(&inspection, &known, &findings);
        let clear = inspection.shards.iter().map(|found| found.shard).filter(|shard| !unanswered.contains_key(shard));
        self.store.clear_suspects(&stored, &inspection, clear);
        let is_late = |finding: &Finding| matches!(finding.fault, Some(Fault::Unwritten | Fault::Missing));
        if findings.iter().any(is_late) {
            self.recheck_later(content);
        }
        Ok(if unanswered.is_empty() {
            Outcome::Recorded
        } else {
            Outcome::Unanswered(unanswered.into_values().collect())
        })
    }

    fn known(&self, content: ContentId) -> Result<Option<(ContentRow, Vec<ShardFault>)>, StateError> {
        let snapshot = self.ledger.latest();
        let Some(row) = snapshot.content(&content)? else { return Ok(None) };
        Ok(Some((row, snapshot.faults(&content)?.faults)))
    }
}

fn origin() -> Origin {
    let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
    Origin { principal, request_id: String::new(), traceparent: None, address: None }
}

/// The shards whose bytes are suspect: their nodes must read and verify them.
fn suspects(known: &[ShardFault], suspicion: &Suspicion) -> Vec<u8> {
    let is_of_bytes = |fault: Fault| matches!(fault, Fault::Damaged | Fault::Unreadable);
    let known = known.iter().map(|fault| (fault.shard, fault.fault));
    let all = known.chain(suspicion.faults.iter().map(|((shard, _), fault)| (*shard, *fault)));
    all.filter(|(_, fault)| is_of_bytes(*fault)).map(|(shard, _)| shard).collect()
}

/// The findings that differ from what the log knows.
fn findings(inspected: &[InspectedShard], known: &[ShardFault], suspicion: &Suspicion) -> Vec<Finding> {
    let differs = |InspectedShard { shard, node, generation, condition }: &InspectedShard| {
        let was = known.iter().find(|fault| fault.shard == *shard).map(|fault| fault.fault);
        let suspected = suspicion.faults.get(&(*shard, *generation)).copied();
        let is = match *condition {
            Condition::Intact => None,
            Condition::Unknown => was.or(suspected).or(suspicion.if_unanswered),
            Condition::Faulty(IncidentKind::Damaged) => Some(Fault::Damaged),
            Condition::Faulty(IncidentKind::Unreadable) => Some(Fault::Unreadable),
            Condition::Faulty(IncidentKind::Missing | IncidentKind::Unwritten) => {
                // A node cannot tell whether it lost the shard or never received it.
                let before = was.or(suspected).or(suspicion.if_missing);
                Some(before.filter(|fault| *fault == Fault::Unwritten).unwrap_or(Fault::Missing))
            }
        };
        (is != was).then(|| Finding { shard: *shard, node: node.clone(), generation: *generation, fault: is })
    };
    inspected.iter().filter_map(differs).collect()
}

/// The shards whose condition neither their nodes nor the log tell, with their nodes.
fn unanswered(inspection: &Inspection, known: &[ShardFault], findings: &[Finding]) -> BTreeMap<u8, NodeId> {
    let is_known =
        |shard| known.iter().any(|fault| fault.shard == shard) || findings.iter().any(|finding| finding.shard == shard);
    let unknown =
        inspection.shards.iter().filter(|found| found.condition == Condition::Unknown && !is_known(found.shard));
    unknown.map(|found| (found.shard, found.node.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation() -> Generation {
        testkit::commands::content(1, 1).generation
    }

    fn found(shard: u8, condition: Condition) -> InspectedShard {
        InspectedShard { shard, node: "n1".parse().unwrap(), generation: generation(), condition }
    }

    fn faults(found: Vec<Finding>) -> Vec<(u8, Option<Fault>)> {
        found.into_iter().map(|finding| (finding.shard, finding.fault)).collect()
    }

    fn known(shard: u8, fault: Fault) -> ShardFault {
        ShardFault { shard, node: "n1".parse().unwrap(), fault }
    }

    const MISSING: Condition = Condition::Faulty(IncidentKind::Missing);

    #[test]
    fn only_what_differs_is_found() {
        let inspected = || vec![found(0, Condition::Intact), found(1, MISSING), found(2, Condition::Unknown)];
        let none = Suspicion::default();
        assert_eq!(faults(findings(&inspected(), &[], &none)), [(1, Some(Fault::Missing))]);
        let as_known = [known(1, Fault::Missing), known(2, Fault::Damaged)];
        assert!(findings(&inspected(), &as_known, &none).is_empty(), "an answer that is missing changes nothing");
        let back = [known(0, Fault::Missing), known(1, Fault::Unwritten)];
        assert_eq!(faults(findings(&inspected(), &back, &none)), [(0, None)]);
    }

    #[test]
    fn the_suspected_fault_counts_where_the_node_does_not_answer() {
        let faults_of =
            [(1, Fault::Unwritten), (2, Fault::Damaged)].map(|(shard, fault)| ((shard, generation()), fault));
        let suspicion = Suspicion { faults: faults_of.into(), ..Suspicion::default() };
        let inspected = vec![found(0, Condition::Unknown), found(1, MISSING), found(2, Condition::Unknown)];
        let recorded = faults(findings(&inspected, &[], &suspicion));
        assert_eq!(recorded, [(1, Some(Fault::Unwritten)), (2, Some(Fault::Damaged))]);
        assert_eq!(suspects(&[known(4, Fault::Damaged)], &suspicion), [4, 2], "these are read through");
    }

    #[test]
    fn what_the_log_refuses_is_not_tried_again_at_once() {
        let refused = Rejection::LevelTooLow { needed: 2, level: 1 };
        assert!(!RecordError::from(CommitError::Rejected(refused)).is_transient());
        for passing in [CommitError::Busy, CommitError::Unknown, CommitError::Unavailable(String::new())] {
            assert!(RecordError::from(passing).is_transient());
        }
    }

    #[test]
    fn a_node_that_does_not_answer_is_missing_only_what_was_just_acknowledged() {
        let inspected = || vec![found(0, Condition::Unknown)];
        let own = Suspicion { if_unanswered: Some(Fault::Unwritten), ..Suspicion::default() };
        assert_eq!(faults(findings(&inspected(), &[], &own)), [(0, Some(Fault::Unwritten))]);
        assert!(findings(&inspected(), &[], &Suspicion::default()).is_empty());
    }
}
