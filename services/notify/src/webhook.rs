//! Requests to a webhook: one connection to an address that was checked, no redirect, and no more of an answer than
//! a little.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::Url;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use identity::Secret;
use jiff::Timestamp;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::dns::Resolve;
use crate::failure::Failure;
use crate::inside::is_inside;
use crate::message::Message;
use crate::signature;

/// How long it may take to find the host, to connect and to agree on TLS.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a request may take from its first byte to the end of its answer.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Addresses of a host that are tried.
const ADDRESSES_MAX: usize = 4;

/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Headers of an answer.
const HEADERS_MAX: usize = 64;

/// Bytes of the body of an answer that are read, and thrown away, so that the connection can be used again.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Connections that wait for the next request.
const IDLE_MAX: usize = 8;

const AGENT: &str = concat!("planetstore/", env!("CARGO_PKG_VERSION"));

/// What all webhooks share.
pub(crate) struct Outside {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) tls: Arc<ClientConfig>,
    /// Whether addresses inside may be reached.
    pub(crate) allow_inside: bool,
}

/// An endpoint that receives events.
pub(crate) struct Webhook {
    url: Url,
    key: Option<Secret>,
    outside: Arc<Outside>,
    idle: Mutex<Vec<Connection>>,
}

/// Reads and writes: TLS or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection, which ends with this.
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Why a request was not answered.
enum Broken {
    /// The connection was closed meanwhile, as servers do with those that wait: another one may work.
    Closed,
    Failed(Failure),
}

impl Webhook {
    pub(crate) fn new(url: Url, key: Option<Secret>, outside: Arc<Outside>) -> Self {
        Self { url, key, outside, idle: Mutex::default() }
    }

    /// Sends a message, and reads the answer.
    pub(crate) async fn send(&self, message: &Message, now: Timestamp) -> Result<(), Failure> {
        let request = || self.request(message, now);
        if let Some(connection) = self.waiting() {
            match self.exchange(connection, request()?).await {
                Err(Broken::Closed) => {}
                Err(Broken::Failed(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
        }
        let connection = timeout(CONNECT_TIME_MAX, self.connect()).await;
        let connection = connection
            .map_err(|_| Failure::unavailable(format!("no connection within {} s", CONNECT_TIME_MAX.as_secs())))??;
        match self.exchange(connection, request()?).await {
            Ok(()) => Ok(()),
            Err(Broken::Failed(failure)) => Err(failure),
            Err(Broken::Closed) => Err(Failure::unavailable("the connection was closed before an answer")),
        }
    }

    fn waiting(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.sender.is_closed());
        idle.pop()
    }

    fn request(&self, message: &Message, now: Timestamp) -> Result<Request<Full<Bytes>>, Failure> {
        let bad = |error: http::Error| Failure::Refused(format!("the request cannot be written: {error}"));
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.url.path)
            .header(HOST, &self.url.authority)
            .header(USER_AGENT, AGENT)
            .header(CONTENT_TYPE, message.content_type)
            .header(CONTENT_LENGTH, message.body.len());
        let mut request = request.body(Full::new(message.body.clone())).map_err(bad)?;
        for (name, value) in &message.headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|error| bad(error.into()))?;
            let value = HeaderValue::try_from(value.as_str()).map_err(|error| bad(error.into()))?;
            request.headers_mut().insert(name, value);
        }
        if let Some(key) = &self.key {
            let signed = signature::headers(key, &message.id, now.as_second(), &message.body);
            let signed = signed.ok_or_else(|| Failure::unavailable("the target's key cannot sign: give it another"))?;
            request.headers_mut().extend(signed);
        }
        Ok(request)
    }

    /// Sends a request over a connection, which is kept if it can be used again.
    async fn exchange(&self, mut connection: Connection, request: Request<Full<Bytes>>) -> Result<(), Broken> {
        let exchanged = timeout(REQUEST_TIME_MAX, async {
            connection.sender.ready().await.map_err(|_| Broken::Closed)?;
            let answer = connection.sender.send_request(request).await.map_err(|error| {
                let is_closed = error.is_canceled() || error.is_closed() || error.is_incomplete_message();
                if is_closed { Broken::Closed } else { Broken::Failed(malformed(&error)) }
            })?;
            let verdict = verdict(&answer);
            let is_read = drain(answer).await;
            Ok((verdict, is_read))
        });
        let slow = || Failure::unavailable(format!("no answer within {} s", REQUEST_TIME_MAX.as_secs()));
        let (verdict, is_read) = exchanged.await.map_err(|_| Broken::Failed(slow()))??;
        if is_read {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE_MAX {
                idle.push(connection);
            }
        }
        verdict.map_err(Broken::Failed)
    }

    /// Connects to an address that was checked: the host is looked up once, and nothing else is asked where it is.
    async fn connect(&self) -> Result<Connection, Failure> {
        let Url { host, port, is_tls, .. } = &self.url;
        let found = self.outside.resolver.resolve(host, *port).await;
        let found = found.map_err(|error| Failure::unavailable(format!("{host} is not found: {error}")))?;
        if found.is_empty() {
            return Err(Failure::unavailable(format!("{host} has no address")));
        }
        if !self.outside.allow_inside
            && let Some(inside) = found.iter().find(|address| is_inside(address.ip()))
        {
            return Err(Failure::unavailable(format!(
                "{host} is the address {} inside, which only --allow-internal-targets allows",
                inside.ip()
            )));
        }
        let stream = connect(&found).await?;
        // Small requests wait for nothing.
        let _delayed = stream.set_nodelay(true);
        if !is_tls {
            return shake(Box::new(stream)).await;
        }
        let name = ServerName::try_from(host.clone());
        let name = name.map_err(|_| Failure::unavailable(format!("{host} is no name of a certificate")))?;
        let stream = TlsConnector::from(Arc::clone(&self.outside.tls)).connect(name, stream).await;
        shake(Box::new(stream.map_err(|error| Failure::unavailable(format!("TLS with {host} failed: {error}")))?)).await
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    let mut why = Failure::unavailable("there is no address");
    for address in addresses.iter().take(ADDRESSES_MAX) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = Failure::unavailable(format!("{address} cannot be reached: {error}")),
        }
    }
    Err(why)
}

async fn shake(stream: Box<dyn Stream>) -> Result<Connection, Failure> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX);
    let shaken = builder.handshake(TokioIo::new(stream)).await;
    let (sender, driver) = shaken.map_err(|error| malformed(&error))?;
    let driver = tokio::spawn(async move {
        if let Err(error) = driver.await {
            tracing::debug!(%error, "a connection to a webhook ended");
        }
    });
    Ok(Connection { sender, driver: driver.abort_handle() })
}

fn malformed(error: &hyper::Error) -> Failure {
    Failure::unavailable(format!("the answer is not HTTP: {error}"))
}

/// What an answer says of the event.
fn verdict(answer: &Response<Incoming>) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let why = format!("the answer was {status}");
    if is_about_the_event(status) {
        return Err(Failure::Refused(why));
    }
    let why = if status.is_redirection() { format!("{why}, and redirects are not followed") } else { why };
    let after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Err(Failure::Unavailable { why, after: after.map(Duration::from_secs) })
}

/// Whether a status is about what was sent. Every other one would be the answer to any event: the URL is wrong, or
/// somebody has to log in, or the service is not well.
fn is_about_the_event(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    )
}

/// Reads the body of an answer. Returns whether that was all of it.
async fn drain(answer: Response<Incoming>) -> bool {
    let mut body = Limited::new(answer.into_body(), BODY_BYTES_MAX);
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}
