//! Finds the operation for a method, address and query.

use http::Method;

use crate::address::Address;
use crate::error::Error;
use crate::operation::{Condition, Operation, Route, Verb};
use crate::query::Query;
use crate::request::Head;
use crate::sub_resource::{self, Level, SubResource};

/// Parameters of presigned URLs that only `sigv4` reads.
const PARAMETERS_SIGNING: [&str; 10] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "x-amz-user-agent",
    "x-id",
];

/// The operation that a request asks for.
///
/// A query parameter that S3 does not know is ignored. One that names a sub-resource is not: answering `GET
/// /bucket?policy` with a listing would be a wrong answer, not a partial one. A parameter that selects a version or
/// part is not ignored either, if the operation would not use it. The same holds for headers that would weaken the
/// request if they were ignored (encryption, locks, tags).
///
/// # Errors
/// `NotImplemented` for operations that S3 has and this server does not, `MethodNotAllowed` for a method that the
/// resource does not have, `InvalidArgument` for two sub-resources, a version of something without versions, and for a
/// repeated parameter, because two readers might choose different values.
pub fn route(method: &Method, address: &Address, head: &Head<'_>) -> Result<Operation, Error> {
    let operation = find(method, address, head)?;
    head.refuse_unbuilt(operation)?;
    Ok(operation)
}

/// The operation whose route matches the request.
fn find(method: &Method, address: &Address, head: &Head<'_>) -> Result<Operation, Error> {
    if address.is_control {
        let wanted = Wanted { method, level: Level::Control, sub_resource: None, copies: false };
        return wanted.find(head.query())?.ok_or_else(|| Error::method_not_allowed(method.as_str(), "TAGS"));
    }
    let query = head.query();
    let selected = sub_resource::selected(query)?;
    let level = match (&address.bucket, &address.key) {
        (Some(_), Some(_)) => Level::Object,
        (Some(_), None) => Level::Bucket,
        (None, _) => Level::Service,
    };
    let copies = match level {
        Level::Object => head.text("x-amz-copy-source").map(|source| source.is_some()),
        Level::Service | Level::Bucket | Level::Control => Ok(false),
    };
    let sub_resource = selected.map(|selected| selected.name);
    let routed = copies.and_then(|copies| Wanted { method, level, sub_resource, copies }.find(query));
    let operation = match (selected, routed) {
        (_, Ok(Some(operation))) => operation,
        (Some(selected), Ok(None) | Err(_)) => return Err(misplaced(selected, level, method)),
        (None, Ok(None)) => return Err(unknown(method, level)),
        (None, Err(error)) => return Err(error),
    };
    check_selectors(level, operation, query)?;
    check_repeated(operation, query)?;
    Ok(operation)
}

/// The properties of a request that select its operation.
struct Wanted<'a> {
    method: &'a Method,
    level: Level,
    sub_resource: Option<&'static str>,
    /// It names the source of a copy.
    copies: bool,
}

impl Wanted<'_> {
    fn find(&self, query: &Query<'_>) -> Result<Option<Operation>, Error> {
        let verb = match *self.method {
            Method::GET => Verb::Get,
            Method::HEAD => Verb::Head,
            Method::PUT => Verb::Put,
            Method::POST => Verb::Post,
            Method::DELETE => Verb::Delete,
            _ => return Ok(None),
        };
        let named =
            |route: &&Route| (route.verb, route.level, route.sub_resource) == (verb, self.level, self.sub_resource);
        for route in Operation::routes().filter(named) {
            if self.fulfils(route.conditions, query)? {
                return Ok(Some(route.operation));
            }
        }
        Ok(None)
    }

    fn fulfils(&self, conditions: &[Condition], query: &Query<'_>) -> Result<bool, Error> {
        for condition in conditions {
            let holds = match *condition {
                Condition::Has(name) => query.has(name),
                // S3 ignores every other value of `list-type`.
                Condition::Is(name, value) => query.bytes(name)? == Some(value.as_bytes()),
                Condition::Copies => self.copies,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The refusal of a method that the addressed resource does not have.
fn unknown(method: &Method, level: Level) -> Error {
    let resource_type = match level {
        Level::Object => "OBJECT",
        Level::Bucket => "BUCKET",
        Level::Service | Level::Control => "SERVICE",
    };
    Error::method_not_allowed(method.as_str(), resource_type)
}

/// The refusal of a sub-resource that the operation of this method and address does not have.
fn misplaced(selected: &SubResource, level: Level, method: &Method) -> Error {
    if level == Level::Bucket && selected.name == "uploadId" {
        return Error::invalid_request("A key must be specified");
    }
    selected.refuse(level, method)
}

/// Refuses parameters that select a version or part if the operation would ignore them.
fn check_selectors(level: Level, operation: Operation, query: &Query<'_>) -> Result<(), Error> {
    let is_ignored = |name| query.has(name) && !operation.takes_parameter(name);
    if level == Level::Service && query.has("max-directory-buckets") {
        return Err(Error::not_implemented("directory buckets"));
    }
    if level == Level::Service || operation == Operation::PostObject {
        return Ok(());
    }
    if is_ignored("partNumber") {
        return Err(match level {
            Level::Bucket => Error::invalid_request("Object must have a valid key name."),
            _ => Error::invalid_argument("This operation does not accept a part number.", "partNumber", ""),
        });
    }
    if is_ignored("versionId") {
        let value = String::from_utf8_lossy(query.bytes("versionId")?.unwrap_or_default()).into_owned();
        return Err(Error::invalid_argument("This operation does not accept a version-id.", "versionId", value));
    }
    if is_ignored("annotationName") {
        return Err(Error::invalid_argument("Unexpected query string parameter", "ResourceType", "annotationName"));
    }
    Ok(())
}

/// Whether every operation may have a parameter.
fn is_common(name: &[u8]) -> bool {
    let Ok(name) = std::str::from_utf8(name) else { return false };
    PARAMETERS_SIGNING.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
        || matches!(name, "AWSAccessKeyId" | "Signature" | "Expires")
}

/// Refuses a repeated parameter that the operation uses. S3 uses the first one; here nothing may use another value than
/// the one that was judged.
fn check_repeated(operation: Operation, query: &Query<'_>) -> Result<(), Error> {
    let overrides = matches!(operation, Operation::GetObject | Operation::HeadObject);
    for (index, parameter) in query.iter().enumerate() {
        let name = &*parameter.name;
        let is_known = std::str::from_utf8(name).is_ok_and(|name| operation.takes_parameter(name));
        let means_something = is_known || is_common(name) || (overrides && is_response_override(name));
        if means_something && query.iter().take(index).any(|before| before.name.eq_ignore_ascii_case(name)) {
            let name = String::from_utf8_lossy(name);
            return Err(Error::invalid_argument("The query parameter must not be repeated", name, ""));
        }
    }
    Ok(())
}

fn is_response_override(name: &[u8]) -> bool {
    crate::request::RESPONSE_OVERRIDES.iter().any(|(parameter, _)| parameter.as_bytes() == name)
}
