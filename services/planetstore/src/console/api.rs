//! What can be done through the console: stop a node.

use std::sync::Arc;
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use events::ids::NodeId;
use serde::Serialize;

use super::routes::{answer, refuse};
use super::{ConsoleState, Subject};

/// Where a node is stopped.
pub(crate) const NODE_STOP_PATH: &str = "/api/v1/nodes/{node}/stop";

/// A header that every changing request carries. A page of another site cannot make a browser send it unasked,
/// so the login that the browser remembers cannot be used by that page.
pub(crate) const REQUEST_HEADER: &str = "x-planetstore-request";

/// How long a node may take to answer what it accepted.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Stopped<'a> {
    node: &'a str,
    stopped: bool,
}

pub(super) async fn stop_node(
    State(state): State<Arc<ConsoleState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if !headers.contains_key(REQUEST_HEADER) {
        return refuse(StatusCode::FORBIDDEN, "the header x-planetstore-request is needed");
    }
    let Some(Subject::Gateway(gateway)) = state.subject.get() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "there is no gateway here yet");
    };
    let node: NodeId = match name.parse() {
        Ok(node) => node,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("{error}")),
    };
    let subject = node::control_subject(&gateway.region, &node);
    let request = Request::new().payload(Bytes::from_static(node::STOP)).timeout(Some(STOP_TIME_MAX));
    match gateway.telemetry.send_request(subject, request).await {
        Ok(message) if message.payload == node::STOPPED => {
            tracing::info!(%node, "a node was told to stop, and has");
            answer(StatusCode::OK, &Stopped { node: node.as_str(), stopped: true })
        }
        Ok(_) => refuse(StatusCode::BAD_GATEWAY, "the node answers something else"),
        Err(error) if error.kind() == RequestErrorKind::NoResponders => {
            refuse(StatusCode::NOT_FOUND, "no node of this name is running")
        }
        Err(error) => refuse(StatusCode::GATEWAY_TIMEOUT, &error.to_string()),
    }
}
