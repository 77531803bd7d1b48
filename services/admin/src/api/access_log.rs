//! Refused requests, failed logins and reads: what is recorded of this API, and pages of all of it.

use std::borrow::Cow;
use std::net::IpAddr;

use accesslog::{Kind, Place, Record, Wanted};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use policy::Action;
use schemars::JsonSchema;
use serde::Serialize;

use super::Admin;
use super::access::{Access, identify};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;

/// Records of a page unless fewer or more are asked for, and the most that there are.
const RECORDS: usize = 100;
const RECORDS_MAX: usize = 1_000;

/// The status of a login that failed.
const LOGIN_STATUS: u16 = 401;

const fn in_query(name: &'static str, schema: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", schema, about }
}

const KIND: Parameter = in_query("kind", "string", "Only `refused`, `login_failed` or `read`");
const BUCKET: Parameter = in_query("bucket", "string", "Only records about this bucket");
const USER: Parameter = in_query("user", "string", "Only records of this user, or of logins with this user name");
const ADDRESS: Parameter = in_query("address", "string", "Only records of this IP address");
const SINCE: Parameter = in_query("since", "string", "Only records from this time on (RFC 3339)");
const BEFORE: Parameter = in_query("before", "string", "Only records before this position, which is `next` of a page");
const LIMIT: Parameter =
    in_query("limit", "integer", "The maximum number of records of a page, 1 to 1000; 100 by default");

/// A page of records, the newest first.
#[derive(Serialize, JsonSchema)]
struct AccessPage {
    records: Vec<Shown>,
    /// The number of requests in the time span of this page that were not recorded because there were too many.
    dropped: u64,
    /// The value of `before` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A record with its position.
#[derive(Serialize, JsonSchema)]
struct Shown {
    place: String,
    #[serde(flatten)]
    record: Record,
}

pub(super) fn operations() -> Vec<Operation> {
    let get = Handler::Known(Access::Right(Action::AdminGetAccessLog), |asked, _| Box::pin(get(asked)));
    vec![
        Operation::new(
            "getAccessLog",
            Method::Get,
            "/api/v1/audit/access",
            get,
            "Show refused requests, failed logins, and reads of buckets for which reads are recorded, the newest \
             first. The oldest records are removed. A page may be short: `next` says whether there is more",
        )
        .gives::<AccessPage>()
        .knows(&[KIND, BUCKET, USER, ADDRESS, SINCE, BEFORE, LIMIT]),
    ]
}

async fn get(asked: Asked) -> Result<Answer, Refusal> {
    let (wanted, before, limit) = read(asked.parts.uri.query().unwrap_or_default())?;
    let none = || Refusal::not_found("this store records no requests: it was started with `--access-log-bytes 0`");
    let log = asked.admin.0.access_log.as_ref().ok_or_else(none)?;
    let reader = log.reader().ok_or_else(|| Refusal::unavailable("the records cannot be read now: try again"))?;
    let page = reader.page(&wanted, before, limit).await.map_err(|error| {
        tracing::warn!(%error, "the records of requests cannot be read");
        Refusal::unavailable("the records cannot be read now: try again")
    })?;
    let records = page.entries.into_iter().map(|entry| Shown { place: entry.place.to_string(), record: entry.record });
    let next = page.next.map(|next| next.to_string());
    Answer::of(&AccessPage { records: records.collect(), dropped: page.dropped, next })
}

fn read(query: &str) -> Result<(Wanted, Option<Place>, usize), Refusal> {
    let (mut wanted, mut before, mut limit) = (Wanted::default(), None, RECORDS);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value: Cow<'_, str> =
            percent_decode_str(value).decode_utf8().map_err(|_| Refusal::invalid("the query is not UTF-8"))?;
        match name {
            "kind" => wanted.kind = Some(kind(&value)?),
            "bucket" => wanted.bucket = Some(value.into_owned()),
            "user" => wanted.user = Some(value.into_owned()),
            "address" => {
                let address = value.parse();
                wanted.address = Some(address.map_err(|_| Refusal::invalid("`address` is an IP address"))?);
            }
            "since" => {
                let wrong = |_| Refusal::invalid("`since` is a time such as 2026-11-22T13:00:00Z");
                wanted.since = Some(value.parse().map_err(wrong)?);
            }
            "before" => {
                let place = value.parse();
                before = Some(place.map_err(|()| Refusal::invalid("`before` is the `next` of another page"))?);
            }
            "limit" => {
                let number = value.parse().ok().filter(|limit| (1..=RECORDS_MAX).contains(limit));
                let wrong = || Refusal::invalid(format!("`limit` is a number from 1 to {RECORDS_MAX}"));
                limit = number.ok_or_else(wrong)?;
            }
            _ => {
                let known = "`kind`, `bucket`, `user`, `address`, `since`, `before` and `limit`";
                return Err(Refusal::invalid(format!("there are {known}")));
            }
        }
    }
    Ok((wanted, before, limit))
}

fn kind(text: &str) -> Result<Kind, Refusal> {
    match text {
        "refused" => Ok(Kind::Refused),
        "login_failed" => Ok(Kind::LoginFailed),
        "read" => Ok(Kind::Read),
        _ => Err(Refusal::invalid("`kind` is `refused`, `login_failed` or `read`")),
    }
}

/// A request of this API that was refused.
pub(super) struct Refused<'a> {
    /// The operation, as S3 or the admin API names it.
    pub(super) operation: &'static str,
    pub(super) refusal: &'a Refusal,
    /// The headers that say who asked.
    pub(super) headers: &'a HeaderMap,
    /// The bucket that the path names.
    pub(super) bucket: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) request_id: &'a str,
    pub(super) now: Timestamp,
}

impl Admin {
    /// Records a request that was refused for want of a right or of a session.
    pub(super) async fn note_refused(&self, refused: Refused<'_>) {
        let Some(log) = &self.0.access_log else { return };
        let Refused { operation, refusal, headers, bucket, address, request_id, now } = refused;
        if !matches!(refusal.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return;
        }
        // Who has a session is known even if they may not do it.
        let user = match refusal.status {
            StatusCode::FORBIDDEN => identify(self, headers, now).await.ok().map(|caller| caller.name.to_string()),
            _ => None,
        };
        log.recorder.record(Record {
            time: now,
            kind: Kind::Refused,
            count: 1,
            operation: operation.into(),
            status: refusal.status.as_u16(),
            code: Some(refusal.code.into()),
            bucket,
            key: None,
            user,
            access_key: None,
            address: address.filter(|_| self.0.records_addresses),
            request: request_id.to_owned(),
        });
    }

    /// Records a login that failed, or was not even tried because too many did.
    pub(super) fn note_failed_login(
        &self,
        operation: &'static str,
        user: String,
        address: Option<IpAddr>,
        request_id: String,
    ) {
        let Some(log) = &self.0.access_log else { return };
        log.recorder.record(Record {
            time: (self.0.sources.now)(),
            kind: Kind::LoginFailed,
            count: 1,
            operation: operation.into(),
            status: LOGIN_STATUS,
            code: None,
            bucket: None,
            key: None,
            user: Some(user),
            access_key: None,
            address: address.filter(|_| self.0.records_addresses),
            request: request_id,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_or_refused() {
        let (wanted, before, limit) =
            read("kind=read&bucket=photos&user=a%40b&address=192.0.2.7&since=2026-11-22T13:00:00Z&before=7.3&limit=5")
                .unwrap();
        assert_eq!((wanted.kind, wanted.bucket.as_deref(), limit), (Some(Kind::Read), Some("photos"), 5));
        assert_eq!((wanted.user.as_deref(), before), (Some("a@b"), Some(Place { message: 7, record: 3 })));
        assert!(wanted.address.is_some() && wanted.since.is_some());
        for wrong in ["kind=x", "address=x", "since=2h", "before=7", "limit=0", "limit=1001", "x=1", "user=%FF"] {
            assert_eq!(read(wrong).unwrap_err().code, "invalid_request", "{wrong}");
        }
    }
}
