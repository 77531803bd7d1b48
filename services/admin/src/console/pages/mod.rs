//! The pages of the console: files that were built by `ui/` and are part of this program.
//!
//! A name under `/assets/` has a hash of what is in it, so a browser asks for it once. Everything else is asked for again
//! each time, and answered with its tag if it is as before. An address that is no file is one of the page's own, and
//! gets the page, if it is a person who asks.

mod encoding;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::ConsoleState;
use super::routes::refuse;
use encoding::{Encoding, accepted};

/// What a page may do: nothing but use what this address serves. No script and no style is written into a page, and none
/// comes from elsewhere; pictures and films that are previews may come from the page's own memory.
///
/// Source: Content Security Policy Level 3.
pub(super) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; frame-src 'self' blob:; worker-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Keeps a page apart from windows that others open.
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Files whose names change with what is in them.
const HASHED: &str = "/assets/";

/// The page.
const INDEX: &str = "/index.html";

/// Where programs ask, so that nothing there is ever the page.
const OF_PROGRAMS: [&str; 6] = ["/api", "/schemas", "/metrics", "/healthz", "/readyz", "/objects"];

/// A browser may keep it for a year without asking.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A browser asks whether it has changed.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// A built file, with its compressed copies if it has any.
#[derive(Debug)]
struct File {
    path: &'static str,
    media: &'static str,
    /// Changes with what is in it.
    tag: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// The files of this build, in the order of their paths; none if the pages were not built.
static BUILT: &[File] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// What a process says that has no pages to show.
const NO_PAGES: &str = "planetstore: this build has no pages of the console. Run `make run`, or `npm ci && npm run build` \
    in ui/ and then build the program again. For programs there are /healthz /readyz /metrics /schemas/ /api/v1/status\n";

/// What a process says that is not a gateway, which has nothing to show in pages.
const NO_GATEWAY: &str = "planetstore: /healthz /readyz /metrics /schemas/ /api/v1/status\n";

/// Answers for every address that is nothing else.
pub(super) async fn get(State(state): State<Arc<ConsoleState>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    // A gateway that starts has pages, which say so. Any other process will never have anything to show in them.
    let is_gateway = state.gateway.get().is_some() || !state.is_started.load(Ordering::Relaxed);
    answer(BUILT, is_gateway, &parts)
}

fn answer(files: &'static [File], is_gateway: bool, parts: &Parts) -> Response {
    let path = parts.uri.path();
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return refuse(StatusCode::NOT_FOUND, "there is nothing here that takes this method");
    }
    if is_gateway && let Some(file) = find(files, path).or_else(|| page(files, path, &parts.headers)) {
        return send(file, parts);
    }
    match (path, is_gateway) {
        ("/", true) => NO_PAGES.into_response(),
        ("/", false) => NO_GATEWAY.into_response(),
        _ => refuse(StatusCode::NOT_FOUND, "there is no such page"),
    }
}

fn find(files: &'static [File], path: &str) -> Option<&'static File> {
    let path = if path == "/" { INDEX } else { path };
    files.binary_search_by_key(&path, |file| file.path).ok().map(|at| &files[at])
}

/// The page, for the addresses that it has of its own. A program, which does not ask for HTML, is told that there is
/// nothing.
fn page(files: &'static [File], path: &str, headers: &HeaderMap) -> Option<&'static File> {
    let is_below = |root: &&str| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if path.starts_with(HASHED) || OF_PROGRAMS.iter().any(is_below) {
        return None;
    }
    let mut asked = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    asked.any(|kinds| kinds.contains("text/html")).then(|| find(files, INDEX)).flatten()
}

fn send(file: &'static File, parts: &Parts) -> Response {
    let (encoding, bytes) = chosen(file, &parts.headers);
    // Each form of a file has a tag of its own.
    let tag = format!("\"{}{}\"", file.tag, encoding.suffix());
    let is_known = parts.headers.get_all(IF_NONE_MATCH).iter().any(|value| names(value, &tag));
    let body = if is_known { Body::empty() } else { Body::from(bytes) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, if file.path.starts_with(HASHED) { FOR_EVER } else { ASK_AGAIN });
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(ETAG, tag);
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.media));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if let Some(name) = encoding.name() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    if parts.method == Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

/// The smallest form of a file that a client takes.
fn chosen(file: &'static File, headers: &HeaderMap) -> (Encoding, &'static [u8]) {
    let copies = [(Encoding::Brotli, file.brotli), (Encoding::Gzip, file.gzip)];
    let copies = copies.into_iter().filter_map(|(encoding, bytes)| Some((encoding, bytes?)));
    let mut taken = copies.filter(|(encoding, _)| accepted(&headers.get_all(ACCEPT_ENCODING), *encoding));
    taken.next().unwrap_or((Encoding::Plain, file.plain))
}

/// Whether a header names a tag. A weak tag names the same bytes.
///
/// Source: RFC 9110, section 13.1.2.
fn names(value: &HeaderValue, tag: &str) -> bool {
    let Ok(text) = value.to_str() else { return false };
    text.split(',').map(str::trim).any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}
