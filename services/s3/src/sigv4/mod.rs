//! AWS Signature Version 4: authenticates the sender of a request and what was sent.
//!
//! Source: "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference.
//!
//! The caller takes three steps: [`parse_authorization`]; look up the secret of [`Authorization::access_key`] and
//! derive its [`SigningKey`] (or take it from a cache); then [`Authorization::verify`]. Nothing of the request may be
//! used before the last step.

mod authorization;
mod canonical;
mod chunk;
mod key;
mod payload;
mod sign;
mod verify;

pub(crate) use authorization::credential_scope;
pub use authorization::{Authorization, Placement, parse_authorization};
pub use chunk::ChunkSigner;
pub use key::{Mac, SIGNATURE_BYTES, SigningKey};
pub use payload::PayloadHash;
pub use sign::{Credentials, presign, sign};
pub use verify::{PRESIGN_EXPIRES_SECONDS_MAX, SKEW_MS_MAX, Verified};

use http::{HeaderMap, Method, Uri};

use crate::query::Query;

/// The name of the algorithm.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "s3";
const TERMINATOR: &str = "aws4_request";

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path exactly as it was sent.
    pub path: &'a str,
    /// The query string.
    pub query: &'a Query<'a>,
    /// The headers.
    pub headers: &'a HeaderMap,
}

impl<'a> Request<'a> {
    /// Borrows the parts. `query` must be that of `uri`.
    pub fn new(method: &'a Method, uri: &'a Uri, query: &'a Query<'a>, headers: &'a HeaderMap) -> Self {
        Self { method, path: uri.path(), query, headers }
    }
}
