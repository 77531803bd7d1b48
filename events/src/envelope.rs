//! The envelope: CloudEvents 1.0 in structured JSON, the one mode every SDK reads over NATS.
//!
//! Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::fact::{About, DecodeError, Fact};
use crate::ids::{AuthType, EventId, Principal, RegionName, Sha256Digest};

/// The content type of an event's bytes.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The hash an event carries when there is none before it.
pub const CHAIN_START: Sha256Digest = Sha256Digest([0; 32]);

/// Who asked, when, in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub principal: Principal,
    /// The S3 request id, which the client saw too.
    pub request_id: String,
    /// W3C trace context, if the client sent one.
    pub traceparent: Option<String>,
}

/// A fact with everything the log says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, also `Nats-Msg-Id`.
    pub id: EventId,
    /// When it was decided.
    pub time: Timestamp,
    /// Its place in the log.
    pub sequence: u64,
    /// SHA-256 of the bytes of the event before it.
    pub previous: Sha256Digest,
    /// Who caused it.
    pub origin: Origin,
    /// What happened.
    pub fact: Fact,
}

/// An event's JSON on the wire. Extension names follow CloudEvents: lower case, at most 20 characters.
#[derive(Serialize)]
struct Written<'a> {
    specversion: &'static str,
    id: EventId,
    source: String,
    #[serde(rename = "type")]
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    time: Timestamp,
    datacontenttype: &'static str,
    sequence: String,
    previoushash: Sha256Digest,
    authtype: AuthType,
    authid: &'a str,
    correlationid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: &'a Fact,
}

#[derive(Deserialize)]
struct Read<'a> {
    id: EventId,
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    time: Timestamp,
    #[serde(borrow)]
    sequence: Cow<'a, str>,
    previoushash: Sha256Digest,
    authtype: AuthType,
    authid: String,
    correlationid: String,
    #[serde(default)]
    traceparent: Option<String>,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Event {
    /// Digits of the `sequence` extension: consumers order it as text.
    const SEQUENCE_DIGITS: usize = 20;

    /// The event as it goes on the log.
    pub fn encode(&self, region: &RegionName) -> Result<Bytes, serde_json::Error> {
        let written = Written {
            specversion: "1.0",
            id: self.id,
            source: format!("planetstore://{region}/buckets/{}", self.fact.bucket()),
            event_type: self.fact.kind().event_type,
            subject: self.fact.key().map(ToString::to_string),
            time: self.time,
            datacontenttype: "application/json",
            sequence: format!("{:0width$}", self.sequence, width = Self::SEQUENCE_DIGITS),
            previoushash: self.previous,
            authtype: self.origin.principal.kind,
            authid: &self.origin.principal.id,
            correlationid: &self.origin.request_id,
            traceparent: self.origin.traceparent.as_deref(),
            data: &self.fact,
        };
        serde_json::to_vec(&written).map(Bytes::from)
    }

    /// Reads an event from the log. Unknown fields are ignored: later minor versions may add some.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let malformed = |source| DecodeError::Malformed { kind: "envelope".into(), source };
        let read: Read<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let sequence =
            read.sequence.parse().map_err(|_| malformed(serde::de::Error::custom("the sequence is not a number")))?;
        Ok(Self {
            id: read.id,
            time: read.time,
            sequence,
            previous: read.previoushash,
            origin: Origin {
                principal: Principal { kind: read.authtype, id: read.authid },
                request_id: read.correlationid,
                traceparent: read.traceparent,
            },
            fact: Fact::decode(&read.event_type, read.data)?,
        })
    }
}

/// The hash by which the next event names this one.
pub fn chain_hash(event_bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(Sha256::digest(event_bytes).into())
}
