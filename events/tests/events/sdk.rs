//! The public SDK decodes our events, with the same values.

use std::collections::BTreeMap;

use cloudevents::event::ExtensionValue;
use cloudevents::{AttributesReader, Data};
use events::Event;
use events::ids::RegionName;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::strategies;

proptest! {
    #[test]
    fn the_sdk_agrees(event in strategies::event(), region in strategies::region()) {
        let bytes = event.encode(&region).unwrap();
        let read: cloudevents::Event = serde_json::from_slice(&bytes).unwrap();
        assert_same_attributes(&read, &event, &region);
        assert_same_extensions(&read, &event);
        let data: Value = serde_json::from_slice::<Value>(&bytes).unwrap()["data"].take();
        prop_assert_eq!(read.data(), Some(&Data::Json(data.clone())));
        prop_assert_eq!(data, serde_json::to_value(&event.fact).unwrap());
    }
}

fn assert_same_attributes(read: &cloudevents::Event, event: &Event, region: &RegionName) {
    let time = read.time().unwrap();
    let time = Timestamp::new(time.timestamp(), time.timestamp_subsec_nanos().try_into().unwrap()).unwrap();
    assert_eq!(read.specversion(), cloudevents::event::SpecVersion::V10);
    assert_eq!(read.id(), event.id.to_string());
    assert_eq!(read.ty(), event.fact.kind().event_type);
    let scope = event.fact.scope();
    assert_eq!(*read.source(), format!("planetstore://{region}/{}/{}", scope.collection.as_str(), scope.name));
    assert_eq!(read.subject().map(str::to_owned), event.fact.key().map(ToString::to_string));
    assert_eq!(time, event.time);
    assert_eq!(read.datacontenttype(), Some("application/json"));
    assert_eq!(read.dataschema(), None);
}

fn assert_same_extensions(read: &cloudevents::Event, event: &Event) {
    let origin = &event.origin;
    let mut expected = BTreeMap::from([
        ("sequence", format!("{:020}", event.sequence)),
        ("previoushash", event.previous.to_string()),
        ("authtype", json!(origin.principal.kind).as_str().unwrap().to_owned()),
    ]);
    let optional = [
        ("authid", Some(&origin.principal.id).filter(|id| !id.is_empty()).cloned()),
        ("authuser", event.user.as_ref().map(ToString::to_string)),
        ("correlationid", Some(&origin.request_id).filter(|id| !id.is_empty()).cloned()),
        ("traceparent", origin.traceparent.as_ref().map(ToString::to_string)),
        ("clientaddress", origin.address.map(|address| address.to_string())),
    ];
    expected.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let found: BTreeMap<_, _> = read
        .iter_extensions()
        .map(|(name, value)| match value {
            ExtensionValue::String(text) => (name, text.clone()),
            other => panic!("{name} is {other}, not a string"),
        })
        .collect();
    assert_eq!(found, expected);
}
