//! The parameters of listings.

use s3::Code;
use s3::request::{Encoding, ListMultipartUploads, ListObjectVersions, ListObjects, ListObjectsV2};
use s3::xml::ContinuationToken;

use crate::support::sent;

fn at<T>(query: &str, parse: impl FnOnce(&s3::Head<'_>) -> Result<T, s3::Error>) -> Result<T, Code> {
    sent("GET", &format!("/abc?{query}"), &[]).parse(parse).map_err(|error| error.code())
}

#[test]
fn version_1() {
    let list = at("prefix=a%2Fb+c&delimiter=%2F&marker=m%00&max-keys=7&encoding-type=url", ListObjects::parse).unwrap();
    assert_eq!(list.prefix, b"a/b c");
    assert_eq!(list.delimiter.as_deref(), Some(&b"/"[..]));
    assert_eq!(list.marker.as_deref(), Some(&b"m\0"[..]));
    assert_eq!((list.max_keys, list.encoding), (7, Encoding::Url));
    assert_eq!(at("", ListObjects::parse).unwrap(), ListObjects { max_keys: 1000, ..ListObjects::default() });
    assert_eq!(at("delimiter=&marker=&prefix=", ListObjects::parse).unwrap().delimiter, None);
}

#[test]
fn page_sizes() {
    let max_keys = |text: &str| at(&format!("max-keys={text}"), ListObjects::parse).map(|list| list.max_keys);
    assert_eq!(max_keys("0"), Ok(0));
    assert_eq!(max_keys("1000"), Ok(1000));
    assert_eq!(max_keys("1001"), Ok(1000));
    assert_eq!(max_keys("2147483647"), Ok(1000));
    assert_eq!(max_keys(""), Ok(1000));
    assert_eq!(max_keys("-0"), Ok(0));
    assert_eq!(max_keys("0000000000000000000005"), Ok(5));
    for bad in ["-1", "blah", "1.5", "+1", "%201", "--1", "-", "2147483648", "-2147483649", "99999999999999999999"] {
        assert_eq!(max_keys(bad), Err(Code::InvalidArgument), "{bad}");
    }
    assert_eq!(at("encoding-type=base64", ListObjects::parse), Err(Code::InvalidArgument));
}

#[test]
fn version_2() {
    let token = ContinuationToken::encode(b"k\xff");
    let list = at(&format!("continuation-token={token}&start-after=a&fetch-owner=true"), ListObjectsV2::parse).unwrap();
    assert_eq!(list.after(), Some(&b"k\xff"[..]));
    assert_eq!((list.continuation_token.as_deref(), list.fetch_owner), (Some(&*token), true));
    let list = at("continuation-token=&start-after=a", ListObjectsV2::parse).unwrap();
    assert_eq!((list.after(), list.continuation_token.as_deref()), (Some(&b"a"[..]), Some("")));
    assert_eq!(at("continuation-token=garbage", ListObjectsV2::parse), Err(Code::InvalidArgument));
    // A parameter of the other version is refused, not ignored, because the page would be another one.
    assert_eq!(at("list-type=2&marker=", ListObjectsV2::parse), Err(Code::InvalidArgument));
    assert_eq!(at("start-after=a", ListObjects::parse), Err(Code::InvalidArgument));
    assert_eq!(at("continuation-token=", ListObjects::parse), Err(Code::InvalidArgument));
}

#[test]
fn markers_come_in_pairs() {
    let list = at("key-marker=k&version-id-marker=null", ListObjectVersions::parse).unwrap();
    assert_eq!(list.version_id_marker.as_deref(), Some("null"));
    assert_eq!(at("version-id-marker=v", ListObjectVersions::parse), Err(Code::InvalidArgument));
    assert_eq!(at("version-id-marker=", ListObjectVersions::parse), Err(Code::InvalidArgument));
    assert_eq!(at("key-marker=k&version-id-marker=", ListObjectVersions::parse), Err(Code::InvalidArgument));
    let list = at("key-marker=&version-id-marker=null", ListObjectVersions::parse).unwrap();
    assert_eq!((list.key_marker, list.version_id_marker.as_deref()), (None, Some("null")));
    assert_eq!(at("key-marker=", ListObjectVersions::parse).unwrap().key_marker, None);
    let list = at("upload-id-marker=u&max-uploads=2000", ListMultipartUploads::parse).unwrap();
    assert_eq!((list.upload_id_marker, list.max_uploads), (None, 1000));
}
