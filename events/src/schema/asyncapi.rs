//! AsyncAPI 3.0: where each event appears, and which schema it follows.
//!
//! Source: <https://www.asyncapi.com/docs/reference/specification/v3.0.0>

use serde_json::{Map, Value, json};

use super::file_name;
use crate::envelope::CONTENT_TYPE;
use crate::fact::{Collection, Fact, FactKind};
use crate::subject::SUBJECT_ROOT;

/// The version of the contract: its major is the `v1` of the types, its minor grows with every addition.
const CONTRACT_VERSION: &str = "1.0.0";

const DESCRIPTION: &str = "All facts of a Planetstore region: about buckets, objects, nodes, users and their rights. \
    Each is a CloudEvent 1.0 in structured JSON on NATS JetStream. An acknowledged write is exactly one event. Delivery \
    is at least once: drop events whose `id` you have seen. The log of a region has one total order, `sequence`. Within \
    a major version (the `v1` in `type`) fields and values are only added: ignore those you do not know. A new major \
    version is a new type. Facts of the nouns `secret` and `session` contain sealed secrets and ids of sessions, and are \
    for the store itself: consumers read a mirror without them. A fact whose secret is in an event of its own contains \
    `apart` in its place.";

/// The whole document.
pub(super) fn document() -> Value {
    let each = |entry: fn(&FactKind) -> (String, Value)| Fact::KINDS.iter().map(entry).collect::<Map<_, _>>();
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:planetstore:asyncapi:events",
        "info": {
            "title": "Planetstore events",
            "version": CONTRACT_VERSION,
            "description": DESCRIPTION,
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": each(channel),
        "operations": each(operation),
        "components": {
            "messages": each(message),
            "parameters": parameters(),
        },
    })
}

fn parameters() -> Map<String, Value> {
    let name = |collection: Collection| {
        let member = collection.member();
        let description = format!(
            "The name of the {}, percent-encoded so that a dot does not split the token.",
            member.replace("kms_key", "KMS key")
        );
        (member.to_owned(), json!({ "description": description, "examples": [example(collection)] }))
    };
    let region = json!({ "description": "The name of the region.", "examples": ["eu-1"] });
    std::iter::once(("region".to_owned(), region)).chain(Collection::ALL.map(name)).collect()
}

const fn example(collection: Collection) -> &'static str {
    match collection {
        Collection::Buckets => "logs%2Eexample%2Ecom",
        Collection::Users => "alice%40example%2Ecom",
        Collection::Groups => "editors",
        Collection::Policies => "read-photos",
        Collection::KmsKeys => "aws%2Fs3",
        Collection::Regions => "eu-1",
        Collection::Nodes => "node-1",
        Collection::Consumers => "search",
        Collection::Targets => "alerts",
        Collection::Links => "us-west-2",
    }
}

/// A channel is named by noun and verb: all major versions of a fact share its subject.
fn channel_name(kind: &FactKind) -> String {
    format!("{}.{}", kind.noun, kind.verb)
}

fn channel(kind: &FactKind) -> (String, Value) {
    let member = kind.collection.member();
    let parameter = |name| json!({ "$ref": format!("#/components/parameters/{name}") });
    let channel = json!({
        "address": format!("{SUBJECT_ROOT}.{{region}}.{}.{{{member}}}.{}", kind.noun, kind.verb),
        "parameters": { "region": parameter("region"), member: parameter(member) },
        "messages": { kind.name(): { "$ref": format!("#/components/messages/{}", kind.name()) } },
    });
    (channel_name(kind), channel)
}

fn operation(kind: &FactKind) -> (String, Value) {
    let channel = format!("#/channels/{}", channel_name(kind));
    let operation = json!({
        "action": "send",
        "channel": { "$ref": channel },
        "messages": [{ "$ref": format!("{channel}/messages/{}", kind.name()) }],
    });
    (format!("publish.{}", channel_name(kind)), operation)
}

fn message(kind: &FactKind) -> (String, Value) {
    let message = json!({
        "name": kind.event_type,
        "title": kind.name(),
        "contentType": CONTENT_TYPE,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": { "$ref": format!("./{}", file_name(kind)) },
        },
    });
    (kind.name().into(), message)
}
