//! A client for the console of a running store.

use std::path::{Path, PathBuf};
use std::time::Duration;

use admin::REQUEST_HEADER;
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use clap::Args;
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::TlsConnector;

use crate::credentials::{PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::folder::{DataArgs, Paths};
use crate::run_file::RunFile;
use crate::{banner, trust};

/// A running store, given by its data folder or by its console.
#[derive(Debug, Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Console URL of a store on another host [default: the store of the data folder]
    #[arg(long, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// PEM file of the certificate authorities to trust [default: the certificate of a store on this machine]
    #[arg(long, env = "PLANETSTORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// The longest response that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How long a response may take. Stopping a node waits for the requests it accepted.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);

/// How long the next line of a response of lines may take.
const LINE_TIME_MAX: Duration = Duration::from_secs(40);

/// The console of a running store.
pub(crate) struct ConsoleClient {
    authority: String,
    /// TLS and the expected name of the server, if TLS is used.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    credentials: Option<RootCredentials>,
}

impl ConsoleClient {
    /// Finds the store that uses a data folder, or the one at a URL.
    pub(crate) fn find(arguments: &ConsoleArgs) -> anyhow::Result<Self> {
        let paths = Paths::new(&arguments.data.data);
        match &arguments.url {
            Some(url) => {
                let own = paths.own_certificate();
                let own = own.is_file().then_some(own);
                let connector = connector(arguments.ca.as_deref(), own.as_deref())?;
                Self::at(url, connector, RootCredentials::find(&paths.credentials())?)
            }
            None => Self::running(&paths, arguments.ca.as_deref())?.with_context(|| {
                format!(
                    "no store runs on {}: start it, give its folder with --data or its console with --url",
                    paths.folder().display()
                )
            }),
        }
    }

    /// The store that uses a data folder, if it has recorded its address.
    pub(crate) fn of_folder(paths: &Paths) -> anyhow::Result<Option<Self>> {
        Self::running(paths, None)
    }

    fn running(paths: &Paths, authorities: Option<&Path>) -> anyhow::Result<Option<Self>> {
        let Some(run) = RunFile::read(&paths.run_file())? else { return Ok(None) };
        let credentials = RootCredentials::find(&paths.credentials())?;
        let connector = match &run.tls {
            Some(own) => connector(authorities, Some(own))?,
            None => None,
        };
        Self::at(&banner::url(run.console, run.tls.is_some()), connector, credentials).map(Some)
    }

    fn at(url: &str, connector: Option<TlsConnector>, credentials: Option<RootCredentials>) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url:?} is not a URL"))?;
        let (Some(authority), Some(scheme @ ("http" | "https"))) = (uri.authority(), uri.scheme_str()) else {
            bail!("{url:?} is not of the form http://HOST:PORT or https://HOST:PORT");
        };
        let (port, tls) = if scheme == "https" {
            let connector = connector.with_context(|| {
                format!(
                    "the certificate of {url} is not known: pass the store's certificate or its authority with --ca"
                )
            })?;
            let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
            let name = ServerName::try_from(host).with_context(|| format!("{url:?} names no host"))?;
            (443, Some((connector, name)))
        } else {
            (80, None)
        };
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { authority: format!("{}:{port}", authority.host()), tls, credentials })
    }

    /// Requests a document. Any status except success is an error.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let (status, body) = self.ask(Method::GET, path).await?;
        self.read(status, &body)
    }

    /// Requests a document, also with the status `503 Service Unavailable`.
    pub(crate) async fn get_any<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let (_, body) = self.ask(Method::GET, path).await?;
        serde_json::from_slice(&body)
            .with_context(|| format!("the response of {} is not the expected document", self.authority))
    }

    /// Begins something that answers with a document per line, and hands each on as it comes.
    pub(crate) async fn post_lines<T: DeserializeOwned>(
        &self,
        path: &str,
        mut on_line: impl FnMut(T),
    ) -> anyhow::Result<()> {
        let request = self.request(Method::POST, path, self.login()?.as_ref(), None)?;
        let refused = self.each_line(request, |line| {
            on_line(self.read(StatusCode::OK, line)?);
            Ok(())
        });
        match refused.await? {
            Some((status, body)) => self.read::<serde_json::Value>(status, &body).map(|_none| ()),
            None => Ok(()),
        }
    }

    /// Requests lines with an access token, and hands each on as it comes. Returns the status and the body of a refusal.
    ///
    /// # Errors
    /// If the response breaks off, and what `on_line` fails with.
    pub(crate) async fn follow(
        &self,
        path: &str,
        authorization: &HeaderValue,
        headers: HeaderMap,
        on_line: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<(StatusCode, Bytes)>> {
        let mut request = self.request(Method::GET, path, Some(authorization), None)?;
        request.headers_mut().extend(headers);
        self.each_line(request, on_line).await
    }

    /// Sends a request, and hands on each line of a response that is a success. Returns any other response.
    async fn each_line(
        &self,
        request: Request<Full<Bytes>>,
        mut on_line: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<(StatusCode, Bytes)>> {
        let answer = tokio::time::timeout(ANSWER_TIME_MAX, self.exchange(request)).await;
        let answer = answer.with_context(|| format!("the store at {} does not answer", self.authority))?;
        let (head, mut body, _connection) = answer?;
        let is_refused = !head.status.is_success();
        let mut lines = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(LINE_TIME_MAX, body.frame()).await;
            let frame = frame.with_context(|| format!("the store at {} stopped sending", self.authority))?;
            let Some(frame) = frame.transpose().map_err(|error| self.ended_early(&error))? else { break };
            let Ok(data) = frame.into_data() else { continue };
            lines.extend_from_slice(&data);
            if lines.len() > ANSWER_BYTES_MAX {
                bail!("the response of {} has a line that is too long", self.authority);
            }
            while let Some(end) = lines.iter().position(|byte| *byte == b'\n' && !is_refused) {
                on_line(&lines.split_to(end + 1))?;
            }
        }
        Ok(is_refused.then(|| (head.status, lines.freeze())))
    }

    /// Sends a request that changes something.
    pub(crate) async fn post(&self, path: &str) -> anyhow::Result<()> {
        self.post_for::<serde_json::Value>(path).await.map(|_done| ())
    }

    /// Sends a request that changes something, and reads what is so then.
    pub(crate) async fn post_for<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let (status, body) = self.ask(Method::POST, path).await?;
        self.read(status, &body)
    }

    fn read<T: DeserializeOwned>(&self, status: StatusCode, body: &[u8]) -> anyhow::Result<T> {
        #[derive(Deserialize)]
        struct Refusal {
            message: String,
        }
        if status.is_success() {
            let read = serde_json::from_slice(body);
            return read.with_context(|| format!("the response of {} is not the expected document", self.authority));
        }
        if status == StatusCode::UNAUTHORIZED {
            bail!(
                "the store at {} does not accept these credentials: set {USER_ENV} and {PASSWORD_ENV} to those \
                 it was started with",
                self.authority
            );
        }
        match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) => bail!("{}", refusal.message),
            Err(_) => bail!("the store at {} answers {status}", self.authority),
        }
    }

    /// The console's host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    async fn ask(&self, method: Method, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let (status, _, body) = self.send(method, path, self.login()?.as_ref(), None).await?;
        Ok((status, body))
    }

    /// The credentials, as an `Authorization` header has them.
    fn login(&self) -> anyhow::Result<Option<HeaderValue>> {
        let login = self.credentials.as_ref().map(|credentials| {
            let login = STANDARD.encode(format!("{}:{}", credentials.user, credentials.password.expose()));
            HeaderValue::try_from(format!("Basic {login}"))
        });
        Ok(login.transpose()?)
    }

    /// Sends a request, with an `Authorization` header and a JSON document if given.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&HeaderValue>,
        document: Option<String>,
    ) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
        let request = self.request(method, path, authorization, document)?;
        let answer = async {
            let (head, body, _connection) = self.exchange(request).await?;
            let body =
                Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| self.ended_early(&error))?;
            Ok((head.status, head.headers, body.to_bytes()))
        };
        let answer = tokio::time::timeout(ANSWER_TIME_MAX, answer).await;
        answer.with_context(|| format!("the store at {} does not answer", self.authority))?
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        authorization: Option<&HeaderValue>,
        document: Option<String>,
    ) -> anyhow::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(REQUEST_HEADER, "1")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(document.unwrap_or_default())))?;
        if let Some(authorization) = authorization {
            let mut value = authorization.clone();
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }

    fn ended_early(&self, error: &dyn std::fmt::Display) -> anyhow::Error {
        anyhow::anyhow!("the response of {} ended early: {error}", self.authority)
    }

    /// Sends a request, and returns the beginning of the response. The connection lasts as long as what is returned last.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> anyhow::Result<(Parts, Incoming, ConnectionTask)> {
        let nobody = || format!("no store answers at {}; it may have been killed", self.authority);
        let stream = TcpStream::connect(&self.authority).await.with_context(nobody)?;
        match &self.tls {
            None => self.exchange_over(stream, request).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await;
                let stream = stream.with_context(|| {
                    format!("the server at {} is not trusted: check --ca, and that the server uses TLS", self.authority)
                })?;
                self.exchange_over(stream, request).await
            }
        }
    }

    async fn exchange_over<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> anyhow::Result<(Parts, Incoming, ConnectionTask)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let nobody = || format!("no store answers at {}; it may have been killed", self.authority);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.with_context(nobody)?;
        let connection = ConnectionTask(tokio::spawn(connection).abort_handle());
        let (head, body) = sender.send_request(request).await.with_context(nobody)?.into_parts();
        Ok((head, body, connection))
    }
}

/// A task that carries a connection, until this is dropped.
struct ConnectionTask(AbortHandle);

impl Drop for ConnectionTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The certificates to trust: the given authorities, else the certificate of the store on this machine.
fn connector(authorities: Option<&Path>, own: Option<&Path>) -> anyhow::Result<Option<TlsConnector>> {
    match (authorities, own) {
        (Some(file), _) => trust::authorities(file).map(Some),
        (None, Some(file)) => trust::only(file).map(Some),
        (None, None) => Ok(None),
    }
}

/// The path of `/readyz`.
pub(crate) const READY_PATH: &str = "/readyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_http_are_taken_and_those_of_https_with_somebody_to_trust() {
        let at = |url| ConsoleClient::at(url, None, None).map(|client| client.authority);
        assert_eq!(at("http://127.0.0.1:9001").unwrap(), "127.0.0.1:9001");
        assert_eq!(at("http://[::1]/").unwrap(), "[::1]:80");
        for wrong in ["https://host", "ftp://host", "host:9001", "", "http://"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
