//! Verifies signatures.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use crate::date;
use crate::error::{Code, Error};
use crate::sigv4::canonical;
use crate::sigv4::{Authorization, ChunkSigner, Mac, PayloadHash, Placement, SIGNATURE_BYTES, SigningKey};

/// The maximum difference between the clocks of client and server, in milliseconds.
pub const SKEW_MS_MAX: u64 = 15 * 60 * 1000;
/// The longest validity of a presigned URL, in seconds.
pub const PRESIGN_EXPIRES_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

/// Proof that the holder of the secret signed the head of the request.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The access key id.
    pub access_key: String,
    /// The place of the signature in the request.
    pub placement: Placement,
    /// The payload hash in the signature, which the caller has to compare with the body.
    pub payload: PayloadHash,
    signature: Mac,
    timestamp: String,
    scope: String,
}

impl Verified {
    /// The start of the chain of chunk signatures. `key` must be the one that verified the head.
    pub fn chunk_signer(&self, key: &SigningKey) -> ChunkSigner {
        ChunkSigner::new(key.clone(), &self.timestamp, &self.scope, self.signature)
    }
}

/// The refusal of a presigned URL whose validity is malformed or too long.
pub(super) fn expires_out_of_range(expires: &str) -> Error {
    Error::access_denied(format!("X-Amz-Expires must be between 1 and {PRESIGN_EXPIRES_SECONDS_MAX} seconds (a week)"))
        .detail("X-Amz-Expires", expires)
}

impl Authorization<'_> {
    /// Verifies time and signature.
    ///
    /// The path is tried in two spellings, the canonical one and the sent one: clients differ in what they encode
    /// before signing, and both decode to the same key.
    ///
    /// # Errors
    /// `RequestTimeTooSkewed`, `AccessDenied` for an expired or not yet valid URL or an unsigned `x-amz-*` header,
    /// `AuthorizationHeaderMalformed` for a scope of another day, `SignatureDoesNotMatch`.
    pub fn verify(&self, key: &SigningKey, now: Timestamp) -> Result<Verified, Error> {
        self.check_time(now)?;
        self.check_scope_date()?;
        self.check_signed_headers()?;
        let payload = self.payload.to_string();
        let path = canonical::path(self.request.path)?;
        let canonical = canonical::request(&self.request, &path, self.signed_headers, &payload);
        let mut signature = self.matching_signature(key, &canonical);
        if signature.is_none() && *path != *self.request.path.as_bytes() {
            let as_sent =
                canonical::request(&self.request, self.request.path.as_bytes(), self.signed_headers, &payload);
            signature = self.matching_signature(key, &as_sent);
        }
        match signature {
            Some(signature) => Ok(Verified {
                access_key: self.access_key.to_owned(),
                placement: self.placement,
                payload: self.payload,
                signature,
                timestamp: self.timestamp_text.clone(),
                scope: self.scope.text(),
            }),
            None => Err(self.mismatch(&canonical)),
        }
    }

    fn matching_signature(&self, key: &SigningKey, canonical: &[u8]) -> Option<Mac> {
        let computed = canonical::signature(key, canonical, &self.timestamp_text, &self.scope);
        let mut sent = [0; SIGNATURE_BYTES];
        hex::decode_to_slice(self.signature, &mut sent).ok()?;
        bool::from(computed.ct_eq(&sent)).then_some(computed)
    }

    /// Returns what was signed here, so that the client can compare it with what it signed. The computed signature
    /// itself is never shown.
    fn mismatch(&self, canonical: &[u8]) -> Error {
        Error::new(Code::SignatureDoesNotMatch)
            .detail("AWSAccessKeyId", self.access_key)
            .detail("SignatureProvided", self.signature)
            .detail("StringToSign", canonical::string_to_sign(canonical, &self.timestamp_text, &self.scope))
            .detail("CanonicalRequest", String::from_utf8_lossy(canonical))
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        let age = now.duration_since(self.timestamp);
        let skew_max = SignedDuration::from_millis(SKEW_MS_MAX.cast_signed());
        let Some(expires) = self.expires else {
            return if age.abs() > skew_max {
                Err(Error::request_time_too_skewed(self.timestamp, now, SKEW_MS_MAX))
            } else {
                Ok(())
            };
        };
        if !(1..=PRESIGN_EXPIRES_SECONDS_MAX).contains(&expires) {
            return Err(expires_out_of_range(&expires.to_string()));
        }
        if age < -skew_max {
            return Err(
                Error::access_denied("Request is not yet valid").detail("ServerTime", date::iso8601_seconds(now))
            );
        }
        let life = SignedDuration::from_secs(expires.cast_signed());
        if age > life {
            let end = self.timestamp.checked_add(life).map(date::iso8601_seconds).unwrap_or_default();
            return Err(Error::access_denied("Request has expired")
                .detail("X-Amz-Expires", expires.to_string())
                .detail("Expires", end)
                .detail("ServerTime", date::iso8601_seconds(now)));
        }
        Ok(())
    }

    fn check_scope_date(&self) -> Result<(), Error> {
        if self.timestamp_text.get(..8) == Some(self.scope.date) {
            return Ok(());
        }
        let code = match self.placement {
            Placement::Header => Code::AuthorizationHeaderMalformed,
            Placement::Query => Code::AuthorizationQueryParametersError,
        };
        Err(Error::with_message(
            code,
            format!("Invalid credential date \"{}\". This date is not the same as X-Amz-Date.", self.scope.date),
        ))
    }

    /// Every header that S3 uses must be signed; otherwise anyone who carries the request could add one. The payload's
    /// hash is in the canonical request anyway, and S3 accepts it unlisted.
    fn check_signed_headers(&self) -> Result<(), Error> {
        let is_signed = |name: &str| self.signed_headers.split(';').any(|signed| signed == name);
        let mut unsigned: Vec<&str> = self
            .request
            .headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-") && *name != "x-amz-content-sha256" && !is_signed(name))
            .collect();
        if !is_signed("host") {
            unsigned.push("host");
        }
        if unsigned.is_empty() {
            return Ok(());
        }
        Err(Error::access_denied("There were headers present in the request which were not signed")
            .detail("HeadersNotSigned", unsigned.join(", ")))
    }
}
