//! The generated files match this source, and there are no other files beside them.

use std::collections::BTreeSet;

use events::schema::documents;
use serde_json::Value;

use crate::files::{self, BLESS};

#[test]
fn generated_files_are_up_to_date() {
    let drifted: Vec<_> = documents()
        .into_iter()
        .filter(|document| files::text("", &document.file_name).as_ref() != Some(&document.text))
        .map(|document| document.file_name)
        .collect();
    assert!(drifted.is_empty(), "schemas/ is not what events/ generates: {drifted:?}; write them: {BLESS}");
}

#[test]
fn no_file_is_without_an_owner() {
    let owned: BTreeSet<_> = documents().into_iter().map(|document| document.file_name).collect();
    let found = files::names("");
    let strays: Vec<_> = found.difference(&owned).collect();
    assert!(strays.is_empty(), "files in schemas/ that no event type owns: {strays:?}");
}

#[test]
fn generation_gives_the_same_bytes_every_time() {
    assert_eq!(documents(), documents());
}

#[test]
fn every_reference_in_asyncapi_leads_somewhere() {
    let documents = documents();
    let asyncapi = documents.iter().find(|document| document.file_name == "asyncapi.json").unwrap();
    let asyncapi: Value = serde_json::from_str(&asyncapi.text).unwrap();
    let references = references(&asyncapi);
    assert!(references.iter().any(|reference| reference.starts_with('#')));
    for reference in references {
        let found = match reference.split_once('#') {
            Some(("", pointer)) => asyncapi.pointer(pointer).is_some(),
            _ => documents.iter().any(|document| reference.strip_prefix("./") == Some(&document.file_name)),
        };
        assert!(found, "{reference} leads nowhere");
    }
}

fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
