//! The pages of reference in `docs/events`: one for each noun, and the table of all types in the index. Made of the schemas
//! and the frozen examples.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use events::schema::event_schema;
use events::{Fact, FactKind, SECRET_NOUNS};
use serde_json::Value;

/// The index, whose text around the table is written by hand.
pub(crate) const INDEX: &str = "README.md";

/// What is between these lines in the index is generated.
const BEGIN: &str = "<!-- generated from the types of events -->\n";
const END: &str = "<!-- end of the generated part -->\n";

/// What a page says above all.
const HEAD: &str = "<!-- generated from the types of events -->\n";

/// What is known of a noun, and of no single fact.
const NOUNS: [(&str, &str); 18] = [
    ("bucket", "Buckets and their settings."),
    ("consumer", "Durable consumers: programs outside of the store that read its events over NATS."),
    ("content", "Stored bytes: where their shards are, how they are, and when they end."),
    ("group", "Groups of users."),
    ("key", "S3 keys of users."),
    ("kms_key", "Keys of the key store, for SSE-KMS."),
    ("link", "Links to other regions, by which buckets are replicated."),
    ("node", "Storage nodes."),
    (
        "object",
        "Objects and their versions. Every event that changes how much a bucket holds says by how much: `delta`.",
    ),
    ("policy", "Policies, and who has them."),
    ("quota", "Quotas of buckets."),
    ("region", "The region as a whole: its level, its keys, and what one process does at a time."),
    ("replication", "How the replication of versions to other regions goes."),
    ("secret", "Sealed secrets."),
    ("session", "Sessions of users."),
    ("target", "Targets, to which events are sent, and how far each has come."),
    ("upload", "Multipart uploads."),
    ("user", "Users."),
];

/// The page of each noun, by the names of their files.
pub(crate) fn pages(example: impl Fn(&FactKind) -> String) -> BTreeMap<String, String> {
    let mut nouns: Vec<_> = Fact::KINDS.iter().map(|kind| kind.noun).collect();
    nouns.sort_unstable();
    nouns.dedup();
    nouns.into_iter().map(|noun| (format!("{noun}.md"), page(noun, &example))).collect()
}

/// The index with its table in it. `None` if it has no place for one.
pub(crate) fn index(page: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let mut table = "| Type | Level | Says |\n|---|---|---|\n".to_owned();
    for kind in Fact::KINDS {
        let says = one_line(&event_schema(kind)["description"]);
        let _written =
            writeln!(table, "| [`{}`]({}.md#{}) | {} | {says} |", verb(kind), kind.noun, anchor(kind), kind.level);
    }
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

fn verb(kind: &FactKind) -> String {
    format!("{}.{}", kind.noun, kind.verb)
}

/// The anchor of a fact's heading.
fn anchor(kind: &FactKind) -> String {
    verb(kind).replace('.', "")
}

fn page(noun: &str, example: &impl Fn(&FactKind) -> String) -> String {
    let about = NOUNS.iter().find(|(name, _)| *name == noun).map_or("", |(_, about)| about);
    assert!(!about.is_empty(), "say in tests/events/pages.rs what {noun} is");
    let mut text = format!("{HEAD}\n# Events: {noun}\n\n{about} [All types](README.md#types)\n");
    if SECRET_NOUNS.contains(&noun) {
        text += "\nThese events are for the store itself. No reader outside of it receives any.\n";
    }
    let mut described = Described::default();
    for kind in Fact::KINDS.iter().filter(|kind| kind.noun == noun) {
        text += &fact(kind, &mut described, &example(kind));
    }
    text
}

/// The definitions that a page has, with their headings.
#[derive(Default)]
struct Described(Vec<(String, Value, String)>);

impl Described {
    /// The heading of a definition, if the page has it.
    fn heading(&self, name: &str, definition: &Value) -> Option<&str> {
        let found = self.0.iter().find(|(other, value, _)| other == name && value == definition);
        found.map(|(_, _, heading)| heading.as_str())
    }
}

/// A fact: what it says, its fields, the types in them that need words, and its example.
fn fact(kind: &FactKind, described: &mut Described, example: &str) -> String {
    let schema = event_schema(kind);
    let data = &schema["properties"]["data"];
    let mut waiting = Vec::new();
    let fields = table(data, &schema["$defs"], kind, described, &mut waiting);
    let mut text = format!(
        "\n## {}\n\n{}\n\nType `{}`, from level {} of a region on. [Schema](../../schemas/{}.json)\n\n{fields}",
        verb(kind),
        paragraph(&schema["description"]),
        kind.event_type,
        kind.level,
        kind.name(),
    );
    let mut next = 0;
    while let Some((name, heading)) = waiting.get(next).cloned() {
        next += 1;
        let definition = &schema["$defs"][&name];
        let _written = write!(text, "\n### {heading}\n\n{}\n", paragraph(&definition["description"]));
        if definition["properties"].is_object() {
            let _written = write!(text, "\n{}", table(definition, &schema["$defs"], kind, described, &mut waiting));
        }
        for choice in definition["oneOf"].as_array().into_iter().flatten() {
            let _written = write!(text, "\nEither: {}\n", paragraph(&choice["description"]));
            if choice["properties"].is_object() {
                let _written = write!(text, "\n{}", table(choice, &schema["$defs"], kind, described, &mut waiting));
            }
        }
    }
    let _written = write!(text, "\nExample:\n\n```json\n{}\n```\n", example.trim_end());
    text
}

/// The fields of an object.
fn table(
    schema: &Value,
    definitions: &Value,
    kind: &FactKind,
    described: &mut Described,
    waiting: &mut Vec<(String, String)>,
) -> String {
    let mut text = "| Field | Type | Always | Meaning |\n|---|---|---|---|\n".to_owned();
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let always = required.is_some_and(|required| required.iter().any(|other| other == name));
        let of_type = type_of(field, definitions, kind, described, waiting);
        let meaning = match one_line(&field["description"]) {
            none if none.is_empty() => one_line(&named(field, definitions).1["description"]),
            meaning => meaning,
        };
        let always = if always { "yes" } else { "" };
        let _written = writeln!(text, "| `{name}` | {of_type} | {always} | {meaning} |");
    }
    text
}

/// The name and the value of the definition that a schema refers to.
fn named<'a>(schema: &'a Value, definitions: &'a Value) -> (&'a str, &'a Value) {
    let name = schema["$ref"].as_str().and_then(|place| place.strip_prefix("#/$defs/")).unwrap_or_default();
    (name, &definitions[name])
}

fn type_of(
    schema: &Value,
    definitions: &Value,
    kind: &FactKind,
    described: &mut Described,
    waiting: &mut Vec<(String, String)>,
) -> String {
    let (name, definition) = named(schema, definitions);
    if !name.is_empty() {
        let choices = definition["oneOf"].as_array();
        let has_fields = |choice: &Value| choice["properties"].is_object();
        if !has_fields(definition) && !choices.is_some_and(|choices| choices.iter().any(has_fields)) {
            return type_of(definition, definitions, kind, described, waiting);
        }
        let found = described.heading(name, definition).map(str::to_owned);
        let heading = found.unwrap_or_else(|| {
            let heading = format!("{name} of {}", kind.verb);
            described.0.push((name.to_owned(), definition.clone(), heading.clone()));
            waiting.push((name.to_owned(), heading.clone()));
            heading
        });
        return format!("[{name}](#{})", heading.to_lowercase().replace(' ', "-"));
    }
    let values =
        |values: &[&Value]| values.iter().map(|value| format!("`{}`", text(value))).collect::<Vec<_>>().join(", ");
    if let Some(choices) = schema["oneOf"].as_array() {
        let each = choices.iter().flat_map(|choice| match choice["enum"].as_array() {
            Some(among) => among.iter().collect(),
            None => vec![&choice["const"]],
        });
        return values(&each.collect::<Vec<_>>());
    }
    if let Some(among) = schema["enum"].as_array() {
        return values(&among.iter().collect::<Vec<_>>());
    }
    if !schema["const"].is_null() {
        return values(&[&schema["const"]]);
    }
    match schema["type"].as_str() {
        Some("array") if schema["items"].is_object() => {
            format!("list of {}", type_of(&schema["items"], definitions, kind, described, waiting))
        }
        Some("array") => "list".into(),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("map to {}", type_of(&schema["additionalProperties"], definitions, kind, described, waiting))
        }
        Some("object") => "map".into(),
        Some(simple) => simple.into(),
        None => "any".into(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn paragraph(description: &Value) -> String {
    description.as_str().unwrap_or_default().to_owned()
}

fn one_line(description: &Value) -> String {
    let text = description.as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
