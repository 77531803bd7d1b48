//! A client for S3: what the commands about objects send.
//!
//! Every body that it sends is in memory and signed with its hash, so what arrives is what was meant. Large objects are
//! sent in parts. A request that failed for a reason that passes is sent again.
//!
//! # Layout
//! - `connections`: open connections to one store; `answer`: what came back
//! - `target`: which store, and as whom

mod answer;
mod connections;
mod target;

use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use identity::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use s3::sigv4::{self, Credentials, PayloadHash};
use sha2::{Digest, Sha256};

pub(crate) use answer::{Answer, RefusedByS3};
use connections::Connections;
pub(crate) use target::{Context as StoreContext, Contexts, Endpoint, TargetArgs, USUAL_FOLDER};

use crate::sources::sources;

/// What is encoded in a path.
///
/// Source: "Signature Version 4", Amazon S3 API Reference, `UriEncode`.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What is encoded in a query.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How often a request is sent that fails for a reason that passes.
const TRIES_MAX: u32 = 5;

/// How long it waits before the second try; it doubles with each.
const WAIT: Duration = Duration::from_millis(200);

/// How long a store may take until it begins to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(2);

/// The fewest bytes a second at which a body is passed on.
const RATE_MIN: u64 = 128 << 10;

/// A store, with the key of a user.
pub(crate) struct S3Client {
    connections: Connections,
    access_key: String,
    secret_key: Secret,
    region: String,
}

/// A request that is not signed yet.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    bucket: Option<String>,
    key: Option<Vec<u8>>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// A request about the store.
    pub(crate) fn to_store(method: Method) -> Self {
        let (query, headers) = (Vec::new(), HeaderMap::new());
        Self { method, bucket: None, key: None, query, headers, body: Bytes::new() }
    }

    /// A request about a bucket.
    pub(crate) fn to_bucket(method: Method, bucket: &str) -> Self {
        Self { bucket: Some(bucket.to_owned()), ..Self::to_store(method) }
    }

    /// A request about an object.
    pub(crate) fn to_object(method: Method, bucket: &str, key: &[u8]) -> Self {
        Self { key: Some(key.to_vec()), ..Self::to_bucket(method, bucket) }
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a parameter if there is a value for it.
    pub(crate) fn query_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> anyhow::Result<Self> {
        let name: HeaderName = name.parse().with_context(|| format!("{name:?} is not a valid header name"))?;
        let value = HeaderValue::from_str(value).with_context(|| format!("{value:?} is not a valid header value"))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// A header whose value came from a store.
    pub(crate) fn header_value(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// A document of S3, with the checksum that S3 wants of some.
    pub(crate) fn document(self, document: impl Into<String>) -> anyhow::Result<Self> {
        let document: String = document.into();
        let sum = STANDARD.encode(Sha256::digest(&document));
        Ok(self.header("x-amz-checksum-sha256", &sum)?.body(document))
    }

    /// The path and query, as they are signed and sent.
    fn path(&self) -> String {
        let bucket = self.bucket.as_deref().unwrap_or_default();
        let mut path = format!("/{}", percent_encode(bucket.as_bytes(), IN_QUERY));
        if let Some(key) = &self.key {
            path = format!("{path}/{}", percent_encode(key, IN_PATH));
        }
        let encoded = |text: &str| percent_encode(text.as_bytes(), IN_QUERY).to_string();
        let pairs = self.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let query = pairs.collect::<Vec<_>>().join("&");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }
}

impl S3Client {
    /// Sends a request, and returns the beginning of the answer, if it is a success.
    ///
    /// # Errors
    /// [`RefusedByS3`] with the words of the store, and why no answer came.
    pub(crate) async fn send(&self, call: &Call) -> anyhow::Result<Answer> {
        let mut wait = WAIT;
        for _ in 1..TRIES_MAX {
            match self.try_send(call).await {
                Ok(answer) if is_passing(answer.status()) => {}
                Ok(answer) => return answer.checked().await,
                Err(error) if error.is::<connections::Broken>() => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.try_send(call).await?.checked().await
    }

    /// Sends a request once more only if the store said that it did not do it. If the connection breaks, the caller has to
    /// find out whether it was done.
    pub(crate) async fn send_once(&self, call: &Call) -> anyhow::Result<Answer> {
        let mut wait = WAIT;
        for _ in 1..TRIES_MAX {
            let answer = self.try_send(call).await?;
            if answer.status() != StatusCode::SERVICE_UNAVAILABLE && answer.status() != StatusCode::TOO_MANY_REQUESTS {
                return answer.checked().await;
            }
            tokio::time::sleep(wait).await;
            wait *= 2;
        }
        self.try_send(call).await?.checked().await
    }

    /// Sends a request once, with a body of so many bytes that is read while it is sent. Its bytes are not signed.
    pub(crate) async fn send_stream(
        &self,
        call: &Call,
        length: u64,
        body: UnsyncBoxBody<Bytes, anyhow::Error>,
    ) -> anyhow::Result<Answer> {
        let (mut request, path) = (Request::new(body), call.path());
        *request.headers_mut() = self.signed(call, &path, PayloadHash::Unsigned)?;
        request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = path.parse().context("the key cannot be part of a URL")?;
        let time = ANSWER_TIME_MAX + Duration::from_secs(length / RATE_MIN);
        let answer = tokio::time::timeout(time, self.connections.send(request)).await;
        let answer = answer.with_context(|| format!("{} takes too long", self.connections.endpoint()))??;
        Answer::new(answer).checked().await
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> &str {
        self.connections.endpoint()
    }

    /// A URL that allows a request for some seconds, to whoever has it.
    pub(crate) fn presign(&self, call: &Call, seconds: u64) -> anyhow::Result<String> {
        let endpoint = self.connections.endpoint();
        let uri: Uri = format!("{endpoint}{}", call.path()).parse().context("the key cannot be part of a URL")?;
        let now = (sources().now)();
        let signed = sigv4::presign(&call.method, &uri, &call.headers, self.credentials(), now, seconds);
        Ok(format!("{endpoint}{}", signed.map_err(|error| anyhow::anyhow!(error.message().to_owned()))?))
    }

    async fn try_send(&self, call: &Call) -> anyhow::Result<Answer> {
        let payload = PayloadHash::Signed(Sha256::digest(&call.body).into());
        let (body, path) = (Full::new(call.body.clone()), call.path());
        let mut request = Request::new(body.map_err(|never| match never {}).boxed_unsync());
        *request.headers_mut() = self.signed(call, &path, payload)?;
        request.headers_mut().insert(header::CONTENT_LENGTH, call.body.len().into());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = path.parse().context("the key cannot be part of a URL")?;
        let answer = tokio::time::timeout(ANSWER_TIME_MAX, self.connections.send(request)).await;
        Ok(Answer::new(answer.with_context(|| format!("{} does not answer", self.connections.endpoint()))??))
    }

    /// The headers of a request with its signature.
    fn signed(&self, call: &Call, path: &str, payload: PayloadHash) -> anyhow::Result<HeaderMap> {
        let uri: Uri =
            format!("{}{path}", self.connections.endpoint()).parse().context("the key cannot be part of a URL")?;
        let mut headers = call.headers.clone();
        sigv4::sign(&call.method, &uri, &mut headers, payload, self.credentials(), (sources().now)())
            .map_err(|error| anyhow::anyhow!(error.message().to_owned()))?;
        Ok(headers)
    }

    fn credentials(&self) -> Credentials<'_> {
        Credentials { access_key: &self.access_key, secret_key: self.secret_key.expose(), region: &self.region }
    }
}

/// Whether a failure may be gone in a moment.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_once_and_slashes_of_keys_stay() {
        let call =
            Call::to_object(Method::GET, "photos", b"a/b c?\xff").query("versionId", "x+y/z").query("tagging", "");
        assert_eq!(call.path(), "/photos/a/b%20c%3F%FF?versionId=x%2By%2Fz&tagging=");
        assert_eq!(Call::to_store(Method::GET).path(), "/");
        assert_eq!(Call::to_bucket(Method::GET, "photos").query_if("prefix", None).path(), "/photos");
    }
}
