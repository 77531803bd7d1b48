//! A request from its head to its answer: who asks, may they, do it, say so.

use std::sync::Mutex;

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use serde::Serialize;

use super::Admin;
use super::access::{self, Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::operation::{Handler, Operation};
use super::refusal::Refusal;

/// The id of a request, which its events carry as well.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The log's last sequence once a change had happened.
const SEQUENCE: HeaderName = HeaderName::from_static("x-planetstore-sequence");

/// The path parameter that names the user whom a request is about.
pub(super) const USER: &str = "user";

/// Answers a request. It never fails: what goes wrong is an answer too.
pub(super) async fn answer(
    admin: Admin,
    operation: Operation,
    params: RawPathParams,
    request: Request<Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let now = (admin.0.sources.now)();
    let request_id = format!("{:X}", (admin.0.sources.fresh)(now).simple());
    let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let body = Mutex::new(body);
    let asked = Asked { admin, parts, params, body, request_id: request_id.clone(), now };
    let name = operation.name;
    let result = run(operation, asked).await;
    let mut response = match result {
        Ok(answer) => respond(answer),
        Err(refusal) => {
            tracing::debug!(request_id, operation = name, code = refusal.code, "refused");
            refuse(&refusal)
        }
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status().as_u16() / 100;
    let status = ["1xx", "2xx", "3xx", "4xx", "5xx"].get(usize::from(status) - 1).copied().unwrap_or("5xx");
    metrics::counter!("planetstore_admin_requests_total", "operation" => name, "status" => status).increment(1);
    response
}

async fn run(operation: Operation, mut asked: Asked) -> Result<Answer, Refusal> {
    match operation.handler {
        Handler::Open(handler) => handler(asked).await,
        Handler::Known(access, handler) => {
            let caller = permitted(&asked, access).await?;
            if operation.takes.is_none() {
                return handler(asked, caller).await;
            }
            asked.gather().await?;
            // A client may take its time over a body, and lose its rights meanwhile.
            asked.now = (asked.admin.0.sources.now)();
            let caller = permitted(&asked, access).await?;
            handler(asked, caller).await
        }
    }
}

/// Who asks, if they may.
async fn permitted(asked: &Asked, access: Access) -> Result<Caller, Refusal> {
    let user = asked.params.iter().find(|(name, _)| name == USER).map(|(_, value)| value.as_str());
    access::permitted(&asked.admin, &asked.parts.headers, asked.now, (access, user)).await
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(answer.body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if answer.status != StatusCode::NO_CONTENT {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    // Some of them hold secrets.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(sequence) = answer.sequence {
        headers.insert(SEQUENCE, HeaderValue::from(sequence));
    }
    response
}

/// A refusal as an answer.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    #[derive(Serialize)]
    struct Document<'a> {
        code: &'a str,
        message: &'a str,
    }
    let document = Document { code: refusal.code, message: &refusal.message };
    let mut response = Answer::of(&document).map_or_else(|_| Response::new(Body::empty()), respond);
    *response.status_mut() = refusal.status;
    if let Some(seconds) = refusal.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refusal.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"planetstore\""));
    }
    response
}
