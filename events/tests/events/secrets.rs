//! Consumers of the other facts receive no secret: checked in the schema and in an example of every fact.

use std::collections::BTreeSet;

use events::{Fact, SECRET_NOUNS, SUBJECT_NOUNS};
use serde_json::Value;

use crate::samples::{region, samples};

/// Definitions of secret values, and of ids that must not be known.
const SECRET_TYPES: [&str; 2] = ["Sealed", "SessionId"];

/// Names of fields with such values, whatever their type is. `key` is an object's name elsewhere.
const SECRET_FIELDS: [&str; 8] = ["password", "secret", "sealed", "session", "refresh", "token", "hash", "private"];

/// The kinds outside of [`SECRET_NOUNS`] with a field for a secret, which is kept apart.
const KEPT_APART: [&str; 9] = [
    "key.created.v1",
    "kms_key.created.v1",
    "link.added.v1",
    "object.created.v1",
    "target.changed.v1",
    "target.created.v1",
    "upload.created.v1",
    "user.created.v1",
    "user.password_changed.v1",
];

fn is_ordinary(noun: &str) -> bool {
    !SECRET_NOUNS.contains(&noun)
}

/// Every field of a schema, with its own schema.
fn fields<'a>(schema: &'a Value, found: &mut Vec<(&'a str, &'a Value)>) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                if name == "properties" {
                    found.extend(member.as_object().into_iter().flatten().map(|(name, field)| (name.as_str(), field)));
                }
                fields(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        _ => {}
    }
}

fn may_hold_a_secret(kind: &events::FactKind) -> bool {
    let schema = events::schema::event_schema(kind);
    let names_secret =
        |field: &Value| SECRET_TYPES.iter().any(|name| field.to_string().contains(&format!("/{name}\"")));
    let mut found = Vec::new();
    for part in [&schema["properties"]["data"], &schema["$defs"]] {
        fields(part, &mut found);
    }
    found.iter().any(|(name, field)| SECRET_FIELDS.contains(name) || names_secret(field))
}

#[test]
fn no_fact_of_another_noun_has_a_field_for_a_secret_unless_it_is_kept_apart() {
    let ordinary = Fact::KINDS.iter().filter(|kind| is_ordinary(kind.noun));
    let holding: BTreeSet<_> = ordinary.filter(|kind| may_hold_a_secret(kind)).map(events::FactKind::name).collect();
    assert_eq!(
        holding,
        KEPT_APART.into(),
        "a secret is in a fact of its own noun (`SECRET_NOUNS`), or `Fact::part` keeps it apart"
    );
    for noun in SECRET_NOUNS {
        assert!(SUBJECT_NOUNS.contains(noun), "{noun} is on the log");
        let kinds = Fact::KINDS.iter().filter(|kind| kind.noun == *noun);
        assert!(kinds.clone().any(may_hold_a_secret), "{noun} holds secrets");
    }
}

/// The facts of each kind as consumers without secrets receive them.
#[test]
fn nothing_secret_is_in_what_all_may_read() {
    let mut parted = BTreeSet::new();
    for sample in samples() {
        let (before, fact) = sample.event.fact.clone().part(&region());
        for fact in before.iter().chain([&fact]).filter(|fact| is_ordinary(fact.kind().noun)) {
            let text = serde_json::to_string(fact).unwrap();
            for secret in ["\"v1.", "019aac00-0000-7000-8000-000000000400", "refresh"] {
                assert!(!text.contains(secret), "{}: {text}", sample.file_name);
            }
        }
        if fact.lacks_secret() {
            assert_eq!(fact.level(), Fact::SECRETS_LEVEL);
            let Some(Fact::SecretKept(kept)) = before else {
                assert!(sample.file_name.ends_with(".apart.json"), "{}", sample.file_name);
                continue;
            };
            parted.insert(sample.event.fact.kind().name());
            assert_eq!(fact.joined(&kept.secret), sample.event.fact, "it comes back whole");
        }
    }
    assert_eq!(parted, KEPT_APART.into(), "the samples show a secret of each");
}

/// What a reader outside of the store receives of each kind, of whatever age the log is.
#[test]
fn nothing_secret_is_in_what_is_disclosed() {
    let mut disclosed = BTreeSet::new();
    for sample in samples() {
        let fact = sample.event.fact.clone();
        if fact.is_for_the_store() {
            continue;
        }
        let held = fact.holds_secret();
        let text = serde_json::to_string(&fact.clone().without_secret()).unwrap();
        for secret in ["\"v1.", "019aac00-0000-7000-8000-000000000400", "refresh"] {
            assert!(!text.contains(secret), "{}: {text}", sample.file_name);
        }
        assert!(!fact.clone().without_secret().holds_secret());
        if held {
            disclosed.insert(sample.event.fact.kind().name());
        } else {
            assert_eq!(fact.clone().without_secret(), fact, "what holds no secret is left as it is");
        }
    }
    assert_eq!(disclosed, KEPT_APART.into(), "the samples show a secret of each");
}

/// Whoever uploads bytes and lists the key would learn from them whether others have stored the same.
#[test]
fn nothing_in_what_users_see_tells_which_content_it_is_or_whether_it_was_there() {
    let mut withheld = BTreeSet::new();
    for sample in samples().into_iter().filter(|sample| sample.event.fact.key().is_some()) {
        let fact = sample.event.fact.clone().without_contents();
        let text = serde_json::to_string(&fact).unwrap();
        for told in ["\"stored\"", "placement", "node-"] {
            assert!(!text.contains(told), "{}: {text}", sample.file_name);
        }
        let nothing = format!("\"sha256\":\"{}\",\"generation\":\"{}\"", "0".repeat(64), uuid::Uuid::nil());
        assert_eq!(text.matches("\"generation\"").count(), text.matches(&nothing).count(), "{text}");
        if fact != sample.event.fact {
            withheld.insert(fact.kind().name());
            let event = events::Event { fact, ..sample.event };
            let written = event.encode(&region()).unwrap();
            crate::files::assert_follows_schema(&serde_json::from_slice(&written).unwrap());
        }
    }
    assert_eq!(withheld, ["object.appended.v1", "object.created.v1", "upload.part_stored.v1"].into());
}
