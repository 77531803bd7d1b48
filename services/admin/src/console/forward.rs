//! The admin API, available once the ledger is open.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::ConsoleState;
use super::routes::refuse;

/// Every path of the API without its own route.
pub(super) const PATHS: &str = "/api/v1/{*rest}";

/// Where objects are that a page shows or has downloaded.
pub(super) const OBJECT_PATHS: &str = "/objects/{*rest}";

/// Forwards a request to the admin API.
pub(super) async fn forward(State(state): State<Arc<ConsoleState>>, request: Request) -> Response {
    match state.gateway() {
        Ok(gateway) => gateway.admin_routes.clone().oneshot(request).await.into_response(),
        Err((status, why)) => refuse(status, why),
    }
}
