//! The public contract as documents: a JSON Schema 2020-12 per event type, and one AsyncAPI document.
//!
//! Input: the table of facts. Output: the texts that are checked in under `schemas/`. There is no I/O here, and the
//! same table always gives the same bytes.

mod asyncapi;
mod attributes;

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::fact::{Fact, FactKind};

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name in the folder of schemas.
    pub file_name: String,
    /// Its text, ending in a newline.
    pub text: String,
}

/// Every generated file: a schema per event type, then the AsyncAPI document.
pub fn documents() -> Vec<Document> {
    let schema = |kind| Document { file_name: file_name(kind), text: text(event_schema(kind)) };
    let asyncapi = Document { file_name: "asyncapi.json".into(), text: text(asyncapi::document()) };
    Fact::KINDS.iter().map(schema).chain([asyncapi]).collect()
}

/// The JSON Schema of a kind's whole event: its CloudEvents attributes, and the fact as `data`.
pub fn event_schema(kind: &FactKind) -> Value {
    // The contract for readers: what may be absent is optional, what the encoder always writes is required.
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let data = (kind.schema)(&mut generator);
    let definitions = generator.take_definitions(true);
    let (mut properties, required) = attributes::of(kind);
    let description = data.get("description").cloned().unwrap_or_default();
    properties.insert("data".into(), data.into());
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:planetstore:schema:{}", kind.name()),
        "title": kind.name(),
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "$defs": definitions,
    });
    absent_not_null(&mut schema);
    schema
}

fn file_name(kind: &FactKind) -> String {
    format!("{}.json", kind.name())
}

/// Drops `null` from every type. The generator allows it wherever Rust has an `Option`; our encoder leaves such
/// fields out and never writes `null`.
fn absent_not_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(absent_not_null),
        Value::Object(fields) => {
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    fields.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
                choices.retain(|choice| *choice != json!({ "type": "null" }));
                if let [Value::Object(only)] = choices.as_mut_slice() {
                    let only = std::mem::take(only);
                    fields.remove("anyOf");
                    fields.extend(only);
                }
            }
            fields.values_mut().for_each(absent_not_null);
        }
        _ => {}
    }
}

/// Pretty-printed, with the keys of every object sorted, because features that other crates enable decide whether the
/// parser keeps insertion order.
fn text(mut document: Value) -> String {
    document.sort_all_objects();
    format!("{document:#}\n")
}
