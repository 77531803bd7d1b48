//! Whose page asks.
//!
//! A browser opens a WebSocket for any page and asks nobody, but says whose page it is. A program that is no browser says
//! nothing, and has no login that a page could borrow: each needs a token anyway.
//!
//! Sources: RFC 6454, section 7; RFC 6455, section 10.2.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Whether a request comes from a page of this console, or from no page.
pub(super) fn is_own(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => {
            let origin = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok());
            let host = headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
            origin.zip(host).is_some_and(|(origin, host)| is_same(&origin, &host))
        }
        (Some(_), Some(_)) => false,
    }
}

/// A proxy may have ended TLS, so either scheme is right, each with its usual port.
fn is_same(origin: &Uri, host: &Authority) -> bool {
    let usual = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    let Some(authority) = origin.authority() else { return false };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(usual);
    authority.host().eq_ignore_ascii_case(host.host()) && port(authority) == port(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_console_and_no_pages_are_let_in() {
        let own = |origins: &[&str], host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            for origin in origins {
                headers.append(ORIGIN, origin.parse().unwrap());
            }
            is_own(&headers)
        };
        for (origins, host) in [
            (&[][..], "localhost:9001"),
            (&["http://localhost:9001"], "localhost:9001"),
            (&["http://LOCALHOST:9001"], "localhost:9001"),
            (&["https://console.example"], "console.example"),
            (&["https://console.example"], "console.example:443"),
            (&["http://console.example:80"], "console.example"),
            (&["http://[::1]:9001"], "[::1]:9001"),
        ] {
            assert!(own(origins, host), "{origins:?} {host}");
        }
        for (origins, host) in [
            (&["null"][..], "localhost:9001"),
            (&[""], "localhost:9001"),
            (&["http://localhost:9002"], "localhost:9001"),
            (&["http://localhost"], "localhost:9001"),
            (&["http://evil.example"], "localhost:9001"),
            (&["http://localhost.evil.example:9001"], "localhost:9001"),
            (&["ftp://localhost:9001"], "localhost:9001"),
            (&["file://"], "localhost:9001"),
            (&["localhost:9001"], "localhost:9001"),
            (&["http://localhost:9001", "http://localhost:9001"], "localhost:9001"),
        ] {
            assert!(!own(origins, host), "{origins:?} {host}");
        }
    }
}
