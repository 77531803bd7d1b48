//! The envelope: CloudEvents 1.0 in structured JSON, the one mode every SDK reads over NATS.
//!
//! Source: <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::fact::{DecodeError, Fact, Scope};
use crate::ids::{AuthType, EventId, ObjectKey, Principal, RegionName, Sha256Digest, TraceParent, UserName};

/// The content type of an event's bytes.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The version of CloudEvents that is written and read.
pub(crate) const SPEC_VERSION: &str = "1.0";

/// The hash an event carries when there is none before it.
pub const CHAIN_START: Sha256Digest = Sha256Digest([0; 32]);

/// The request that caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The principal that sent the request.
    pub principal: Principal,
    /// The S3 request id, as the client received it. Empty if no request caused the event.
    pub request_id: String,
    /// W3C trace context, if the client sent one.
    pub traceparent: Option<TraceParent>,
    /// The address that the request came from. `None` unless the operator has addresses recorded.
    pub address: Option<IpAddr>,
}

/// A fact with its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's id, also its `Nats-Msg-Id`.
    pub id: EventId,
    /// The time of the decision.
    pub time: Timestamp,
    /// The sequence in the log.
    pub sequence: u64,
    /// SHA-256 of the bytes of the event before it; [`quarantine_hash`] of them if they are no fact.
    pub previous: Sha256Digest,
    /// The request that caused the event.
    pub origin: Origin,
    /// The user who sent the request, whichever way they proved who they are. `None` if no user did, and in events of
    /// releases that did not say it.
    pub user: Option<UserName>,
    /// The fact.
    pub fact: Fact,
}

/// An event's JSON on the wire. Extension names follow CloudEvents: lower case, at most 20 characters.
#[derive(Serialize)]
struct Written<'a> {
    specversion: &'static str,
    id: EventId,
    source: AsText<Source<'a>>,
    #[serde(rename = "type")]
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a ObjectKey>,
    time: Timestamp,
    datacontenttype: &'static str,
    sequence: AsText<Sequence>,
    previoushash: Sha256Digest,
    authtype: AuthType,
    #[serde(skip_serializing_if = "str::is_empty")]
    authid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authuser: Option<&'a UserName>,
    #[serde(skip_serializing_if = "str::is_empty")]
    correlationid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a TraceParent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clientaddress: Option<IpAddr>,
    data: &'a Fact,
}

/// What is read of an event. `source` and `subject` are not: `data` says the same.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: EventId,
    #[serde(rename = "type", borrow)]
    event_type: Cow<'a, str>,
    time: Timestamp,
    #[serde(borrow)]
    sequence: Cow<'a, str>,
    previoushash: Sha256Digest,
    authtype: AuthType,
    #[serde(default)]
    authid: String,
    #[serde(default)]
    authuser: Option<UserName>,
    #[serde(default)]
    correlationid: String,
    #[serde(default)]
    traceparent: Option<TraceParent>,
    #[serde(default)]
    clientaddress: Option<IpAddr>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Writes straight into the event's buffer what has a text form but no `Serialize`.
struct AsText<T>(T);

impl<T: fmt::Display> Serialize for AsText<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// CloudEvents `source`: what the fact is about, in its region. Names hold nothing that a URI would read otherwise.
struct Source<'a> {
    region: &'a RegionName,
    scope: Scope<'a>,
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "planetstore://{}/{}/{}", self.region, self.scope.collection.as_str(), self.scope.name)
    }
}

/// The `sequence` extension: zero-padded, because consumers order it as text.
struct Sequence(u64);

impl Sequence {
    const DIGITS: usize = 20;

    fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == Self::DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits).map(Self)
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.0, width = Self::DIGITS)
    }
}

impl Event {
    /// Bytes reserved for an event without its keys and its client metadata, so that the usual event is written without
    /// growing its buffer.
    const BYTES_USUAL: usize = 1024;

    /// The event's bytes on the log.
    pub fn encode(&self, region: &RegionName) -> Result<Bytes, serde_json::Error> {
        let key = self.fact.key();
        let written = Written {
            specversion: SPEC_VERSION,
            id: self.id,
            source: AsText(Source { region, scope: self.fact.scope() }),
            event_type: self.fact.kind().event_type,
            subject: key,
            time: self.time,
            datacontenttype: "application/json",
            sequence: AsText(Sequence(self.sequence)),
            previoushash: self.previous,
            authtype: self.origin.principal.kind,
            authid: &self.origin.principal.id,
            authuser: self.user.as_ref(),
            correlationid: &self.origin.request_id,
            traceparent: self.origin.traceparent.as_ref(),
            clientaddress: self.origin.address,
            data: &self.fact,
        };
        // The key is in both `subject` and `data`.
        let key_bytes = 2 * key.map_or(0, |key| key.as_bytes().len());
        let mut buffer = Vec::with_capacity(Self::BYTES_USUAL + key_bytes);
        serde_json::to_writer(&mut buffer, &written)?;
        Ok(buffer.into())
    }

    /// Parses an event of the log. Unknown fields are ignored: later minor versions may add some.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let malformed = DecodeError::envelope;
        let read: Read<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        if read.specversion != SPEC_VERSION {
            return Err(malformed(serde_json::Error::custom("the specversion is not 1.0")));
        }
        let sequence = Sequence::parse(&read.sequence)
            .ok_or_else(|| malformed(serde_json::Error::custom("the sequence is not a number of 20 digits")))?;
        Ok(Self {
            id: read.id,
            time: read.time,
            sequence: sequence.0,
            previous: read.previoushash,
            origin: Origin {
                principal: Principal { kind: read.authtype, id: read.authid },
                request_id: read.correlationid,
                traceparent: read.traceparent,
                address: read.clientaddress,
            },
            user: read.authuser,
            fact: Fact::decode(&read.event_type, read.data)?,
        })
    }
}

/// The hash by which the next event refers to this one.
pub fn chain_hash(event_bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(Sha256::digest(event_bytes).into())
}

/// The hash by which the next event refers to an entry of the log that is not a fact. It differs from [`chain_hash`],
/// so that the next event states the judgement: a ledger that judged otherwise sees that the event does not follow.
pub fn quarantine_hash(entry_bytes: &[u8]) -> Sha256Digest {
    let mut hash = Sha256::new_with_prefix(b"quarantined\n");
    hash.update(entry_bytes);
    Sha256Digest(hash.finalize().into())
}
