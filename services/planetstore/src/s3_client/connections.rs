//! Connections to one store. One that has answered is used again.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The most connections that wait to be used again.
const IDLE_MAX: usize = 64;

/// What is sent: all in memory, or as it comes from elsewhere.
pub(super) type Body = UnsyncBoxBody<Bytes, anyhow::Error>;

/// A connection broke while an answer was awaited: whether the request was done is not known.
#[derive(Debug)]
pub(super) struct Broken(String);

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

pub(super) struct Connections {
    endpoint: String,
    authority: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Those that answered. One is ready again once its answer has been read.
    idle: Mutex<Vec<SendRequest<Body>>>,
}

impl Connections {
    /// Connections to the store at a URL of the form `https://HOST:PORT`.
    pub(super) fn to(url: &str, connector: Option<TlsConnector>) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url:?} is not a URL"))?;
        let (Some(authority), Some(scheme @ ("http" | "https"))) = (uri.authority(), uri.scheme_str()) else {
            bail!("{url:?} is not of the form http://HOST:PORT or https://HOST:PORT");
        };
        let (usual, tls) = if scheme == "https" {
            let connector = connector.with_context(|| {
                format!(
                    "the certificate of {url} is not known: pass the store's certificate or its authority with --ca"
                )
            })?;
            let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
            (443, Some((connector, ServerName::try_from(host).with_context(|| format!("{url:?} names no host"))?)))
        } else {
            (80, None)
        };
        let port = authority.port_u16().unwrap_or(usual);
        Ok(Self {
            endpoint: format!("{scheme}://{authority}"),
            authority: format!("{}:{port}", authority.host()),
            tls,
            idle: Mutex::default(),
        })
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) async fn send(&self, request: Request<Body>) -> anyhow::Result<Response<Incoming>> {
        let mut sender = match self.take() {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let broken = |error: hyper::Error| Broken(format!("the connection to {} broke: {error}", self.endpoint));
        let response = sender.send_request(request).await.map_err(broken)?;
        self.give_back(sender);
        Ok(response)
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

    async fn connect(&self) -> anyhow::Result<SendRequest<Body>> {
        let nobody = || format!("no store answers at {}", self.endpoint);
        let stream = TcpStream::connect(&self.authority).await.with_context(nobody)?;
        stream.set_nodelay(true).with_context(nobody)?;
        match &self.tls {
            None => self.over(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                self.over(stream.with_context(|| {
                    format!("the server at {} is not trusted: check --ca, and that it uses TLS", self.endpoint)
                })?)
                .await
            }
        }
    }

    async fn over<S>(&self, stream: S) -> anyhow::Result<SendRequest<Body>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .with_context(|| format!("no store answers at {}", self.endpoint))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
        Ok(sender)
    }
}
