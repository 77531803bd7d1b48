//! Whether the process is ready for requests and, if not, what is missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConsoleState;
use super::routes::answer;

/// The response of `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether reads and writes can be served.
    pub ready: bool,
    /// The reasons why it is not ready.
    pub missing: Vec<String>,
}

pub(super) async fn get(State(state): State<Arc<ConsoleState>>) -> Response {
    let readiness = readiness(&state);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, &readiness)
}

pub(super) fn readiness(state: &ConsoleState) -> Readiness {
    let mut missing = Vec::new();
    if !state.is_started.load(Ordering::Relaxed) {
        missing.push("the start: not complete yet".to_owned());
    }
    missing.extend(state.checks().iter().flat_map(|check| check.missing()));
    if state.is_stopping.load(Ordering::Relaxed) {
        missing.push("the process: stopping".to_owned());
    }
    Readiness { ready: missing.is_empty(), missing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Check;

    struct Lacks(&'static [&'static str]);

    impl Check for Lacks {
        fn missing(&self) -> Vec<String> {
            self.0.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn readiness_joins_what_every_part_misses() {
        let state = ConsoleState::for_tests();
        let ready = |missing: &[&str]| {
            let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
            assert_eq!(readiness(&state), Readiness { ready: missing.is_empty(), missing });
        };
        state.checks().push(Arc::new(Lacks(&[])));
        ready(&["the start: not complete yet"]);
        state.is_started.store(true, Ordering::Relaxed);
        ready(&[]);
        state.checks().push(Arc::new(Lacks(&["the log: not connected"])));
        state.checks().push(Arc::new(Lacks(&["nodes: 2 online, 3 are needed for writes"])));
        ready(&["the log: not connected", "nodes: 2 online, 3 are needed for writes"]);
        state.is_stopping.store(true, Ordering::Relaxed);
        assert_eq!(readiness(&state).missing.len(), 3);
    }
}
