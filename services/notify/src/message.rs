//! An event in the form in which a target receives it.

use bytes::Bytes;
use events::ids::RegionName;
use events::target::Format;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use crate::records;
use crate::select::{Selected, What};

/// What CloudEvents escapes in headers.
///
/// Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values>
const HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The id of the event, the same at every attempt.
    pub(crate) id: String,
    pub(crate) content_type: &'static str,
    /// Further headers, whose names are lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("the event cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the event cannot be read: {0}")]
    Feed(#[from] feed::FeedError),
}

impl Message {
    /// The message for an event.
    pub(crate) fn new(selected: &Selected, format: Format, region: &RegionName) -> Result<Self, MessageError> {
        let Selected { entry, what } = selected;
        let id = entry.event.id.0.to_string();
        let bytes = match what {
            What::Happened { in_full: false, .. } => entry.for_users(region)?,
            _ => entry.bytes.clone(),
        };
        Ok(match (format, what) {
            (Format::CloudeventsStructured, _) => {
                Self { id, content_type: events::CONTENT_TYPE, headers: Vec::new(), body: bytes }
            }
            (Format::CloudeventsBinary, _) => {
                let (headers, body) = binary(&bytes)?;
                Self { id, content_type: "application/json", headers, body }
            }
            (Format::AwsRecords, What::Happened { records, .. }) => {
                let body = records::document(&entry.event, records, region)?.into();
                Self { id, content_type: "application/json", headers: Vec::new(), body }
            }
            (Format::AwsRecords, What::Test { bucket }) => {
                let bucket = bucket.as_ref().map(events::ids::BucketName::as_str);
                let body = records::test(&entry.event, bucket)?.into();
                Self { id, content_type: "application/json", headers: Vec::new(), body }
            }
        })
    }
}

/// The attributes of an event as headers, and its data.
fn binary(bytes: &[u8]) -> Result<(Vec<(String, String)>, Bytes), serde_json::Error> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes)?;
    let data = members.remove("data").map_or_else(Bytes::new, |data| Bytes::copy_from_slice(data.get().as_bytes()));
    members.remove("datacontenttype");
    let mut headers = Vec::with_capacity(members.len());
    for (name, value) in members {
        let text = match serde_json::from_str(value.get())? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        headers.push((format!("ce-{name}"), utf8_percent_encode(&text, HEADER).to_string()));
    }
    Ok((headers, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_become_headers_and_data_the_body() {
        let event = r#"{"specversion":"1.0","id":"1","subject":"a b\"ü%","datacontenttype":"application/json",
            "data":{ "x": 1.0 }}"#;
        let (headers, body) = binary(event.as_bytes()).unwrap();
        let header = |name: &str| headers.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
        assert_eq!(header("ce-specversion"), Some("1.0"));
        assert_eq!(header("ce-subject"), Some("a%20b%22%C3%BC%25"));
        assert_eq!((header("ce-data"), header("ce-datacontenttype")), (None, None));
        assert_eq!(body, r#"{ "x": 1.0 }"#);
    }
}
