//! The lifecycle rules of a bucket.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;

use crate::date;
use crate::error::{Code, Error};
use crate::header::decimal;
use crate::lifecycle::{Expiration, LifecycleFilter, LifecycleRule, NEWER_VERSIONS_MAX, RULE_ID_CHARS_MAX, RULES_MAX};
use crate::tags::{Carrier, add};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// The longest prefix in bytes, which is the longest key.
const PREFIX_BYTES_MAX: usize = 1_024;

/// The maximum number of days: S3 stores them in a signed 32-bit integer.
const DAYS_MAX: u64 = i32::MAX as u64;

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

/// The elements of a rule, without the conditions of its filter.
const ELEMENTS: [&str; 14] = [
    "ID",
    "Prefix",
    "Status",
    "Filter",
    "Filter/And",
    "Expiration",
    "Expiration/Days",
    "Expiration/Date",
    "Expiration/ExpiredObjectDeleteMarker",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionExpiration/NoncurrentDays",
    "NoncurrentVersionExpiration/NewerNoncurrentVersions",
    "AbortIncompleteMultipartUpload",
    "AbortIncompleteMultipartUpload/DaysAfterInitiation",
];

/// The rules of a bucket: the body of `PutBucketLifecycleConfiguration` and the answer of
/// `GetBucketLifecycleConfiguration`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleConfiguration {
    /// 1 to [`RULES_MAX`].
    pub rules: Vec<LifecycleRule>,
}

#[derive(Default)]
struct Reading {
    rules: Vec<LifecycleRule>,
    ids: BTreeSet<String>,
    rule: Rule,
}

/// The elements of a rule that were parsed so far.
#[derive(Default)]
struct Rule {
    id: Option<String>,
    status: Option<bool>,
    old_prefix: Option<String>,
    /// The prefix in `And`; the filter may also have a prefix of its own.
    and_prefix: Option<String>,
    has_filter: bool,
    filter: LifecycleFilter,
    tag_key: Option<String>,
    tag_value: Option<String>,
    days: Option<u32>,
    date: Option<Timestamp>,
    delete_marker: Option<bool>,
    noncurrent_days: Option<u32>,
    newer_versions: Option<u32>,
    abort_days: Option<u32>,
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        let inner = match path {
            "Rule" if self.rules.len() == RULES_MAX => {
                return Err(Error::invalid_request(format!(
                    "The number of lifecycle rules must not exceed the allowed limit of {RULES_MAX} rules."
                )));
            }
            "Rule" => return Ok(()),
            _ => path.strip_prefix("Rule/").ok_or_else(Error::malformed_xml)?,
        };
        match inner {
            "Transition" | "NoncurrentVersionTransition" => Err(Error::with_message(
                Code::InvalidStorageClass,
                format!("This store has one storage class, so transitions are not possible: leave out the {inner}."),
            )),
            "Filter" if std::mem::replace(&mut self.rule.has_filter, true) => Err(Error::malformed_xml()),
            _ if ELEMENTS.contains(&inner) => Ok(()),
            _ => match condition(inner) {
                Some("Prefix" | "Tag" | "Tag/Key" | "Tag/Value" | "ObjectSizeGreaterThan" | "ObjectSizeLessThan") => {
                    Ok(())
                }
                _ => Err(Error::malformed_xml()),
            },
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        if path == "Rule" {
            let rule = std::mem::take(&mut self.rule).finish()?;
            if let Some(id) = &rule.id
                && !self.ids.insert(id.clone())
            {
                return Err(invalid("RuleId must be unique. Found same ID for more than one rule", "ID", id));
            }
            self.rules.push(rule);
            return Ok(());
        }
        match path.strip_prefix("Rule/") {
            Some(inner) => self.rule.close(inner, text),
            None => Ok(()),
        }
    }
}

/// The condition of a filter at a path, alone or in `And`.
fn condition(inner: &str) -> Option<&str> {
    let within = inner.strip_prefix("Filter/")?;
    Some(within.strip_prefix("And/").unwrap_or(within))
}

impl Rule {
    fn close(&mut self, inner: &str, text: &str) -> Result<(), Error> {
        let trimmed = text.trim();
        match inner {
            "ID" if trimmed.chars().count() > RULE_ID_CHARS_MAX => {
                Err(invalid(format!("ID length should not exceed allowed limit of {RULE_ID_CHARS_MAX}"), "ID", trimmed))
            }
            "ID" if !can_be_written(trimmed) => Err(Error::malformed_xml()),
            "ID" => once(&mut self.id, trimmed.to_owned()),
            "Prefix" => once(&mut self.old_prefix, prefix(text)?),
            "Filter/And/Prefix" => once(&mut self.and_prefix, prefix(text)?),
            "Status" => once(&mut self.status, status(trimmed)?),
            "Expiration/Days" => once(&mut self.days, days(trimmed, "Days", "Expiration")?),
            "Expiration/Date" => once(&mut self.date, midnight(trimmed)?),
            "Expiration/ExpiredObjectDeleteMarker" => once(&mut self.delete_marker, flag(trimmed)?),
            "NoncurrentVersionExpiration/NoncurrentDays" => {
                once(&mut self.noncurrent_days, days(trimmed, "NoncurrentDays", "NoncurrentVersionExpiration")?)
            }
            "NoncurrentVersionExpiration/NewerNoncurrentVersions" => {
                once(&mut self.newer_versions, newer_versions(trimmed)?)
            }
            "AbortIncompleteMultipartUpload/DaysAfterInitiation" => {
                once(&mut self.abort_days, days(trimmed, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")?)
            }
            _ => self.close_condition(condition(inner).unwrap_or_default(), text),
        }
    }

    fn close_condition(&mut self, condition: &str, text: &str) -> Result<(), Error> {
        let size = || decimal(text.trim()).ok_or_else(Error::malformed_xml);
        match condition {
            "Prefix" => once(&mut self.filter.prefix, prefix(text)?),
            "ObjectSizeGreaterThan" => once(&mut self.filter.size_greater_than, size()?),
            "ObjectSizeLessThan" => once(&mut self.filter.size_less_than, size()?),
            "Tag/Key" => once(&mut self.tag_key, text.to_owned()),
            "Tag/Value" => once(&mut self.tag_value, text.to_owned()),
            "Tag" => match (self.tag_key.take(), self.tag_value.take()) {
                (Some(key), Some(value)) => add(&mut self.filter.tags, Carrier::Object, key, value),
                _ => Err(Error::malformed_xml()),
            },
            _ => Ok(()),
        }
    }

    fn finish(mut self) -> Result<LifecycleRule, Error> {
        self.filter.prefix = both(self.filter.prefix.take(), self.and_prefix.take())?;
        let filter = match (self.old_prefix, self.has_filter) {
            (Some(prefix), false) => {
                LifecycleFilter { is_old_form: true, prefix: Some(prefix), ..LifecycleFilter::default() }
            }
            (None, true) => self.filter,
            _ => return Err(Error::malformed_xml()),
        };
        let expiration = match (self.days, self.date, self.delete_marker) {
            (Some(days), None, None | Some(false)) => Some(Expiration::Days(days)),
            (None, Some(date), None | Some(false)) => Some(Expiration::Date(date)),
            (None, None, Some(true)) => Some(Expiration::ExpiredObjectDeleteMarker),
            (None, None, None | Some(false)) => None,
            _ => return Err(Error::malformed_xml()),
        };
        let noncurrent_expiration = match (self.noncurrent_days, self.newer_versions) {
            (Some(days), newer) => Some((days, newer)),
            (None, None) => None,
            (None, Some(_)) => return Err(Error::malformed_xml()),
        };
        let rule = LifecycleRule {
            id: self.id.filter(|id| !id.is_empty()),
            enabled: self.status.ok_or_else(Error::malformed_xml)?,
            filter,
            expiration,
            noncurrent_expiration,
            abort_uploads_after_days: self.abort_days,
        };
        check(&rule)?;
        Ok(rule)
    }
}

/// Checks that the elements of a rule fit together.
fn check(rule: &LifecycleRule) -> Result<(), Error> {
    let LifecycleFilter { tags, size_greater_than, size_less_than, .. } = &rule.filter;
    let refused = |why: &'static str| Err(Error::invalid_request(why));
    if rule.expiration.is_none() && rule.noncurrent_expiration.is_none() && rule.abort_uploads_after_days.is_none() {
        return refused("At least one action needs to be specified in a rule.");
    }
    if let (Some(more), Some(less)) = (size_greater_than, size_less_than)
        && less <= more
    {
        return refused("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.");
    }
    let asks_for_objects = !tags.is_empty() || size_greater_than.is_some() || size_less_than.is_some();
    if asks_for_objects && rule.abort_uploads_after_days.is_some() {
        return refused("AbortIncompleteMultipartUpload cannot be specified with Tags or sizes.");
    }
    if asks_for_objects && rule.expiration == Some(Expiration::ExpiredObjectDeleteMarker) {
        return refused("ExpiredObjectDeleteMarker cannot be specified with Tags or sizes.");
    }
    Ok(())
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::malformed_xml()),
    }
}

fn invalid(why: impl Into<std::borrow::Cow<'static, str>>, name: &'static str, value: &str) -> Error {
    Error::invalid_argument(why, name, value.to_owned())
}

/// The longer prefix if one contains the other, because a key must match both.
fn both(one: Option<String>, other: Option<String>) -> Result<Option<String>, Error> {
    match (one, other) {
        (Some(one), Some(other)) if one.starts_with(&other) => Ok(Some(one)),
        (Some(one), Some(other)) if other.starts_with(&one) => Ok(Some(other)),
        // No key has both prefixes, so the rule is an error.
        (Some(_), Some(_)) => Err(Error::malformed_xml()),
        (one, other) => Ok(one.or(other)),
    }
}

/// Whether XML can represent a text, so that a client reads back what it set.
pub(crate) fn can_be_written(text: &str) -> bool {
    !text
        .chars()
        .any(|c| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
}

fn prefix(text: &str) -> Result<String, Error> {
    if !can_be_written(text) {
        return Err(Error::malformed_xml());
    }
    if text.len() > PREFIX_BYTES_MAX {
        return Err(Error::invalid_request(format!("The maximum size of a prefix is {PREFIX_BYTES_MAX}.")));
    }
    Ok(text.to_owned())
}

fn status(text: &str) -> Result<bool, Error> {
    match text {
        "Enabled" => Ok(true),
        "Disabled" => Ok(false),
        _ => Err(Error::malformed_xml()),
    }
}

fn flag(text: &str) -> Result<bool, Error> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::malformed_xml()),
    }
}

fn days(text: &str, name: &'static str, action: &str) -> Result<u32, Error> {
    let is_number = text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() || !is_number {
        return Err(Error::malformed_xml());
    }
    let number = decimal(text).filter(|number| (1..=DAYS_MAX).contains(number));
    number
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| invalid(format!("'{name}' for {action} action must be a positive integer"), name, text))
}

fn newer_versions(text: &str) -> Result<u32, Error> {
    let number = decimal(text).ok_or_else(Error::malformed_xml)?;
    let number = u32::try_from(number).ok().filter(|number| (1..=NEWER_VERSIONS_MAX).contains(number));
    number.ok_or_else(|| {
        let why = format!("'NewerNoncurrentVersions' must be between 1 and {NEWER_VERSIONS_MAX}");
        invalid(why, "NewerNoncurrentVersions", text)
    })
}

/// A midnight in UTC: a date, or a time in ISO 8601.
fn midnight(text: &str) -> Result<Timestamp, Error> {
    let at = match text.parse::<jiff::civil::Date>() {
        Ok(_) if text.len() == "2030-01-01".len() => format!("{text}T00:00:00Z").parse(),
        _ => text.parse::<Timestamp>(),
    };
    let at = at.map_err(|_| Error::malformed_xml())?;
    if at.as_second().rem_euclid(SECONDS_OF_A_DAY) != 0 || at.subsec_nanosecond() != 0 {
        return Err(invalid("'Date' must be at midnight GMT", "Date", text));
    }
    Ok(at)
}

impl LifecycleConfiguration {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidArgument` for numbers, dates and ids that S3 does not allow; `InvalidRequest` for
    /// contradictory rules and one rule too many; `InvalidTag`; `InvalidStorageClass` for transitions.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, "LifecycleConfiguration", &mut reading)?;
        if reading.rules.is_empty() { Err(Error::malformed_xml()) } else { Ok(Self { rules: reading.rules }) }
    }

    /// The response of `GetBucketLifecycleConfiguration`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("LifecycleConfiguration", 64 + self.rules.len() * 256);
        for rule in &self.rules {
            writer.open("Rule");
            writer.optional("ID", rule.id.as_deref());
            write_filter(&mut writer, &rule.filter);
            writer.text("Status", if rule.enabled { "Enabled" } else { "Disabled" });
            write_actions(&mut writer, rule);
            writer.close("Rule");
        }
        writer.end("LifecycleConfiguration")
    }
}

fn write_filter(writer: &mut Writer, filter: &LifecycleFilter) {
    let LifecycleFilter { is_old_form, prefix, tags, size_greater_than, size_less_than } = filter;
    if *is_old_form {
        return writer.text("Prefix", prefix.as_deref().unwrap_or_default());
    }
    let others = [size_greater_than.is_some(), size_less_than.is_some(), prefix.is_some()];
    let is_one = tags.len() + others.into_iter().filter(|is_there| *is_there).count() <= 1;
    writer.open("Filter");
    if !is_one {
        writer.open("And");
    }
    writer.optional("Prefix", prefix.as_deref());
    for (key, value) in tags {
        writer.open("Tag");
        writer.text("Key", key);
        writer.text("Value", value);
        writer.close("Tag");
    }
    for (name, size) in [("ObjectSizeGreaterThan", size_greater_than), ("ObjectSizeLessThan", size_less_than)] {
        if let Some(size) = size {
            writer.number(name, *size);
        }
    }
    if !is_one {
        writer.close("And");
    }
    writer.close("Filter");
}

fn write_actions(writer: &mut Writer, rule: &LifecycleRule) {
    if let Some(expiration) = rule.expiration {
        writer.open("Expiration");
        match expiration {
            Expiration::Days(days) => writer.number("Days", u64::from(days)),
            Expiration::Date(date) => writer.text("Date", &date::iso8601_millis(date)),
            Expiration::ExpiredObjectDeleteMarker => writer.flag("ExpiredObjectDeleteMarker", true),
        }
        writer.close("Expiration");
    }
    if let Some((days, newer)) = rule.noncurrent_expiration {
        writer.open("NoncurrentVersionExpiration");
        writer.number("NoncurrentDays", u64::from(days));
        if let Some(newer) = newer {
            writer.number("NewerNoncurrentVersions", u64::from(newer));
        }
        writer.close("NoncurrentVersionExpiration");
    }
    if let Some(days) = rule.abort_uploads_after_days {
        writer.open("AbortIncompleteMultipartUpload");
        writer.number("DaysAfterInitiation", u64::from(days));
        writer.close("AbortIncompleteMultipartUpload");
    }
}

#[cfg(test)]
mod tests;
