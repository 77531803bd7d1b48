//! The replication configuration of a bucket.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::error::{Code, Error};
use crate::lifecycle::RULE_ID_CHARS_MAX;
use crate::replication::{Destination, REPLICATION_RULES_MAX, ReplicationRule};
use crate::request::StorageClass;
use crate::tags::{Carrier, Tags, add};
use crate::xml::Writer;
use crate::xml::lifecycle::can_be_written;
use crate::xml::reader::{Visitor, walk};

const ROOT: &str = "ReplicationConfiguration";

/// The longest prefix in bytes, which is the longest key.
const PREFIX_BYTES_MAX: usize = 1_024;

/// What S3 adds to errors about elements that only one of the two forms of a rule has.
const SCHEMA: &str = "must be specified for this version of Cross Region Replication configuration schema. Please refer \
                      to S3 Developer Guide for more information.";

/// The elements of a rule.
const ELEMENTS: [&str; 26] = [
    "ID",
    "Priority",
    "Prefix",
    "Status",
    "Filter",
    "Filter/Prefix",
    "Filter/Tag",
    "Filter/Tag/Key",
    "Filter/Tag/Value",
    "Filter/And",
    "Filter/And/Prefix",
    "Filter/And/Tag",
    "Filter/And/Tag/Key",
    "Filter/And/Tag/Value",
    "DeleteMarkerReplication",
    "DeleteMarkerReplication/Status",
    "DeleteReplication",
    "DeleteReplication/Status",
    "ExistingObjectReplication",
    "ExistingObjectReplication/Status",
    "SourceSelectionCriteria",
    "SourceSelectionCriteria/ReplicaModifications",
    "SourceSelectionCriteria/ReplicaModifications/Status",
    "Destination",
    "Destination/Bucket",
    "Destination/StorageClass",
];

/// Elements that S3 has and this store does not, and what it does instead.
const UNBUILT: [(&str, &str); 6] = [
    ("SourceSelectionCriteria/SseKmsEncryptedObjects", "encrypted objects are always replicated: leave it out"),
    ("Destination/EncryptionConfiguration", "replicas are encrypted as the destination bucket says: leave it out"),
    ("Destination/AccessControlTranslation", "replicas always belong to the owner of their bucket: leave it out"),
    ("Destination/Account", "replicas always belong to the owner of their bucket: leave it out"),
    ("Destination/ReplicationTime", "all objects are replicated as soon as possible: leave it out"),
    ("Destination/Metrics", "the lag is always measured: see /metrics, and leave it out"),
];

/// The rules of a bucket: the body of `PutBucketReplication` and the answer of `GetBucketReplication`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationConfiguration {
    /// The role that the client named. It has no effect: the key of a link says what may be replicated.
    pub role: String,
    /// 1 to [`REPLICATION_RULES_MAX`].
    pub rules: Vec<ReplicationRule>,
}

#[derive(Default)]
struct Reading {
    role: Option<String>,
    rules: Vec<ReplicationRule>,
    rule: Rule,
}

/// The elements of a rule that were parsed so far.
#[derive(Default)]
struct Rule {
    id: Option<String>,
    priority: Option<i32>,
    status: Option<bool>,
    old_prefix: Option<String>,
    has_filter: bool,
    prefix: Option<String>,
    tags: Tags,
    tag_key: Option<String>,
    tag_value: Option<String>,
    delete_markers: Option<bool>,
    removals: Option<bool>,
    existing_objects: Option<bool>,
    replica_modifications: Option<bool>,
    destination: Option<Destination>,
    storage_class: Option<StorageClass>,
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        let inner = match path {
            "Rule" if self.rules.len() == REPLICATION_RULES_MAX => {
                return Err(Error::invalid_request(format!(
                    "The number of replication rules must not exceed the allowed limit of {REPLICATION_RULES_MAX} rules."
                )));
            }
            "Role" | "Rule" => return Ok(()),
            _ => path.strip_prefix("Rule/").ok_or_else(Error::malformed_xml)?,
        };
        if let Some((element, instead)) = UNBUILT.iter().find(|(element, _)| *element == inner) {
            let name = element.rsplit('/').next().unwrap_or(element);
            return Err(Error::with_message(Code::NotImplemented, format!("There is no {name} here: {instead}.")));
        }
        match inner {
            "Filter" if std::mem::replace(&mut self.rule.has_filter, true) => Err(Error::malformed_xml()),
            _ if ELEMENTS.contains(&inner) => Ok(()),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        match path {
            "Role" if !can_be_written(text) || text.chars().count() > RULE_ID_CHARS_MAX => Err(Error::malformed_xml()),
            "Role" => once(&mut self.role, text.trim().to_owned()),
            "Rule" => {
                let rule = std::mem::take(&mut self.rule).finish()?;
                self.rules.push(rule);
                Ok(())
            }
            _ => match path.strip_prefix("Rule/") {
                Some(inner) => self.rule.close(inner, text),
                None => Ok(()),
            },
        }
    }
}

impl Rule {
    fn close(&mut self, inner: &str, text: &str) -> Result<(), Error> {
        let trimmed = text.trim();
        match inner {
            "ID" if trimmed.chars().count() > RULE_ID_CHARS_MAX => Err(Error::invalid_argument(
                format!("ID length should not exceed allowed limit of {RULE_ID_CHARS_MAX}"),
                "ID",
                trimmed.to_owned(),
            )),
            "ID" if !can_be_written(trimmed) => Err(Error::malformed_xml()),
            "ID" => once(&mut self.id, trimmed.to_owned()),
            "Priority" => once(&mut self.priority, priority(trimmed)?),
            "Status" => once(&mut self.status, status(trimmed)?),
            "Prefix" => once(&mut self.old_prefix, prefix(text)?),
            "Filter/Prefix" | "Filter/And/Prefix" => once(&mut self.prefix, prefix(text)?),
            "Filter/Tag/Key" | "Filter/And/Tag/Key" => once(&mut self.tag_key, text.to_owned()),
            "Filter/Tag/Value" | "Filter/And/Tag/Value" => once(&mut self.tag_value, text.to_owned()),
            "Filter/Tag" | "Filter/And/Tag" => match (self.tag_key.take(), self.tag_value.take()) {
                (Some(key), Some(value)) => add(&mut self.tags, Carrier::Object, key, value),
                _ => Err(Error::malformed_xml()),
            },
            "DeleteMarkerReplication/Status" => once(&mut self.delete_markers, status(trimmed)?),
            "DeleteReplication/Status" => once(&mut self.removals, status(trimmed)?),
            "ExistingObjectReplication/Status" => once(&mut self.existing_objects, status(trimmed)?),
            "SourceSelectionCriteria/ReplicaModifications/Status" => {
                once(&mut self.replica_modifications, status(trimmed)?)
            }
            "Destination/Bucket" => {
                let destination = Destination::parse(trimmed);
                let invalid = || Error::invalid_argument("Invalid bucket ARN", "Bucket", trimmed.to_owned());
                once(&mut self.destination, destination.ok_or_else(invalid)?)
            }
            "Destination/StorageClass" => {
                once(&mut self.storage_class, StorageClass::from_name(trimmed).ok_or_else(Error::malformed_xml)?)
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<ReplicationRule, Error> {
        let destination = self.destination.ok_or_else(Error::malformed_xml)?;
        let enabled = self.status.ok_or_else(Error::malformed_xml)?;
        let (prefix, delete_markers) = match (self.old_prefix, self.has_filter) {
            (Some(prefix), false) => {
                if self.priority.is_some() || self.delete_markers.is_some() {
                    return Err(Error::invalid_request(format!("Filter {SCHEMA}")));
                }
                (prefix, true)
            }
            (None, true) => {
                if self.priority.is_none() {
                    return Err(Error::invalid_request(format!("Priority {SCHEMA}")));
                }
                let Some(delete_markers) = self.delete_markers else {
                    return Err(Error::invalid_request(format!("DeleteMarkerReplication {SCHEMA}")));
                };
                if delete_markers && !self.tags.is_empty() {
                    return Err(Error::invalid_request(
                        "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 \
                         Developer Guide for more information.",
                    ));
                }
                (self.prefix.unwrap_or_default(), delete_markers)
            }
            _ => return Err(Error::malformed_xml()),
        };
        if self.removals == Some(true) && !self.tags.is_empty() {
            // A version that was deleted has no tags to compare.
            return Err(Error::invalid_request("Delete replication is not supported if any Tag filter is specified."));
        }
        Ok(ReplicationRule {
            id: self.id.filter(|id| !id.is_empty()),
            priority: self.priority,
            enabled,
            prefix,
            tags: self.tags,
            delete_markers,
            removals: self.removals,
            existing_objects: self.existing_objects,
            replica_modifications: self.replica_modifications,
            destination,
            storage_class: self.storage_class,
        })
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::malformed_xml()),
    }
}

fn status(text: &str) -> Result<bool, Error> {
    match text {
        "Enabled" => Ok(true),
        "Disabled" => Ok(false),
        _ => Err(Error::malformed_xml()),
    }
}

fn priority(text: &str) -> Result<i32, Error> {
    let priority = text.parse().ok().filter(|priority| *priority >= 0);
    priority.ok_or_else(Error::malformed_xml)
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

/// Checks that the rules fit together.
fn check(rules: &[ReplicationRule]) -> Result<(), Error> {
    let (mut ids, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for (place, rule) in rules.iter().enumerate() {
        if let Some(id) = &rule.id
            && !ids.insert(id.as_str())
        {
            let why = "Rule Id must be unique. Found same Id for more than one rule";
            return Err(Error::invalid_argument(why, "ID", id.clone()));
        }
        if rule.priority.is_some() != rules[0].priority.is_some() {
            return Err(Error::invalid_request(format!("Filter {SCHEMA}")));
        }
        match rule.priority {
            Some(priority) if !priorities.insert(priority) => {
                return Err(Error::invalid_request(format!("Found duplicate priority '{priority}'")));
            }
            Some(_) => {}
            None => {
                let overlaps = |other: &&ReplicationRule| {
                    rule.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&rule.prefix)
                };
                if let Some(other) = rules[..place].iter().find(overlaps) {
                    let (one, other) = (&other.prefix, &rule.prefix);
                    let why =
                        format!("Found overlapping prefixes '{one}' and '{other}' for same action type 'Replication'");
                    return Err(Error::invalid_request(why));
                }
            }
        }
    }
    Ok(())
}

impl ReplicationConfiguration {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidArgument` for ids and ARNs that S3 does not allow; `InvalidRequest` for rules that
    /// contradict each other and one rule too many; `InvalidTag`; `NotImplemented` for what this store does not do.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, ROOT, &mut reading)?;
        let role = reading.role.ok_or_else(Error::malformed_xml)?;
        if reading.rules.is_empty() {
            return Err(Error::malformed_xml());
        }
        check(&reading.rules)?;
        Ok(Self { role, rules: reading.rules })
    }

    /// The response of `GetBucketReplication`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root(ROOT, 128 + self.rules.len() * 512);
        writer.text("Role", &self.role);
        for rule in &self.rules {
            writer.open("Rule");
            writer.optional("ID", rule.id.as_deref());
            match rule.priority {
                None => writer.text("Prefix", &rule.prefix),
                Some(priority) => {
                    writer.number("Priority", u64::from(priority.unsigned_abs()));
                    write_filter(&mut writer, rule);
                }
            }
            write_status(&mut writer, rule.enabled);
            if let Some(modifications) = rule.replica_modifications {
                writer.open("SourceSelectionCriteria");
                write_inner_status(&mut writer, "ReplicaModifications", modifications);
                writer.close("SourceSelectionCriteria");
            }
            if let Some(existing) = rule.existing_objects {
                write_inner_status(&mut writer, "ExistingObjectReplication", existing);
            }
            writer.open("Destination");
            writer.text("Bucket", &rule.destination.arn());
            writer.optional("StorageClass", rule.storage_class.map(StorageClass::name));
            writer.close("Destination");
            if rule.priority.is_some() {
                write_inner_status(&mut writer, "DeleteMarkerReplication", rule.delete_markers);
            }
            if let Some(removals) = rule.removals {
                write_inner_status(&mut writer, "DeleteReplication", removals);
            }
            writer.close("Rule");
        }
        writer.end(ROOT)
    }
}

fn write_status(writer: &mut Writer, enabled: bool) {
    writer.text("Status", if enabled { "Enabled" } else { "Disabled" });
}

fn write_inner_status(writer: &mut Writer, name: &str, enabled: bool) {
    writer.open(name);
    write_status(writer, enabled);
    writer.close(name);
}

fn write_filter(writer: &mut Writer, rule: &ReplicationRule) {
    let has_prefix = !rule.prefix.is_empty() || rule.tags.is_empty();
    let is_one = rule.tags.len() + usize::from(has_prefix) <= 1;
    writer.open("Filter");
    if !is_one {
        writer.open("And");
    }
    if has_prefix {
        writer.text("Prefix", &rule.prefix);
    }
    for (key, value) in &rule.tags {
        writer.open("Tag");
        writer.text("Key", key);
        writer.text("Value", value);
        writer.close("Tag");
    }
    if !is_one {
        writer.close("And");
    }
    writer.close("Filter");
}

#[cfg(test)]
mod tests;
