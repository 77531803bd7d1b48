//! What clients are told: CloudEvents, each with the subscription that it is for.
//!
//! Source: CloudEvents 1.0.2, JSON event format, section 3.

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ask::SubscriptionId;
use crate::api::Admin;
use crate::api::refusal::Refusal;

/// What the beginning of the type of every such event is.
const PREFIX: &str = "io.planetstore";

/// An event that is none of the log.
#[derive(Serialize)]
struct Event<'a, D> {
    specversion: &'static str,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    name: String,
    time: Timestamp,
    datacontenttype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<&'a str>,
    data: D,
}

/// What the feed says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The token is good until then.
    Authenticated { user: String, expires: Timestamp },
    /// The subscription begins behind this sequence.
    Subscribed { sequence: Option<u64> },
    /// Everything up to this sequence was sent, or is not asked for.
    Position { sequence: u64 },
    /// So many events were left out, the last of this sequence: the client asked for fewer.
    Skipped { count: u64, until: Option<u64> },
    /// The client was too slow for the newest events in memory: what comes is read from the log.
    Behind { entries: u64 },
    /// A message of the client was refused.
    Refused(Refusal),
    /// The subscription has ended, or the connection has.
    Ended(Option<Refusal>),
}

impl Said {
    fn name(&self) -> &'static str {
        match self {
            Self::Authenticated { .. } => "feed.authenticated",
            Self::Subscribed { .. } => "feed.subscribed",
            Self::Position { .. } => "feed.position",
            Self::Skipped { .. } => "feed.skipped",
            Self::Behind { .. } => "feed.behind",
            Self::Refused(_) => "feed.refused",
            Self::Ended(_) => "feed.ended",
        }
    }

    fn data(&self) -> Value {
        let of = |refusal: &Refusal| json!({ "code": refusal.code, "message": refusal.message });
        match self {
            Self::Authenticated { user, expires } => json!({ "user": user, "expires": expires }),
            Self::Subscribed { sequence: Some(sequence) } | Self::Position { sequence } => {
                json!({ "sequence": sequence })
            }
            Self::Subscribed { sequence: None } => json!({}),
            Self::Skipped { count, until } => json!({ "count": count, "until": until }),
            Self::Behind { entries } => json!({ "entries": entries }),
            Self::Refused(refusal) | Self::Ended(Some(refusal)) => of(refusal),
            Self::Ended(None) => json!({ "code": "unsubscribed", "message": "the client asked for it" }),
        }
    }
}

/// What the feed says of itself, as a message.
pub(super) fn of_feed(admin: &Admin, subscription: Option<&SubscriptionId>, said: &Said) -> Result<Utf8Bytes, Refusal> {
    message(admin, "feed/live", said.name(), subscription, said.data())
}

/// An event that is none of the log, as a message.
pub(super) fn message(
    admin: &Admin,
    about: &str,
    name: &str,
    subscription: Option<&SubscriptionId>,
    data: impl Serialize,
) -> Result<Utf8Bytes, Refusal> {
    let time = (admin.0.sources.now)();
    let event = Event {
        specversion: "1.0",
        id: (admin.0.sources.fresh)(time),
        source: format!("planetstore://{}/{about}", admin.0.region),
        name: format!("{PREFIX}.{name}.v1"),
        time,
        datacontenttype: "application/json",
        subscription: subscription.map(SubscriptionId::as_str),
        data,
    };
    serde_json::to_string(&event).map(Utf8Bytes::from).map_err(|error| {
        tracing::error!(%error, "a message to a follower cannot be written");
        Refusal::internal()
    })
}

/// An event of the log, with two attributes more, which are those of the delivery.
pub(super) fn of_log(subscription: &SubscriptionId, sequence: u64, json: &Bytes) -> Result<Utf8Bytes, Refusal> {
    let unreadable = || {
        tracing::error!(sequence, "an event of the log is not a JSON object");
        Refusal::internal()
    };
    let object = std::str::from_utf8(json).ok().map(str::trim_ascii_end);
    let members = object.and_then(|text| text.strip_suffix('}')).ok_or_else(unreadable)?;
    // The name of a subscription holds nothing that JSON would escape.
    Ok(format!("{members},\"subscription\":\"{subscription}\",\"streamsequence\":\"{sequence}\"}}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_log_has_two_attributes_more() {
        let id: SubscriptionId = "s-1".parse().unwrap();
        let text = of_log(&id, 17, &Bytes::from_static(b"{\"type\":\"x\",\"data\":{}}\n ")).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        let expected = json!({ "type": "x", "data": {}, "subscription": "s-1", "streamsequence": "17" });
        assert_eq!(event, expected);
        for wrong in [&b"[]"[..], b"", b"\xff}"] {
            assert!(of_log(&id, 1, &Bytes::copy_from_slice(wrong)).is_err());
        }
    }
}
