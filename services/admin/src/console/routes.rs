//! The routes of the console.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};
use policy::Action;
use serde::Serialize;

use super::{
    ConsoleState, audit, auth, forward, hosts, nodes, origins, pages, ready, schemas, scrubs, status, workers,
};
use crate::meters;

/// The content type of the metrics.
///
/// Source: Prometheus documentation, "Exposition formats".
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes(state: Arc<ConsoleState>) -> Router {
    let guard = |action| auth::Guard { state: Arc::clone(&state), action };
    let guarded = |path, route: MethodRouter<Arc<ConsoleState>>, action| {
        Router::new().route(path, route).layer(from_fn_with_state(guard(action), auth::require))
    };
    let api = guarded(status::STATUS_PATH, get(status::get), Action::AdminGetStatus)
        .merge(guarded(nodes::NODE_STOP_PATH, post(nodes::stop_node), Action::AdminStopNode))
        .merge(guarded(nodes::NODE_INIT_PATH, post(nodes::init_node), Action::AdminInitNode))
        .merge(guarded(audit::AUDIT_SHARDS_PATH, post(audit::audit), Action::AdminAuditShards))
        .merge(guarded(nodes::NODE_CONFIRM_STRAYS_PATH, post(nodes::confirm_strays), Action::AdminConfirmStrays))
        .merge(guarded(workers::WORKERS_PATH, get(workers::list), Action::AdminGetStatus))
        .merge(guarded(workers::WORKER_PATH, post(workers::change), Action::AdminChangeWorker))
        .merge(guarded(scrubs::SCRUBS_PATH, get(scrubs::list), Action::AdminGetStatus))
        .merge(guarded(scrubs::SCRUBS_CHANGE_PATH, post(scrubs::change), Action::AdminChangeWorker));
    let metrics = from_fn_with_state(guard(Action::AdminGetMetrics), auth::require_afar);
    let metrics = Router::new().route("/metrics", get(self::metrics)).layer(metrics);
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready::get))
        .route(schemas::INDEX_PATH, get(schemas::index))
        .route(schemas::DOCUMENT_PATH, get(schemas::document))
        .merge(metrics)
        .merge(api)
        .route(forward::PATHS, any(forward::forward))
        .route(forward::OBJECT_PATHS, any(forward::forward))
        .fallback(pages::get)
        .layer(from_fn(origins::require))
        .layer(from_fn_with_state(Arc::clone(&state), hosts::require))
        .layer(map_response(protect))
        .with_state(state)
}

async fn metrics(State(state): State<Arc<ConsoleState>>) -> Response {
    meters::observe_process();
    for check in state.checks().iter() {
        check.observe();
    }
    if let Ok(gateway) = state.gateway() {
        meters::observe_gateway(gateway).await;
    }
    ([(header::CONTENT_TYPE, METRICS_TYPE)], state.recorder.render()).into_response()
}

/// A refusal: a code for programs and a message for people, as in the admin API.
#[derive(Debug, Serialize)]
pub(super) struct Refusal<'a> {
    code: &'a str,
    message: &'a str,
}

/// The response of a refusal.
pub(super) fn refuse(status: StatusCode, message: &str) -> Response {
    let code = match status {
        StatusCode::BAD_REQUEST => "invalid_request",
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::CONFLICT => "conflict",
        StatusCode::MISDIRECTED_REQUEST => "misdirected",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        _ => "unavailable",
    };
    answer(status, &Refusal { code, message })
}

/// A response with a JSON document.
pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(json) => (status, [(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write a response of the console");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The headers of all responses: they must not be cached, sniffed, framed or used by pages of other origins, and do
/// nothing if a browser shows them. Pages and objects have some of their own.
async fn protect(mut response: Response) -> Response {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
    ] {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}
