//! S3 through the console: the gateway of the process answers what the admin API hands on.

use ::admin::ObjectService;
use ::gateway::{Gateway, OfSession, handle_for_session};
use axum::body::Body;
use axum::response::Response;
use events::ids::SessionId;
use futures_util::future::BoxFuture;
use http::Request;
use jiff::SignedDuration;

/// The gateway of this process.
pub(super) struct OfGateway(pub(super) Gateway);

impl ObjectService for OfGateway {
    fn serve(
        &self,
        session: SessionId,
        ticket_age: Option<SignedDuration>,
        request: Request<Body>,
    ) -> BoxFuture<'static, Response> {
        Box::pin(handle_for_session(self.0.clone(), request, OfSession { session, ticket_age }))
    }
}
