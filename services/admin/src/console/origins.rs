//! The origins from which browsers may ask.
//!
//! Objects are served on the same host under another port, and anybody who may write one makes a page there. For cookies
//! that page is on the console's own host. So whatever a browser sends from a page that is not the console's is refused,
//! whether it brings a token or not, and no answer ever allows another origin to read it.
//!
//! Source: RFC 6454, section 7; Fetch Metadata Request Headers.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use listener::Peer;

use super::routes::refuse;

/// Where a browser says that a request comes from. It says so only to servers that it reaches by TLS or on the same machine.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Where nothing of a page is ever asked for from another site: the API, and objects.
const OF_PAGES: [&str; 2] = ["/api/", "/objects/"];

/// Forwards a request, unless a browser sent it for a page of another origin.
pub(super) async fn require(request: Request, next: Next) -> Response {
    let is_tls = request.extensions().get::<Peer>().is_some_and(|peer| peer.tls.is_some());
    if is_foreign(request.headers(), is_tls, request.uri().path()) {
        let why = "this comes from a page that is not the console's. A proxy in front of the console must keep the header \
                   `Host` as the browser sent it, with its port";
        return refuse(StatusCode::FORBIDDEN, why);
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap, is_tls: bool, path: &str) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => {}
        (Some(origin), None) if is_own(origin.as_bytes(), headers, is_tls) => {}
        (Some(_), _) => return true,
    }
    let asks_elsewhere = |site: &[u8]| !matches!(site, b"same-origin" | b"none");
    let is_elsewhere = headers.get(FETCH_SITE).is_some_and(|site| asks_elsewhere(site.as_bytes()));
    is_elsewhere && OF_PAGES.iter().any(|root| path.starts_with(root))
}

/// Whether an origin is that of the host that is asked, with its port. Behind a proxy that speaks TLS the page has
/// `https` while the console sees none; a page without TLS is never that of a console with TLS.
fn is_own(origin: &[u8], headers: &HeaderMap, is_tls: bool) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let (scheme, authority) = match (origin.strip_prefix(b"https://"), origin.strip_prefix(b"http://")) {
        (Some(authority), _) => ("https", authority),
        (None, Some(authority)) => ("http", authority),
        (None, None) => return false,
    };
    if scheme == "http" && is_tls {
        return false;
    }
    let usual = if scheme == "https" { b":443".as_slice() } else { b":80" };
    let bare = |name: &[u8]| name.strip_suffix(usual).unwrap_or(name).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(host: &'static str, origin: Option<&'static str>, site: Option<&'static str>, is_tls: bool) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        headers.extend(origin.map(|origin| (ORIGIN, origin.parse().unwrap())));
        headers.extend(site.map(|site| (FETCH_SITE, site.parse().unwrap())));
        is_foreign(&headers, is_tls, "/api/v1/whoami")
    }

    #[test]
    fn pages_of_the_console_and_programs_are_let_in() {
        for (host, origin, is_tls) in [
            ("127.0.0.1:9001", None, false),
            ("127.0.0.1:9001", Some("http://127.0.0.1:9001"), false),
            ("[::1]:9001", Some("https://[::1]:9001"), true),
            ("Console.Example", Some("https://console.example"), false),
            ("console.example:443", Some("https://console.example"), true),
            ("console.example", Some("http://console.example:80"), false),
        ] {
            assert!(!foreign(host, origin, None, is_tls), "{host} {origin:?}");
            assert!(!foreign(host, origin, Some("same-origin"), is_tls), "{host} {origin:?}");
        }
        assert!(!foreign("localhost:9001", None, Some("none"), false), "an address that was typed in");
    }

    #[test]
    fn pages_of_the_s3_address_and_of_others_are_not() {
        for (host, origin, is_tls) in [
            ("127.0.0.1:9001", "http://127.0.0.1:9000", false),
            ("localhost:9001", "http://127.0.0.1:9001", false),
            ("localhost:9001", "http://localhost", false),
            ("localhost:9001", "http://localhost:90011", false),
            ("localhost:9001", "null", false),
            ("localhost:9001", "", false),
            ("localhost:9001", "http://", false),
            ("localhost:9001", "ws://localhost:9001", false),
            ("localhost:9001", "http://localhost:9001.evil.example", false),
            ("localhost:9001", "http://localhost:9001, http://localhost:9001", false),
            ("console.example", "http://console.example", true),
            ("console.example", "http://console.example:443", false),
            ("", "http://", false),
        ] {
            assert!(foreign(host, Some(origin), None, is_tls), "{host} {origin}");
        }
        for site in ["same-site", "cross-site", "else"] {
            assert!(foreign("localhost:9001", None, Some(site), false), "{site}");
        }
    }

    #[test]
    fn several_origins_or_hosts_are_none() {
        let own = || "http://localhost:9001".parse().unwrap();
        let mut headers = HeaderMap::from_iter([(HOST, "localhost:9001".parse().unwrap()), (ORIGIN, own())]);
        assert!(!is_foreign(&headers, false, "/"));
        headers.append(ORIGIN, own());
        assert!(is_foreign(&headers, false, "/"));
        headers.remove(ORIGIN);
        headers.insert(ORIGIN, own());
        headers.append(HOST, "localhost:9001".parse().unwrap());
        assert!(is_foreign(&headers, false, "/"));
    }

    #[test]
    fn a_link_from_elsewhere_may_lead_to_a_page() {
        let headers = HeaderMap::from_iter([(FETCH_SITE, "cross-site".parse().unwrap())]);
        assert!(!is_foreign(&headers, false, "/buckets") && is_foreign(&headers, false, "/objects/x"));
    }
}
