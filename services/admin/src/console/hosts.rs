//! The host names under which the console answers.
//!
//! A page on the internet can have its own name resolve to 127.0.0.1 after a browser has loaded it ("DNS rebinding").
//! For the browser the console is then part of that page's site. The `Host` header of such a request has the page's
//! name, which is not a name of this machine unless the operator configures it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::Response;

use super::ConsoleState;
use super::routes::refuse;

/// The paths that load balancers request, under whatever name they use. The responses contain nothing confidential.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// The names that browsers resolve to this machine without asking a server.
///
/// Source: RFC 6761, section 6.3.
const LOCALHOST: &str = "localhost";

/// The accepted names.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// The address on which the console listens.
    listen: IpAddr,
    /// The operator's names for it, in lower case.
    names: Vec<String>,
}

impl Hosts {
    /// The address itself, and the operator's names for it.
    pub fn new<'a>(listen: IpAddr, names: impl IntoIterator<Item = &'a String>) -> Self {
        let names = names.into_iter().map(|name| normal(name)).collect();
        Self { listen: listen.to_canonical(), names }
    }

    /// Whether requests under this name are accepted.
    fn has(&self, host: &str) -> bool {
        let host = normal(host);
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&host);
        match bare.parse::<IpAddr>() {
            // A page cannot have an IP address as its name. With a listener on all addresses, any may be the right one.
            Ok(address) if self.listen.is_unspecified() || address.to_canonical().is_loopback() => true,
            Ok(address) if address.to_canonical() == self.listen => true,
            Ok(_) | Err(_) => {
                host == LOCALHOST
                    || host.strip_suffix(LOCALHOST).is_some_and(|before| before.ends_with('.'))
                    || self.names.iter().any(|name| *name == host || *name == bare)
            }
        }
    }
}

/// The normal form in which names are compared.
fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The name in a request, without its port. `None` if there is none, as in requests of HTTP/1.0, which no browser
/// sends.
fn asked(uri: &Uri, headers: &HeaderMap) -> Result<Option<String>, ()> {
    let Some(host) = headers.get(HOST) else { return Ok(uri.host().map(str::to_owned)) };
    let authority: Authority = host.as_bytes().try_into().map_err(drop)?;
    if authority.as_str().contains('@') {
        return Err(());
    }
    Ok(Some(authority.host().to_owned()))
}

/// Forwards a request whose host name is accepted.
pub(super) async fn require(State(state): State<Arc<ConsoleState>>, request: Request, next: Next) -> Response {
    let is_meant = match asked(request.uri(), request.headers()) {
        Ok(None) => true,
        Ok(Some(host)) => state.hosts.has(&host),
        Err(()) => false,
    };
    if is_meant || PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let why = "this host is none of the console's: ask it by its address or as localhost, or name the host with \
               --console-host (PLANETSTORE_CONSOLE_HOSTS) where it runs";
    refuse(StatusCode::MISDIRECTED_REQUEST, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(listen: &str, host: &str) -> bool {
        let names = ["Console.Example".to_owned(), "192.0.2.8".to_owned(), "2001:db8::8".to_owned()];
        let hosts = Hosts::new(listen.parse().unwrap(), &names);
        let headers = [(HOST, host.parse().unwrap())].into_iter().collect();
        asked(&Uri::from_static("/"), &headers).is_ok_and(|host| host.is_some_and(|host| hosts.has(&host)))
    }

    #[test]
    fn the_machine_itself_and_what_the_operator_names_is_taken() {
        for host in [
            "127.0.0.1:9001",
            "127.8.9.10",
            "[::1]:9001",
            "localhost",
            "LOCALHOST:9001",
            "a.localhost",
            "localhost.:1",
            "console.example:9001",
            "CONSOLE.example.",
            "192.0.2.8:1",
            "[2001:db8::8]",
            "10.0.0.7:9001",
        ] {
            assert!(has("10.0.0.7", host), "{host}");
        }
        for host in ["10.9.9.9", "[2001:db8::1]:9001"] {
            assert!(has("0.0.0.0", host) && has("::", host) && !has("127.0.0.1", host), "{host}");
        }
    }

    #[test]
    fn names_that_anybody_can_have_are_not() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "x.console.example",
            "",
            ":9001",
            "a b",
            "10.0.0.8",
            "127.0.0.1@evil.example",
            "evil.example:80@127.0.0.1:x",
            "0x7f000001",
            "2130706433",
        ] {
            assert!(!has("10.0.0.7", host), "{host}");
        }
    }

    #[test]
    fn a_request_without_a_host_comes_from_no_page() {
        assert_eq!(asked(&Uri::from_static("/"), &HeaderMap::new()), Ok(None));
        let other = Uri::from_static("http://evil.example/");
        assert_eq!(asked(&other, &HeaderMap::new()), Ok(Some("evil.example".to_owned())));
    }
}
