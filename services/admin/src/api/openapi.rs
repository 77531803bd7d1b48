//! The description of the API, made of the table of operations.
//!
//! Source: <https://spec.openapis.org/oas/v3.1.0>

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::access::{Access, Proof};
use super::answer::{Answer, JSON};
use super::asked::Asked;
use super::operation::{Operation, Parameter};
use super::operations::operations;
use super::refusal::Refusal;
use super::shape;
use crate::console::{Described, described};

/// The version of the contract: its major is the `v1` of the paths, its minor grows with every addition.
const CONTRACT_VERSION: &str = "1.0.0";

const DESCRIPTION: &str = "Users, keys, groups, policies, limits and quotas of a Planetstore region. Every change is \
    an event on its log; a program has read the change once it has read the log up to the sequence in the header \
    `X-Planetstore-Sequence`. Errors are `{code, message}`: the code is stable and for programs, the message is for \
    people and may change. `step_up_required` asks for the password again, at `/api/v1/prove`. No user can grant a \
    right that the user does not have.";

pub(super) async fn get(_: Asked) -> Result<Answer, Refusal> {
    Answer::of(&openapi())
}

/// The `OpenAPI` 3.1 document of the admin API.
pub fn openapi() -> Value {
    let mut schemas = SchemaSettings::draft2020_12();
    schemas.definitions_path = "/components/schemas".into();
    let mut generator = schemas.into_generator();
    let mut paths = Map::new();
    for operation in operations() {
        let described = describe(&operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.name()] = described;
    }
    for route in described() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = describe_route(&route, &mut generator);
    }
    let refusal = generator.subschema_for::<shape::Error>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Planetstore admin API",
            "version": CONTRACT_VERSION,
            "description": DESCRIPTION,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "responses": {
                "Refusal": { "description": "Refused", "content": content(refusal.as_value()) },
            },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut success = json!({ "description": "Success" });
    if let Some(gives) = operation.gives {
        success["content"] = json!({ operation.media: { "schema": gives(generator).as_value() } });
    }
    let mut described = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "description": whom(operation),
        "responses": {
            operation.status.to_string(): success,
            "default": { "$ref": "#/components/responses/Refusal" },
        },
    });
    let parameters = parameters(operation);
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    if let Some(takes) = operation.takes {
        described["requestBody"] = json!({ "required": true, "content": content(takes(generator).as_value()) });
    }
    if operation.access() == Access::Open {
        described["security"] = json!([]);
    }
    described
}

/// A route of the console beside the table of operations.
fn describe_route(route: &Described, generator: &mut SchemaGenerator) -> Value {
    let query = route.query.iter().map(|(name, schema, about)| {
        json!({ "name": name, "in": "query", "schema": { "type": schema }, "description": about })
    });
    let header = route.header().map(|name| {
        json!({ "name": name, "in": "header", "required": true, "schema": { "type": "string" },
            "description": "Any value. The header is required because an HTML form cannot send it" })
    });
    let parameters: Vec<_> = in_path(route.path).chain(query).chain(header).collect();
    let mut described = json!({
        "operationId": route.name,
        "summary": route.summary,
        "description": format!("Needs a login as an administrator, or with the right `{}`.", route.action),
        "responses": {
            "200": { "description": "Success", "content": content_of(route.media, (route.gives)(generator).as_value()) },
            "default": { "$ref": "#/components/responses/Refusal" },
        },
    });
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    described
}

/// The parameters in a path.
fn in_path(path: &str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
}

fn whom(operation: &Operation) -> String {
    let whom = match operation.access() {
        Access::Open => "Needs no login.".into(),
        Access::Known => "Needs a login.".into(),
        Access::Everyone(action) => format!("Needs a login. A policy can deny `{action}`."),
        Access::Own(action) => {
            format!("Needs a login as this user, as an administrator, or with the right `{action}`.")
        }
        Access::Right(action) => format!("Needs a login as an administrator, or with the right `{action}`."),
    };
    let proof = match operation.proof {
        Proof::OfSession => "",
        Proof::Recent => " The password must have been proven in the last 15 minutes.",
        Proof::RecentForOthers => " For other users, the password must have been proven in the last 15 minutes.",
    };
    format!("{whom}{proof}")
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let in_path = in_path(operation.path);
    let paging = [
        json!({
            "name": "after", "in": "query", "schema": { "type": "string" },
            "description": "The last name of the previous page"
        }),
        json!({ "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 1000 } }),
    ];
    let more = operation.parameters.iter().map(|parameter| {
        let Parameter { name, place, schema, about } = parameter;
        json!({ "name": name, "in": place, "schema": { "type": schema }, "description": about })
    });
    in_path.chain(paging.into_iter().filter(|_| operation.is_paged)).chain(more).collect()
}

fn content(schema: &Value) -> Value {
    content_of(JSON, schema)
}

fn content_of(media: &str, schema: &Value) -> Value {
    json!({ media: { "schema": schema } })
}
