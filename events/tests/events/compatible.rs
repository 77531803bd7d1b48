//! A type never changes incompatibly: every schema is compared with that of the last release, in `schemas/released`. What may
//! change is said in `docs/events/policy.md`.

use std::collections::BTreeSet;

use events::Fact;
use events::schema::event_schema;
use serde_json::{Map, Value, json};

use crate::files::{self, assert_follows_schema, follows_released_schema};

/// The folder of the schemas that the last release had.
const RELEASED: &str = "released";

/// Members of a schema that say nothing of the values that it takes.
const WORDS: [&str; 7] = ["$defs", "$id", "$schema", "$comment", "description", "examples", "title"];

/// Members that are compared in a way of their own.
const OWN_WAY: [&str; 9] =
    ["$ref", "properties", "required", "enum", "oneOf", "anyOf", "items", "prefixItems", "additionalProperties"];

/// A schema with the document that its references are to.
#[derive(Clone, Copy)]
struct Schema<'a> {
    root: &'a Value,
    node: &'a Value,
}

impl<'a> Schema<'a> {
    fn of(root: &'a Value) -> Self {
        Self { root, node: root }
    }

    /// Its members, with those of what it refers to.
    fn members(self) -> Map<String, Value> {
        let mut members = self.node.as_object().cloned().unwrap_or_default();
        while let Some(Value::String(reference)) = members.remove("$ref") {
            let pointer = reference.strip_prefix('#').expect("references are to the same document");
            let target = self.root.pointer(pointer).expect("references lead somewhere");
            for (name, value) in target.as_object().unwrap() {
                members.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        members
    }
}

/// The names of a value that has one of some names, in either form.
fn named_values(members: &Map<String, Value>) -> Option<BTreeSet<String>> {
    if let Some(values) = members.get("enum") {
        return values.as_array()?.iter().map(|value| Some(value.to_string())).collect();
    }
    let variants = members.get("oneOf")?.as_array()?;
    let lists = variants.iter().map(|variant| match (variant.get("const"), variant.get("enum")) {
        (Some(value), None) => Some(vec![value.to_string()]),
        (None, Some(Value::Array(values))) => Some(values.iter().map(Value::to_string).collect()),
        _ => None,
    });
    Some(lists.collect::<Option<Vec<_>>>()?.concat().into_iter().collect())
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn texts(value: Option<&Value>) -> BTreeSet<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

/// Everything in which a schema is not compatible with an earlier one.
fn differences(old: Schema<'_>, new: Schema<'_>) -> Vec<String> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    found
}

fn compare(at: &str, old: Schema<'_>, new: Schema<'_>, found: &mut Vec<String>) {
    let (before, after) = (old.members(), new.members());
    let is_compared_here = |name: &&String| !WORDS.contains(&name.as_str()) && !OWN_WAY.contains(&name.as_str());
    let names: BTreeSet<_> = before.keys().chain(after.keys()).filter(is_compared_here).collect();
    for name in names {
        if before.get(name) != after.get(name) {
            found.push(format!("{at}: `{name}` is another"));
        }
    }
    compare_fields(at, (old, &before), (new, &after), found);
    compare_choices(at, (old, &before), (new, &after), found);
    for name in ["items", "additionalProperties"] {
        match (before.get(name), after.get(name)) {
            (Some(old_node @ Value::Object(_)), Some(new_node @ Value::Object(_))) => {
                let (old, new) = (Schema { node: old_node, ..old }, Schema { node: new_node, ..new });
                compare(&format!("{at}/{name}"), old, new, found);
            }
            (old_node, new_node) if old_node == new_node => {}
            _ => found.push(format!("{at}: `{name}` is another")),
        }
    }
    let (tuple, other) = (list(before.get("prefixItems")), list(after.get("prefixItems")));
    if tuple.len() != other.len() {
        found.push(format!("{at}: `prefixItems` is another"));
    }
    for (place, (old_node, new_node)) in tuple.iter().zip(other).enumerate() {
        compare(&format!("{at}/{place}"), Schema { node: old_node, ..old }, Schema { node: new_node, ..new }, found);
    }
}

type Members<'a> = (Schema<'a>, &'a Map<String, Value>);

fn compare_fields(at: &str, (old, before): Members<'_>, (new, after): Members<'_>, found: &mut Vec<String>) {
    let none = Map::new();
    let fields = |members: &'_ Map<String, Value>| members.get("properties").and_then(Value::as_object).cloned();
    let (fields_before, fields_after) = (fields(before).unwrap_or(none), fields(after).unwrap_or_default());
    for (name, old_node) in &fields_before {
        match fields_after.get(name) {
            None => found.push(format!("{at}: the field `{name}` is removed")),
            Some(new_node) => {
                let (old, new) = (Schema { node: old_node, ..old }, Schema { node: new_node, ..new });
                compare(&format!("{at}/{name}"), old, new, found);
            }
        }
    }
    let (always_before, always_after) = (texts(before.get("required")), texts(after.get("required")));
    for name in always_before.difference(&always_after) {
        found.push(format!("{at}: the field `{name}` may be absent now"));
    }
    for name in always_after.difference(&always_before) {
        found.push(format!("{at}: the field `{name}` is required now, and events that were written lack it"));
    }
}

fn compare_choices(at: &str, (old, before): Members<'_>, (new, after): Members<'_>, found: &mut Vec<String>) {
    match (named_values(before), named_values(after)) {
        (Some(before), Some(after)) => {
            for value in before.difference(&after) {
                found.push(format!("{at}: the value {value} is removed"));
            }
            return;
        }
        (None, None) => {}
        _ => {
            found.push(format!("{at}: it has named values where it had others"));
            return;
        }
    }
    for name in ["oneOf", "anyOf"] {
        let (variants, others) = (list(before.get(name)), list(after.get(name)));
        if variants.is_empty() && !others.is_empty() {
            found.push(format!("{at}: `{name}` is new"));
        }
        for (place, variant) in variants.iter().enumerate() {
            let fits =
                |other: &Value| differences(Schema { node: variant, ..old }, Schema { node: other, ..new }).is_empty();
            if !others.iter().any(fits) {
                found.push(format!("{at}: the variant {place} of `{name}` is removed or changed"));
            }
        }
    }
}

fn released(name: &str) -> Value {
    let text = files::text(RELEASED, name).unwrap_or_else(|| panic!("schemas/released/{name} is missing"));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_schemas_of_the_last_release_are_kept() {
    let names: BTreeSet<_> = Fact::KINDS
        .iter()
        .filter(|kind| kind.level < Fact::LEVEL)
        .map(|kind| format!("{}.json", kind.name()))
        .collect();
    assert_eq!(
        files::names(RELEASED),
        names,
        "schemas/released has the schemas of all levels below {}: whoever raises the level copies them from schemas/",
        Fact::LEVEL
    );
}

#[test]
fn no_type_changed_incompatibly_since_the_last_release() {
    for name in files::names(RELEASED) {
        let kind = Fact::KINDS.iter().find(|kind| name == format!("{}.json", kind.name()));
        let kind = kind.unwrap_or_else(|| panic!("{name}: a type that was released is for ever"));
        let (old, new) = (released(&name), event_schema(kind));
        let found = differences(Schema::of(&old), Schema::of(&new));
        assert!(found.is_empty(), "{name} is not compatible: {found:#?}. Add a `.v2` beside it: docs/events/policy.md");
    }
}

/// What a reader of the last release makes of events that are written now.
#[test]
fn frozen_examples_follow_the_schemas_of_both_releases() {
    let released = files::names(RELEASED);
    for name in files::names("examples") {
        let event: Value = serde_json::from_str(&files::text("examples", &name).unwrap()).unwrap();
        assert_follows_schema(&event);
        let of_type = event["type"].as_str().unwrap().strip_prefix("io.planetstore.").unwrap();
        if released.contains(&format!("{of_type}.json")) {
            follows_released_schema(RELEASED, &event);
        }
    }
}

fn said(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let old = json!({
        "type": "object",
        "required": ["a", "b"],
        "properties": {
            "a": { "type": "string", "pattern": "^x$", "description": "words" },
            "b": { "$ref": "#/$defs/B", "description": "more words" },
            "c": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
            "d": { "oneOf": [{ "const": "one", "type": "string" }, { "const": "two", "type": "string" }] },
            "e": { "anyOf": [{ "$ref": "#/$defs/B" }, { "type": "null" }] }
        },
        "$defs": { "B": { "type": "string", "enum": ["p", "q"] } }
    });
    let mut new = old.clone();
    change(&mut new);
    differences(Schema::of(&old), Schema::of(&new))
}

#[test]
fn what_readers_need_not_know_may_come() {
    assert_eq!(said(|_| ()), [""; 0]);
    assert_eq!(said(|new| new["properties"]["f"] = json!({ "type": "string" })), [""; 0]);
    assert_eq!(said(|new| new["$defs"]["B"]["enum"] = json!(["p", "q", "r"])), [""; 0]);
    let third = json!({ "const": "three", "type": "string" });
    assert_eq!(said(|new| new["properties"]["d"]["oneOf"].as_array_mut().unwrap().push(third)), [""; 0]);
    assert_eq!(said(|new| new["properties"]["a"]["description"] = "other words".into()), [""; 0]);
    // The same values in another form.
    let words = json!({ "oneOf": [{ "const": "p", "description": "x" }, { "enum": ["q"] }], "type": "string" });
    assert_eq!(said(|new| new["$defs"]["B"] = words), [""; 0]);
}

#[test]
fn what_would_break_a_reader_is_found() {
    type Break = (fn(&mut Value), &'static str);
    let breaks: [Break; 11] = [
        (|new| drop(new["properties"].as_object_mut().unwrap().remove("c")), "`c` is removed"),
        (|new| new["required"] = json!(["a"]), "`b` may be absent"),
        (|new| new["required"] = json!(["a", "b", "c"]), "`c` is required"),
        (|new| new["properties"]["a"]["type"] = "integer".into(), "/a: `type`"),
        (|new| new["properties"]["a"]["pattern"] = "^y$".into(), "/a: `pattern`"),
        (|new| new["properties"]["a"]["maxLength"] = 5.into(), "/a: `maxLength`"),
        (|new| new["$defs"]["B"]["enum"] = json!(["p"]), "/b: the value \"q\""),
        (|new| new["properties"]["c"]["items"]["minimum"] = 1.into(), "/c/items: `minimum`"),
        (|new| new["properties"]["d"]["oneOf"] = json!([{ "const": "one", "type": "string" }]), "\"two\" is removed"),
        (|new| new["properties"]["e"]["anyOf"] = json!([{ "$ref": "#/$defs/B" }]), "/e: the variant 1"),
        (|new| new["additionalProperties"] = false.into(), "`additionalProperties`"),
    ];
    for (change, wanted) in breaks {
        let found = said(change);
        assert!(found.iter().any(|difference| difference.contains(wanted)), "{wanted}: {found:?}");
    }
}
