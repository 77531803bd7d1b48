//! Signs requests: for our own clients and for tests.

use http::{HeaderMap, HeaderValue, Method, Uri};
use jiff::Timestamp;

use crate::date;
use crate::encoding;
use crate::error::{Code, Error};
use crate::query::Query;
use crate::request::Head;
use crate::sigv4::canonical::{self, Scope};
use crate::sigv4::{ALGORITHM, ChunkSigner, PayloadHash, Request, SigningKey};

/// The credentials and the region for a signature.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// The access key id.
    pub access_key: &'a str,
    /// The secret.
    pub secret_key: &'a str,
    /// The region of the scope.
    pub region: &'a str,
}

/// Headers that a client should sign besides `host` and `x-amz-*`.
const SIGNED_OPTIONALLY: [&str; 3] = ["content-md5", "content-type", "range"];

fn value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| Error::new(Code::InvalidArgument))
}

fn signed_headers(headers: &HeaderMap, signs: impl Fn(&str) -> bool) -> String {
    let mut names: Vec<&str> = headers.keys().map(http::HeaderName::as_str).filter(|name| signs(name)).collect();
    names.sort_unstable();
    names.join(";")
}

/// Signs a request in its headers: adds `host` (from the URI, unless it exists), `x-amz-date`, `x-amz-content-sha256`
/// and `authorization`. The path must be sent exactly as it is in `uri`.
///
/// Returns the start of the chain of chunk signatures, for streaming payloads.
///
/// # Errors
/// `InvalidURI` for a malformed escape in the path or query, `InvalidArgument` without a host.
pub fn sign(
    method: &Method,
    uri: &Uri,
    headers: &mut HeaderMap,
    payload: PayloadHash,
    credentials: Credentials<'_>,
    now: Timestamp,
) -> Result<ChunkSigner, Error> {
    insert_host(uri, headers)?;
    let timestamp = date::iso8601_basic(now);
    let payload = payload.to_string();
    headers.insert("x-amz-date", value(&timestamp)?);
    headers.insert("x-amz-content-sha256", value(&payload)?);
    let signed = signed_headers(headers, |name| {
        name == "host" || name.starts_with("x-amz-") || SIGNED_OPTIONALLY.contains(&name)
    });
    let query = Query::parse(uri.query())?;
    let scope = Scope { date: &timestamp[..8], region: credentials.region };
    let key = SigningKey::derive(credentials.secret_key, scope.date, scope.region);
    let path = canonical::path(uri.path())?;
    let canonical = canonical::request(&Request::new(method, uri, &query, headers), &path, &signed, &payload);
    let signature = canonical::signature(&key, &canonical, &timestamp, &scope);
    let authorization = format!(
        "{ALGORITHM} Credential={}/{},SignedHeaders={signed},Signature={}",
        credentials.access_key,
        scope.text(),
        hex::encode(signature)
    );
    headers.insert("authorization", value(&authorization)?);
    Ok(ChunkSigner::new(key, &timestamp, &scope.text(), signature))
}

fn insert_host(uri: &Uri, headers: &mut HeaderMap) -> Result<(), Error> {
    if headers.contains_key("host") {
        return Ok(());
    }
    match uri.authority() {
        Some(authority) => {
            headers.insert("host", value(authority.as_str())?);
            Ok(())
        }
        None => Err(Error::invalid_argument("A request needs a host to be signed", "host", "")),
    }
}

/// The path and query of a presigned URL, valid for `expires` seconds. Every header in `headers` is signed and must be
/// sent with the request; `host` is taken from the URI unless it exists. The body is not signed, unless
/// `x-amz-content-sha256` in the headers or in the query says otherwise.
///
/// # Errors
/// As [`sign`].
pub fn presign(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    credentials: Credentials<'_>,
    now: Timestamp,
    expires: u64,
) -> Result<String, Error> {
    let mut headers = headers.clone();
    insert_host(uri, &mut headers)?;
    let timestamp = date::iso8601_basic(now);
    let scope = Scope { date: &timestamp[..8], region: credentials.region };
    let signed = signed_headers(&headers, |_| true);
    let encode = |text: &str| String::from_utf8_lossy(&encoding::encode(text.as_bytes(), false)).into_owned();
    let raw = format!(
        "{}X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={timestamp}&X-Amz-Expires={expires}&X-Amz-SignedHeaders={}",
        uri.query().map(|query| format!("{query}&")).unwrap_or_default(),
        encode(&format!("{}/{}", credentials.access_key, scope.text())),
        encode(&signed),
    );
    let query = Query::parse(Some(&raw))?;
    let key = SigningKey::derive(credentials.secret_key, scope.date, scope.region);
    let path = canonical::path(uri.path())?;
    let request = Request { method, path: uri.path(), query: &query, headers: &headers };
    let payload = match Head::new(&headers, &query).text("x-amz-content-sha256")? {
        Some(text) => PayloadHash::parse(text)?,
        None => PayloadHash::Unsigned,
    };
    let canonical = canonical::request(&request, &path, &signed, &payload.to_string());
    let signature = hex::encode(canonical::signature(&key, &canonical, &timestamp, &scope));
    Ok(format!("{}?{raw}&{}={signature}", uri.path(), canonical::SIGNATURE_PARAMETER))
}
