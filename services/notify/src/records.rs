//! The `Records` document of S3 event notifications.
//!
//! Source: "Event message structure", Amazon S3 User Guide.

use events::Event;
use events::ids::{AuthType, RegionName};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::Serialize;

use crate::select::Record;

/// What S3 leaves as it is in a key, beside letters and digits. A space becomes a plus sign.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b' ');

const EVENT_VERSION: &str = "2.3";

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "Records")]
    records: Vec<Written<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    event_version: &'static str,
    event_source: &'static str,
    aws_region: &'a str,
    event_time: String,
    event_name: &'a str,
    user_identity: Principal<'a>,
    request_parameters: Parameters<'a>,
    response_elements: Elements<'a>,
    s3: S3<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Principal<'a> {
    principal_id: &'a str,
}

#[derive(Serialize)]
struct Parameters<'a> {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'a str,
}

#[derive(Serialize)]
struct Elements<'a> {
    #[serde(rename = "x-amz-request-id")]
    request_id: &'a str,
    #[serde(rename = "x-amz-id-2")]
    id_2: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct S3<'a> {
    #[serde(rename = "s3SchemaVersion")]
    schema_version: &'static str,
    configuration_id: &'a str,
    bucket: Bucket<'a>,
    object: Object<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket<'a> {
    name: &'a str,
    owner_identity: Principal<'a>,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    sequencer: String,
}

/// Of two events about one key, the later one has the greater sequencer, compared as text.
pub(crate) fn sequencer(sequence: u64) -> String {
    format!("{sequence:016X}")
}

/// The document for one event.
pub(crate) fn document(event: &Event, records: &[Record], region: &RegionName) -> Result<Vec<u8>, serde_json::Error> {
    let requester = match event.origin.principal.kind {
        AuthType::Unauthenticated => "Anonymous",
        _ => event.origin.principal.id.as_str(),
    };
    // S3 always has the field. Events say it if the operator has addresses recorded.
    let address = event.origin.address.map(|address| address.to_string()).unwrap_or_default();
    let written = |record: &'_ Record| {
        let Record { bucket, key, .. } = record;
        (bucket.to_string(), percent_encode(key.as_bytes(), KEY).to_string().replace(' ', "+"))
    };
    let names: Vec<_> = records.iter().map(written).collect();
    let records = records.iter().zip(&names).map(|(record, (bucket, key))| Written {
        event_version: EVENT_VERSION,
        event_source: "aws:s3",
        aws_region: region.as_str(),
        event_time: milliseconds(event.time),
        event_name: record.name,
        user_identity: Principal { principal_id: requester },
        request_parameters: Parameters { source_ip_address: &address },
        response_elements: Elements { request_id: &event.origin.request_id, id_2: event.id.0.to_string() },
        s3: S3 {
            schema_version: "1.0",
            configuration_id: &record.configuration,
            bucket: Bucket {
                name: bucket,
                owner_identity: Principal { principal_id: record.owner.as_deref().unwrap_or_default() },
                arn: format!("arn:aws:s3:::{bucket}"),
            },
            object: Object {
                key: key.clone(),
                size: record.size,
                etag: record.etag.as_deref(),
                version_id: record.version.map(|version| version.to_string()),
                sequencer: sequencer(event.sequence),
            },
        },
    });
    serde_json::to_vec(&Document { records: records.collect() })
}

/// The document by which a target is tested.
pub(crate) fn test(event: &Event, bucket: Option<&str>) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Test<'a> {
        service: &'static str,
        event: &'static str,
        time: String,
        bucket: &'a str,
        request_id: &'a str,
        host_id: String,
    }
    serde_json::to_vec(&Test {
        service: "Amazon S3",
        event: "s3:TestEvent",
        time: milliseconds(event.time),
        bucket: bucket.unwrap_or_default(),
        request_id: &event.origin.request_id,
        host_id: event.id.0.to_string(),
    })
}

fn milliseconds(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sequencers_are_ordered_as_the_log(one: u64, other: u64) {
            prop_assert_eq!(sequencer(one).cmp(&sequencer(other)), one.cmp(&other));
        }

        /// Against the rule of forms: a plus is a space, and what is escaped is a byte.
        #[test]
        fn a_key_is_read_back_as_a_form_is(key in proptest::collection::vec(any::<u8>(), 1..20)) {
            let written = percent_encode(&key, KEY).to_string().replace(' ', "+");
            let read: Vec<u8> = percent_encoding::percent_decode_str(&written.replace('+', " ")).collect();
            prop_assert_eq!(read, key);
            prop_assert!(written.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(milliseconds("2026-11-22T13:00:00.123456789Z".parse().unwrap()), "2026-11-22T13:00:00.123Z");
        assert_eq!(milliseconds("2026-11-22T13:00:00Z".parse().unwrap()), "2026-11-22T13:00:00.000Z");
    }
}
