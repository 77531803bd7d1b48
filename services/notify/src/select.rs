//! Which events a target gets, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::row::{BucketId, NotificationRow, TargetRow, VersionRow, names_bucket};
use domain::{VersionName, View, find_version};
use events::Fact;
use events::ids::{BucketName, ObjectKey, TargetName, VersionId};
use events::target::Format;
use feed::Entry;
use ledger::{Snapshot, StateError};

use crate::s3_name::{covers, names};

/// An event that a target gets.
#[derive(Debug, Clone)]
pub(crate) struct Selected {
    pub(crate) entry: Arc<Entry>,
    pub(crate) what: What,
}

/// In which role it gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// Something that happened.
    Happened {
        /// Whether the target may see all of it: an operator wants it to, and not only the owner of a bucket.
        in_full: bool,
        /// What S3 calls it.
        records: Vec<Record>,
    },
    /// A test, of a bucket's configuration if it names one.
    Test { bucket: Option<BucketName> },
}

/// What S3 says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The name of the event, without `s3:`.
    pub(crate) name: &'static str,
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
    /// The rule, or the target if no rule of the bucket is about it.
    pub(crate) configuration: String,
    /// Who owns the bucket, if it is still there.
    pub(crate) owner: Option<String>,
    /// The version, unless it is the null version.
    pub(crate) version: Option<VersionId>,
    pub(crate) size: Option<u64>,
    pub(crate) etag: Option<String>,
}

/// Selects the events of one target by one state, and remembers what it read.
pub(crate) struct Selector<'a> {
    target: &'a TargetName,
    row: &'a TargetRow,
    snapshot: &'a Snapshot,
    buckets: BTreeMap<BucketName, Option<Bucket>>,
}

#[derive(Clone)]
struct Bucket {
    id: BucketId,
    owner: String,
    rules: Arc<Vec<NotificationRow>>,
}

impl<'a> Selector<'a> {
    pub(crate) fn new(target: &'a TargetName, row: &'a TargetRow, snapshot: &'a Snapshot) -> Self {
        Self { target, row, snapshot, buckets: BTreeMap::new() }
    }

    /// The event as the target gets it; `None` if it does not.
    pub(crate) fn select(&mut self, entry: &Arc<Entry>) -> Result<Option<Selected>, StateError> {
        let what = self.what(entry)?;
        Ok(what.map(|what| Selected { entry: Arc::clone(entry), what }))
    }

    /// The same of an event that the target was to get before, whatever rules say by now.
    pub(crate) fn select_again(&mut self, entry: &Arc<Entry>) -> Result<Selected, StateError> {
        let what = match self.what(entry)? {
            Some(what) => what,
            None => {
                What::Happened { in_full: false, records: self.records(entry, |_, _| Some(self.target.to_string()))? }
            }
        };
        Ok(Selected { entry: Arc::clone(entry), what })
    }

    fn what(&mut self, entry: &Entry) -> Result<Option<What>, StateError> {
        match &entry.event.fact {
            // It is about the sending itself: to send it would be another reason to write one.
            Fact::TargetsAdvanced(_) => return Ok(None),
            Fact::TargetTestAsked(fact) if fact.target == *self.target => return Ok(Some(What::Test { bucket: None })),
            Fact::BucketNotificationsChanged(fact) if fact.rules.iter().any(|rule| rule.target == *self.target) => {
                return Ok(Some(What::Test { bucket: Some(fact.bucket.clone()) }));
            }
            _ => {}
        }
        let in_full = is_asked_for(self.row, entry);
        let rules = match entry.event.fact.bucket() {
            Some(bucket) if entry.event.fact.key().is_some() => self.bucket(bucket)?.map(|bucket| bucket.rules),
            _ => None,
        };
        let rules = rules.unwrap_or_default();
        let (target, sequence) = (self.target, entry.sequence);
        let rule = |name: &str, key: &ObjectKey| {
            let rule = rules.iter().find(|rule| applies(rule, target, sequence, name, key));
            rule.map(|rule| rule.id.clone())
        };
        let is_of_rules = names(&entry.event.fact).into_iter().any(|(name, key)| rule(name, key).is_some());
        if !in_full && !is_of_rules {
            return Ok(None);
        }
        let as_target = || in_full.then(|| target.to_string());
        let records = self.records(entry, |name, key| rule(name, key).or_else(as_target))?;
        let says_nothing = self.row.format == Format::AwsRecords && records.is_empty();
        Ok((!says_nothing).then_some(What::Happened { in_full, records }))
    }

    /// What S3 says of an event, as far as there is a configuration for it.
    fn records(
        &self,
        entry: &Entry,
        configuration: impl Fn(&str, &ObjectKey) -> Option<String>,
    ) -> Result<Vec<Record>, StateError> {
        let fact = &entry.event.fact;
        let Some(bucket) = fact.bucket() else { return Ok(Vec::new()) };
        let known = match self.buckets.get(bucket) {
            Some(known) => known.clone(),
            None => self.look_up(bucket)?,
        };
        // A later bucket of the same name is another one.
        let known = known.filter(|bucket| bucket.id.0 < entry.sequence);
        let mut records = Vec::new();
        for (name, key) in names(fact) {
            let Some(configuration) = configuration(name, key) else { continue };
            let (version, is_null) = version(fact);
            let (mut size, mut etag) = said(fact);
            if etag.is_none() && !name.contains("Removed") && !name.contains("Expiration") {
                (size, etag) = self.looked_up(known.as_ref(), key, version, is_null)?;
            }
            records.push(Record {
                name,
                bucket: bucket.clone(),
                key: key.clone(),
                configuration,
                owner: known.as_ref().map(|bucket| bucket.owner.clone()),
                version: version.filter(|_| !is_null),
                size,
                etag,
            });
        }
        Ok(records)
    }

    /// Size and entity tag of a version that is still there. They do not change but by an append, which says them itself.
    fn looked_up(
        &self,
        bucket: Option<&Bucket>,
        key: &ObjectKey,
        version: Option<VersionId>,
        is_null: bool,
    ) -> Result<(Option<u64>, Option<String>), StateError> {
        let (Some(bucket), Some(version)) = (bucket, version) else { return Ok((None, None)) };
        let name = if is_null { VersionName::Null } else { VersionName::Id(version) };
        let found = find_version(&**self.snapshot, bucket.id, key, name)?;
        let is_it = |row: &VersionRow| row.version == version;
        let object = found.filter(is_it).and_then(|row| row.object);
        Ok(object.map_or((None, None), |object| (Some(object.size), Some(object.etag.to_string()))))
    }

    fn bucket(&mut self, name: &BucketName) -> Result<Option<Bucket>, StateError> {
        if let Some(known) = self.buckets.get(name) {
            return Ok(known.clone());
        }
        let found = self.look_up(name)?;
        self.buckets.insert(name.clone(), found.clone());
        Ok(found)
    }

    fn look_up(&self, name: &BucketName) -> Result<Option<Bucket>, StateError> {
        let Some(row) = self.snapshot.bucket(name)? else { return Ok(None) };
        let rules = if row.settings == 0 { Vec::new() } else { self.snapshot.bucket_settings(row.id)?.notifications };
        Ok(Some(Bucket { id: row.id, owner: row.owner.to_string(), rules: Arc::new(rules) }))
    }
}

/// Whether an operator wants the target to get the event.
fn is_asked_for(row: &TargetRow, entry: &Entry) -> bool {
    let fact = &entry.event.fact;
    row.filter.as_ref().is_some_and(|filter| {
        let event_type = fact.kind().event_type;
        let has_type = filter.types.is_empty() || filter.types.iter().any(|wanted| wanted == event_type);
        has_type && names_bucket(filter, fact.bucket())
    })
}

/// Whether a rule sends what happened to a key at a place of the log to a target.
fn applies(rule: &NotificationRow, target: &TargetName, sequence: u64, name: &str, key: &ObjectKey) -> bool {
    let key = key.as_bytes();
    rule.target == *target
        && rule.since < sequence
        && rule.events.iter().any(|event| covers(event, name))
        && rule.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix.as_bytes()))
        && rule.suffix.as_ref().is_none_or(|suffix| key.ends_with(suffix.as_bytes()))
}

/// The version that a fact is about, and whether it is the null version.
fn version(fact: &Fact) -> (Option<VersionId>, bool) {
    match fact {
        Fact::ObjectCreated(fact) => (Some(fact.version_id), fact.null_version),
        Fact::ObjectDeleted(fact) => (Some(fact.version_id), fact.null_version),
        Fact::DeleteMarkerCreated(fact) => (Some(fact.version_id), fact.null_version),
        Fact::ObjectTagsChanged(fact) => (Some(fact.version_id), fact.null_version),
        Fact::ObjectAclChanged(fact) => (Some(fact.version_id), fact.null_version),
        // These happen only where there was never versioning.
        Fact::ObjectAppended(fact) => (Some(fact.version_id), true),
        Fact::ObjectRenamed(fact) => (Some(fact.version_id), true),
        _ => (None, true),
    }
}

/// Size and entity tag, as far as the fact says them.
fn said(fact: &Fact) -> (Option<u64>, Option<String>) {
    match fact {
        Fact::ObjectCreated(fact) => (Some(fact.size), Some(fact.etag.to_string())),
        Fact::ObjectAppended(fact) => (Some(fact.offset + fact.size), Some(fact.etag.to_string())),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use events::notification::Kind;
    use proptest::prelude::*;

    use super::*;

    fn rule(events: &[&str], prefix: Option<&str>, suffix: Option<&str>, since: u64) -> NotificationRow {
        NotificationRow {
            id: "r".into(),
            kind: Kind::Queue,
            target: "t".parse().unwrap(),
            events: events.iter().map(|name| (*name).to_owned()).collect(),
            prefix: prefix.map(str::to_owned),
            suffix: suffix.map(str::to_owned),
            since,
        }
    }

    proptest! {
        /// Against a model that takes the key apart character by character.
        #[test]
        fn a_rule_is_about_keys_that_begin_and_end_so(
            key in "[ab/]{1,6}", prefix in proptest::option::of("[ab/]{0,3}"), suffix in proptest::option::of("[ab/]{0,3}"),
            since in 0_u64..4, sequence in 0_u64..4,
        ) {
            let rule = rule(&["s3:ObjectCreated:*"], prefix.as_deref(), suffix.as_deref(), since);
            let (prefix, suffix) = (prefix.unwrap_or_default(), suffix.unwrap_or_default());
            let begins = prefix.chars().enumerate().all(|(at, c)| key.chars().nth(at) == Some(c));
            let ends = suffix.chars().rev().enumerate().all(|(at, c)| key.chars().rev().nth(at) == Some(c));
            let expected = begins && ends && sequence > since;
            let (target, key) = ("t".parse().unwrap(), ObjectKey::from_bytes(key.as_bytes()).unwrap());
            prop_assert_eq!(applies(&rule, &target, sequence, "ObjectCreated:Put", &key), expected);
            prop_assert!(!applies(&rule, &target, sequence, "ObjectRemoved:Delete", &key));
            prop_assert!(!applies(&rule, &"u".parse().unwrap(), sequence, "ObjectCreated:Put", &key));
        }
    }
}
