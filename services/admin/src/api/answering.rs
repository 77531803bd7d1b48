//! A request from its head to its answer: who asks, may they, do it, say so.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::RawPathParams;
use axum::response::Response;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Request, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use super::Admin;
use super::access::{self, Access, Asking, Caller, PROOF_AGE_MAX};
use super::access_log::Refused;
use super::answer::Answer;
use super::asked::Asked;
use super::operation::{Handler, Operation};
use super::refusal::{Refusal, STEP_UP_REQUIRED};

/// The id of a request, which its events carry as well.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The log's last sequence once a change had happened.
const SEQUENCE: HeaderName = HeaderName::from_static("x-planetstore-sequence");

/// The challenge for a caller who is not authenticated.
const CHALLENGE: &str = "Bearer realm=\"planetstore\"";

/// The challenge for a session whose last proof of the password is too old; `max_age` is [`PROOF_AGE_MAX`] in seconds.
///
/// Source: RFC 9470, section 3.
const STEP_UP_CHALLENGE: &str = "Bearer realm=\"planetstore\", error=\"insufficient_user_authentication\", max_age=900";
const _: () = assert!(PROOF_AGE_MAX.as_secs() == 900, "the challenge says how old a proof may be");

/// The operation that opens a session.
const LOGIN: &str = "login";

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
    let asked =
        Asked { admin: admin.clone(), parts, params, body, gathered: None, request_id: request_id.clone(), now };
    let (name, refused) = (operation.name, Told::of(&asked));
    let result = run(operation, asked).await;
    let mut response = match result {
        Ok(answer) => respond(answer),
        Err(refusal) => {
            tracing::debug!(request_id, operation = name, code = refusal.code, "refused");
            // A login that fails is recorded where it is known whose it is.
            if name != LOGIN {
                refused.note(&admin, name, &refusal, &request_id, now).await;
            }
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

/// What is recorded of a request that is refused.
struct Told {
    /// The header that says who asks.
    headers: HeaderMap,
    bucket: Option<String>,
    address: Option<IpAddr>,
}

impl Told {
    fn of(asked: &Asked) -> Self {
        let authorization = asked.parts.headers.get(AUTHORIZATION).cloned();
        let headers = authorization.into_iter().map(|value| (AUTHORIZATION, value)).collect();
        let bucket = asked.params.iter().find(|(name, _)| name == "bucket").map(|(_, value)| value.clone());
        Self { headers, bucket, address: asked.client().and_then(|client| client.address) }
    }

    async fn note(self, admin: &Admin, operation: &'static str, refusal: &Refusal, request_id: &str, now: Timestamp) {
        let Self { headers, bucket, address } = self;
        let headers = &headers;
        admin.note_refused(Refused { operation, refusal, headers, bucket, address, request_id, now }).await;
    }
}

async fn run(operation: Operation, mut asked: Asked) -> Result<Answer, Refusal> {
    match operation.handler {
        Handler::Open(handler) => handler(asked).await,
        Handler::Known(access, handler) => {
            let mut asking = asking(&operation, access, &asked);
            let caller = permitted(&asked, &asking).await?;
            if operation.takes.is_none() {
                return handler(asked, caller).await;
            }
            asked.gather().await?;
            if let Some(made) = made(&operation, &asked) {
                Arc::make_mut(&mut asking).targets.push(made);
            }
            // A client may take its time over a body, and lose its rights meanwhile.
            asked.now = (asked.admin.0.sources.now)();
            let caller = permitted(&asked, &asking).await?;
            handler(asked, caller).await
        }
    }
}

/// Who asks, if they may.
async fn permitted(asked: &Asked, asking: &Arc<Asking>) -> Result<Caller, Refusal> {
    access::permitted(&asked.admin, &asked.parts, asked.now, asking).await
}

fn asking(operation: &Operation, access: Access, asked: &Asked) -> Arc<Asking> {
    let user = asked.params.iter().find(|(name, _)| name == USER).map(|(_, value)| value.clone());
    Arc::new(Asking { access, proof: operation.proof, user, targets: targets(operation.path, &asked.params) })
}

/// What a request is about: what its path names, or all of a kind if it lists them or makes one.
pub(super) fn targets(path: &str, params: &[(String, String)]) -> Vec<String> {
    let named = params.iter().filter_map(|(name, value)| {
        let kind = match name.as_str() {
            USER => "user",
            "group" => "group",
            "policy" => "policy",
            "kms_key" => "kms-key",
            "bucket" => "bucket",
            "node" => "node",
            "consumer" => "consumer",
            "target" => "target",
            // Keys and sessions are their users'.
            _ => return None,
        };
        Some(format!("{kind}/{value}"))
    });
    let named: Vec<_> = named.collect();
    if !named.is_empty() {
        return named;
    }
    let kind = COLLECTIONS.iter().find(|(collection, _)| *collection == path).map(|(_, kind)| format!("{kind}/*"));
    vec![kind.unwrap_or_else(|| "region".into())]
}

/// What lists and makes things, and their kind.
const COLLECTIONS: [(&str, &str); 8] = [
    ("/api/v1/users", "user"),
    ("/api/v1/groups", "group"),
    ("/api/v1/policies", "policy"),
    ("/api/v1/kms-keys", "kms-key"),
    ("/api/v1/buckets", "bucket"),
    ("/api/v1/nodes", "node"),
    ("/api/v1/consumers", "consumer"),
    ("/api/v1/targets", "target"),
];

/// What a request makes that names it in its document only.
fn made(operation: &Operation, asked: &Asked) -> Option<String> {
    let (_, kind) = COLLECTIONS.iter().find(|(collection, _)| *collection == operation.path)?;
    asked.peek().and_then(|document| Some(format!("{kind}/{}", document.get("name")?.as_str()?)))
}

fn respond(answer: Answer) -> Response {
    let has_body = answer.body.is_some();
    let mut response = Response::new(answer.body.unwrap_or_else(Body::empty));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.media));
    }
    headers.extend(answer.headers);
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
        let challenge = if refusal.code == STEP_UP_REQUIRED { STEP_UP_CHALLENGE } else { CHALLENGE };
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}
