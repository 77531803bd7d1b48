//! The notification configuration of a bucket.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::error::{Code, Error};
use crate::notification::{
    EVENT_NAMES, NOTIFICATION_RULES_MAX, NotificationKind, NotificationRule, TARGET_ARN, overlap,
};
use crate::xml::Writer;
use crate::xml::lifecycle::can_be_written;
use crate::xml::reader::{Visitor, walk};

/// The longest id of a rule, in characters: S3's limit.
const ID_CHARS_MAX: usize = 255;

/// The longest prefix or suffix in bytes, which is the longest key.
const FILTER_BYTES_MAX: usize = 1_024;

const ROOT: &str = "NotificationConfiguration";

/// The message for a target that cannot be found, as S3 says it.
const NO_SUCH_TARGET: &str = "Unable to validate the following destination configurations";

/// The rules of a bucket: the body of `PutBucketNotificationConfiguration` and the answer of
/// `GetBucketNotificationConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationConfiguration {
    /// At most [`NOTIFICATION_RULES_MAX`].
    pub rules: Vec<NotificationRule>,
}

#[derive(Default)]
struct Reading {
    rules: Vec<NotificationRule>,
    rule: Rule,
}

/// The elements of a rule that were parsed so far.
#[derive(Default)]
struct Rule {
    id: Option<String>,
    target: Option<String>,
    events: Vec<String>,
    has_filter: bool,
    name: Option<String>,
    value: Option<String>,
    prefix: Option<String>,
    suffix: Option<String>,
}

/// The kind of rule at a path, and the path within.
fn place(path: &str) -> Option<(NotificationKind, &str)> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let kind = NotificationKind::ALL.into_iter().find(|kind| kind.elements().0 == first)?;
    Some((kind, rest))
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        if path == "EventBridgeConfiguration" {
            return Err(Error::with_message(
                Code::NotImplemented,
                "There is no Amazon EventBridge here: send the events to a target of this store instead.",
            ));
        }
        let (kind, inner) = place(path).ok_or_else(Error::malformed_xml)?;
        match inner {
            "" if self.rules.len() == NOTIFICATION_RULES_MAX => Err(invalid(
                format!("The number of notification configurations must not exceed {NOTIFICATION_RULES_MAX}"),
                "Configurations",
                "",
            )),
            "Filter" if std::mem::replace(&mut self.rule.has_filter, true) => Err(Error::malformed_xml()),
            ""
            | "Id"
            | "Event"
            | "Filter"
            | "Filter/S3Key"
            | "Filter/S3Key/FilterRule"
            | "Filter/S3Key/FilterRule/Name"
            | "Filter/S3Key/FilterRule/Value" => Ok(()),
            other if other == kind.elements().1 => Ok(()),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let Some((kind, inner)) = place(path) else { return Ok(()) };
        if inner.is_empty() {
            let rule = std::mem::take(&mut self.rule).finish(kind)?;
            self.rules.push(rule);
            return Ok(());
        }
        self.rule.close(kind, inner, text)
    }
}

impl Rule {
    fn close(&mut self, kind: NotificationKind, inner: &str, text: &str) -> Result<(), Error> {
        let trimmed = text.trim();
        match inner {
            "Id" if trimmed.chars().count() > ID_CHARS_MAX => {
                Err(invalid(format!("ID length should not exceed allowed limit of {ID_CHARS_MAX}"), "Id", trimmed))
            }
            "Id" if !can_be_written(trimmed) => Err(Error::malformed_xml()),
            "Id" => once(&mut self.id, trimmed.to_owned()),
            "Event" if !EVENT_NAMES.contains(&trimmed) => Err(invalid(
                format!("The event '{}' is not supported for notifications", shown(trimmed)),
                "Event",
                trimmed,
            )),
            "Event" => {
                if !self.events.iter().any(|event| event == trimmed) {
                    self.events.push(trimmed.to_owned());
                }
                Ok(())
            }
            "Filter/S3Key/FilterRule/Name" => once(&mut self.name, trimmed.to_ascii_lowercase()),
            "Filter/S3Key/FilterRule/Value" => once(&mut self.value, text.to_owned()),
            "Filter/S3Key/FilterRule" => self.filter(),
            other if other == kind.elements().1 => once(&mut self.target, trimmed.to_owned()),
            _ => Ok(()),
        }
    }

    fn filter(&mut self) -> Result<(), Error> {
        let (Some(name), Some(value)) = (self.name.take(), self.value.take()) else {
            return Err(Error::malformed_xml());
        };
        if !can_be_written(&value) {
            return Err(Error::malformed_xml());
        }
        if value.len() > FILTER_BYTES_MAX {
            return Err(invalid(format!("The maximum size of a filter value is {FILTER_BYTES_MAX}"), "Value", &value));
        }
        let slot = match name.as_str() {
            "prefix" => &mut self.prefix,
            "suffix" => &mut self.suffix,
            _ => return Err(invalid("filter rule name must be either prefix or suffix", "FilterRule.Name", &name)),
        };
        if slot.replace(value).is_some() {
            return Err(invalid(
                format!("Cannot specify more than one {name} rule in a filter."),
                "FilterRule.Name",
                &name,
            ));
        }
        Ok(())
    }

    fn finish(self, kind: NotificationKind) -> Result<NotificationRule, Error> {
        let arn = self.target.ok_or_else(Error::malformed_xml)?;
        if self.events.is_empty() {
            return Err(Error::malformed_xml());
        }
        let target = arn.strip_prefix(TARGET_ARN).filter(|name| !name.is_empty());
        let target = target.ok_or_else(|| NotificationConfiguration::no_such_target(&arn))?.to_owned();
        let is_said = |part: &String| !part.is_empty();
        Ok(NotificationRule {
            id: self.id.filter(is_said),
            kind,
            target,
            events: self.events,
            prefix: self.prefix.filter(is_said),
            suffix: self.suffix.filter(is_said),
        })
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::malformed_xml()),
    }
}

fn invalid(why: impl Into<std::borrow::Cow<'static, str>>, name: &'static str, value: &str) -> Error {
    Error::invalid_argument(why, name, shown(value))
}

/// As much of a value as an error repeats.
fn shown(value: &str) -> String {
    value.chars().take(ID_CHARS_MAX).collect()
}

impl NotificationConfiguration {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidArgument` for unknown events, filters that S3 does not allow, ARNs of other things than
    /// targets, ids that are there twice, and rules that overlap; `NotImplemented` for `EventBridgeConfiguration`.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, ROOT, &mut reading)?;
        let rules = reading.rules;
        let mut ids = BTreeSet::new();
        for (place, rule) in rules.iter().enumerate() {
            if let Some(id) = &rule.id
                && !ids.insert(id.as_str())
            {
                return Err(invalid("Same ID used for multiple configurations. IDs must be unique", "Id", id));
            }
            if rules[..place].iter().any(|other| overlap(other, rule)) {
                return Err(invalid(
                    "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                    "Event",
                    &rule.events.join(","),
                ));
            }
        }
        Ok(Self { rules })
    }

    /// The error for an ARN that is not that of a target.
    pub fn no_such_target(arn: &str) -> Error {
        Error::invalid_argument(NO_SUCH_TARGET, shown(arn), "The destination does not exist")
    }

    /// The response of `GetBucketNotificationConfiguration`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root(ROOT, 64 + self.rules.len() * 256);
        for kind in NotificationKind::ALL {
            for rule in self.rules.iter().filter(|rule| rule.kind == kind) {
                write(&mut writer, rule);
            }
        }
        writer.end(ROOT)
    }
}

fn write(writer: &mut Writer, rule: &NotificationRule) {
    let (element, target) = rule.kind.elements();
    writer.open(element);
    writer.optional("Id", rule.id.as_deref());
    writer.text(target, &format!("{TARGET_ARN}{}", rule.target));
    for event in &rule.events {
        writer.text("Event", event);
    }
    if rule.prefix.is_some() || rule.suffix.is_some() {
        writer.open("Filter");
        writer.open("S3Key");
        for (name, value) in [("Prefix", &rule.prefix), ("Suffix", &rule.suffix)] {
            if let Some(value) = value {
                writer.open("FilterRule");
                writer.text("Name", name);
                writer.text("Value", value);
                writer.close("FilterRule");
            }
        }
        writer.close("S3Key");
        writer.close("Filter");
    }
    writer.close(element);
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "<Queue>arn:planetstore:target:::t</Queue>";
    const PUT: &str = "<Event>s3:ObjectCreated:Put</Event>";

    fn read(inner: &str) -> Result<NotificationConfiguration, Error> {
        NotificationConfiguration::parse(format!("<{ROOT}>{inner}</{ROOT}>").as_bytes())
    }

    fn queue(inner: &str) -> Result<NotificationConfiguration, Error> {
        read(&format!("<QueueConfiguration>{inner}</QueueConfiguration>"))
    }

    fn filter(rules: &[(&str, &str)]) -> String {
        let rule = |(name, value): &(&str, &str)| {
            format!("<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>")
        };
        format!("<Filter><S3Key>{}</S3Key></Filter>", rules.iter().map(rule).collect::<Vec<_>>().concat())
    }

    #[test]
    fn a_configuration_is_read_and_written_again() {
        let text = format!(
            "<TopicConfiguration><Id>a</Id><Topic>arn:planetstore:target:::x.y</Topic>\
             <Event>s3:ObjectRemoved:*</Event><Event>s3:ObjectTagging:Put</Event></TopicConfiguration>\
             <CloudFunctionConfiguration><CloudFunction>arn:planetstore:target:::f</CloudFunction>{PUT}{}\
             </CloudFunctionConfiguration>",
            filter(&[("prefix", " a/"), ("Suffix", ".jpg")])
        );
        let all = read(&text).unwrap();
        assert_eq!(all.rules.len(), 2);
        assert_eq!(all.rules[0].events, ["s3:ObjectRemoved:*", "s3:ObjectTagging:Put"]);
        assert_eq!((all.rules[1].prefix.as_deref(), all.rules[1].suffix.as_deref()), (Some(" a/"), Some(".jpg")));
        assert_eq!(NotificationConfiguration::parse(&all.to_xml()).unwrap(), all);
        assert_eq!(read("").unwrap().rules, []);
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        let code = |result: Result<NotificationConfiguration, Error>| result.map_err(|error| error.code());
        assert!(queue(&format!("{QUEUE}{PUT}")).is_ok());
        for inner in [QUEUE.to_owned(), PUT.to_owned(), format!("{QUEUE}{QUEUE}{PUT}"), format!("{QUEUE}{PUT}<X/>")] {
            assert_eq!(code(queue(&inner)), Err(Code::MalformedXML), "{inner}");
        }
        let topic = "<Topic>arn:planetstore:target:::t</Topic>";
        assert_eq!(code(queue(&format!("{topic}{PUT}"))), Err(Code::MalformedXML));
        for inner in [
            format!("{QUEUE}<Event>s3:ObjectCreated</Event>"),
            format!("{QUEUE}<Event>s3:TestEvent</Event>"),
            format!("<Queue>arn:aws:sqs:us-east-1:1:q</Queue>{PUT}"),
            format!("<Queue>arn:planetstore:target:::</Queue>{PUT}"),
            format!("{QUEUE}{PUT}{}", filter(&[("infix", "a")])),
            format!("{QUEUE}{PUT}{}", filter(&[("prefix", "a"), ("prefix", "b")])),
            format!("{QUEUE}{PUT}{}", filter(&[("prefix", &"a".repeat(1_025))])),
            format!("<Id>{}</Id>{QUEUE}{PUT}", "i".repeat(256)),
        ] {
            assert_eq!(code(queue(&inner)), Err(Code::InvalidArgument), "{inner}");
        }
        let one = format!("<QueueConfiguration>{QUEUE}{PUT}</QueueConfiguration>");
        assert_eq!(code(read(&format!("{one}{one}"))), Err(Code::InvalidArgument), "they overlap");
        let with_id =
            |event: &str| format!("<QueueConfiguration><Id>i</Id>{QUEUE}<Event>{event}</Event></QueueConfiguration>");
        let twice = format!("{}{}", with_id("s3:ObjectCreated:Put"), with_id("s3:ObjectCreated:Copy"));
        assert_eq!(code(read(&twice)), Err(Code::InvalidArgument), "one id twice");
        assert_eq!(code(read("<EventBridgeConfiguration/>")), Err(Code::NotImplemented));
        let rule = |n: usize| {
            let filter = filter(&[("prefix", &format!("{n:03}"))]);
            format!("<QueueConfiguration>{QUEUE}{PUT}{filter}</QueueConfiguration>")
        };
        let many = (0..101).map(rule).collect::<Vec<_>>().concat();
        assert_eq!(code(read(&many)), Err(Code::InvalidArgument));
    }
}
