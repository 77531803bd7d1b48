//! Asking a running store through its console.

use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::banner;
use crate::cli::ConsoleArgs;
use crate::console::REQUEST_HEADER;
use crate::credentials::{PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::folder::Paths;
use crate::run_file::RunFile;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// How long an answer may take. Stopping a node waits for what it accepted.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);

/// The console of a running store.
pub(crate) struct ConsoleClient {
    authority: String,
    credentials: Option<RootCredentials>,
}

impl ConsoleClient {
    /// Finds the store that uses a data folder, or the one at a URL.
    pub(crate) fn find(arguments: &ConsoleArgs) -> anyhow::Result<Self> {
        let paths = Paths::new(&arguments.data.data);
        match &arguments.url {
            Some(url) => Self::at(url, RootCredentials::find(&paths.credentials())?),
            None => Self::of_folder(&paths)?.with_context(|| {
                format!(
                    "no store runs on {}: start it, give its folder with --data or its console with --url",
                    paths.folder().display()
                )
            }),
        }
    }

    /// The store that uses a data folder, if it says where it is.
    pub(crate) fn of_folder(paths: &Paths) -> anyhow::Result<Option<Self>> {
        let Some(run) = RunFile::read(&paths.run_file())? else { return Ok(None) };
        let credentials = RootCredentials::find(&paths.credentials())?;
        Self::at(&banner::url(run.console), credentials).map(Some)
    }

    fn at(url: &str, credentials: Option<RootCredentials>) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("{url:?} is no URL"))?;
        let Some(authority) = uri.authority().filter(|_| uri.scheme_str() == Some("http")) else {
            bail!("{url:?} is not of the form http://HOST:PORT");
        };
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { authority: format!("{}:{port}", authority.host()), credentials })
    }

    /// Asks for a document. The status is handed on only if the caller wants documents of all of them.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let (status, body) = self.ask(Method::GET, path).await?;
        self.read(status, &body)
    }

    /// Asks for a document that comes with `503 Service Unavailable` as well.
    pub(crate) async fn get_any<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let (_, body) = self.ask(Method::GET, path).await?;
        serde_json::from_slice(&body).with_context(|| format!("the answer of {} is no such document", self.authority))
    }

    /// Asks for something to be done.
    pub(crate) async fn post(&self, path: &str) -> anyhow::Result<()> {
        let (status, body) = self.ask(Method::POST, path).await?;
        self.read::<serde_json::Value>(status, &body).map(|_done| ())
    }

    fn read<T: DeserializeOwned>(&self, status: StatusCode, body: &[u8]) -> anyhow::Result<T> {
        #[derive(Deserialize)]
        struct Refusal {
            error: String,
        }
        if status.is_success() {
            let read = serde_json::from_slice(body);
            return read.with_context(|| format!("the answer of {} is no such document", self.authority));
        }
        if status == StatusCode::UNAUTHORIZED {
            bail!(
                "the store at {} does not accept these credentials: set {USER_ENV} and {PASSWORD_ENV} to those \
                 it was started with",
                self.authority
            );
        }
        match serde_json::from_slice::<Refusal>(body) {
            Ok(refusal) => bail!("{}", refusal.error),
            Err(_) => bail!("the store at {} answers {status}", self.authority),
        }
    }

    async fn ask(&self, method: Method, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let answer = tokio::time::timeout(ANSWER_TIME_MAX, self.exchange(method, path)).await;
        answer.with_context(|| format!("the store at {} does not answer", self.authority))?
    }

    async fn exchange(&self, method: Method, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        let nobody = || format!("no store answers at {}; it may have been killed", self.authority);
        let stream = TcpStream::connect(&self.authority).await.with_context(nobody)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.with_context(nobody)?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority)
            .header(REQUEST_HEADER, "1")
            .body(Empty::<Bytes>::new())?;
        if let Some(credentials) = &self.credentials {
            let login = STANDARD.encode(format!("{}:{}", credentials.user, credentials.password));
            let mut value = HeaderValue::try_from(format!("Basic {login}"))?;
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let response = sender.send_request(request).await.with_context(nobody)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        connection.abort();
        let body = body.map_err(|error| anyhow::anyhow!("the answer of {} broke off: {error}", self.authority))?;
        Ok((status, body.to_bytes()))
    }
}

/// The path of `/readyz`.
pub(crate) const READY_PATH: &str = "/readyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_addresses_are_taken() {
        let at = |url| ConsoleClient::at(url, None).map(|client| client.authority);
        assert_eq!(at("http://127.0.0.1:9001").unwrap(), "127.0.0.1:9001");
        assert_eq!(at("http://[::1]/").unwrap(), "[::1]:80");
        for wrong in ["https://host", "host:9001", "", "http://"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
