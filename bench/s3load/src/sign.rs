//! Signs requests: SigV4 in the Authorization header.
//!
//! Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.

use anyhow::Context;
use bytes::{Buf, Bytes};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::Request;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::options::Options;
use crate::pick::Content;

/// SHA-256 of the empty body.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const SIGNED_HEADERS: &str = "host;x-amz-content-sha256;x-amz-date";

/// The signing key of one day, and the parts that all requests share.
#[derive(Debug)]
pub struct Signer {
    access: String,
    host: String,
    scope: String,
    key: [u8; 32],
}

fn hmac(key: &[u8], message: &[u8]) -> anyhow::Result<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).context("a key of this length")?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

/// The SHA-256 of a body, in hex.
pub fn sha256_hex(body: &Content) -> String {
    hex::encode(Sha256::new().chain_update(body.first_ref()).chain_update(body.last_ref()).finalize())
}

impl Signer {
    /// A signer for today. A run must not last beyond a quarter of an hour after midnight.
    pub fn new(options: &Options) -> anyhow::Result<Self> {
        let day = Timestamp::now().strftime("%Y%m%d").to_string();
        let mut key = hmac(format!("AWS4{}", options.secret).as_bytes(), day.as_bytes())?;
        for step in [options.region.as_str(), "s3", "aws4_request"] {
            key = hmac(&key, step.as_bytes())?;
        }
        let scope = format!("{day}/{}/s3/aws4_request", options.region);
        Ok(Self { access: options.access.clone(), host: options.endpoint.clone(), scope, key })
    }

    /// A signed request without a body.
    pub fn bodiless(&self, method: &str, path: &str, query: &str) -> anyhow::Result<Request<Full<Content>>> {
        self.request(method, path, query, Bytes::new().chain(Bytes::new()), EMPTY_SHA256)
    }

    /// A signed request. `path` and `query` must be in their canonical form.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        query: &str,
        body: Content,
        payload: &str,
    ) -> anyhow::Result<Request<Full<Content>>> {
        let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = &self.host;
        let canonical = format!(
            "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{stamp}\n\n\
             {SIGNED_HEADERS}\n{payload}"
        );
        let text =
            format!("AWS4-HMAC-SHA256\n{stamp}\n{}\n{}", self.scope, hex::encode(Sha256::digest(canonical.as_bytes())));
        let signature = hex::encode(hmac(&self.key, text.as_bytes())?);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={SIGNED_HEADERS}, Signature={signature}",
            self.access, self.scope
        );
        let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        Request::builder()
            .method(method)
            .uri(target)
            .header("host", host)
            .header("x-amz-content-sha256", payload)
            .header("x-amz-date", stamp)
            .header("content-length", body.remaining())
            .header("authorization", authorization)
            .body(Full::new(body))
            .context("a request that HTTP cannot carry")
    }
}
