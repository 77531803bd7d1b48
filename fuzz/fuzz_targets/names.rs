//! Parses names and ids of requests, keys and policies. Each has one text form, so a parsed one prints as the same
//! text.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use events::ids::{
    AccessKeyId, BucketName, ETag, EventId, GroupName, Md5Digest, NodeId, ObjectKey, PolicyName, RegionName, Sealed,
    SessionId, Sha256Digest, TraceParent, UploadId, UserId, UserName, VersionId,
};
use libfuzzer_sys::fuzz_target;
use policy::{Document, Key};
use s3::acl::CannedAcl;
use s3::date;
use s3::range::Range;
use s3::request::CopySource;
use s3::xml::ContinuationToken;

fn one_form<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text);
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(key) = ObjectKey::from_bytes(data) {
        assert_eq!(key.to_string().parse::<ObjectKey>().ok(), Some(key));
        assert_eq!(ContinuationToken::decode(&ContinuationToken::encode(data)).as_deref(), Some(data));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    one_form::<AccessKeyId>(text);
    one_form::<BucketName>(text);
    one_form::<ETag>(text);
    one_form::<EventId>(text);
    one_form::<GroupName>(text);
    one_form::<Md5Digest>(text);
    one_form::<NodeId>(text);
    one_form::<ObjectKey>(text);
    one_form::<PolicyName>(text);
    one_form::<RegionName>(text);
    one_form::<Sealed>(text);
    one_form::<SessionId>(text);
    one_form::<Sha256Digest>(text);
    one_form::<TraceParent>(text);
    one_form::<UploadId>(text);
    one_form::<UserId>(text);
    one_form::<UserName>(text);
    one_form::<VersionId>(text);

    if let Some(range) = Range::parse(text)
        && let Ok(resolved) = range.resolve(1000)
    {
        assert!(resolved.len() <= 1000);
        let _ = resolved.content_range();
    }
    let _ = (Range::parse_copy_source(text), CopySource::parse(text), ContinuationToken::decode(text));
    let _ = (date::parse_lenient(text), date::parse_http_date(text), date::parse_iso8601_basic(text));
    let _ = (s3::ETag::parse(text), Key::named(text), CannedAcl::parse(text));

    // The ARNs of policies.
    let Ok(bucket) = "photos".parse::<BucketName>() else { return };
    let quoted = serde_json::Value::from(text);
    for (principal, resource) in [(&quoted, &"*".into()), (&"*".into(), &quoted)] {
        let text = serde_json::json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "*", "Resource": resource,
            "Condition": { "ArnLikeIfExists": { "aws:PrincipalArn": &quoted } },
        } });
        let _ = Document::bucket(&text.to_string(), &bucket);
    }
});
