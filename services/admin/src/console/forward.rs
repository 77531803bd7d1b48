//! The admin API, once the ledger is there that it stands on.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::ConsoleState;
use super::routes::refuse;

/// Everything below the API that has no route of its own.
pub(super) const PATHS: &str = "/api/v1/{*rest}";

/// Hands a request on.
pub(super) async fn forward(State(state): State<Arc<ConsoleState>>, request: Request) -> Response {
    match state.gateway() {
        Ok(gateway) => gateway.admin_routes.clone().oneshot(request).await.into_response(),
        Err((status, why)) => refuse(status, why),
    }
}
