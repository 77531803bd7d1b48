use admin::{NodeState, Readiness, STATUS_PATH, Status};

use super::Finding;
use crate::client::{ConsoleClient, READY_PATH};
use crate::roles::NODES_MIN;

/// The state that a running store reports.
pub(super) async fn check(client: &ConsoleClient) -> Vec<Finding> {
    let mut findings = Vec::new();
    match client.get_any::<Readiness>(READY_PATH).await {
        Err(error) => {
            let advice = "if its process is gone, start it again; else see its log on stderr";
            findings.push(Finding::failed("process", format!("{error:#}"), advice));
            return findings;
        }
        Ok(Readiness { ready: true, .. }) => findings.push(Finding::ok("process", "running and ready")),
        Ok(Readiness { missing, .. }) => findings.push(Finding::failed(
            "process",
            format!("running but not ready: {}", missing.join("; ")),
            "see its log on stderr; if the ledger has stopped, stop the process and run the doctor again",
        )),
    }
    match client.get::<Status>(STATUS_PATH).await {
        Err(error) => findings.push(Finding::warning("status", format!("{error:#}"), "see there")),
        Ok(status) => {
            findings.extend([log(&status), ledger(&status), level(&status), quarantine(&status), nodes(&status)]);
        }
    }
    findings
}

fn log(status: &Status) -> Finding {
    match (status.log.last_sequence, status.log.dense) {
        (Some(last), Some(true)) => Finding::ok("log", format!("dense up to {last}")),
        (Some(last), _) => Finding::failed(
            "log",
            format!("the log ends at {last} and has gaps"),
            "stop the process, keep a copy of the data folder, and restore the log from a backup",
        ),
        (None, _) => Finding::failed("log", "the log does not answer", "check the NATS server and its disk"),
    }
}

fn ledger(status: &Status) -> Finding {
    let applied = status.ledger.sequence;
    match &status.ledger.failed {
        Some(reason) => Finding::failed(
            "projection",
            format!("the projection has stopped at {applied}: {reason}"),
            "stop the process and run the doctor again",
        ),
        None => Finding::ok("projection", format!("folded up to {applied}")),
    }
}

fn level(status: &Status) -> Finding {
    const CHECK: &str = "level";
    let known = status.known_level;
    match status.stored.as_ref().map(|stored| stored.level) {
        Some(level) if level < known => Finding::warning(
            CHECK,
            format!("the region is at level {level}; this release knows level {known}"),
            "run `planetstore admin region upgrade` once every process runs this release or a newer one",
        ),
        Some(level) => Finding::ok(CHECK, format!("the region is at level {level}")),
        None => Finding::warning(CHECK, "the level cannot be read now", "see the finding about the projection"),
    }
}

fn quarantine(status: &Status) -> Finding {
    let strays = &status.ledger.quarantined;
    let newest = strays.newest.first().map(|stray| (stray.sequence, stray.reason.clone()));
    super::log::quarantine(strays.count, newest, status.ledger.sequence)
}

fn nodes(status: &Status) -> Finding {
    let not_online: Vec<String> = status
        .nodes
        .iter()
        .filter(|node| node.state != NodeState::Online)
        .map(|node| match &node.why {
            Some(why) => format!("{} is {} ({why})", node.node, node.state.as_str()),
            None => format!("{} is {}", node.node, node.state.as_str()),
        })
        .collect();
    let online = status.nodes.len() - not_online.len();
    let advice = "start those that are offline again, and follow the remedies for the others";
    if online < NODES_MIN {
        Finding::failed("nodes", format!("{online} online: {}", not_online.join(", ")), advice)
    } else if not_online.is_empty() {
        Finding::ok("nodes", format!("{online} online"))
    } else {
        Finding::warning("nodes", not_online.join(", "), advice)
    }
}
