//! The policy of a form: what its signer allows the page to send.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::Fields;
use crate::error::{Code, Error};
use crate::header::decimal;

/// Fields that need no condition: those of the signature, and checksums, which can only make an upload fail. Fields
/// with the prefix `x-ignore-` need none either.
const FREE: [&str; 5] = ["awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"];

/// The allowed range of the file's size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthRange {
    /// The minimum.
    pub min: u64,
    /// The maximum.
    pub max: u64,
}

impl LengthRange {
    /// Any size.
    pub const ANY: Self = Self { min: 0, max: u64::MAX };
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Equals(String),
    StartsWith(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    /// The field's name in lower case.
    field: String,
    test: Test,
}

/// A well-formed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPolicy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
    length: LengthRange,
}

impl PostPolicy {
    /// Parses the field `policy`: JSON in base64.
    ///
    /// # Errors
    /// `InvalidPolicyDocument`.
    pub fn parse(field: &str) -> Result<Self, Error> {
        let text: Vec<u8> = field.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let json = STANDARD.decode(text).map_err(|_| invalid("it is not Base64"))?;
        let json: Value = serde_json::from_slice(&json).map_err(|_| invalid("it is not valid JSON"))?;
        let expiration = json.get("expiration").and_then(Value::as_str);
        let expiration = expiration.ok_or_else(|| invalid("it has no expiration"))?;
        let conditions = json.get("conditions").and_then(Value::as_array);
        let conditions = conditions.ok_or_else(|| invalid("it has no list of conditions"))?;
        let mut policy = Self { expiration: moment(expiration)?, conditions: Vec::new(), length: LengthRange::ANY };
        for condition in conditions {
            policy.add(condition)?;
        }
        Ok(policy)
    }

    fn add(&mut self, condition: &Value) -> Result<(), Error> {
        let condition = match condition {
            Value::Object(pairs) => match pairs.iter().next() {
                Some((field, Value::String(value))) if pairs.len() == 1 => {
                    Condition { field: field.to_ascii_lowercase(), test: Test::Equals(value.clone()) }
                }
                _ => return Err(invalid("a condition that is an object has one field with a text")),
            },
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(operator), min, max] if operator.eq_ignore_ascii_case("content-length-range") => {
                    let (Some(min), Some(max)) = (number(min), number(max)) else {
                        return Err(invalid("a content-length-range has two whole numbers"));
                    };
                    // All conditions must hold, so several ranges are intersected.
                    self.length = LengthRange { min: self.length.min.max(min), max: self.length.max.min(max) };
                    return Ok(());
                }
                [Value::String(operator), Value::String(field), Value::String(value)] => {
                    let field =
                        field.strip_prefix('$').ok_or_else(|| invalid("a field is named with a $ before it"))?;
                    let test = match operator.to_ascii_lowercase().as_str() {
                        "eq" => Test::Equals(value.clone()),
                        "starts-with" => Test::StartsWith(value.clone()),
                        _ => return Err(invalid("a condition is eq, starts-with or content-length-range")),
                    };
                    Condition { field: field.to_ascii_lowercase(), test }
                }
                _ => return Err(invalid("a condition that is a list has three elements")),
            },
            _ => return Err(invalid("a condition is an object or a list")),
        };
        self.conditions.push(condition);
        Ok(())
    }

    /// The allowed range of the file's size in bytes.
    pub fn length(&self) -> LengthRange {
        self.length
    }

    /// Checks whether the policy allows the form. `key` already contains the file's name.
    ///
    /// # Errors
    /// `AccessDenied`, which names the condition that does not hold, or the field that no condition allows.
    pub fn check(&self, fields: &Fields, bucket: &str, key: &str, now: Timestamp) -> Result<(), Error> {
        if self.expiration <= now {
            return Err(denied("Policy expired."));
        }
        for condition in &self.conditions {
            let value = match condition.field.as_str() {
                "bucket" => Some(bucket),
                "key" => Some(key),
                field => fields.get(field),
            };
            // If any text satisfies a condition, a form without the field satisfies it too.
            let holds = value.map_or_else(|| condition.is_of_any_text(), |value| condition.holds(value));
            if !holds {
                return Err(denied(format!("Policy Condition failed: {}", condition.text())));
            }
        }
        let is_named = |name: &str| self.conditions.iter().any(|condition| condition.field == name);
        let is_free =
            |name: &str| FREE.contains(&name) || name.starts_with("x-ignore-") || name.starts_with("x-amz-checksum-");
        let extra: Vec<_> = fields.names().chain(["bucket"]).filter(|name| !is_free(name) && !is_named(name)).collect();
        if extra.is_empty() { Ok(()) } else { Err(denied(format!("Extra input fields: {}", extra.join(", ")))) }
    }
}

impl Condition {
    fn is_of_any_text(&self) -> bool {
        matches!(&self.test, Test::StartsWith(start) if start.is_empty())
    }

    fn holds(&self, value: &str) -> bool {
        match &self.test {
            Test::Equals(wanted) => value == wanted,
            // Every type in a list of types must match.
            Test::StartsWith(start) if self.field == "content-type" => {
                value.split(',').all(|kind| kind.trim().starts_with(start.as_str()))
            }
            Test::StartsWith(start) => value.starts_with(start.as_str()),
        }
    }

    fn text(&self) -> String {
        let (operator, value) = match &self.test {
            Test::Equals(value) => ("eq", value),
            Test::StartsWith(value) => ("starts-with", value),
        };
        format!("[\"{operator}\", \"${}\", \"{value}\"]", self.field)
    }
}

/// A time as policies write it: with `T` and `Z`.
fn moment(text: &str) -> Result<Timestamp, Error> {
    let is_shaped = text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z');
    let moment = Some(text).filter(|_| is_shaped).and_then(|text| text.parse().ok());
    moment.ok_or_else(|| invalid("its expiration is not of the form 2030-01-31T12:00:00Z"))
}

/// A whole number, also as a text of digits.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| decimal(value.as_str()?))
}

fn invalid(why: &'static str) -> Error {
    Error::with_message(Code::InvalidPolicyDocument, format!("Invalid Policy: {why}."))
}

fn denied(why: impl std::fmt::Display) -> Error {
    Error::access_denied(format!("Invalid according to Policy: {why}"))
}

#[cfg(test)]
mod tests {
    use super::super::fields::fields;
    use super::*;
    use proptest::prelude::*;

    const EXPIRATION: &str = "2030-01-01T00:00:00Z";

    fn now() -> Timestamp {
        "2029-12-31T23:59:59Z".parse().unwrap()
    }

    fn parsed(json: &str) -> Result<PostPolicy, Code> {
        PostPolicy::parse(&STANDARD.encode(json)).map_err(|error| error.code())
    }

    fn policy(conditions: &str) -> PostPolicy {
        parsed(&format!("{{\"expiration\":\"{EXPIRATION}\",\"conditions\":[{{\"bucket\":\"b\"}},{conditions}]}}"))
            .unwrap()
    }

    fn allows(conditions: &str, pairs: &[(&str, &str)], key: &str) -> bool {
        policy(conditions).check(&fields(pairs), "b", key, now()).is_ok()
    }

    #[test]
    fn every_condition_must_hold_of_the_form() {
        let starts = r#"["starts-with","$key","up/"]"#;
        assert!(allows(starts, &[("key", "up/${filename}")], "up/a"));
        assert!(!allows(starts, &[("key", "${filename}")], "down/a"), "the key counts as it will be");
        assert!(allows(r#"["Starts-With","$KeY",""],{"aCl":"private"}"#, &[("key", "k"), ("acl", "private")], "k"));
        let equal = r#"["starts-with","$key",""],["eq","$x-amz-meta-a","1"]"#;
        assert!(allows(equal, &[("key", "k"), ("x-amz-meta-a", "1")], "k"));
        assert!(!allows(equal, &[("key", "k"), ("x-amz-meta-a", "12")], "k"));
        assert!(!allows(equal, &[("key", "k")], "k"), "what is named must be there");
        assert!(allows(r#"["starts-with","$key",""],["starts-with","$acl",""]"#, &[("key", "k")], "k"), "or nothing");
        assert!(!allows(r#"["starts-with","$key",""],["starts-with","$acl","p"]"#, &[("key", "k")], "k"));
        let types = r#"["starts-with","$key",""],["starts-with","$Content-Type","image/"]"#;
        assert!(allows(types, &[("key", "k"), ("content-type", "image/png, image/gif")], "k"));
        assert!(!allows(types, &[("key", "k"), ("content-type", "image/png,text/html")], "k"));
    }

    #[test]
    fn every_field_must_be_allowed() {
        let key = r#"{"key":"k"}"#;
        for free in ["policy", "signature", "awsaccesskeyid", "x-amz-signature", "x-ignore-a", "x-amz-checksum-crc32"] {
            assert!(allows(key, &[("key", "k"), (free, "v")], "k"), "{free}");
        }
        for extra in ["acl", "x-amz-meta-a", "success_action_redirect", "x-amz-credential", "tagging", "submit"] {
            assert!(!allows(key, &[("key", "k"), (extra, "v")], "k"), "{extra}");
        }
        assert!(!allows(r#"["content-length-range",0,9]"#, &[("key", "k")], "k"), "the key itself");
        let without_bucket = parsed(&format!("{{\"expiration\":\"{EXPIRATION}\",\"conditions\":[{{\"key\":\"k\"}}]}}"));
        assert!(without_bucket.unwrap().check(&fields(&[("key", "k")]), "b", "k", now()).is_err());
        assert!(policy(key).check(&fields(&[("key", "k")]), "other", "k", now()).is_err(), "another bucket");
        assert!(policy(key).check(&fields(&[("key", "k")]), "b", "k", EXPIRATION.parse().unwrap()).is_err(), "expired");
    }

    #[test]
    fn ranges_of_lengths_are_intersected() {
        assert_eq!(policy(r#"{"key":"k"}"#).length(), LengthRange::ANY);
        let both = policy(r#"["content-length-range",1,10],["Content-Length-Range","5","20"]"#);
        assert_eq!(both.length(), LengthRange { min: 5, max: 10 });
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let with =
            |conditions: &str| parsed(&format!("{{\"expiration\":\"{EXPIRATION}\",\"conditions\":{conditions}}}"));
        for bad in [
            "{}",
            "[{}]",
            "[{\"a\":\"b\",\"c\":\"d\"}]",
            "[{\"a\":1}]",
            "[[\"eq\",\"key\",\"k\"]]",
            "[[\"eq\",\"$key\"]]",
            "[[\"like\",\"$key\",\"k\"]]",
            "[[\"content-length-range\",0]]",
            "[[\"content-length-range\",-1,0]]",
            "[[\"content-length-range\",0,1.5]]",
            "[1]",
        ] {
            assert_eq!(with(bad), Err(Code::InvalidPolicyDocument), "{bad}");
        }
        for bad in [
            "",
            "[]",
            "{\"conditions\":[]}",
            "{\"expiration\":\"2030-01-01T00:00:00Z\"}",
            "{\"EXPIRATION\":\"2030-01-01T00:00:00Z\",\"conditions\":[]}",
            "{\"expiration\":\"2030-01-01T00:00:00Z\",\"CONDITIONS\":[]}",
            "{\"expiration\":\"2030-01-01 00:00:00Z\",\"conditions\":[]}",
            "{\"expiration\":\"2030-01-01T00:00:00+01:00\",\"conditions\":[]}",
            "{\"expiration\":5,\"conditions\":[]}",
        ] {
            assert_eq!(parsed(bad), Err(Code::InvalidPolicyDocument), "{bad}");
        }
        assert_eq!(PostPolicy::parse("{}").unwrap_err().code(), Code::InvalidPolicyDocument);
    }

    proptest! {
        #[test]
        fn no_text_panics(text: String, json in "([\\[\\]{}\",:]|expiration|conditions|eq|\\$key|1| ){0,20}") {
            let _ = PostPolicy::parse(&text);
            let _ = parsed(&json);
        }
    }
}
