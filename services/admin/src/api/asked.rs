use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use domain::{Command, Identities, IdentityCommand};
use events::Origin;
use events::ids::{AuthType, InvalidName, Principal, UserName};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use ledger::{Committed, Snapshot};
use listener::{Client, Peer};
use percent_encoding::percent_decode_str;
use rights::{JUDGEMENTS_MAX, is_judged_by_other};
use serde::de::DeserializeOwned;

use super::Admin;
use super::access::Caller;
use super::delegation::Delegation;
use super::refusal::Refusal;

/// Longest body that is read, in bytes: a policy with room to spare.
pub(super) const BODY_BYTES_MAX: usize = 64 << 10;

/// How long a body may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);

/// Entries of a page unless fewer are asked for, and the most that there are.
const PAGE_ENTRIES: usize = 100;
const PAGE_ENTRIES_MAX: usize = 1_000;

/// A request, as a handler gets it. Its body is read only when the handler asks for it.
pub(super) struct Asked {
    pub(super) admin: Admin,
    pub(super) parts: Parts,
    pub(super) params: Vec<(String, String)>,
    /// In a lock because a body may not be looked at by two threads; nobody ever waits for it.
    pub(super) body: Mutex<Body>,
    /// The body once it was gathered.
    pub(super) gathered: Option<Bytes>,
    pub(super) request_id: String,
    pub(super) now: Timestamp,
}

/// Which part of a list is asked for.
pub(super) struct Page<N> {
    /// What comes after this name.
    pub(super) after: Option<N>,
    /// How many entries at most.
    pub(super) limit: usize,
}

impl<N: Clone> Page<N> {
    /// Cuts off what was read beyond the page, and says after which name the next one begins.
    pub(super) fn cut<T>(&self, rows: &mut Vec<(N, T)>) -> Option<N> {
        if rows.len() <= self.limit {
            return None;
        }
        rows.truncate(self.limit);
        rows.last().map(|(name, _)| name.clone())
    }
}

impl Asked {
    /// Where the request comes from, as attempts are counted. Without a connection, in tests, all come from the same
    /// place.
    pub(super) fn address(&self) -> IpAddr {
        self.client().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.counted)
    }

    /// Where the request comes from, as far as it is known.
    pub(super) fn client(&self) -> Option<Client> {
        let peer = self.parts.extensions.get::<Peer>()?;
        Some(Client::of(peer.address.ip(), &self.parts.headers, &self.admin.0.trusted_proxies))
    }

    /// A name in the path.
    pub(super) fn name<N: FromStr<Err = InvalidName>>(&self, param: &str) -> Result<N, Refusal> {
        let text = self.params.iter().find(|(name, _)| name == param).map_or("", |(_, value)| value.as_str());
        text.parse().map_err(|error: InvalidName| Refusal::invalid(error.to_string()))
    }

    /// The page in the query.
    pub(super) fn page<N: FromStr<Err = InvalidName>>(&self) -> Result<Page<N>, Refusal> {
        let mut page = Page { after: None, limit: PAGE_ENTRIES };
        let query = self.parts.uri.query().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8();
            let value = value.map_err(|_| Refusal::invalid("the query is not UTF-8"))?;
            match name {
                "after" if value.is_empty() => {}
                "after" => {
                    let after = value.parse();
                    page.after = Some(after.map_err(|error: InvalidName| Refusal::invalid(error.to_string()))?);
                }
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=PAGE_ENTRIES_MAX).contains(limit));
                    let wrong = || Refusal::invalid(format!("`limit` is a number from 1 to {PAGE_ENTRIES_MAX}"));
                    page.limit = limit.ok_or_else(wrong)?;
                }
                other => {
                    let name: String = other.chars().take(40).collect();
                    return Err(Refusal::invalid(format!("{name:?} is not known here; there are `after` and `limit`")));
                }
            }
        }
        Ok(page)
    }

    /// Reads the body, which [`Self::bytes`] then gives without waiting.
    pub(super) async fn gather(&mut self) -> Result<(), Refusal> {
        let bytes = self.bytes().await?;
        self.gathered = Some(bytes.clone());
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = Body::from(bytes);
        Ok(())
    }

    /// The body that was gathered, if it is JSON: for who may ask at all. What is wrong with it says the handler.
    pub(super) fn peek(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.gathered.as_ref()?).ok()
    }

    /// The body.
    pub(super) async fn bytes(&mut self) -> Result<Bytes, Refusal> {
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::not_json());
        }
        let body = std::mem::take(self.body.get_mut().unwrap_or_else(PoisonError::into_inner));
        let body = Limited::new(body, BODY_BYTES_MAX);
        match tokio::time::timeout(BODY_TIME_MAX, body.collect()).await {
            Err(_) => Err(Refusal::too_slow()),
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::too_large(BODY_BYTES_MAX)),
            Ok(Err(_)) => Err(Refusal::invalid("the body broke off")),
        }
    }

    /// The body as a document. What is wrong with it is told to who sent it, and to nobody else.
    pub(super) async fn json<T: DeserializeOwned>(&mut self) -> Result<T, Refusal> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|error| Refusal::invalid(format!("the body: {error}")))
    }

    /// The state, with everything acked before.
    pub(super) async fn read(&self) -> Result<Arc<Snapshot>, Refusal> {
        Ok(self.admin.0.ledger.read().await?)
    }

    /// Changes who may do what, in the name of somebody.
    pub(super) async fn change(&self, by: &Caller, command: IdentityCommand) -> Result<Committed, Refusal> {
        self.commit(by, Command::Identity(Box::new(command))).await
    }

    /// Commits a command, in the name of somebody who may still do that then.
    pub(super) async fn commit(&self, by: &Caller, command: Command) -> Result<Committed, Refusal> {
        let admin = &self.admin.0;
        let mut by = by.clone();
        for _ in 0..JUDGEMENTS_MAX {
            let identities = self.check_delegation(&by, &command).await?;
            let confirmed = by.confirmed(identities);
            match admin.ledger.commit(&confirmed, command.clone(), self.origin(&by.name)).await {
                Err(error) if is_judged_by_other(&error) => {}
                ended => return Ok(ended?),
            }
            by = by.again(&self.admin, &self.parts, (admin.sources.now)()).await?;
        }
        Err(Refusal::unavailable("who may do what changes all the time: nothing was done, try again"))
    }

    /// Whether a change raises nobody above whoever makes it, and the last change of identities by which that was
    /// judged. Admins have everything.
    async fn check_delegation(&self, by: &Caller, command: &Command) -> Result<Option<u64>, Refusal> {
        let Command::Identity(command) = command else { return Ok(None) };
        if by.is_admin() {
            return Ok(None);
        }
        let snapshot = self.read().await?;
        Delegation { by, snapshot: &snapshot }.check(command)?;
        Ok(Some(snapshot.identities_changed()?))
    }

    /// As events name what caused them.
    pub(super) fn origin(&self, by: &UserName) -> Origin {
        let traceparent = self.parts.headers.get("traceparent").and_then(|value| value.to_str().ok());
        Origin {
            principal: Principal { kind: AuthType::User, id: by.to_string() },
            request_id: self.request_id.clone(),
            traceparent: traceparent.and_then(|text| text.parse().ok()),
            address: self.client().filter(|_| self.admin.0.records_addresses).and_then(|client| client.address),
        }
    }
}
