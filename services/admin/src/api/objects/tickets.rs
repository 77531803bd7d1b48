//! Tickets, and URLs that S3 serves to whoever has them.

use domain::Identities;
use domain::View;
use events::ids::{AccessKeyId, BucketName, ObjectKey};
use http::{HeaderMap, Method as HttpMethod, Uri};
use identity::{Secret, key_context};
use jiff::{SignedDuration, Timestamp};
use ledger::Snapshot;
use policy::Action;
use s3::sigv4::{self, Credentials};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OBJECTS;
use super::ticket::Ticket;
use crate::api::access::{Access, Caller};
use crate::api::answer::Answer;
use crate::api::asked::Asked;
use crate::api::method::Method;
use crate::api::operation::{Handler, Operation};
use crate::api::refusal::Refusal;

/// The longest time that a presigned URL may be good, in seconds.
///
/// Source: "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.
const PRESIGNED_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

/// The time that one is good unless something else is asked for, in seconds.
const PRESIGNED_SECONDS: u64 = 60 * 60;

/// Keys of a user that are looked at for one that can sign.
const KEYS_LOOKED_AT_MAX: usize = 100;

/// The request for a ticket, with which a page loads an object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTicket {
    bucket: BucketName,
    key: String,
    /// The version; the current one if it is absent.
    version_id: Option<String>,
    disposition: Disposition,
}

/// How a browser treats an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Disposition {
    /// The browser saves the object.
    Attachment,
    /// The browser shows the object in a sandbox.
    Inline,
}

/// The address of an object for which a ticket was created.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MadeTicket {
    /// A path at the console's address. It works until the session that requested it ends, and not in pages of other
    /// origins.
    url: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires: Timestamp,
}

/// The request for a presigned URL.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPresigned {
    method: PresignedMethod,
    bucket: BucketName,
    key: String,
    /// The version; the current one if it is absent.
    version_id: Option<String>,
    /// The seconds for which the URL works: at most seven days, by default one hour.
    expires_seconds: Option<u64>,
}

/// The methods that a URL may be signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum PresignedMethod {
    Get,
    Head,
    Put,
    Delete,
}

/// A presigned URL.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Presigned {
    /// The URL. Anyone who has it can make the request that it describes, with the rights of the key that signed it.
    url: String,
    /// The access key that signed the URL. When the key ends, the URL stops working.
    access_key: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires: Timestamp,
}

pub(in crate::api) fn operations() -> Vec<Operation> {
    let ticket =
        Handler::Known(Access::Everyone(Action::AdminCreateTicket), |asked, caller| Box::pin(create(asked, caller)));
    let presign =
        Handler::Known(Access::Everyone(Action::AdminPresign), |asked, caller| Box::pin(presign(asked, caller)));
    vec![
        Operation::new(
            "createTicket",
            Method::Post,
            "/api/v1/tickets",
            ticket,
            "Get an address from which an HTML element of a page can load an object. The caller's right is checked \
             when the object is loaded, and the address ends with the session",
        )
        .takes::<NewTicket>()
        .makes::<MadeTicket>()
        .without_proof(),
        Operation::new(
            "presign",
            Method::Post,
            "/api/v1/presign",
            presign,
            "Create a presigned S3 URL with one of the caller's keys. Anyone who has the URL can use it until it \
             expires or the key ends",
        )
        .takes::<NewPresigned>()
        .gives::<Presigned>()
        .without_proof(),
    ]
}

async fn create(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NewTicket { bucket, key, version_id, disposition } = asked.json().await?;
    check_key(&key)?;
    let at = (bucket.to_string(), key, version_id);
    let ticket = Ticket::new(caller.session, asked.now, disposition == Disposition::Inline, at);
    let number = asked.read().await?.totals()?.keys.master_number();
    let tokens = usize::try_from(number).ok().and_then(|number| asked.admin.0.tokens.get(number));
    let (Some(tokens), Some(said), Some(expires)) = (tokens, ticket.said(), ticket.expires()) else {
        return Err(Refusal::internal());
    };
    let made = MadeTicket { url: format!("{OBJECTS}{}", tokens.tickets().issue(&said)), expires };
    let answer = Answer::of(&made)?;
    Ok(Answer { status: http::StatusCode::CREATED, ..answer })
}

async fn presign(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NewPresigned { method, bucket, key, version_id, expires_seconds } = asked.json().await?;
    check_key(&key)?;
    let seconds = expires_seconds.unwrap_or(PRESIGNED_SECONDS);
    if !(1..=PRESIGNED_SECONDS_MAX).contains(&seconds) {
        return Err(Refusal::invalid(format!("`expires_seconds` is a number from 1 to {PRESIGNED_SECONDS_MAX}")));
    }
    let span = i64::try_from(seconds).map(SignedDuration::from_secs).map_err(|_| Refusal::internal())?;
    let expires = asked.now.checked_add(span).map_err(|_| Refusal::internal())?;
    let snapshot = asked.read().await?;
    let (access_key, secret) = signing_key(&asked, &snapshot, &caller, expires)?;
    let ticket = Ticket::new(caller.session, asked.now, false, (bucket.to_string(), key, version_id));
    let endpoint = asked.admin.0.site.s3_endpoint(&asked.parts)?;
    let path = ticket.uri().ok_or_else(Refusal::internal)?;
    let uri: Uri = format!("{endpoint}{path}").parse().map_err(|_| Refusal::internal())?;
    let method = match method {
        PresignedMethod::Get => HttpMethod::GET,
        PresignedMethod::Head => HttpMethod::HEAD,
        PresignedMethod::Put => HttpMethod::PUT,
        PresignedMethod::Delete => HttpMethod::DELETE,
    };
    let region = asked.admin.0.region.as_str();
    let credentials = Credentials { access_key: &access_key, secret_key: secret.expose(), region };
    let signed = sigv4::presign(&method, &uri, &HeaderMap::new(), credentials, asked.now, seconds);
    let signed = signed.map_err(|error| Refusal::invalid(error.message().to_owned()))?;
    Answer::of(&Presigned { url: format!("{endpoint}{signed}"), access_key, expires })
}

fn check_key(key: &str) -> Result<(), Refusal> {
    let wrong = || Refusal::invalid("`key` has 1 to 1024 bytes");
    ObjectKey::from_bytes(key.as_bytes()).map(drop).map_err(|_| wrong())
}

/// A key of the caller's that signs until then, or for as long as any of them does. Root's is that of its configuration.
fn signing_key(
    asked: &Asked,
    snapshot: &Snapshot,
    caller: &Caller,
    until: Timestamp,
) -> Result<(String, Secret), Refusal> {
    let admin = &asked.admin.0;
    if caller.name.is_root() {
        return Ok((admin.root.access_key.clone(), admin.root.secret_key.clone()));
    }
    let mut best: Option<(AccessKeyId, Option<Timestamp>, String)> = None;
    for id in snapshot.keys_of(&caller.name, None, KEYS_LOOKED_AT_MAX)? {
        let Some(row) = snapshot.key(&id)?.filter(|row| row.enabled) else { continue };
        if row.expires.is_some_and(|expires| expires <= asked.now) {
            continue;
        }
        let ends = |expires: Option<Timestamp>| expires.unwrap_or(Timestamp::MAX);
        if best.as_ref().is_none_or(|(_, expires, _)| ends(row.expires) > ends(*expires)) {
            best = Some((id, row.expires, row.secret.as_str().to_owned()));
        }
    }
    let none = || Refusal::conflict("you have no S3 key that could sign: make one first");
    let (id, expires, sealed) = best.ok_or_else(none)?;
    if expires.is_some_and(|expires| expires < until) {
        return Err(Refusal::conflict(
            "each of your S3 keys expires before that: ask for less time, or make another key",
        ));
    }
    let secret = admin.sealers.unseal(&sealed, &key_context(id.as_str())).map_err(|error| {
        tracing::error!(access_key = %id, %error, "the secret of an access key cannot be unsealed");
        Refusal::internal()
    })?;
    Ok((id.to_string(), secret))
}
