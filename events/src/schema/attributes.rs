use serde_json::{Map, Value, json};

use crate::envelope::SPEC_VERSION;
use crate::fact::{Collection, FactKind};
use crate::ids::{AuthType, EventId, ObjectKey, Sha256Digest, TraceParent, UserName};

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
        Collection::Targets => "[A-Za-z0-9._-]{1,64}",
        Collection::Regions | Collection::Links => "[a-z0-9-]{1,32}",
        Collection::Nodes => "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?",
        Collection::Consumers => "[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?",
        Collection::Users | Collection::Groups | Collection::Policies => "[A-Za-z0-9+=,.@_-]{1,64}",
    };
    [
        ("specversion", json!({ "const": SPEC_VERSION, "description": "The version of CloudEvents." })),
        (
            "type",
            json!({ "const": kind.event_type, "description": "The type of the event and the version of its schema." }),
        ),
        ("id", described::<EventId>("The event's id, a UUIDv7, the same on every redelivery; also the `Nats-Msg-Id`.")),
        (
            "source",
            json!({
                "type": "string",
                "format": "uri",
                "pattern": format!("^planetstore://[a-z0-9-]{{1,32}}/{}/{names}$", kind.collection.as_str()),
                "description": "The region, and the resource in it that the event is about.",
            }),
        ),
        (
            "time",
            json!({
                "type": "string",
                "format": "date-time",
                "description": "The time of the decision, in UTC with up to nine digits of a second. Order events by \
                    `sequence`, not by time.",
            }),
        ),
        ("datacontenttype", json!({ "const": "application/json", "description": "The media type of `data`." })),
        (
            "sequence",
            json!({
                "type": "string",
                "pattern": "^[0-9]{20}$",
                "description": "The position in the region's log, zero-padded so that text order is log order. \
                    Sequences are consecutive in the region, not within one source.",
            }),
        ),
        (
            "previoushash",
            described::<Sha256Digest>(
                "SHA-256 of the bytes of the previous event in the region's log; zeros in the first event.",
            ),
        ),
        (
            "authtype",
            described::<AuthType>("The method by which the principal that caused the event was authenticated."),
        ),
    ]
}

/// Only of events that are about a key.
fn subject() -> Attribute {
    ("subject", described::<ObjectKey>("The object's key, as in `data`."))
}

fn sometimes() -> [Attribute; 5] {
    [
        (
            "authid",
            json!({
                "type": "string",
                "minLength": 1,
                "description": "The principal that caused the event: an access key id or a user name, never a secret. \
                    Absent for anonymous requests.",
            }),
        ),
        (
            "authuser",
            described::<UserName>(
                "The user who caused the event, with whichever access key or session. Absent if no user did, and in \
                    events of older releases.",
            ),
        ),
        (
            "correlationid",
            json!({
                "type": "string",
                "minLength": 1,
                "description": "The S3 request id, as the client received it. Absent if no request caused the event.",
            }),
        ),
        ("traceparent", described::<TraceParent>("The W3C trace context of the request, if the client sent one.")),
        (
            "clientaddress",
            json!({
                "type": "string",
                "minLength": 2,
                "description": "The IP address that the request came from. Absent unless the operator has addresses recorded, and absent for users who may not read all events.",
            }),
        ),
    ]
}

/// The schema of a type, with its meaning as an attribute.
fn described<T: schemars::JsonSchema>(meaning: &str) -> Value {
    let mut schema = T::json_schema(&mut schemars::SchemaGenerator::default());
    schema.insert("description".into(), meaning.into());
    schema.into()
}
