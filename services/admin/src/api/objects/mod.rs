//! Objects through the console's own origin: every S3 request, with a session in place of a signature.
//!
//! There is no second path to objects. The gateway of the process serves them by the same verbs and checks as at its own
//! address; this module says whose session it is, and puts labels on the answers, so that no browser ever treats an
//! object as a page of the console.
//!
//! # Layout
//! - `labels`: headers of answers; `ticket`: what a URL says that a tag of a page loads; `tickets`: who gets one

mod labels;
mod ticket;
mod tickets;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use domain::View;
use events::ids::SessionId;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use http::uri::PathAndQuery;
use http::{HeaderName, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::answering::refuse;
use super::refusal::Refusal;
use super::{Admin, access};
use labels::{as_attachment, as_ticket_says};
use ticket::Ticket;
pub(super) use tickets::operations;

/// Where S3 requests go.
const S3: &str = "/api/v1/s3";

/// The part of the query that names the key in place of the path. A browser takes a last `.` or `..` off a path before it
/// sends it, however it is encoded, so a page cannot ask for these keys otherwise.
const KEY: &str = "x-planetstore-key";

/// Where objects are that have a ticket.
const OBJECTS: &str = "/objects/";

/// The headers of a request with a ticket that say something to S3. A tag in a page sends no others on purpose.
const TAKEN_WITH_TICKET: [&str; 10] = [
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "referer",
    "user-agent",
    "x-forwarded-for",
];

/// What a browser asks for that would run what it gets, or read it as a style.
const NEVER_FOR: [&str; 9] =
    ["audioworklet", "json", "manifest", "paintworklet", "script", "serviceworker", "sharedworker", "style", "worker"];

/// What a browser wants something for.
///
/// Source: Fetch Metadata Request Headers.
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Serves S3 to somebody who has a session.
pub trait ObjectService: Send + Sync {
    /// Answers a request whose path begins with the bucket. `ticket_age` says how old the ticket is, if the request shows
    /// one and no token.
    fn serve(
        &self,
        session: SessionId,
        ticket_age: Option<SignedDuration>,
        request: Request<Body>,
    ) -> BoxFuture<'static, Response>;
}

#[derive(Clone)]
struct Objects {
    admin: Admin,
    service: Arc<dyn ObjectService>,
}

/// The routes of objects, beside those of the API.
pub fn object_routes(admin: &Admin, service: Arc<dyn ObjectService>) -> Router {
    let objects = Objects { admin: admin.clone(), service };
    let with_ticket = objects.clone();
    let s3 = any(move |request: Request| async move { objects.s3(request).await });
    let shown = any(move |request: Request| async move { with_ticket.with_ticket(request).await });
    let below = format!("{S3}/{{*rest}}");
    Router::new()
        .route(S3, s3.clone())
        .route(&format!("{S3}/"), s3.clone())
        .route(&below, s3)
        .route(&format!("{OBJECTS}{{ticket}}"), shown)
}

impl Objects {
    /// An S3 request of somebody with a token.
    async fn s3(&self, request: Request) -> Response {
        let (mut parts, body) = request.into_parts();
        // No other origin may ask, so there is nothing to say to who asks whether it may.
        if parts.method == Method::OPTIONS {
            return refuse(&Refusal::method_not_allowed());
        }
        let now = (self.admin.0.sources.now)();
        let caller = match access::identify(&self.admin, &parts.headers, now).await {
            Ok(caller) => caller,
            Err(refusal) => return refuse(&refusal),
        };
        let Some(uri) = of_s3(&parts.uri) else { return refuse(&Refusal::invalid("this is no path of S3")) };
        parts.uri = uri;
        for name in [AUTHORIZATION, COOKIE, ORIGIN] {
            parts.headers.remove(name);
        }
        let mut response = self.service.serve(caller.session, None, Request::from_parts(parts, body)).await;
        as_attachment(response.headers_mut());
        response
    }

    /// An object that a tag of a page loads.
    async fn with_ticket(&self, request: Request) -> Response {
        let (mut parts, _) = request.into_parts();
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return refuse(&Refusal::method_not_allowed());
        }
        let wanted = parts.headers.get(FETCH_DEST).and_then(|wanted| wanted.to_str().ok());
        if wanted.is_some_and(|wanted| NEVER_FOR.contains(&wanted)) {
            return refuse(&Refusal::forbidden("an object is never a part of a page"));
        }
        let now = (self.admin.0.sources.now)();
        let text = parts.uri.path().strip_prefix(OBJECTS).unwrap_or_default();
        let ticket = match self.good_ticket(text, now).await {
            Ok(ticket) => ticket,
            Err(refusal) => return refuse(&refusal),
        };
        let (Some(uri), Some(age)) = (ticket.uri(), ticket.age(now)) else { return refuse(&Refusal::no_ticket()) };
        parts.uri = uri;
        let sent = std::mem::take(&mut parts.headers);
        let taken = sent.into_iter().filter_map(|(name, value)| Some((name?, value)));
        parts.headers.extend(taken.filter(|(name, _)| TAKEN_WITH_TICKET.contains(&name.as_str())));
        let request = Request::from_parts(parts, Body::empty());
        let mut response = self.service.serve(ticket.session(), Some(age), request).await;
        let is_object = response.status().is_success() || response.status().is_redirection();
        if is_object {
            as_ticket_says(&ticket, response.headers_mut());
        } else {
            as_attachment(response.headers_mut());
        }
        response
    }

    /// What a ticket says that was made with the master key in use, and is not too old. Whether its session is open, and
    /// may read the object, the gateway looks up.
    async fn good_ticket(&self, text: &str, now: Timestamp) -> Result<Ticket, Refusal> {
        let number = self.admin.0.ledger.read().await?.totals()?.keys.master_number();
        let tokens = usize::try_from(number).ok().and_then(|number| self.admin.0.tokens.get(number));
        let said = tokens.and_then(|tokens| tokens.tickets().verify(text));
        let ticket = said.as_deref().and_then(Ticket::parse).filter(|ticket| ticket.age(now).is_some());
        ticket.ok_or_else(Refusal::no_ticket)
    }
}

/// The same request at the S3 address. The path is not decoded: what was signed there is what is addressed here.
fn of_s3(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_prefix(S3)?;
    let path = if path.is_empty() { "/" } else { path };
    let Some(query) = uri.query() else { return PathAndQuery::try_from(path).ok().map(Uri::from) };
    let key_of = |pair: &'_ str| pair.strip_prefix(KEY).and_then(|rest| rest.strip_prefix('=')).map(str::to_owned);
    let Some(key) = query.split('&').find_map(key_of) else {
        return PathAndQuery::try_from(format!("{path}?{query}")).ok().map(Uri::from);
    };
    // What is in it is the key's, a mark of a query too.
    let key: Vec<u8> = percent_decode_str(&key).collect();
    let key = percent_encode(&key, NON_ALPHANUMERIC);
    let others: Vec<_> = query.split('&').filter(|pair| key_of(pair).is_none()).collect();
    let bucket = path.trim_matches('/');
    if bucket.is_empty() || bucket.contains('/') {
        return None;
    }
    let mark = if others.is_empty() { "" } else { "?" };
    PathAndQuery::try_from(format!("/{bucket}/{key}{mark}{}", others.join("&"))).ok().map(Uri::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_on_as_they_are() {
        for (sent, meant) in [
            ("/api/v1/s3", "/"),
            ("/api/v1/s3/", "/"),
            ("/api/v1/s3?x-id=ListBuckets", "/?x-id=ListBuckets"),
            ("/api/v1/s3/photos?list-type=2&prefix=a%2Fb", "/photos?list-type=2&prefix=a%2Fb"),
            ("/api/v1/s3/photos//a/../b%2F%FF%20c", "/photos//a/../b%2F%FF%20c"),
            ("/api/v1/s3/photos?x-planetstore-key=..", "/photos/%2E%2E"),
            ("/api/v1/s3/photos?tagging&x-planetstore-key=%2E&versionId=7", "/photos/%2E?tagging&versionId=7"),
            ("/api/v1/s3/photos?x-planetstore-key=a%3Fb/c?d", "/photos/a%3Fb%2Fc%3Fd"),
        ] {
            assert_eq!(of_s3(&sent.parse().unwrap()), Some(meant.parse().unwrap()), "{sent}");
        }
        for wrong in ["/api/v1/s3?x-planetstore-key=a", "/api/v1/s3/photos/a?x-planetstore-key=b"] {
            assert_eq!(of_s3(&wrong.parse().unwrap()), None, "{wrong}");
        }
        assert_eq!(of_s3(&"/api/v1/users".parse().unwrap()), None);
    }
}
