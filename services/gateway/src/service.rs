//! Handles a request from its first byte to its response: identify, authenticate, route, execute, respond, count.

use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SERVER};
use http::request::Parts;
use http::{Method, StatusCode};
use ledger::Snapshot;
use listener::{Client, Peer};
use s3::request::Head;
use s3::{Address, Code, Operation, Query};

use crate::Gateway;
use crate::access::{Caller, OfSession, authenticate, authenticate_session};
use crate::access_log;
use crate::authorization::Authorized;
use crate::body::SharedBody;
use crate::cors;
use crate::failure::Failure;
use crate::reply::Answer;
use crate::request::{Document, Request};
use crate::traffic::{self, By, Known, Metered};
use crate::verb::dispatch;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// Answers a request. It never fails: errors become responses too.
///
/// Whoever reads the response's body must drop each chunk before the next one can come: while a client has not taken a
/// chunk of a large object, no more is read from the nodes. Such a body never ends if its chunks are collected.
pub async fn handle(gateway: Gateway, request: http::Request<Body>) -> Response {
    respond(gateway, request, None).await
}

/// Answers a request of somebody who has a session, as [`handle`] does: by the same verbs and checks. It is addressed in
/// path style, whatever its host is called, and pages of other origins have no business with it.
pub async fn handle_for_session(gateway: Gateway, request: http::Request<Body>, shown: OfSession) -> Response {
    respond(gateway, request, Some(shown)).await
}

async fn respond(gateway: Gateway, request: http::Request<Body>, shown: Option<OfSession>) -> Response {
    let begun = Instant::now();
    let (parts, body) = request.into_parts();
    let sources = &gateway.0.options.sources;
    let now = (sources.now)();
    let request_id = format!("{:X}", (sources.fresh)(now).simple());
    let body = SharedBody::new(body);
    let mut known_of = Known::default();
    let Answered { operation, known, result } =
        answer(&gateway, &parts, Body::new(body.clone()), &request_id, (now, shown), &mut known_of).await;
    let mut code = None;
    let mut response = match result {
        Ok(response) => response,
        Err(failure) => {
            code = Some(failure.error.code().name());
            refuse(&gateway, &parts, failure, &request_id)
        }
    };
    if shown.is_none() {
        cors::label(&gateway, &parts, response.headers_mut());
    }
    if !body.settle(&parts.headers, known).await {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if let Ok(region) = HeaderValue::from_str(gateway.0.options.region.as_str()) {
        if operation == Some(Operation::HeadBucket) {
            headers.insert(BUCKET_REGION, region.clone());
        }
        headers.insert(HOST_ID, region);
    }
    headers.insert(SERVER, HeaderValue::from_static("Planetstore"));
    let (status, known) = (response.status(), &known_of);
    access_log::note(&gateway, &access_log::Answered { operation, status, code, known, request_id: &request_id, now });
    let reader = traffic::reader(operation, response.status(), &known_of);
    count(operation, &parts, response.status(), begun, &request_id, known_of.by);
    response.map(|body| Body::new(Metered::new(body, reader)))
}

/// The outcome of a request, and how far it was processed.
struct Answered {
    operation: Option<Operation>,
    /// The caller is authenticated.
    known: bool,
    result: Result<Response, Failure>,
}

impl Answered {
    fn refused(known: bool, error: impl Into<Failure>) -> Self {
        Self { operation: None, known, result: Err(error.into()) }
    }
}

/// `known_of`: what is known of the request, once it is.
async fn answer(
    gateway: &Gateway,
    parts: &Parts,
    body: Body,
    request_id: &str,
    (now, shown): (jiff::Timestamp, Option<OfSession>),
    known_of: &mut Known,
) -> Answered {
    let limiter = &gateway.0.limiter;
    let peer = parts.extensions.get::<Peer>();
    let client = peer.map(|peer| Client::of(peer.address.ip(), &parts.headers, limiter.trusted_proxies()));
    known_of.client = client.and_then(|client| client.address);
    let counted = client.map(|client| client.counted);
    if let Err(failure) = limiter.arrived(counted) {
        return Answered::refused(false, failure);
    }
    if parts.method == Method::OPTIONS && shown.is_none() {
        return Answered { operation: None, known: false, result: cors::preflight(gateway, parts).await };
    }
    let query = match Query::parse(parts.uri.query()) {
        Ok(query) => query,
        Err(error) => return Answered::refused(false, error),
    };
    let snapshot = match gateway.0.ledger.read().await {
        Ok(snapshot) => snapshot,
        Err(error) => return Answered::refused(false, error),
    };
    // The caller is authenticated first: an anonymous caller learns nothing from later errors.
    let caller = match identify(gateway, &snapshot, parts, &query, now, shown) {
        Ok(caller) => caller,
        Err(error) => return Answered::refused(false, limiter.failed(counted, error)),
    };
    let known = caller.account.is_some();
    known_of.by = caller.account.as_ref().map(|account| (account.name.clone(), caller.access_key()));
    let pace = match limiter.authenticated(caller.account.as_deref()) {
        Ok(pace) => pace,
        Err(failure) => return Answered::refused(known, failure),
    };
    let head = Head::new(&parts.headers, &query);
    let domains: &[String] = if shown.is_some() { &[] } else { &gateway.0.options.domains };
    let routed = Address::of(&parts.uri, &parts.headers, domains)
        .and_then(|address| Ok((s3::route(&parts.method, &address, &head)?, address)));
    let (operation, address) = match routed {
        Ok(routed) => routed,
        // Nothing grants an unknown operation to anonymous callers, and they need not learn why.
        Err(_) if !known => {
            return Answered::refused(false, s3::Error::access_denied("Access Denied: sign the request."));
        }
        Err(error) => return Answered::refused(known, error),
    };
    let request = Request {
        gateway,
        parts,
        query: &query,
        address: known_of.address.insert(address),
        caller: &caller,
        request_id,
        now,
        client,
        pace: &pace,
        tls: peer.and_then(|peer| peer.tls),
        operation,
        document: Document::Unread,
    };
    let Answer { known, result } = match Authorized::new(request, snapshot) {
        Ok(authorized) => {
            known_of.is_recorded = access_log::is_asked_for(&authorized);
            dispatch(authorized, body).await
        }
        Err(failure) => return Answered { operation: Some(operation), known, result: Err(failure) },
    };
    let result = result.map_err(|failure| request.hide_told_absence(failure));
    Answered { operation: Some(operation), known, result: result.map(|response| response.map(|body| pace.of(body))) }
}

fn identify(
    gateway: &Gateway,
    snapshot: &Snapshot,
    parts: &Parts,
    query: &Query<'_>,
    now: jiff::Timestamp,
    shown: Option<OfSession>,
) -> Result<Caller, Failure> {
    let accounts = &gateway.0.accounts;
    match shown {
        Some(shown) => authenticate_session(accounts, snapshot, shown, &Head::new(&parts.headers, query), now),
        None => authenticate(accounts, snapshot, parts, query, now),
    }
}

fn refuse(gateway: &Gateway, parts: &Parts, failure: Failure, request_id: &str) -> Response {
    let Failure { error, headers } = failure;
    if error.status().is_server_error() {
        tracing::warn!(request_id, code = error.code().name(), why = error.message(), "refused");
    } else {
        tracing::debug!(request_id, code = error.code().name(), why = error.message(), "refused");
    }
    metrics::counter!("planetstore_s3_errors_total", "code" => error.code().name()).increment(1);
    let bodiless = parts.method == Method::HEAD || error.code() == Code::NotModified;
    let host_id = gateway.0.options.region.as_str();
    let document = || {
        if s3::is_control(&parts.uri, &parts.headers) {
            error.to_control_xml(parts.uri.path(), request_id, host_id)
        } else {
            error.to_xml(parts.uri.path(), request_id, host_id)
        }
    };
    let body = if bodiless { Body::empty() } else { Body::from(document()) };
    let mut response = Response::new(body);
    *response.status_mut() = error.status();
    response.headers_mut().extend(headers);
    if bodiless {
        response.headers_mut().remove(CONTENT_LENGTH);
    } else {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    if error.code() == Code::SlowDown && !response.headers().contains_key(http::header::RETRY_AFTER) {
        response.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn count(routed: Option<Operation>, parts: &Parts, status: StatusCode, begun: Instant, request_id: &str, by: By) {
    let operation = match routed {
        Some(operation) => operation.name(),
        None if parts.method == Method::OPTIONS => "Preflight",
        None => "unrouted",
    };
    let took = begun.elapsed();
    traffic::count(routed, operation, status, took, by);
    metrics::counter!("planetstore_s3_requests_total", "operation" => operation, "status" => status_text(status))
        .increment(1);
    metrics::histogram!("planetstore_s3_request_seconds", "operation" => operation).record(took.as_secs_f64());
    tracing::debug!(request_id, operation, method = %parts.method, path = parts.uri.path(), status = status.as_u16(),
        took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX), "answered");
}

/// The class of a status: few label values, whatever clients send.
fn status_text(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
