//! The frozen examples: published events stay readable, and are still written in the same form.

use std::collections::BTreeSet;

use events::{Event, Fact};
use serde_json::Value;

use crate::files::{self, BLESS, assert_follows_schema};
use crate::samples::{Sample, region, samples};

fn frozen(sample: &Sample) -> String {
    let name = &sample.file_name;
    files::text("examples", name).unwrap_or_else(|| panic!("schemas/examples/{name} is missing; write it: {BLESS}"))
}

#[test]
fn every_type_has_an_example_and_every_example_a_type() {
    let samples = samples();
    for kind in Fact::KINDS {
        let has_sample = samples.iter().any(|sample| sample.file_name == format!("{}.json", kind.name()));
        assert!(has_sample, "{} has no example: add one to tests/events/samples.rs", kind.name());
    }
    let owned: BTreeSet<_> = samples.into_iter().map(|sample| sample.file_name).collect();
    assert_eq!(files::names("examples"), owned, "the files in schemas/examples and the samples differ; see {BLESS}");
}

#[test]
fn every_example_reads_as_what_it_was_written_from() {
    for sample in samples() {
        let event = Event::decode(frozen(&sample).as_bytes());
        assert_eq!(event.unwrap(), sample.event, "{}", sample.file_name);
    }
}

#[test]
fn every_example_is_still_written_as_it_was() {
    for sample in samples() {
        let frozen: Value = serde_json::from_str(&frozen(&sample)).unwrap();
        let written: Value = serde_json::from_slice(&sample.event.encode(&region()).unwrap()).unwrap();
        assert_contains(&written, &frozen, &sample.file_name);
    }
}

#[test]
fn every_example_follows_its_schema() {
    for sample in samples() {
        assert_follows_schema(&serde_json::from_str(&frozen(&sample)).unwrap());
    }
}

#[test]
fn every_field_that_is_written_is_in_the_schema() {
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for sample in samples() {
        let written: Value = serde_json::from_slice(&sample.event.encode(&region()).unwrap()).unwrap();
        let schema = events::schema::event_schema(sample.event.fact.kind());
        let (attributes, data) = (&schema["properties"], &schema["properties"]["data"]["properties"]);
        assert!(fields(attributes).is_superset(&fields(&written)), "{}", sample.file_name);
        assert!(fields(data).is_superset(&fields(&written["data"])), "{}", sample.file_name);
    }
}

/// The full examples document the optional fields, so each must be in one of them.
#[test]
fn every_field_in_the_schema_is_in_an_example() {
    for kind in Fact::KINDS {
        let schema = events::schema::event_schema(kind);
        for field in schema["properties"]["data"]["properties"].as_object().unwrap().keys() {
            let of_kind = samples().into_iter().filter(|sample| sample.event.fact.kind().name() == kind.name());
            let shown = of_kind.map(|sample| frozen(&sample)).any(|text| {
                let event: Value = serde_json::from_str(&text).unwrap();
                event["data"].get(field).is_some()
            });
            assert!(shown, "no example of {} has {field}", kind.name());
        }
    }
}

/// Checks that `written` has everything in `frozen`. It may have more: a minor version adds fields, and the schemas
/// show them.
#[track_caller]
fn assert_contains(written: &Value, frozen: &Value, place: &str) {
    if let (Value::Object(written), Value::Object(frozen)) = (written, frozen) {
        for (name, value) in frozen {
            let place = format!("{place}: {name}");
            let written = written.get(name).unwrap_or_else(|| panic!("{place} is not written any more"));
            assert_contains(written, value, &place);
        }
    } else {
        assert_eq!(written, frozen, "{place}");
    }
}
