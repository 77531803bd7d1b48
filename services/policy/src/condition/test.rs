//! The comparison of a condition's values with those of a request.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::malformed::quoted;
use crate::pattern::{Cost, Pattern, Subject, Syntax};
use crate::request::Caller;

use super::network::Network;
use super::operator::{Kind, Order};

/// The values of a condition, parsed for its operator.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Text(Vec<Pattern>),
    TextWhateverCase(Vec<Pattern>),
    Number(Order, Vec<f64>),
    Time(Order, Vec<Timestamp>),
    Flag(Vec<bool>),
    Address(Vec<Network>),
    Arn(Vec<Arn>),
    /// Whether the key must be absent.
    Null(bool),
}

/// One value of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum One<'a> {
    Text(&'a str),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
    Address(IpAddr),
}

impl Test {
    /// Parses the values of a policy; the error says which is malformed.
    pub(crate) fn parse(kind: Kind, values: &[String], variables: bool) -> Result<Self, String> {
        let patterns = |wildcards| {
            values.iter().map(|value| Pattern::parse(value, Syntax { wildcards, variables })).collect::<Result<_, _>>()
        };
        Ok(match kind {
            Kind::Text => Self::Text(patterns(false)?),
            Kind::TextWhateverCase => Self::TextWhateverCase(patterns(false)?),
            Kind::TextLike => Self::Text(patterns(true)?),
            Kind::Number(order) => Self::Number(order, all(values, number, "a number")?),
            Kind::Time(order) => {
                Self::Time(order, all(values, time, "a date like 2030-01-31T00:00:00Z or seconds since 1970")?)
            }
            Kind::Flag => Self::Flag(all(values, flag, "true or false")?),
            Kind::Address => Self::Address(all(values, Network::parse, "an address or a network like 10.0.0.0/8")?),
            Kind::Arn => Self::Arn(values.iter().map(|value| Arn::parse(value, variables)).collect::<Result<_, _>>()?),
            Kind::Null => match all(values, flag, "true or false")?.as_slice() {
                [absent] => Self::Null(*absent),
                _ => return Err("Null takes true or false".to_owned()),
            },
        })
    }

    pub(crate) fn cost(&self) -> Cost {
        match self {
            Self::Text(patterns) => patterns.iter().map(Pattern::cost).sum(),
            Self::Arn(arns) => arns.iter().flat_map(|arn| &arn.parts).map(Pattern::cost).sum(),
            _ => Cost::default(),
        }
    }

    /// Whether the condition lists the request's value. A malformed value equals nothing. `None` if the result depends
    /// on a variable that has no value for the caller.
    pub(crate) fn has(&self, value: &One<'_>, caller: Caller<'_>) -> Option<bool> {
        let caller = Some(caller);
        match self {
            Self::Text(patterns) => {
                let text = value.text();
                any(patterns, |pattern| pattern.matches(Subject::text(&text), caller))
            }
            Self::TextWhateverCase(patterns) => {
                let text = value.text();
                any(patterns, |pattern| pattern.is_whatever_the_case(&text, caller))
            }
            Self::Arn(arns) => {
                let text = value.text();
                let parts: Vec<_> = split(&text).collect();
                any(arns, |arn| arn.matches(&parts, caller))
            }
            Self::Number(order, wanted) => {
                Some(value.number().is_some_and(|found| wanted.iter().any(|wanted| order.holds(&found, wanted))))
            }
            Self::Time(order, wanted) => {
                Some(value.time().is_some_and(|found| wanted.iter().any(|wanted| order.holds(&found, wanted))))
            }
            Self::Flag(wanted) => Some(value.flag().is_some_and(|found| wanted.contains(&found))),
            Self::Address(wanted) => {
                Some(value.address().is_some_and(|found| wanted.iter().any(|network| network.has(found))))
            }
            Self::Null(_) => Some(true),
        }
    }

    /// Whether its values identify particular callers.
    pub(crate) fn is_narrow(&self) -> bool {
        match self {
            Self::Text(patterns) | Self::TextWhateverCase(patterns) => patterns.iter().all(Pattern::is_fixed),
            Self::Arn(arns) => arns.iter().all(|arn| arn.parts.iter().all(Pattern::is_fixed)),
            Self::Address(networks) => networks.iter().all(Network::is_narrow),
            Self::Number(..) | Self::Time(..) | Self::Flag(_) | Self::Null(_) => false,
        }
    }
}

/// Whether one of them matches; `None` if none does and one could not be compared.
fn any<T>(all: &[T], matches: impl Fn(&T) -> Option<bool>) -> Option<bool> {
    let mut answer = Some(false);
    for one in all {
        match matches(one) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => answer = None,
        }
    }
    answer
}

fn all<T>(values: &[String], read: impl Fn(&str) -> Option<T>, what: &str) -> Result<Vec<T>, String> {
    let read = |value: &String| read(value).ok_or_else(|| format!("{} is not {what}", quoted(value)));
    values.iter().map(read).collect()
}

/// A number in JSON's form, without infinities.
fn number(text: &str) -> Option<f64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

/// An ISO 8601 date, or seconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp());
    text.parse().ok().or_else(day)
}

fn flag(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

impl One<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => number.to_string().into(),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Self::Time(time) => time.to_string().into(),
            Self::Address(address) => address.to_string().into(),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Text(text) => number(text),
            #[expect(clippy::cast_precision_loss, reason = "a policy compares no numbers above 2^53")]
            Self::Number(number) => Some(*number as f64),
            #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are below 2^53")]
            Self::Time(time) => Some(time.as_second() as f64),
            Self::Flag(_) | Self::Address(_) => None,
        }
    }

    fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Text(text) => time(text),
            Self::Number(seconds) => Timestamp::from_second(*seconds).ok(),
            Self::Time(time) => Some(*time),
            Self::Flag(_) | Self::Address(_) => None,
        }
    }

    fn flag(&self) -> Option<bool> {
        match self {
            Self::Text(text) => flag(text),
            Self::Flag(flag) => Some(*flag),
            Self::Number(_) | Self::Time(_) | Self::Address(_) => None,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Address(address) => Some(*address),
            Self::Number(_) | Self::Flag(_) | Self::Time(_) => None,
        }
    }
}

/// A pattern of an ARN. Each of its six parts is matched separately, so that a wildcard does not match a colon.
#[derive(Debug, Clone)]
pub(crate) struct Arn {
    parts: Vec<Pattern>,
}

/// The parts of an ARN. The last may contain colons.
const ARN_PARTS: usize = 6;

impl Arn {
    fn parse(text: &str, variables: bool) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self { parts: vec![Pattern::anything(); ARN_PARTS] });
        }
        let parts = split(text).map(|part| Pattern::parse(part, Syntax { wildcards: true, variables }));
        let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
        if parts.len() == ARN_PARTS { Ok(Self { parts }) } else { Err(format!("{} is not an ARN", quoted(text))) }
    }

    /// Whether it matches the parts of a text. A text with fewer parts is not an ARN.
    fn matches(&self, parts: &[&str], caller: Option<Caller<'_>>) -> Option<bool> {
        if parts.len() < ARN_PARTS {
            return Some(false);
        }
        for (part, found) in self.parts.iter().zip(parts) {
            if !part.matches(Subject::text(found), caller)? {
                return Some(false);
            }
        }
        Some(true)
    }
}

/// The parts of an ARN. The colon in a variable such as `${aws:username}` separates nothing.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut rest, mut left) = (Some(text), ARN_PARTS);
    std::iter::from_fn(move || {
        let text = rest?;
        left -= 1;
        let mut in_braces = false;
        let end = text.char_indices().find_map(|(at, c)| {
            in_braces = (in_braces || text[at..].starts_with("${")) && c != '}';
            (c == ':' && !in_braces).then_some(at)
        });
        let end = end.filter(|_| left > 0);
        rest = end.map(|at| &text[at + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}
