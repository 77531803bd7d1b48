//! Requests to the S3 address of another region.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::Url;
use events::ids::BucketName;
use events::replica::{Comparison, Differing, HEADER};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use http::header::{CONTENT_LENGTH, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use identity::Secret;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use s3::sigv4::{self, Credentials, PayloadHash};
use s3::xml::ReadAnswer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::failure::Failure;
use crate::sent::Written;

/// How long it may take to connect and to agree on TLS.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// How long the other region may take for a change without bytes.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(1);

/// The fewest bytes a second at which bytes are passed on.
const RATE_MIN: u64 = 16 << 10;

/// Connections that wait to be used again.
const IDLE_MAX: usize = 32;

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 250;

// A character has up to four bytes.
const _: () = assert!(REASON_CHARS_MAX * 4 <= domain::REPLICATION_REASON_BYTES_MAX);

const AGENT: &str = concat!("planetstore/", env!("CARGO_PKG_VERSION"));

/// What comes while it is sent, or why that ended.
type Unread = Box<dyn std::error::Error + Send + Sync>;

type Body = UnsyncBoxBody<Bytes, Unread>;

/// The bytes of a request.
pub(crate) enum Payload {
    /// In memory.
    Whole(Bytes),
    /// As they are read, with their number, and their SHA-256 if it is known.
    Streamed { length: u64, sha256: Option<[u8; 32]>, bytes: BoxStream<'static, Result<Bytes, Unread>> },
}

/// The S3 address of another region.
pub(crate) struct Client {
    url: Url,
    region: String,
    access_key: String,
    secret_key: Secret,
    tls: TlsConnector,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Client {
    pub(crate) fn new(url: Url, region: String, (access_key, secret_key): (String, Secret), tls: TlsConnector) -> Self {
        Self { url, region, access_key, secret_key, tls, idle: Mutex::default() }
    }

    /// Sends a change, once.
    pub(crate) async fn send(&self, sent: &Written, payload: Payload, now: Timestamp) -> Result<(), Failure> {
        let (length, hash, body) = match payload {
            Payload::Whole(bytes) => {
                let hash = PayloadHash::Signed(sha256(&bytes));
                let body = Full::new(bytes.clone()).map_err(|never| match never {}).boxed_unsync();
                (bytes.len() as u64, hash, body)
            }
            Payload::Streamed { length, sha256, bytes } => {
                let hash = sha256.map_or(PayloadHash::Unsigned, PayloadHash::Signed);
                (length, hash, StreamBody::new(bytes.map_ok(Frame::data)).boxed_unsync())
            }
        };
        let mut headers = HeaderMap::new();
        let header = HeaderValue::from_str(&sent.header).map_err(|error| unwritten(&error))?;
        headers.insert(HEADER, header);
        let request = self.request((Method::PUT, &sent.path, headers), (length, hash), body, now)?;
        self.ask(request, ANSWER_TIME_MAX + Duration::from_secs(length / RATE_MIN)).await.map(|_| ())
    }

    /// Asks which versions a bucket lacks, or has in another state. Returns their places in the comparison.
    pub(crate) async fn compare(
        &self,
        bucket: &BucketName,
        comparison: &Comparison,
        now: Timestamp,
    ) -> Result<Vec<usize>, Failure> {
        let bytes = Bytes::from(serde_json::to_vec(comparison).map_err(|error| unwritten(&error))?);
        let (length, hash) = (bytes.len() as u64, PayloadHash::Signed(sha256(&bytes)));
        let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        let head = (Method::POST, bucket.as_str(), HeaderMap::new());
        let answer = self.ask(self.request(head, (length, hash), body, now)?, ANSWER_TIME_MAX).await?;
        let answer: Differing = serde_json::from_slice(&answer)
            .map_err(|error| Failure::region(format!("the answer to a comparison cannot be read: {error}")))?;
        Ok(answer.versions)
    }

    /// Sends changes of users, keys, groups and policies.
    pub(crate) async fn send_identities(&self, body: Bytes, now: Timestamp) -> Result<(), Failure> {
        let (length, hash) = (body.len() as u64, PayloadHash::Signed(sha256(&body)));
        let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
        let request = self.request((Method::POST, "", HeaderMap::new()), (length, hash), body, now)?;
        self.ask(request, ANSWER_TIME_MAX).await.map(|_| ())
    }

    /// Sends a request, and returns the body of an answer that is no error.
    async fn ask(&self, request: Request<Body>, time: Duration) -> Result<Bytes, Failure> {
        let answered = timeout(time, async {
            let mut sender = match self.take() {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|error| broke(&error))?;
            let verdict = verdict(answer).await?;
            self.give_back(sender);
            Ok::<_, Failure>(verdict)
        });
        answered.await.map_err(|_| Failure::region(format!("no answer within {} s", time.as_secs())))??
    }

    fn request(
        &self,
        (method, resource, mut headers): (Method, &str, HeaderMap),
        (length, hash): (u64, PayloadHash),
        body: Body,
        now: Timestamp,
    ) -> Result<Request<Body>, Failure> {
        let scheme = if self.url.is_tls { "https" } else { "http" };
        let path = format!("/{resource}?replicate");
        let uri =
            format!("{scheme}://{}{path}", self.url.authority).parse::<Uri>().map_err(|error| unwritten(&error))?;
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let (access_key, secret_key) = (self.access_key.as_str(), self.secret_key.expose());
        let credentials = Credentials { access_key, secret_key, region: &self.region };
        sigv4::sign(&method, &uri, &mut headers, hash, credentials, now)
            .map_err(|error| unwritten(&error.message()))?;
        headers.insert(CONTENT_LENGTH, length.into());
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.parse::<Uri>().map_err(|error| unwritten(&error))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn take(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|sender| !sender.is_closed());
        let ready = idle.iter().position(SendRequest::is_ready)?;
        Some(idle.swap_remove(ready))
    }

    fn give_back(&self, sender: SendRequest<Body>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(sender);
        }
    }

    async fn connect(&self) -> Result<SendRequest<Body>, Failure> {
        let slow = || Failure::region(format!("no connection within {} s", CONNECT_TIME_MAX.as_secs()));
        timeout(CONNECT_TIME_MAX, async {
            let nobody = |error| Failure::region(format!("{} cannot be reached: {error}", self.url.authority));
            let stream = TcpStream::connect((self.url.host.as_str(), self.url.port)).await.map_err(nobody)?;
            stream.set_nodelay(true).map_err(nobody)?;
            if !self.url.is_tls {
                return over(stream).await;
            }
            let name = ServerName::try_from(self.url.host.clone());
            let name = name.map_err(|error| Failure::region(format!("its name is none of TLS: {error}")))?;
            let stream = self.tls.connect(name, stream).await;
            over(stream.map_err(|error| Failure::region(format!("it is not trusted over TLS: {error}")))?).await
        })
        .await
        .map_err(|_| slow())?
    }
}

async fn over<S>(stream: S) -> Result<SendRequest<Body>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = shaken.map_err(|error| Failure::region(format!("the answer is not HTTP: {error}")))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to another region ended");
        }
    });
    Ok(sender)
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

/// Bytes that could not be read while they were sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreadable(String);

/// Why a request has no answer: its connection broke, or its bytes could not be read here.
fn broke(error: &hyper::Error) -> Failure {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(unreadable) = cause.downcast_ref::<Unreadable>() {
            return Failure::Unreadable(unreadable.to_string());
        }
        source = cause.source();
    }
    Failure::region(format!("the connection broke: {error}"))
}

fn unwritten(error: &dyn std::fmt::Display) -> Failure {
    Failure::Refused(format!("the request cannot be written: {error}"))
}

/// Reads an answer whole. The outer error is that it cannot be read, so that its connection is of no more use.
async fn verdict(answer: Response<Incoming>) -> Result<Result<Bytes, Failure>, Failure> {
    let status = answer.status();
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| Failure::region(format!("the answer broke off: {error}")))?.to_bytes();
    if status.is_success() {
        return Ok(Ok(body));
    }
    let read = ReadAnswer::parse(&body, "Error", &[]).unwrap_or_default();
    let code = read.field("Code").unwrap_or_default();
    let message = read.field("Message").unwrap_or_default();
    let why: String = format!("{status}: {code}: {message}").chars().take(REASON_CHARS_MAX).collect();
    Ok(Err(judge(status, code, why, after.map(Duration::from_secs))))
}

/// What an answer is about: the change, its bucket, or the region.
fn judge(status: StatusCode, code: &str, why: String, after: Option<Duration>) -> Failure {
    match status {
        StatusCode::NOT_FOUND if matches!(code, "NoSuchKey" | "NoSuchVersion") => Failure::VersionWanted(why),
        StatusCode::PRECONDITION_REQUIRED => Failure::BytesWanted,
        StatusCode::FORBIDDEN
            if matches!(code, "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed") =>
        {
            Failure::Region { why, after }
        }
        StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Failure::Bucket(why),
        // The bytes came too slowly, or not all of them.
        StatusCode::BAD_REQUEST if matches!(code, "RequestTimeout" | "IncompleteBody") => {
            Failure::Region { why, after }
        }
        // The region has another name than the link says.
        StatusCode::BAD_REQUEST if code == "AuthorizationHeaderMalformed" => Failure::Region { why, after },
        StatusCode::CONFLICT => Failure::Refused(why),
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY
        | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Failure::Invalid(why),
        _ => Failure::Region { why, after },
    }
}

/// A stream of bytes whose errors say why they ended.
pub(crate) fn streamed<E>(
    bytes: impl futures_util::Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> BoxStream<'static, Result<Bytes, Unread>>
where
    E: std::error::Error + Send + Sync + 'static,
{
    bytes.map_err(|error| Box::new(Unreadable(format!("its bytes cannot be read: {error}"))) as Unread).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_about_the_change_its_bucket_or_the_region() {
        let judged = |status: u16, code: &str| judge(StatusCode::from_u16(status).unwrap(), code, "w".into(), None);
        assert!(matches!(judged(409, "InvalidBucketState"), Failure::Refused(_)));
        for (status, code) in [(400, "InvalidRequest"), (413, "")] {
            assert!(matches!(judged(status, code), Failure::Invalid(_)), "{status} {code}");
        }
        for (status, code) in [(404, "NoSuchBucket"), (403, "AccessDenied")] {
            assert!(matches!(judged(status, code), Failure::Bucket(_)), "{status} {code}");
        }
        for (status, code) in [
            (400, "RequestTimeout"),
            (400, "IncompleteBody"),
            (400, "AuthorizationHeaderMalformed"),
            (503, "SlowDown"),
            (500, ""),
            (429, ""),
            (501, "NotImplemented"),
            (302, ""),
            (401, ""),
        ] {
            assert!(matches!(judged(status, code), Failure::Region { .. }), "{status} {code}");
        }
        assert_eq!(judged(428, "ReplicaBodyNeeded"), Failure::BytesWanted);
        assert!(matches!(judged(404, "NoSuchVersion"), Failure::VersionWanted(_)));
        assert!(matches!(judged(403, "InvalidAccessKeyId"), Failure::Region { .. }));
    }
}
