//! The operations of S3 Control on tags of buckets.
//!
//! Source: `ListTagsForResource`, `TagResource` and `UntagResource`, Amazon S3 Control API Reference. Terraform's AWS
//! provider reads and writes the tags of a bucket with these since its version 6.23.

use http::{HeaderMap, Uri};

use crate::address::validate_bucket;
use crate::encoding::{self, Plus};
use crate::error::{Code, Error};

/// The header that every request to S3 Control has: the account of the resource, which has no meaning here. It
/// distinguishes such a request from one for a bucket whose name is the API version.
const ACCOUNT: &str = "x-amz-account-id";

/// The API version at the start of the path.
const VERSION: &str = "/v20180820/";

/// Whether a request is to S3 Control.
pub fn is_control(uri: &Uri, headers: &HeaderMap) -> bool {
    headers.contains_key(ACCOUNT) && uri.path().starts_with(VERSION)
}

/// The bucket whose tags a request to S3 Control addresses, from its path.
///
/// # Errors
/// `NotImplemented` for anything except tags of buckets, `InvalidRequest` for a malformed resource name,
/// `InvalidBucketName`.
pub(crate) fn tagged_bucket(uri: &Uri) -> Result<String, Error> {
    let path = uri.path().strip_prefix(VERSION).unwrap_or_default();
    let Some(arn) = path.strip_prefix("tags/") else {
        return Err(Error::not_implemented("S3 Control, but for the tags of buckets,"));
    };
    let wrong = || Error::invalid_request("The resource must be named by an Amazon Resource Name: arn:aws:s3:::bucket");
    let arn = encoding::decode(arn.as_bytes(), Plus::Literal).ok_or_else(|| Error::new(Code::InvalidURI))?;
    let arn = std::str::from_utf8(&arn).map_err(|_| wrong())?;
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(_partition), Some(service), Some(_region), Some(account), Some(resource)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let bucket = if account.is_empty() { Some(resource) } else { resource.strip_prefix("bucket/") };
    let Some(bucket) = bucket.filter(|bucket| service == "s3" && !bucket.contains('/')) else {
        return Err(Error::not_implemented("tagging anything but buckets with S3 Control"));
    };
    validate_bucket(bucket)?;
    Ok(bucket.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(arn: &str) -> Result<String, Code> {
        tagged_bucket(&format!("/v20180820/tags/{arn}").parse().unwrap()).map_err(|error| error.code())
    }

    #[test]
    fn buckets_are_named_by_their_resource_names() {
        for arn in [
            "arn:aws:s3:::abc",
            "arn%3Aaws%3As3%3A%3A%3Aabc",
            "arn:aws-cn:s3:::abc",
            "arn:aws:s3:us-east-1:000000000000:bucket/abc",
            "arn:aws:s3:us-east-1:000000000000:bucket%2Fabc",
        ] {
            assert_eq!(tagged(arn).as_deref(), Ok("abc"), "{arn}");
        }
        for (arn, code) in [
            ("", Code::InvalidRequest),
            ("abc", Code::InvalidRequest),
            ("arn:aws:s3", Code::InvalidRequest),
            ("arn:aws:s3:::", Code::InvalidBucketName),
            ("arn:aws:s3:::Abc", Code::InvalidBucketName),
            ("arn:aws:s3:::abc/k", Code::NotImplemented),
            ("arn:aws:s3express:::abc", Code::NotImplemented),
            ("arn:aws:s3:us-east-1:000000000000:accesspoint/abc", Code::NotImplemented),
            ("arn:aws:s3:::%zz", Code::InvalidURI),
            ("%ff", Code::InvalidRequest),
        ] {
            assert_eq!(tagged(arn), Err(code), "{arn}");
        }
        let other = tagged_bucket(&"/v20180820/accesspoint".parse().unwrap());
        assert_eq!(other.map_err(|error| error.code()), Err(Code::NotImplemented));
    }
}
