//! Conditions, which must hold for a statement to apply.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

mod network;
mod operator;
mod test;

use std::borrow::Cow;

use crate::context::{Key, Value};
use crate::evaluate::Ask;
use crate::json::Json;
use crate::malformed::{DocumentPath, Malformed, quoted};
use crate::pattern::Cost;
use crate::request::Caller;
use crate::statement::{Effect, VALUES_MAX};
use crate::user_arn::UserArn;

use operator::{Operator, Quantifier};
use test::{One, Test};

/// One condition: the required values of one key.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    operator: Operator,
    key: Key,
    test: Test,
}

/// The longest value of a request that is compared, in bytes. A longer one counts as unreadable, because comparing
/// costs more with its length, and many values of a policy may be compared with many keys of one request.
pub const COMPARED_BYTES_MAX: usize = 4 * 1024;

/// Keys that identify callers on AWS if their values are fixed, among those that are always absent here.
const WHO_ELSEWHERE: [&str; 11] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
];

impl Condition {
    pub(crate) fn parse(
        operator: &str,
        key: &str,
        values: &Json,
        variables: bool,
        place: &DocumentPath<'_>,
    ) -> Result<Self, Malformed> {
        let operator = Operator::parse(operator)
            .ok_or_else(|| place.wrong(format!("there is no condition operator {}", quoted(operator))))?;
        let key = Key::named(key).ok_or_else(|| place.wrong(format!("there is no condition key {}", quoted(key))))?;
        let values = texts(values, place)?;
        let test = Test::parse(operator.kind, &values, variables).map_err(|problem| place.wrong(problem))?;
        Ok(Self { operator, key, test })
    }

    /// Whether the value is ever available when the policy is evaluated.
    pub(crate) fn is_answerable(&self) -> bool {
        self.key != Key::LocationConstraint
    }

    pub(crate) fn cost(&self) -> Cost {
        self.test.cost()
    }

    /// Whether it holds for a request. A variable without a value must not widen what is allowed: it matches nothing,
    /// except in a negated condition of an `Allow`, where a match narrows.
    pub(crate) fn holds(&self, ask: &Ask<'_>, effect: Effect) -> bool {
        let Operator { negated, if_exists, quantifier, .. } = self.operator;
        let without_value = negated && effect == Effect::Allow;
        let is_one = |value: One<'_>| self.test.has(&value, ask.caller).unwrap_or(without_value);
        // An ARN may be written with or without its account, as among the principals.
        let short_arn = || match ask.caller {
            Caller::User { name, .. } if self.key == Key::PrincipalArn => {
                Some(UserArn::short(name.clone()).to_string())
            }
            _ => None,
        };
        let found = match ask.value(&self.key) {
            Value::Absent => None,
            Value::Unreadable => return effect == Effect::Deny,
            Value::Text(text) if text.len() > COMPARED_BYTES_MAX => return effect == Effect::Deny,
            Value::Text(text) => {
                Some(is_one(One::Text(&text)) || short_arn().is_some_and(|arn| is_one(One::Text(&arn))))
            }
            Value::Number(number) => Some(is_one(One::Number(number))),
            Value::Flag(flag) => Some(is_one(One::Flag(flag))),
            Value::Time(time) => Some(is_one(One::Time(time))),
            Value::Address(address) => Some(is_one(One::Address(address))),
            Value::Texts(texts) => return self.holds_of_many(texts, is_one),
        };
        if let Test::Null(absent) = self.test {
            return found.is_none() == absent;
        }
        match (found, quantifier) {
            (Some(found), _) => found != negated,
            (None, _) if if_exists => true,
            (None, Quantifier::All) => true,
            (None, Quantifier::Any) => false,
            (None, Quantifier::None) => negated,
        }
    }

    /// The same for a key with many values: without a quantifier one match is enough, and a negated operator requires
    /// that none matches.
    fn holds_of_many<'a>(&self, texts: impl Iterator<Item = Cow<'a, str>>, is_one: impl Fn(One<'_>) -> bool) -> bool {
        let Operator { negated, if_exists, quantifier, .. } = self.operator;
        let mut texts = texts.peekable();
        let is_empty = texts.peek().is_none();
        if let Test::Null(absent) = self.test {
            return is_empty == absent;
        }
        match quantifier {
            _ if is_empty && if_exists => true,
            Quantifier::All => texts.all(|text| is_one(One::Text(&text)) != negated),
            Quantifier::Any => texts.any(|text| is_one(One::Text(&text)) != negated),
            Quantifier::None => texts.any(|text| is_one(One::Text(&text))) != negated,
        }
    }

    /// Whether it holds only for callers that the policy's author listed. Such a statement is not public.
    pub(crate) fn fixes_who_asks(&self) -> bool {
        let Operator { negated, if_exists, quantifier, .. } = self.operator;
        let is_who = match &self.key {
            Key::SourceIp | Key::UserId | Key::PrincipalArn | Key::PrincipalAccount => true,
            Key::NeverFilled(name) => WHO_ELSEWHERE.contains(name),
            _ => false,
        };
        is_who && !negated && !if_exists && quantifier != Quantifier::All && self.test.is_narrow()
    }
}

/// The values of a condition as texts: in JSON they may be numbers and booleans.
fn texts(json: &Json, place: &DocumentPath<'_>) -> Result<Vec<String>, Malformed> {
    let text = |json: &Json, place: &DocumentPath<'_>| match json {
        Json::Text(text) | Json::Number(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        other => Err(place.wrong(format!("a value is a string, a number or a boolean, not {}", other.what()))),
    };
    match json {
        Json::List(list) if list.is_empty() => Err(place.wrong("the list is empty")),
        Json::List(list) if list.len() > VALUES_MAX => Err(place.wrong(format!("more than {VALUES_MAX} values"))),
        Json::List(list) => list.iter().enumerate().map(|(at, json)| text(json, &place.item(at))).collect(),
        json => Ok(vec![text(json, place)?]),
    }
}
