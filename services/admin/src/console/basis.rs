//! What tells whether everything is fully redundant.

use domain::View;
use domain::row::{Duty, FaultCounts, Presence};
use ledger::StateError;
use shards::{Admission, NodeView};
use worker::Report;

use super::redundancy::{Basis, Relieved, Repair, Why};

/// The worker whose progress says when nothing is owed any more.
const REPAIR_WORKER: &str = "repair";

/// What tells whether everything is fully redundant: the log, who is heard here, and what repair says of itself.
pub(super) fn basis(snapshot: &ledger::Snapshot, views: &[NodeView], reports: &[Report]) -> Result<Basis, StateError> {
    let (debt, mut basis) = (snapshot.debt()?, Basis::default());
    // What lay on a folder that was given up, and what a node that joined since could have, only repair has counted.
    let mut joined_at = 0;
    for (name, row) in snapshot.list_nodes()? {
        joined_at = joined_at.max(row.sequence);
        let is_heard = views
            .iter()
            .any(|view| view.heartbeat.node == name && view.reachable && view.admission == Admission::Accepted);
        let why = match (row.duty.is, row.presence.is) {
            (Duty::Removed, _) => Some(Why::Removed),
            (_, Presence::Offline { .. }) => Some(Why::Offline(Some(format!("{:.0}", row.presence.time)))),
            (_, Presence::Online) if !is_heard => Some(Why::Offline(None)),
            (Duty::Drain, Presence::Online) => Some(Why::Draining),
            (Duty::Serve, Presence::Online) => None,
        };
        if row.duty.is != Duty::Removed {
            basis.joined += 1;
            basis.online += usize::from(is_heard);
        }
        basis.serving += usize::from(why.is_none());
        match why {
            Some(why) => {
                let shards = snapshot.node_usage(&name)?.shards;
                basis.relieved.push(Relieved { node: name.to_string(), shards, why });
            }
            // The shards of a node that is gone are owed whatever else is known of them.
            None => basis.faulty_shards += debt.nodes.get(&name).map_or(0, FaultCounts::sum),
        }
    }
    basis.contents = snapshot.totals()?.contents;
    basis.unsafe_contents = debt.unsafe_contents;
    basis.repair = repair(reports, joined_at);
    Ok(basis)
}

/// What repair says of itself: of several processes that could, the one that may. What it counted before the event
/// `joined_at`, with which the last node joined, says nothing any more.
fn repair(reports: &[Report], joined_at: u64) -> Option<Repair> {
    let of_repair = || reports.iter().filter(|report| report.worker.as_str() == REPAIR_WORKER);
    let is_waiting = |report: &&Report| matches!(report.state, worker::State::Waiting { .. });
    let report = of_repair().find(|report| !is_waiting(report)).or_else(|| of_repair().next())?;
    let held_up = match &report.state {
        worker::State::Idle | worker::State::Working => None,
        worker::State::Paused => Some("paused".to_owned()),
        worker::State::Waiting { why } => Some(format!("waiting: {why}")),
        worker::State::Failing { why } => Some(format!("failing: {why}")),
    };
    let left = report.left.filter(|_| report.left_as_of.is_some_and(|counted| counted >= joined_at));
    Some(Repair { held_up, left, pace: report.pace })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repair_counted_before_a_node_joined_says_nothing() {
        let report: Report = serde_json::from_value(serde_json::json!({
            "worker": "repair", "about": "", "process": { "process": uuid::Uuid::nil(), "name": "dev" },
            "state": { "name": "idle" }, "since": "2026-01-01T00:00:00Z", "lease": null, "unit": "bytes", "done": 0, "left": 0,
            "left_as_of": 70, "pace": 0.0, "rate": null, "failures": 0, "last": null
        }))
        .unwrap();
        let left = |report: &Report, joined_at| repair(std::slice::from_ref(report), joined_at).unwrap().left;
        assert_eq!([69, 70, 71].map(|joined_at| left(&report, joined_at)), [Some(0), Some(0), None]);
        let of_before = Report { left_as_of: None, ..report };
        assert_eq!(left(&of_before, 0), None, "a release that does not say when it counted");
    }
}
