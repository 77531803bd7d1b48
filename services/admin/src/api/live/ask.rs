//! What clients say.

use std::fmt;
use std::str::FromStr;

use events::ids::{BucketName, UserName};
use feed::{Filter, InvalidQuery, types_named};
use identity::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::api::refusal::Refusal;
use crate::telemetry::LogFilter;

/// Characters of a subscription's name.
const ID_CHARS_MAX: usize = 64;

/// The most events a second that a client may ask to be the limit; beyond that it asks for none.
const PER_SECOND_MAX: u32 = 10_000;

/// Characters of what was sent that a refusal repeats.
const REPEATED_CHARS_MAX: usize = 60;

/// A message of a client.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Ask {
    /// This is who I am.
    Authenticate(Authenticate),
    /// Tell me what happens.
    Subscribe(Subscribe),
    /// No more of it.
    Unsubscribe(Unsubscribe),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authenticate {
    #[serde(deserialize_with = "secret")]
    pub(super) token: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unsubscribe {
    pub(super) id: SubscriptionId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    pub(super) id: SubscriptionId,
    pub(super) source: Source,
    /// What it says depends on the source.
    #[serde(default)]
    filter: serde_json::Value,
    /// Only events after this sequence.
    #[serde(default, deserialize_with = "sequence")]
    pub(super) after: Option<u64>,
    /// Only events from the first of this time on.
    #[serde(default)]
    pub(super) since: Option<Timestamp>,
    /// So many a second, and a count of the others.
    #[serde(default)]
    pub(super) max_per_second: Option<u32>,
}

/// What there is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    /// The events of the log.
    Events,
    /// A tick every second: requests, latencies, nodes, sizes.
    Telemetry,
    /// Log lines of all processes.
    Logs,
}

/// The name that a client gave to a subscription: letters, digits, `-`, `_` and `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SubscriptionId(String);

impl SubscriptionId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubscriptionId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("the id of a subscription is 1 to {ID_CHARS_MAX} letters, digits, `-`, `_` and `.`"))
    }
}

impl<'de> Deserialize<'de> for SubscriptionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A filter of events.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct EventFilter {
    bucket: Option<BucketName>,
    prefix: Option<String>,
    #[serde(rename = "type")]
    types: Option<OneOrMany>,
    user: Option<UserName>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Ask {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        serde_json::from_str(text).map_err(|error| Refusal::invalid(format!("the message: {error}")))
    }

    /// The subscription that a message names, if it does: for a refusal of one that cannot be read.
    pub(super) fn subscription_of(text: &str) -> Option<SubscriptionId> {
        #[derive(Deserialize)]
        struct Named {
            id: SubscriptionId,
        }
        serde_json::from_str::<Named>(text).ok().map(|named| named.id)
    }
}

impl Subscribe {
    pub(super) fn event_filter(&self) -> Result<Filter, Refusal> {
        let EventFilter { bucket, prefix, types, user } = read(&self.filter)?;
        let named: Vec<String> = match types {
            None => Vec::new(),
            Some(OneOrMany::One(names)) => names.split(',').map(str::to_owned).collect(),
            Some(OneOrMany::Many(names)) => names,
        };
        let mut types = Vec::new();
        for name in named {
            let of_name = types_named(&name);
            if of_name.is_empty() {
                return Err(InvalidQuery::Type(name.chars().take(REPEATED_CHARS_MAX).collect()).into());
            }
            types.extend(of_name);
        }
        Ok(Filter { bucket, prefix: prefix.map(String::into_bytes), types, user })
    }

    /// Refuses what only the events of the log know.
    pub(super) fn is_of_now(&self) -> Result<(), Refusal> {
        if self.after.is_some() || self.since.is_some() || self.max_per_second.is_some() {
            return Err(Refusal::invalid("only `events` know `after`, `since` and `max_per_second`"));
        }
        Ok(())
    }

    /// Refuses a filter where there is none.
    pub(super) fn is_unfiltered(&self) -> Result<(), Refusal> {
        let is_empty = self.filter.as_object().map_or_else(|| self.filter.is_null(), serde_json::Map::is_empty);
        if is_empty { Ok(()) } else { Err(Refusal::invalid("this source knows no filter")) }
    }

    pub(super) fn log_filter(&self) -> Result<LogFilter, Refusal> {
        read(&self.filter)
    }

    pub(super) fn per_second(&self) -> Result<Option<u32>, Refusal> {
        match self.max_per_second {
            Some(most) if !(1..=PER_SECOND_MAX).contains(&most) => {
                Err(Refusal::invalid(format!("`max_per_second` is a number from 1 to {PER_SECOND_MAX}, or null")))
            }
            most => Ok(most),
        }
    }
}

fn read<T: serde::de::DeserializeOwned + Default>(filter: &serde_json::Value) -> Result<T, Refusal> {
    if filter.is_null() {
        return Ok(T::default());
    }
    // A list of values would be one of fields without their names.
    if !filter.is_object() {
        return Err(Refusal::invalid("the filter is an object"));
    }
    T::deserialize(filter).map_err(|error| Refusal::invalid(format!("the filter: {error}")))
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

/// A number, or its digits as a text: what a client was told as `streamsequence`.
fn sequence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Sequence {
        Number(u64),
        Text(String),
    }
    let wrong = || serde::de::Error::custom("`after` is the sequence of an event, or 0");
    match Option::<Sequence>::deserialize(deserializer).map_err(|_| wrong())? {
        None => Ok(None),
        Some(Sequence::Number(number)) => Ok(Some(number)),
        Some(Sequence::Text(text)) => {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_number).map(Some).ok_or_else(wrong)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn subscribe(more: &Value) -> Result<Subscribe, Refusal> {
        let mut message = json!({ "op": "subscribe", "id": "s1", "source": "events" });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        match Ask::parse(&message.to_string())? {
            Ask::Subscribe(subscribe) => Ok(subscribe),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_asked_is_read_once() {
        let filter = json!({ "bucket": "photos", "prefix": "a/", "type": "object.created,upload", "user": "ada" });
        let all = json!({ "filter": filter, "after": "17", "since": "2026-11-22T13:00:00Z", "max_per_second": 50 });
        let asked = subscribe(&all).unwrap();
        assert_eq!((asked.id.as_str(), asked.after, asked.per_second().unwrap()), ("s1", Some(17), Some(50)));
        let filter = asked.event_filter().unwrap();
        assert_eq!((filter.prefix.as_deref(), filter.types.len()), (Some(&b"a/"[..]), 5));
        let none = json!({ "filter": null, "after": null, "since": null, "max_per_second": null });
        let none = subscribe(&none).unwrap();
        assert_eq!((none.after, none.event_filter().unwrap()), (None, Filter::default()));
        assert_eq!(subscribe(&json!({ "after": 3 })).unwrap().after, Some(3));
        let many = subscribe(&json!({ "filter": { "type": ["object.created", "bucket"] } })).unwrap();
        assert!(many.event_filter().unwrap().types.len() > 2);
        let text = r#"{"op":"authenticate","token":"a.b.c"}"#;
        assert!(matches!(Ask::parse(text), Ok(Ask::Authenticate(asked)) if asked.token.expose() == "a.b.c"));
        let text = r#"{"op":"unsubscribe","id":"s1"}"#;
        assert!(matches!(Ask::parse(text), Ok(Ask::Unsubscribe(asked)) if asked.id.as_str() == "s1"));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for text in ["", "{}", "[]", "null", r#"{"op":"dance"}"#, r#"{"op":"unsubscribe"}"#, r#"{"op":"authenticate"}"#]
        {
            assert_eq!(Ask::parse(text).unwrap_err().code, "invalid_request", "{text}");
        }
        for more in [
            json!({ "id": "" }),
            json!({ "id": "a b" }),
            json!({ "id": "x".repeat(65) }),
            json!({ "source": "gossip" }),
            json!({ "after": -1 }),
            json!({ "after": "x" }),
            json!({ "after": "" }),
            json!({ "since": "2h" }),
            json!({ "colour": "red" }),
        ] {
            assert!(subscribe(&more).is_err(), "{more}");
        }
        for filter in [
            json!({ "type": "object.creatd" }),
            json!({ "bucket": "A" }),
            json!({ "keys": "a" }),
            json!("x"),
            json!([]),
        ] {
            assert!(subscribe(&json!({ "filter": filter })).unwrap().event_filter().is_err(), "{filter}");
        }
        for most in [0, 10_001] {
            assert!(subscribe(&json!({ "max_per_second": most })).unwrap().per_second().is_err());
        }
        assert_eq!(Ask::subscription_of(r#"{"op":"subscribe","id":"s1","x":1}"#).unwrap().as_str(), "s1");
    }
}
