//! How a refresh token travels: in documents, as programs have it, or in a cookie, which the scripts of a page cannot read.
//!
//! Whoever wants the cookie says so in a header that neither a form nor a link can send. Cookies are shared by all ports of
//! a host, so a page that is served at the S3 address may not read this one, but may put another beside it. So a page
//! names the session that it goes on with, and of several cookies none is taken that is of another one.
//!
//! Source: RFC 6265bis.

use events::ids::SessionId;
use http::header::{COOKIE, HOST, HeaderValue, ORIGIN, SET_COOKIE};
use http::request::Parts;
use http::{HeaderName, uri::Authority};
use identity::{RefreshToken, Secret};
use jiff::{SignedDuration, Timestamp};
use listener::Peer;

use super::refusal::Refusal;

/// The header that asks for the cookie.
const SESSION: HeaderName = HeaderName::from_static("x-planetstore-session");

/// What it says then.
const IN_COOKIE: &str = "cookie";

/// The cookie's name. Two stores on one host have consoles on different ports, and share all cookies, so the port is a
/// part of the name.
const NAME: &str = "planetstore_refresh";

/// The only path to which browsers send it.
const PATH: &str = "/api/v1/refresh";

/// The most cookies of a request that are looked at.
const COOKIES_MAX: usize = 100;

/// How a refresh token travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Carrier {
    /// In the documents.
    Document,
    /// In a cookie.
    Cookie {
        name: String,
        /// Browsers send it by TLS only.
        is_secure: bool,
    },
}

impl Carrier {
    /// What a request asks for.
    pub(super) fn of(parts: &Parts) -> Result<Self, Refusal> {
        let mut asked = parts.headers.get_all(SESSION).iter();
        match (asked.next(), asked.next()) {
            (None, _) => return Ok(Self::Document),
            (Some(value), None) if value == IN_COOKIE => {}
            (Some(_), _) => return Err(Refusal::invalid("`X-Planetstore-Session` is `cookie`, or is not sent")),
        }
        let host = parts.headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
        let port = host.and_then(|host| host.port_u16());
        let name = port.map_or_else(|| NAME.to_owned(), |port| format!("{NAME}_{port}"));
        // Behind a proxy that speaks TLS, the page knows better than this connection. Pages of other origins come no
        // further than `console::origins`.
        let is_tls = parts.extensions.get::<Peer>().is_some_and(|peer| peer.tls.is_some());
        let by_tls = parts.headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
        Ok(Self::Cookie { name, is_secure: is_tls || by_tls })
    }

    /// The token of the cookie, which is that of `session` if it is given.
    pub(super) fn token(&self, parts: &Parts, session: Option<SessionId>) -> Option<RefreshToken> {
        let Self::Cookie { name, .. } = self else { return None };
        let lines = parts.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).take(COOKIES_MAX);
        let values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(named, _)| *named == name.as_str());
        let tokens = values.filter_map(|(_, value)| RefreshToken::parse(value).ok());
        let mut tokens = tokens.filter(|token| session.is_none_or(|session| token.session() == session.0));
        match (tokens.next(), tokens.next()) {
            (Some(token), None) => Some(token),
            _ => None,
        }
    }

    /// The header that gives a browser the cookie.
    pub(super) fn kept(
        &self,
        token: &Secret,
        time: SignedDuration,
    ) -> Result<Option<(HeaderName, HeaderValue)>, Refusal> {
        self.set(token.expose(), time.as_secs())
    }

    /// The header that takes it from the browser.
    pub(super) fn forgotten(&self) -> Result<Option<(HeaderName, HeaderValue)>, Refusal> {
        self.set("", 0)
    }

    fn set(&self, value: &str, seconds: i64) -> Result<Option<(HeaderName, HeaderValue)>, Refusal> {
        let Self::Cookie { name, is_secure } = self else { return Ok(None) };
        let secure = if *is_secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        let mut value = HeaderValue::try_from(text).map_err(|error| {
            tracing::error!(%error, "a cookie cannot be written");
            Refusal::internal()
        })?;
        value.set_sensitive(true);
        Ok(Some((SET_COOKIE, value)))
    }
}

/// How long a cookie lasts that is good until some time.
pub(super) fn lasting(now: Timestamp, until: Timestamp) -> SignedDuration {
    until.duration_since(now).max(SignedDuration::ZERO)
}
