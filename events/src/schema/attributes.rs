use serde_json::{Map, Value, json};

use crate::envelope::SPEC_VERSION;
use crate::fact::{Collection, FactKind};
use crate::ids::{AuthType, EventId, ObjectKey, Sha256Digest, TraceParent};

/// The CloudEvents attributes of a kind of event as JSON Schema properties, and the names of those it always has.
pub(super) fn of(kind: &FactKind) -> (Map<String, Value>, Vec<&'static str>) {
    let always = always(kind).into_iter().chain(kind.keyed.then(subject));
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, schema) in always {
        required.push(name);
        properties.insert(name.into(), schema);
    }
    properties.extend(sometimes().map(|(name, schema)| (name.into(), schema)));
    required.push("data");
    (properties, required)
}

/// Name and schema.
type Attribute = (&'static str, Value);

fn always(kind: &FactKind) -> [Attribute; 9] {
    let names = match kind.collection {
        Collection::Buckets => "[a-z0-9.-]{3,63}",
        Collection::KmsKeys => "[A-Za-z0-9_/-]{1,128}",
        Collection::Regions => "[a-z0-9-]{1,32}",
        Collection::Nodes => "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?",
        Collection::Users | Collection::Groups | Collection::Policies => "[A-Za-z0-9+=,.@_-]{1,64}",
    };
    [
        ("specversion", json!({ "const": SPEC_VERSION, "description": "The version of CloudEvents." })),
        ("type", json!({ "const": kind.event_type, "description": "What happened, and the version of its schema." })),
        ("id", described::<EventId>("A UUIDv7, unique to the event and kept on every redelivery; also `Nats-Msg-Id`.")),
        (
            "source",
            json!({
                "type": "string",
                "format": "uri",
                "pattern": format!("^planetstore://[a-z0-9-]{{1,32}}/{}/{names}$", kind.collection.as_str()),
                "description": format!("The {} in its region.", kind.collection.member()),
            }),
        ),
        (
            "time",
            json!({
                "type": "string",
                "format": "date-time",
                "description": "When it was decided, in UTC with up to nine digits of a second. Order events by \
                    `sequence`, not by time.",
            }),
        ),
        ("datacontenttype", json!({ "const": "application/json", "description": "The media type of `data`." })),
        (
            "sequence",
            json!({
                "type": "string",
                "pattern": "^[0-9]{20}$",
                "description": "Its place in the region's log, zero-padded so that order as text is order in the log. \
                    Consecutive in the region, not within one source.",
            }),
        ),
        (
            "previoushash",
            described::<Sha256Digest>(
                "SHA-256 of the bytes of the event before it in the region's log; zeros in the first.",
            ),
        ),
        ("authtype", described::<AuthType>("How the principal that caused it proved who they are.")),
    ]
}

/// Of the events that are about a key.
fn subject() -> Attribute {
    ("subject", described::<ObjectKey>("The object's key, as in `data`."))
}

fn sometimes() -> [Attribute; 3] {
    [
        (
            "authid",
            json!({
                "type": "string",
                "minLength": 1,
                "description": "Who caused it: an access key's id, never its secret, or a user's name. Absent when nobody was \
                    named.",
            }),
        ),
        (
            "correlationid",
            json!({
                "type": "string",
                "minLength": 1,
                "description": "The S3 request id, which the client saw too. Absent when no request was behind it.",
            }),
        ),
        ("traceparent", described::<TraceParent>("The W3C trace context of the request, if the client sent one.")),
    ]
}

/// The schema of a type, with what it means in this place.
fn described<T: schemars::JsonSchema>(meaning: &str) -> Value {
    let mut schema = T::json_schema(&mut schemars::SchemaGenerator::default());
    schema.insert("description".into(), meaning.into());
    schema.into()
}
