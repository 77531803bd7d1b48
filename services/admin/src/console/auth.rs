//! Authenticates and authorises requests to the console: root by HTTP Basic, and users with the right by a session
//! token.
//!
//! Sources: RFC 7617, RFC 6750.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use identity::Secret;
use listener::Peer;
use policy::Action;

use super::ConsoleState;
use super::routes::refuse;
use crate::api::{BasicLogin, Judgement};

/// The right that a route needs, and its resource as policies name it.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) state: Arc<ConsoleState>,
    pub(super) action: Action,
}

/// The resource of the console's rights.
const TARGET: &str = "region";

/// Forwards an authorised request, or refuses it before its body is read.
pub(super) async fn require(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let Guard { state, action } = guard;
    match basic(&state, &request) {
        Some(BasicLogin::Throttled) => {
            let why = "there were too many failed logins from this address: wait a few seconds";
            return refuse(StatusCode::TOO_MANY_REQUESTS, why);
        }
        Some(BasicLogin::Right) => return next.run(request).await,
        Some(BasicLogin::Wrong) | None => {}
    }
    let (parts, body) = request.into_parts();
    match judge(&state, &parts, action).await {
        Judgement::Allowed => return next.run(Request::from_parts(parts, body)).await,
        Judgement::Denied => {
            return refuse(StatusCode::FORBIDDEN, &format!("your policies do not allow {action}"));
        }
        Judgement::Unknown => {}
    }
    let why =
        format!("the root credentials or the token of an administrator, or of a user with {action}, are required");
    let mut refused = refuse(StatusCode::UNAUTHORIZED, &why);
    let challenge = HeaderValue::from_static("Basic realm=\"planetstore\", charset=\"UTF-8\"");
    refused.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    refused
}

/// Like [`require`], but only for requests from other machines, because metrics reveal much about users. Collectors on
/// this machine need no login, and those on others may have a token that is good for this alone.
pub(super) async fn require_afar(guard: State<Guard>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.address.ip());
    let token = guard.state.metrics_token.as_ref();
    let is_collector = token.is_some() && bearer(request.headers()).as_ref() == token;
    if is_collector || peer.is_some_and(is_near) {
        next.run(request).await
    } else {
        require(guard, request, next).await
    }
}

/// The token of an `Authorization` header.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| Secret::new(token.trim().to_owned()))
}

fn is_near(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The outcome of a password sent by HTTP Basic, if there is one. It can be guessed like a login's password, so it
/// counts as a login attempt.
fn basic(state: &ConsoleState, request: &Request) -> Option<BasicLogin> {
    let headers = request.headers();
    let (user, password) = login(headers.get(header::AUTHORIZATION)?.as_bytes())?;
    let is_right = || state.credentials.as_ref().is_some_and(|root| root.accept(&user, &password));
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address.ip());
    Some(match state.gateway() {
        Ok(gateway) => gateway.admin.login_by_basic(peer, headers, &user, is_right),
        Err(_) => state.basic.login(&user, peer, is_right),
    })
}

async fn judge(state: &ConsoleState, parts: &Parts, action: Action) -> Judgement {
    match state.gateway() {
        Ok(gateway) => gateway.admin.judge(parts, action, TARGET).await,
        Err(_) => Judgement::Unknown,
    }
}

/// The user and password of an `Authorization` header.
fn login(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let mut user = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = user.iter().position(|byte| *byte == b':')?;
    let password = user.split_off(colon + 1);
    user.pop();
    Some((user, password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_read_up_to_its_first_colon() {
        let read = |text: &str| login(format!("Basic {}", STANDARD.encode(text)).as_bytes());
        assert_eq!(read("user:pass:word"), Some((b"user".to_vec(), b"pass:word".to_vec())));
        assert_eq!(read(":"), Some((Vec::new(), Vec::new())));
        assert_eq!(read("nothing"), None);
        for wrong in ["Bearer abc", "Basic", "Basic ???", ""] {
            assert_eq!(login(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_bearer_token_is_what_follows_its_scheme() {
        let read = |text: &str| bearer(&[(header::AUTHORIZATION, text.parse().unwrap())].into_iter().collect());
        assert_eq!(read("Bearer abc"), Some(Secret::new("abc".to_owned())));
        assert_eq!(read("bearer  abc"), Some(Secret::new("abc".to_owned())));
        for wrong in ["Basic abc", "Bearer", "abc", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn near_is_this_machine_only() {
        for near in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["10.0.0.1", "192.168.1.1", "::", "fe80::1", "::ffff:10.0.0.1", "0.0.0.0"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }
}
