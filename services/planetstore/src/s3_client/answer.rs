use std::fmt;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use s3::xml::ReadAnswer;

/// The longest document that is read, in bytes: a page of a thousand of the longest keys.
const DOCUMENT_BYTES_MAX: usize = 4 << 20;

/// How long a store may take until it goes on with a body.
const FRAME_TIME_MAX: Duration = Duration::from_mins(2);

/// What a store answered.
pub(crate) struct Answer(Response<Incoming>);

/// A store refused something, and said why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedByS3 {
    pub(crate) status: StatusCode,
    /// The code of S3; empty if the answer had no document, as those to HEAD.
    pub(crate) code: String,
    message: String,
}

impl fmt::Display for RefusedByS3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.is_empty(), self.message.is_empty()) {
            (true, _) => write!(f, "the store answered {}", self.status),
            (false, true) => write!(f, "the store refused it: {}", self.code),
            (false, false) => write!(f, "{} ({})", self.message, self.code),
        }
    }
}

impl std::error::Error for RefusedByS3 {}

impl RefusedByS3 {
    /// Whether an error is a refusal with this code.
    pub(crate) fn has_code(error: &anyhow::Error, code: &str) -> bool {
        error.downcast_ref::<Self>().is_some_and(|refused| refused.code == code)
    }
}

impl Answer {
    pub(super) fn new(response: Response<Incoming>) -> Self {
        Self(response)
    }

    pub(super) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The answer if it is a success.
    pub(super) async fn checked(self) -> anyhow::Result<Self> {
        let status = self.0.status();
        if status.is_success() {
            return Ok(self);
        }
        let body = self.bytes().await.unwrap_or_default();
        let read = ReadAnswer::parse(&body, "Error", &[]).unwrap_or_default();
        let field = |name: &str| read.field(name).unwrap_or_default().to_owned();
        Err(RefusedByS3 { status, code: field("Code"), message: field("Message") }.into())
    }

    /// The next bytes of the body.
    pub(crate) async fn chunk(&mut self) -> anyhow::Result<Option<Bytes>> {
        loop {
            let frame = tokio::time::timeout(FRAME_TIME_MAX, self.0.body_mut().frame()).await;
            match frame.context("the store stopped sending the object")? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(bytes) = frame.context("the object ended early")?.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    /// The body, to be passed on.
    pub(crate) fn into_body(self) -> Incoming {
        self.0.into_body()
    }

    /// A short body, whole.
    pub(crate) async fn bytes(self) -> anyhow::Result<Bytes> {
        match Limited::new(self.0.into_body(), DOCUMENT_BYTES_MAX).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) => bail!("the store's answer cannot be read: {error}"),
        }
    }

    /// The body as a document of S3 with this root, whose records have these paths.
    pub(crate) async fn document(self, root: &str, records: &[&str]) -> anyhow::Result<ReadAnswer> {
        let body = self.bytes().await?;
        ReadAnswer::parse(&body, root, records).map_err(|_| anyhow::anyhow!("the store's answer is not a {root}"))
    }
}
