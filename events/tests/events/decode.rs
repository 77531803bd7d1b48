//! Decoding: the inverse of encoding; unknown fields are ignored, and damage never panics.

use events::{DecodeError, Event, Fact, chain_hash};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::files::assert_follows_schema;
use crate::samples::{region, samples};
use crate::strategies;

proptest! {
    #[test]
    fn what_is_written_is_read_back(event in strategies::event(), region in strategies::region()) {
        let bytes = event.encode(&region).unwrap();
        let read = Event::decode(&bytes).unwrap();
        prop_assert_eq!(&read, &event);
        prop_assert_eq!(read.encode(&region).unwrap(), bytes);
    }

    #[test]
    fn what_is_written_follows_its_schema(event in strategies::event(), region in strategies::region()) {
        assert_follows_schema(&serde_json::from_slice(&event.encode(&region).unwrap()).unwrap());
    }

    #[test]
    fn additions_are_ignored(event in strategies::event(), name in "x[a-z]{1,12}", addition in strategies::json()) {
        let mut json = to_json(&event);
        for place in ["", "/data", "/data/body"] {
            if let Some(Value::Object(fields)) = json.pointer_mut(place) {
                fields.insert(name.clone(), addition.clone());
            }
        }
        prop_assert_eq!(Event::decode(json.to_string().as_bytes()).unwrap(), event);
    }

    #[test]
    fn types_of_others_are_told_apart(
        event in strategies::event(),
        name in r"[a-z]{1,8}\.[a-z_]{1,12}\.v[0-9]|\PC*",
        data in proptest::option::of(strategies::json()),
    ) {
        let event_type = format!("io.planetstore.{name}");
        prop_assume!(Fact::KINDS.iter().all(|kind| kind.event_type != event_type));
        let mut json = to_json(&event);
        json["type"] = json!(event_type);
        match data {
            Some(data) => json["data"] = data,
            None => drop(json.as_object_mut().unwrap().remove("data")),
        }
        let result = Event::decode(json.to_string().as_bytes());
        prop_assert!(matches!(result, Err(DecodeError::UnknownType(found)) if found == event_type));
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Event::decode(&bytes).is_err());
    }

    #[test]
    fn a_cut_event_is_refused(event in strategies::event(), end in any::<Index>()) {
        let bytes = event.encode(&region()).unwrap();
        prop_assert!(Event::decode(&bytes[..end.index(bytes.len())]).is_err());
    }

    /// Everything that is decoded from a damaged event can be encoded again: no value without a text form gets in.
    #[test]
    fn a_damaged_event_is_survived(
        event in strategies::event(),
        damage in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = event.encode(&region()).unwrap().to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(read) = Event::decode(&bytes) {
            let written = read.encode(&region()).unwrap();
            prop_assert_eq!(Event::decode(&written).unwrap(), read);
        }
    }
}

fn to_json(event: &Event) -> Value {
    serde_json::from_slice(&event.encode(&region()).unwrap()).unwrap()
}

/// The error for the first example of an object with one field changed.
fn error_with(change: impl FnOnce(&mut Map<String, Value>)) -> DecodeError {
    let sample = samples().into_iter().find(|sample| sample.event.fact.key().is_some()).unwrap();
    let mut json = to_json(&sample.event);
    change(json.as_object_mut().unwrap());
    Event::decode(json.to_string().as_bytes()).unwrap_err()
}

#[test]
fn a_malformed_event_says_where() {
    let kind = |error| match error {
        DecodeError::Malformed { kind, .. } => kind,
        other @ DecodeError::UnknownType(_) => panic!("{other}"),
    };
    for (field, value) in [
        ("specversion", json!("2.0")),
        ("id", json!("019AAC00-0000-7000-8000-000000000014")),
        ("time", json!("yesterday")),
        ("sequence", json!("7")),
        ("sequence", json!("+0000000000000000007")),
        ("sequence", json!("99999999999999999999")),
        ("previoushash", json!("00")),
        ("authtype", json!("magic")),
        ("traceparent", json!("00-00")),
    ] {
        let error = error_with(|event| drop(event.insert(field.into(), value)));
        assert_eq!(kind(error), "envelope", "{field}");
    }
    let error = error_with(|event| drop(event.remove("data")));
    assert_eq!(kind(error), "io.planetstore.object.created.v1");
    let error = error_with(|event| event["data"]["key"] = json!("a b"));
    assert_eq!(kind(error), "io.planetstore.object.created.v1");
}

#[test]
fn the_chain_hash_is_sha_256_of_the_bytes() {
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(chain_hash(b"abc").to_string(), expected);
}
