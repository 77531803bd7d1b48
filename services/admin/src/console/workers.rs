//! Background workers through the console: how they are doing, and what operators set for them.

use std::num::NonZeroU64;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::{AskWorker, ChangeWorker, Command};
use events::Origin;
use events::ids::{AuthType, Principal, RegionName, WorkerName};
use ledger::CommitError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use worker::Report;

use super::nodes::REQUEST_HEADER;
use super::routes::{answer, refuse};
use super::{ConsoleState, GatewayView};

/// The path of the list of workers.
pub const WORKERS_PATH: &str = "/api/v1/workers";

/// The path that changes a worker: pauses it, has it go on, sets its rate, or has it look at everything now.
pub const WORKER_PATH: &str = "/api/v1/workers/{worker}/{change}";

/// Whom the log names as the author of what operators ask for through the console.
pub(super) const PRINCIPAL: &str = "console";

/// The workers of all processes that this gateway hears.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WorkerList {
    /// The state of each worker.
    pub workers: Vec<Report>,
}

/// The change of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WorkerChange {
    Pause,
    Resume,
    Rate,
    Run,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rate {
    /// Units a second; without it the worker's default.
    units: Option<NonZeroU64>,
}

/// The result of changing a worker.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangedWorker")]
pub(super) struct Changed<'a> {
    /// Its name.
    worker: &'a str,
}

pub(super) async fn list(State(state): State<Arc<ConsoleState>>) -> Response {
    match state.gateway() {
        Ok(gateway) => answer(StatusCode::OK, &WorkerList { workers: gateway.workers.reports() }),
        Err((status, why)) => refuse(status, why),
    }
}

pub(super) async fn change(
    State(state): State<Arc<ConsoleState>>,
    Path((name, change)): Path<(String, WorkerChange)>,
    Query(Rate { units }): Query<Rate>,
    headers: HeaderMap,
) -> Response {
    if !headers.contains_key(REQUEST_HEADER) {
        return refuse(StatusCode::FORBIDDEN, "the header x-planetstore-request is required");
    }
    let gateway = match state.gateway() {
        Ok(gateway) => gateway,
        Err((status, why)) => return refuse(status, why),
    };
    let known = gateway.workers.reports().into_iter().map(|report| report.worker);
    let Some(worker) = known.into_iter().find(|known| known.as_str() == name) else {
        return refuse(StatusCode::NOT_FOUND, "no running process has a worker of this name");
    };
    match commit(gateway, command(&gateway.region, &worker, change, units)).await {
        Ok(()) => {
            tracing::info!(%worker, ?change, "changed a worker");
            answer(StatusCode::OK, &Changed { worker: worker.as_str() })
        }
        Err(error) => refuse(StatusCode::CONFLICT, &format!("the worker cannot be changed: {error}")),
    }
}

fn command(region: &RegionName, worker: &WorkerName, change: WorkerChange, units: Option<NonZeroU64>) -> Command {
    let (region, worker) = (region.clone(), worker.clone());
    let set = |paused, rate| ChangeWorker { region: region.clone(), worker: worker.clone(), paused, rate }.into();
    match change {
        WorkerChange::Pause => set(Some(true), None),
        WorkerChange::Resume => set(Some(false), None),
        WorkerChange::Rate => set(None, Some(units)),
        WorkerChange::Run => AskWorker { region, worker }.into(),
    }
}

/// Commits what an operator asked for.
pub(super) async fn commit(gateway: &GatewayView, command: Command) -> Result<(), CommitError> {
    let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
    let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
    gateway.ledger.commit(command, origin).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_leaves_the_other_settings_as_they_are() {
        let (region, worker) = ("eu-1".parse().unwrap(), "gc".parse().unwrap());
        for (change, units, paused, rate) in [
            (WorkerChange::Pause, None, Some(true), None),
            (WorkerChange::Resume, None, Some(false), None),
            (WorkerChange::Rate, NonZeroU64::new(7), None, Some(NonZeroU64::new(7))),
            (WorkerChange::Rate, None, None, Some(None)),
        ] {
            let Command::ChangeWorker(changed) = command(&region, &worker, change, units) else {
                panic!("{change:?} changes no setting")
            };
            assert_eq!((changed.paused, changed.rate), (paused, rate));
        }
        assert!(matches!(command(&region, &worker, WorkerChange::Run, None), Command::AskWorker(_)));
    }
}
