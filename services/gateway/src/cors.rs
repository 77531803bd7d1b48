//! CORS: the headers that browsers get with preflight and other responses.
//!
//! The rules of a bucket are cached until its settings change. A request without an `Origin` header reads no rules.

use std::sync::Arc;

use axum::response::Response;
use domain::View;
use events::ids::BucketName;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use ledger::{Snapshot, StateError};
use s3::cors::{CorsRequest, CorsRule, decide, insert_vary, preflight_origin};
use s3::header::to_text;
use s3::{Address, Code, Error};

use crate::Gateway;
use crate::failure::Failure;
use crate::reply;

/// The rules of the bucket that a request addresses, if there is one.
fn rules(
    gateway: &Gateway,
    snapshot: &Snapshot,
    address: Option<&Address>,
) -> Result<Option<Arc<Vec<CorsRule>>>, StateError> {
    let name: Option<BucketName> = address.and_then(|address| address.bucket.as_deref()?.parse().ok());
    let row = name.map(|name| snapshot.bucket(&name)).transpose()?.flatten();
    row.map(|row| gateway.0.cors_rules.of(snapshot, &row)).transpose()
}

fn address(gateway: &Gateway, parts: &Parts) -> Option<Address> {
    Address::of(&parts.uri, &parts.headers, &gateway.0.options.domains).ok()
}

/// Answers a browser's preflight request, which is never signed. The response reveals whether the bucket exists, as any
/// request does, and whether some rule allows the request.
pub(crate) async fn preflight(gateway: &Gateway, parts: &Parts) -> Result<Response, Failure> {
    preflight_origin(&parts.headers)?;
    let snapshot = gateway.0.ledger.read().await?;
    let address = address(gateway, parts);
    let forbidden = |message: &'static str, resource: &str| {
        let method = parts.headers.get(ACCESS_CONTROL_REQUEST_METHOD).map_or_else(|| "OPTIONS".to_owned(), to_text);
        let error = Error::with_message(Code::AccessForbidden, message);
        Failure::from(error.detail("Method", method).detail("ResourceType", resource))
    };
    let Some(rules) = rules(gateway, &snapshot, address.as_ref())? else {
        return Err(forbidden("CORSResponse: Bucket not found", "BUCKET"));
    };
    if rules.is_empty() {
        return Err(forbidden("CORSResponse: CORS is not enabled for this bucket.", "BUCKET"));
    }
    let request = CorsRequest::preflight(&parts.headers)?;
    let Some(answer) = decide(&rules, &request) else {
        let names_object = address.is_some_and(|address| address.key.is_some());
        return Err(forbidden(Code::AccessForbidden.message(), if names_object { "OBJECT" } else { "BUCKET" }));
    };
    let mut response = reply::empty(StatusCode::OK);
    answer.insert_into(response.headers_mut());
    insert_vary(response.headers_mut());
    Ok(response)
}

/// Adds the headers that tell a browser whether the page may read a response, including refusals.
pub(crate) fn label(gateway: &Gateway, parts: &Parts, headers: &mut HeaderMap) {
    if !parts.headers.contains_key(ORIGIN) || parts.method == http::Method::OPTIONS {
        return;
    }
    let Some(request) = CorsRequest::simple(&parts.method, &parts.headers) else { return };
    let rules = match rules(gateway, &gateway.0.ledger.latest(), address(gateway, parts).as_ref()) {
        Ok(rules) => rules.unwrap_or_default(),
        Err(error) => {
            // Without the headers the page may read nothing, which is safe.
            tracing::error!(%error, "the CORS rules cannot be read");
            return;
        }
    };
    if rules.is_empty() {
        return;
    }
    if let Some(answer) = decide(&rules, &request) {
        answer.insert_into(headers);
    }
    insert_vary(headers);
}
