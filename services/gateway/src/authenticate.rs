//! Who asks? SigV4 in headers or in the query, against the one credential there is.

use http::request::Parts;
use jiff::Timestamp;
use s3::sigv4::{self, ChunkSigner, PayloadHash, SigningKey};
use s3::{Code, Error, Query};

use crate::Gateway;

/// Somebody who proved who they are.
pub(crate) struct Caller {
    pub(crate) access_key: String,
    /// How the body is framed and what it hashes to, as far as the signature says.
    pub(crate) payload: PayloadHash,
    /// Verifies the chunks of a signed streaming body.
    pub(crate) chunk_signer: ChunkSigner,
}

pub(crate) fn authenticate(
    gateway: &Gateway,
    parts: &Parts,
    query: &Query<'_>,
    now: Timestamp,
) -> Result<Caller, Error> {
    let request = sigv4::Request::new(&parts.method, &parts.uri, query, &parts.headers);
    let Some(claim) = sigv4::parse_authorization(request, None)? else {
        return Err(Error::access_denied("Anonymous requests are not allowed: sign the request."));
    };
    let credentials = &gateway.0.options.credentials;
    if claim.access_key() != credentials.access_key {
        return Err(Error::new(Code::InvalidAccessKeyId).detail("AWSAccessKeyId", claim.access_key()));
    }
    let name = format!("{}/{}/{}", claim.access_key(), claim.date(), claim.region());
    let remembered = gateway.0.signing_keys.get(&name);
    let is_new = remembered.is_none();
    let key = remembered.unwrap_or_else(|| SigningKey::derive(&credentials.secret_key, claim.date(), claim.region()));
    let verified = claim.verify(&key, now)?;
    if is_new {
        // Only now: a stranger who knows an access key's id must not fill the cache.
        gateway.0.signing_keys.insert(name, key.clone());
    }
    let chunk_signer = verified.chunk_signer(&key);
    Ok(Caller { access_key: verified.access_key, payload: verified.payload, chunk_signer })
}
