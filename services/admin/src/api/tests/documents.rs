//! The description of the API.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::openapi;
use crate::api::operations::operations;

/// The copy that is checked in, for clients and reviewers.
const CHECKED_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/api/openapi.json");

/// Run with `PLANETSTORE_BLESS=1` to write the copy.
#[test]
fn the_checked_in_description_is_the_one_that_is_served() {
    let text = format!("{:#}\n", openapi());
    if std::env::var_os("PLANETSTORE_BLESS").is_some() {
        std::fs::write(CHECKED_IN, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(CHECKED_IN).unwrap_or_default();
    assert!(checked_in == text, "schemas/api/openapi.json is not of this code: run this test with PLANETSTORE_BLESS=1");
}

#[test]
fn every_operation_is_described_once_and_every_reference_leads_somewhere() {
    let document = openapi();
    let names: BTreeSet<_> = operations().iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), operations().len());
    for operation in operations() {
        let described = &document["paths"][operation.path][operation.method.name()];
        assert_eq!(described["operationId"], operation.name);
        assert_eq!(described["security"].is_array(), operation.access() == crate::api::access::Access::Open);
    }
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
