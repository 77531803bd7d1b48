//! Whether requests should be sent here, and if not, what is missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use eventlog::server::ServerState;
use serde::{Deserialize, Serialize};

use super::routes::answer;
use super::{ConsoleState, GatewayView, Subject};
use crate::roles::NODES_MIN;

/// The answer of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Readiness {
    /// Reads and writes can be served.
    pub(crate) ready: bool,
    /// What stands against it.
    pub(crate) missing: Vec<String>,
}

/// What readiness of a gateway hangs on.
struct Facts {
    log_connected: bool,
    /// What is the matter with the private server, if anything is.
    server: Option<String>,
    ledger_failed: Option<String>,
    nodes_online: usize,
}

pub(super) async fn get(State(state): State<Arc<ConsoleState>>) -> Response {
    let readiness = readiness(&state);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &readiness)
}

pub(super) fn readiness(state: &ConsoleState) -> Readiness {
    let mut missing = match state.subject.get() {
        None => vec!["the start: it is not through yet".to_owned()],
        Some(Subject::Gateway(gateway)) => missing(&facts(gateway)),
        Some(Subject::Lifecycle(lifecycle)) => missing(&Facts {
            log_connected: lifecycle.log.connection().borrow().connected,
            server: None,
            ledger_failed: lifecycle.ledger.progress().borrow().failed.as_ref().map(ToString::to_string),
            // It needs none.
            nodes_online: NODES_MIN,
        }),
        Some(Subject::Node(node)) if node.is_connected() => Vec::new(),
        Some(Subject::Node(_)) => vec!["nats: not connected".to_owned()],
    };
    if state.is_stopping.load(Ordering::Relaxed) {
        missing.push("the process: it is stopping".to_owned());
    }
    Readiness { ready: missing.is_empty(), missing }
}

fn facts(gateway: &GatewayView) -> Facts {
    let server = gateway.server.as_ref().and_then(|state| match &*state.borrow() {
        ServerState::Up { .. } => None,
        ServerState::Starting => Some("it is starting".to_owned()),
        ServerState::Restarting { reason } => Some(format!("it is restarted after it died: {reason}")),
        ServerState::Failed { reason } => Some(format!("it cannot be kept alive: {reason}")),
        ServerState::Stopped => Some("it was stopped".to_owned()),
    });
    Facts {
        log_connected: gateway.log.connection().borrow().connected,
        server,
        ledger_failed: gateway.ledger.progress().borrow().failed.as_ref().map(ToString::to_string),
        nodes_online: gateway.membership.candidates().len(),
    }
}

fn missing(facts: &Facts) -> Vec<String> {
    let mut missing = Vec::new();
    if let Some(reason) = &facts.server {
        missing.push(format!("nats-server: {reason}"));
    }
    if !facts.log_connected {
        missing.push("the log: not connected".to_owned());
    }
    if let Some(reason) = &facts.ledger_failed {
        missing.push(format!("the ledger: it has stopped: {reason}"));
    }
    if facts.nodes_online < NODES_MIN {
        missing.push(format!("nodes: {} online, {NODES_MIN} are needed for writes", facts.nodes_online));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_is_missing_is_said() {
        let well = || Facts { log_connected: true, server: None, ledger_failed: None, nodes_online: 3 };
        assert!(missing(&well()).is_empty());
        let cases = [
            (Facts { log_connected: false, ..well() }, "the log"),
            (Facts { server: Some("it died".into()), ..well() }, "nats-server"),
            (Facts { ledger_failed: Some("a gap".into()), ..well() }, "the ledger"),
            (Facts { nodes_online: 2, ..well() }, "nodes: 2 online"),
        ];
        for (facts, says) in cases {
            let missing = missing(&facts);
            assert!(missing.len() == 1 && missing[0].starts_with(says), "{missing:?}");
        }
    }
}
