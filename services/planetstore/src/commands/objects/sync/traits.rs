//! What goes with the bytes of an object: metadata, headers of its content, tags and locks.

use std::fmt::Write;

use anyhow::Context;
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::ends::Bucket;
use super::entry::{State, is_md5};
use crate::s3_client::{Answer, Call, RefusedByS3};

/// The headers of a content that are kept as they are, beside `content-encoding`.
const KEPT: [&str; 5] = ["content-type", "cache-control", "content-disposition", "content-language", "expires"];

/// What the headers with metadata begin with.
const METADATA: &str = "x-amz-meta-";

/// The entity tag that an object has at its source, if the target cannot have the same. The next run knows it by that.
pub(super) const MARK: &str = "x-amz-meta-planetstore-sync-etag";

/// An encoding of the way, and not of the content.
const ON_THE_WAY: &str = "aws-chunked";

/// The header with the time until which an object is retained.
const RETAIN_UNTIL: &str = "x-amz-object-lock-retain-until-date";

/// Checksums of whole objects that a store may have.
const CHECKSUMS: [&str; 5] = ["crc64nvme", "crc32c", "crc32", "sha256", "sha1"];

/// What goes with the bytes.
pub(super) struct Traits {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The checksum of the whole object that the source has.
    checksum: Option<(HeaderName, HeaderValue)>,
    /// Its entity tag is not made of its bytes.
    pub(super) is_opaque: bool,
    pub(super) etag: String,
}

impl Traits {
    /// Those in the headers of an answer to GET or HEAD.
    pub(super) fn read(answer: &Answer, with_locks: bool, now: Timestamp) -> Self {
        let header = |name: &str| answer.header(name);
        let mut headers = Vec::new();
        let is_retained = header(RETAIN_UNTIL)
            .and_then(|until| until.parse::<Timestamp>().ok())
            .is_some_and(|until| with_locks && until > now);
        for (name, value) in answer.headers() {
            let is_kept = match name.as_str() {
                MARK => false,
                "x-amz-object-lock-mode" | RETAIN_UNTIL => is_retained,
                "x-amz-object-lock-legal-hold" => with_locks && value == "ON",
                name => name.starts_with(METADATA) || KEPT.contains(&name),
            };
            if is_kept {
                headers.push((name.clone(), value.clone()));
            }
        }
        let encodings = header("content-encoding").unwrap_or_default().split(',').map(str::trim);
        let encodings: Vec<_> = encodings.filter(|encoding| !encoding.is_empty() && *encoding != ON_THE_WAY).collect();
        if let Ok(value) = HeaderValue::from_str(&encodings.join(", "))
            && !encodings.is_empty()
        {
            headers.push((HeaderName::from_static("content-encoding"), value));
        }
        let etag = header("etag").unwrap_or_default().trim_matches('"').to_owned();
        let is_sealed = header("x-amz-server-side-encryption").is_some_and(|kind| kind.starts_with("aws:kms"));
        let is_of_bytes = is_md5(etag.split('-').next().unwrap_or_default());
        Self { headers, checksum: checksum(answer), is_opaque: is_sealed || !is_of_bytes, etag }
    }

    /// Whether another object has the same, beside what is given with it.
    pub(super) fn are_those_of(&self, other: &Self) -> bool {
        let sorted = |traits: &Self| {
            let is_lock = |name: &HeaderName| name.as_str().starts_with("x-amz-object-lock-");
            let mut headers: Vec<_> = traits.headers.iter().filter(|(name, _)| !is_lock(name)).cloned().collect();
            headers.sort_by(|(one, first), (other, second)| one.as_str().cmp(other.as_str()).then(first.cmp(second)));
            headers
        };
        sorted(self) == sorted(other)
    }

    /// Gives them to a request that makes an object.
    pub(super) fn give(&self, mut call: Call, tags: Option<&str>, is_marked: bool) -> anyhow::Result<Call> {
        for (name, value) in &self.headers {
            call = call.header_value(name.clone(), value.clone());
        }
        if is_marked {
            call = call.header(MARK, &self.etag)?;
        }
        match tags {
            Some(tags) => call.header("x-amz-tagging", tags),
            None => Ok(call),
        }
    }

    /// Has the target compare what arrives with the checksum of the source, and keep it.
    pub(super) fn give_checksum(&self, call: Call) -> Call {
        match &self.checksum {
            Some((name, value)) => call.header_value(name.clone(), value.clone()),
            None => call,
        }
    }
}

/// A checksum of the whole object, if there is one.
fn checksum(answer: &Answer) -> Option<(HeaderName, HeaderValue)> {
    if answer.header("x-amz-checksum-type") == Some("COMPOSITE") {
        return None;
    }
    CHECKSUMS.iter().find_map(|algorithm| {
        let name = HeaderName::try_from(format!("x-amz-checksum-{algorithm}")).ok()?;
        let value = answer.headers().get(&name)?;
        // A checksum of checksums of parts says how many there are.
        (!value.as_bytes().contains(&b'-')).then(|| (name, value.clone()))
    })
}

/// The tags of an object, as a header has them. `told` is how many an answer said that there are.
pub(super) async fn tags(
    from: &Bucket,
    key: &str,
    state: &State,
    told: Option<&str>,
) -> anyhow::Result<Option<String>> {
    if told == Some("0") {
        return Ok(None);
    }
    let call = from.call(Method::GET, key).query("tagging", "").query_if("versionId", state.version.as_deref());
    let answer = match from.client.send(&call).await {
        Ok(answer) => answer.document("Tagging", &["TagSet/Tag"]).await?,
        Err(error) => {
            let refused = error.downcast_ref::<RefusedByS3>();
            let has_none = refused
                .is_some_and(|refused| refused.code == "NoSuchTagSet" || matches!(refused.status.as_u16(), 405 | 501));
            return if has_none { Ok(None) } else { Err(error.context("its tags cannot be read")) };
        }
    };
    let mut tags = String::new();
    for (_, fields) in &answer.records {
        let encoded = |name: &str| {
            let text = fields.get(name).map(String::as_str).unwrap_or_default();
            utf8_percent_encode(text, NON_ALPHANUMERIC)
        };
        let key = fields.get("Key").context("the store's answer has a tag without a key")?;
        let and = if tags.is_empty() { "" } else { "&" };
        // Writing to a text does not fail.
        let _written = write!(tags, "{and}{}={}", utf8_percent_encode(key, NON_ALPHANUMERIC), encoded("Value"));
    }
    Ok((!tags.is_empty()).then_some(tags))
}
