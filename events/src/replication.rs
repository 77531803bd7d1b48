//! Facts about replication between regions, and what facts about objects say of the region that they come from.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ObjectKey, RegionName, VersionId};
use crate::lease::Term;
use crate::lock::RetentionState;
use crate::tags::Tags;

/// Where a change was made that reached this region by replication: an event of another region's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The region.
    pub region: RegionName,
    /// The sequence of the event in that region's log.
    pub sequence: u64,
}

/// What the fact of a change that reached this region by replication says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicaOf {
    /// The event that made it.
    #[serde(flatten)]
    pub origin: Origin,
    /// The time at which it was made there: of a version, when it was created.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// When the metadata that the fact has was changed, of which there may be later changes elsewhere.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
}

/// When the metadata of a version was last changed, by the clock of the region that changed it, but later than every
/// change that this region had then. So of the changes in all regions the last one is the same everywhere (ADR 44).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// The tags; absent: not since the version was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub tags: Option<Timestamp>,
    /// The legal hold; absent: not since the version was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub legal_hold: Option<Timestamp>,
    /// What the retention came of; absent: it was not changed since the version was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionState>,
}

impl Changes {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// To where a bucket's versions are replicated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Destination {
    /// The bucket.
    pub bucket: BucketName,
    /// The region of the bucket; absent for the only region that there is a link to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionName>,
}

/// Which versions of a bucket are replicated, and to where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Configuration {
    /// The role that the client named. It is returned and has no effect.
    pub role: String,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// A rule of a replication configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The rule's id.
    pub id: String,
    /// Of several rules with one destination that match a version, the one with the highest priority counts. It is
    /// absent in the older form of a rule, which has a prefix and no filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Whether the rule is in effect.
    pub enabled: bool,
    /// The beginning of the keys that the rule is about.
    pub prefix: String,
    /// The tags that a version must have.
    pub tags: Tags,
    /// Whether delete markers are replicated.
    pub delete_markers: bool,
    /// Whether versions from before the rule are replicated; absent if the client did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub existing_objects: Option<bool>,
    /// Whether changes of replicas' metadata are replicated; absent if the client did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica_modifications: Option<bool>,
    /// Whether permanent deletions of versions are replicated, which S3 never does; absent if the client did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removals: Option<bool>,
    /// To where.
    pub destination: Destination,
    /// The storage class of the replicas, if it is another than that of the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

impl Rule {
    /// Whether the rule is about an object with this key and these tags.
    pub fn matches(&self, key: &ObjectKey, tags: &Tags) -> bool {
        self.enabled
            && key.as_bytes().starts_with(self.prefix.as_bytes())
            && self.tags.iter().all(|(name, value)| tags.get(name) == Some(value))
    }

    /// Whether the rule is about a delete marker of this key. A rule that asks for tags never is: a delete marker has
    /// none.
    pub fn matches_delete_marker(&self, key: &ObjectKey) -> bool {
        self.delete_markers && self.tags.is_empty() && self.matches(key, &Tags::new())
    }
}

impl Configuration {
    /// The rules that replicate an object with this key and these tags: for each destination the one with the highest
    /// priority.
    pub fn of_object<'a>(&'a self, key: &ObjectKey, tags: &Tags) -> Vec<&'a Rule> {
        Self::first_of_each(self.rules.iter().filter(|rule| rule.matches(key, tags)))
    }

    /// The rules that replicate a delete marker of this key. Of each destination's rules about the key, that with the
    /// highest priority says whether it is.
    pub fn of_delete_marker<'a>(&'a self, key: &ObjectKey) -> Vec<&'a Rule> {
        let about = self.rules.iter().filter(|rule| rule.tags.is_empty() && rule.matches(key, &Tags::new()));
        let mut rules = Self::first_of_each(about);
        rules.retain(|rule| rule.matches_delete_marker(key));
        rules
    }

    fn first_of_each<'a>(rules: impl Iterator<Item = &'a Rule>) -> Vec<&'a Rule> {
        let mut found: Vec<&Rule> = Vec::new();
        for rule in rules {
            match found.iter_mut().find(|known| known.destination == rule.destination) {
                Some(known) if known.priority < rule.priority => *known = rule,
                Some(_) => {}
                None => found.push(rule),
            }
        }
        found
    }
}

/// The replication configuration of a bucket was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new configuration; absent if nothing is replicated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Configuration>,
}

/// A version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicatedVersion {
    /// The key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
}

/// Versions of a bucket are at a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completed {
    /// The bucket that the versions are from.
    pub bucket: BucketName,
    /// To where they were replicated.
    pub destination: Destination,
    /// The versions. Those that were deleted meanwhile are among them.
    pub versions: Vec<ReplicatedVersion>,
    /// The sequence in the log up to which the destination has all that the bucket's rules replicate to it.
    pub up_to: u64,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// A destination refused versions of a bucket, so that trying again is of no use until something is changed there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// The bucket that the versions are from.
    pub bucket: BucketName,
    /// To where they are to be replicated.
    pub destination: Destination,
    /// The versions.
    pub versions: Vec<ReplicatedVersion>,
    /// The reason that the destination gave.
    pub reason: String,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// An operator asked that a bucket be compared with a destination, from the first key on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResyncAsked {
    /// The bucket.
    pub bucket: BucketName,
    /// What it is compared with.
    pub destination: Destination,
}

/// A range of a bucket's versions was compared with a destination. The versions that it lacks are replicated again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The bucket that the versions are from.
    pub bucket: BucketName,
    /// What they were compared with.
    pub destination: Destination,
    /// The versions that the destination lacks, or of which it has other metadata.
    pub missing: Vec<ReplicatedVersion>,
    /// The last version that was compared; absent if all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<ReplicatedVersion>,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}
