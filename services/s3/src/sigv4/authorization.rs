//! Parses the credentials and the signature of a request.

use jiff::Timestamp;

use crate::date;
use crate::error::{Code, Error};
use crate::header;
use crate::sigv4::canonical::Scope;
use crate::sigv4::verify::expires_out_of_range;
use crate::sigv4::{ALGORITHM, PayloadHash, Request, SERVICE, TERMINATOR};

/// The asymmetric algorithm of S3, which is not supported.
const SIGV4A: &str = "AWS4-ECDSA-P256-SHA256";

/// The maximum length of a region's name in a scope, in bytes: longer than any real name.
const REGION_BYTES_MAX: usize = 64;

/// The place of the signature in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The `Authorization` header.
    Header,
    /// The query string of a presigned URL.
    Query,
}

/// The claimed signer of a request, and the parameters of the signature. Nothing is verified before
/// [`Authorization::verify`].
#[derive(Debug, Clone)]
pub struct Authorization<'a> {
    pub(crate) request: Request<'a>,
    pub(crate) placement: Placement,
    pub(crate) access_key: &'a str,
    pub(crate) scope: Scope<'a>,
    pub(crate) signed_headers: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) timestamp: Timestamp,
    pub(crate) timestamp_text: String,
    /// Seconds; presigned URLs only.
    pub(crate) expires: Option<u64>,
    pub(crate) payload: PayloadHash,
}

impl<'a> Authorization<'a> {
    /// The access key id, by which to look up the secret.
    pub fn access_key(&self) -> &'a str {
        self.access_key
    }

    /// The day of the scope, `YYYYMMDD`, for [`crate::sigv4::SigningKey::derive`].
    pub fn date(&self) -> &'a str {
        self.scope.date
    }

    /// The region of the scope, which may be empty.
    pub fn region(&self) -> &'a str {
        self.scope.region
    }

    /// The claimed time of the signature.
    pub fn signed_at(&self) -> Timestamp {
        self.timestamp
    }

    /// The place of the signature in the request.
    pub fn placement(&self) -> Placement {
        self.placement
    }
}

/// Parses the credentials of a request; `None` if it has none and is anonymous.
///
/// The region of the scope may be anything (some clients sign with `US` or an empty one) unless `strict_region` names
/// the only one to accept.
///
/// # Errors
/// `InvalidArgument` for credentials in two places or an unknown scheme, `InvalidRequest` for Signature Version 2,
/// `InvalidToken` for session tokens, `AuthorizationHeaderMalformed` or `AuthorizationQueryParametersError` for
/// malformed values, `AccessDenied` without a date or for a URL whose validity ended before it began,
/// `MissingSecurityHeader` without `x-amz-content-sha256`.
pub fn parse_authorization<'a>(
    request: Request<'a>,
    strict_region: Option<&str>,
) -> Result<Option<Authorization<'a>>, Error> {
    let value = header::single(request.headers, "authorization")?;
    let query = request.query;
    let in_query = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"].iter().any(|name| query.has(name));
    let in_query_v2 = query.has("AWSAccessKeyId") || (query.has("Signature") && query.has("Expires"));
    if value.is_some() && (in_query || in_query_v2) {
        return Err(Error::invalid_argument(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
            "Authorization",
            "",
        ));
    }
    let authorization = match value {
        None if in_query => from_query(request)?,
        None if in_query_v2 => return Err(signature_version_2()),
        None => return Ok(None),
        Some("") => return Err(Error::new(Code::AccessDenied)),
        Some(value) => from_header(request, value)?,
    };
    if !is_name_list(authorization.signed_headers) {
        return Err(malformed(
            authorization.placement,
            "SignedHeaders must be lower-case header names joined by semicolons.",
        ));
    }
    if request.headers.contains_key("x-amz-security-token") || query.hoisted("x-amz-security-token")?.is_some() {
        return Err(Error::with_message(
            Code::InvalidToken,
            "Session tokens are not supported; use a permanent access key",
        ));
    }
    match strict_region {
        Some(region) if region != authorization.scope.region => {
            Err(Error::wrong_region(authorization.scope.region, region))
        }
        _ => Ok(Some(authorization)),
    }
}

fn signature_version_2() -> Error {
    Error::invalid_request(
        "Signature Version 2 is not supported. Use AWS4-HMAC-SHA256: with boto3 pass Config(signature_version='s3v4'), \
         with the aws command line set s3.signature_version = s3v4.",
    )
}

/// Whether `SignedHeaders` is well-formed. It becomes lines of the canonical request, so nothing in it may look like
/// one.
fn is_name_list(text: &str) -> bool {
    let is_name_byte =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.!#$%&'*+^`|~".contains(&byte);
    text.split(';').all(|name| !name.is_empty() && name.bytes().all(is_name_byte))
}

fn malformed(placement: Placement, what: &str) -> Error {
    match placement {
        Placement::Header => Error::with_message(
            Code::AuthorizationHeaderMalformed,
            format!("The authorization header is malformed; {what}"),
        ),
        Placement::Query => Error::with_message(
            Code::AuthorizationQueryParametersError,
            format!("Error parsing the query-string authentication parameters; {what}"),
        ),
    }
}

/// `KEY/20130524/us-east-1/s3/aws4_request`; only the key may contain more slashes.
fn credential(placement: Placement, text: &str) -> Result<(&str, Scope<'_>), Error> {
    let mut parts = text.rsplitn(5, '/');
    let (Some(terminator), Some(service), Some(region), Some(date), Some(access_key)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed(
            placement,
            "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
        ));
    };
    if terminator != TERMINATOR {
        return Err(malformed(placement, "incorrect terminal. This endpoint uses \"aws4_request\"."));
    }
    if service != SERVICE {
        return Err(malformed(placement, "incorrect service. This endpoint belongs to \"s3\"."));
    }
    if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed(
            placement,
            "incorrect date format. This date in the credential must be in the format \"YYYYMMDD\".",
        ));
    }
    if access_key.is_empty() {
        return Err(malformed(placement, "the Credential has no access key."));
    }
    if region.len() > REGION_BYTES_MAX {
        return Err(malformed(placement, "the region in the credential is too long."));
    }
    Ok((access_key, Scope { date, region }))
}

/// Parses access key, day and region of a form's credential.
pub(crate) fn credential_scope(text: &str) -> Result<(&str, &str, &str), Error> {
    let (access_key, scope) = credential(Placement::Query, text)?;
    Ok((access_key, scope.date, scope.region))
}

fn from_header<'a>(request: Request<'a>, value: &'a str) -> Result<Authorization<'a>, Error> {
    let (algorithm, fields) = value.split_once(' ').unwrap_or((value, ""));
    match algorithm {
        ALGORITHM => {}
        "AWS" => return Err(signature_version_2()),
        SIGV4A => return Err(Error::not_implemented(format_args!("the signature algorithm {SIGV4A}"))),
        _ => return Err(Error::invalid_argument("Unsupported Authorization Type", "Authorization", algorithm)),
    }
    let (mut credentials, mut signed_headers, mut signature) = (None, None, None);
    for field in fields.split(',').map(str::trim) {
        let slot = match field.split_once('=') {
            Some(("Credential", value)) => credentials.replace(value),
            Some(("SignedHeaders", value)) => signed_headers.replace(value),
            Some(("Signature", value)) => signature.replace(value),
            _ => {
                return Err(malformed(
                    Placement::Header,
                    "it has a field that is not Credential, SignedHeaders or Signature.",
                ));
            }
        };
        if slot.is_some() {
            return Err(malformed(Placement::Header, "a field is repeated."));
        }
    }
    let (Some(credentials), Some(signed_headers), Some(signature)) = (credentials, signed_headers, signature) else {
        return Err(malformed(Placement::Header, "Credential, SignedHeaders and Signature are needed."));
    };
    let (access_key, scope) = credential(Placement::Header, credentials)?;
    let (timestamp, timestamp_text) = request_date(&request)?;
    let payload = match header::single(request.headers, "x-amz-content-sha256")? {
        Some(text) => PayloadHash::parse(text)?,
        None => {
            return Err(Error::with_message(
                Code::MissingSecurityHeader,
                "Missing required header for this request: x-amz-content-sha256",
            )
            .detail("MissingHeaderName", "x-amz-content-sha256"));
        }
    };
    Ok(Authorization {
        request,
        placement: Placement::Header,
        access_key,
        scope,
        signed_headers,
        signature,
        timestamp,
        timestamp_text,
        expires: None,
        payload,
    })
}

/// `x-amz-date`, or else `Date`.
fn request_date(request: &Request<'_>) -> Result<(Timestamp, String), Error> {
    let at = match header::single(request.headers, "x-amz-date")? {
        Some(text) => date::parse_iso8601_basic(text),
        None => header::single(request.headers, "date")?
            .and_then(|text| date::parse_iso8601_basic(text).or_else(|| date::parse_lenient(text))),
    };
    match at {
        Some(at) => Ok((at, date::iso8601_basic(at))),
        None => Err(Error::access_denied("AWS authentication requires a valid Date or x-amz-date header")),
    }
}

fn from_query(request: Request<'_>) -> Result<Authorization<'_>, Error> {
    let query = request.query;
    let required = |name| match query.text(name)? {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(malformed(Placement::Query, &format!("{name} is needed."))),
    };
    match required("X-Amz-Algorithm")? {
        ALGORITHM => {}
        SIGV4A => return Err(Error::not_implemented(format_args!("the signature algorithm {SIGV4A}"))),
        _ => {
            let message = format!("X-Amz-Algorithm only supports \"{ALGORITHM}\"");
            return Err(Error::with_message(Code::AuthorizationQueryParametersError, message));
        }
    }
    let (access_key, scope) = credential(Placement::Query, required("X-Amz-Credential")?)?;
    let signature = required("X-Amz-Signature")?;
    let signed_headers = required("X-Amz-SignedHeaders")?;
    let timestamp_text = required("X-Amz-Date")?;
    let timestamp = date::parse_iso8601_basic(timestamp_text).ok_or_else(|| {
        malformed(Placement::Query, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\".")
    })?;
    let expires = required("X-Amz-Expires")?;
    let expires = match header::decimal(expires) {
        Some(seconds) => seconds,
        None if expires.strip_prefix('-').and_then(header::decimal).is_some() => {
            return Err(expires_out_of_range(expires));
        }
        None => return Err(malformed(Placement::Query, "X-Amz-Expires should be a number of seconds.")),
    };
    let payload = match header::single(request.headers, "x-amz-content-sha256")? {
        Some(text) => PayloadHash::parse(text)?,
        None => query.hoisted("x-amz-content-sha256")?.map_or(Ok(PayloadHash::Unsigned), PayloadHash::parse)?,
    };
    Ok(Authorization {
        request,
        placement: Placement::Query,
        access_key,
        scope,
        signed_headers,
        signature,
        timestamp,
        timestamp_text: timestamp_text.to_owned(),
        expires: Some(expires),
        payload,
    })
}
