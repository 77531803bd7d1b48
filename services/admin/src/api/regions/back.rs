//! The rules by which what is written here goes back to a region that was lost.

use events::ids::{BucketName, RegionName};
use events::replication::{Configuration, Destination, Rule};
use events::tags::Tags;
use schemars::JsonSchema;
use serde::Serialize;

/// The beginning of the ids of rules that a promotion adds. That of a rule says all that is to be known of it later.
const PROMOTED: &str = "promoted";

/// Whether what is written into a bucket goes back to the region that the bucket comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Back {
    /// No rule sends all of it there.
    None,
    /// A rule does that a promotion did not add.
    Rule,
    /// The rule of a promotion does.
    Promoted,
    /// The rule of a promotion was changed since, and does not send all of it any more.
    Changed,
}

/// The other region, as rules name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region<'a> {
    pub(super) name: &'a RegionName,
    /// Whether the only link leads there, so that rules need not name it.
    pub(super) is_only: bool,
}

impl Region<'_> {
    /// Whether a destination is in the region.
    pub(super) fn has(self, destination: &Destination) -> bool {
        destination.region.as_ref().map_or(self.is_only, |region| region == self.name)
    }

    /// Whether a rule is one that a promotion added for this region.
    fn promoted(self, rule: &Rule) -> bool {
        rule.destination.region.as_ref() == Some(self.name) && rule.id == id(self.name, &rule.destination.bucket)
    }
}

fn id(region: &RegionName, source: &BucketName) -> String {
    format!("{PROMOTED}-{region}-{source}")
}

/// What sends a bucket back to the bucket `source` of a region.
pub(super) fn back(rules: &[Rule], region: Region<'_>, source: &BucketName) -> Back {
    let leading = rules.iter().filter(|rule| region.has(&rule.destination) && rule.destination.bucket == *source);
    let (mut own, mut added) = (false, None);
    for rule in leading {
        if region.promoted(rule) {
            added = Some(sends_all(rule));
        } else {
            own |= sends_all(rule);
        }
    }
    match added {
        Some(true) => Back::Promoted,
        _ if own => Back::Rule,
        Some(false) => Back::Changed,
        None => Back::None,
    }
}

/// Whether a rule sends all that is written: also deletions, and changes of the metadata of what came from there.
fn sends_all(rule: &Rule) -> bool {
    let Rule { enabled, prefix, tags, delete_markers, replica_modifications, .. } = rule;
    *enabled && prefix.is_empty() && tags.is_empty() && *delete_markers && *replica_modifications == Some(true)
}

/// The destinations to which the rules of a promotion do not send everything any more.
pub(super) fn changed(rules: &[Rule], region: Region<'_>) -> Vec<BucketName> {
    let added = rules.iter().filter(|rule| region.promoted(rule)).map(|rule| &rule.destination.bucket);
    added.filter(|source| back(rules, region, source) == Back::Changed).cloned().collect()
}

/// Whether a promotion added a rule.
pub(super) fn is_promoted(rules: &[Rule], region: Region<'_>) -> bool {
    rules.iter().any(|rule| region.promoted(rule))
}

/// The configuration with a rule that sends everything back, also what was written before the rule.
pub(super) fn promoted(
    configuration: Option<Configuration>,
    region: &RegionName,
    source: &BucketName,
) -> Configuration {
    let mut configuration = configuration.unwrap_or(Configuration { role: String::new(), rules: Vec::new() });
    // Rules of the older form have no priority, and a configuration has rules of one form.
    let is_old = configuration.rules.iter().any(|rule| rule.priority.is_none());
    let highest = configuration.rules.iter().filter_map(|rule| rule.priority).max().unwrap_or_default();
    configuration.rules.push(Rule {
        id: id(region, source),
        priority: (!is_old).then(|| highest.saturating_add(1)),
        enabled: true,
        prefix: String::new(),
        tags: Tags::new(),
        delete_markers: true,
        existing_objects: Some(true),
        replica_modifications: Some(true),
        removals: None,
        destination: Destination { bucket: source.clone(), region: Some(region.clone()) },
        storage_class: None,
    });
    configuration
}

/// The configuration without the rules that a promotion added; `None` if there are no others.
pub(super) fn without(mut configuration: Configuration, region: Region<'_>) -> Option<Configuration> {
    configuration.rules.retain(|rule| !region.promoted(rule));
    Some(configuration).filter(|configuration| !configuration.rules.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RegionName {
        text.parse().unwrap()
    }

    fn bucket(text: &str) -> BucketName {
        text.parse().unwrap()
    }

    #[test]
    fn a_promotion_adds_one_rule_and_its_end_leaves_what_there_was() {
        let (east, source) = (name("us-east-1"), bucket("here"));
        let region = Region { name: &east, is_only: true };
        let first = promoted(None, &east, &source);
        assert_eq!(back(&first.rules, region, &source), Back::Promoted);
        assert_eq!(without(first, region), None);

        let mut own = promoted(None, &name("eu-1"), &source);
        own.rules[0].priority = Some(7);
        assert_eq!(back(&own.rules, region, &source), Back::None);
        let both = promoted(Some(own.clone()), &east, &source);
        assert_eq!(both.rules[1].priority, Some(8));
        assert!(is_promoted(&both.rules, region) && !is_promoted(&own.rules, region));
        assert_eq!(without(both, region), Some(own.clone()));

        own.rules[0].priority = None;
        let old = promoted(Some(own), &east, &source);
        assert_eq!(old.rules[1].priority, None, "the form of a configuration stays");
    }

    #[test]
    fn a_rule_that_somebody_changed_does_not_count_for_what_it_does_not_send() {
        let (east, source) = (name("us-east-1"), bucket("here"));
        let region = Region { name: &east, is_only: true };
        let changes: [fn(&mut Rule); 4] = [
            |rule| rule.enabled = false,
            |rule| rule.prefix = "logs/".into(),
            |rule| rule.delete_markers = false,
            |rule| rule.replica_modifications = None,
        ];
        for change in changes {
            let mut rules = promoted(None, &east, &source).rules;
            assert_eq!((back(&rules, region, &source), changed(&rules, region)), (Back::Promoted, Vec::new()));
            change(&mut rules[0]);
            assert_eq!(back(&rules, region, &source), Back::Changed);
            assert_eq!(changed(&rules, region), std::slice::from_ref(&source));
            rules[0].id = "mine".into();
            assert_eq!((back(&rules, region, &source), changed(&rules, region)), (Back::None, Vec::new()));
        }
    }

    #[test]
    fn a_rule_that_was_there_counts_if_it_sends_everything() {
        let (east, source) = (name("us-east-1"), bucket("here"));
        let of = |is_only| Region { name: &east, is_only };
        let mut rules = promoted(None, &east, &source).rules;
        rules[0].id = "mine".into();
        assert_eq!(back(&rules, of(false), &source), Back::Rule);
        assert_eq!(back(&rules, of(false), &bucket("other")), Back::None);
        rules[0].destination.region = None;
        assert_eq!(back(&rules, of(true), &source), Back::Rule);
        assert_eq!(back(&rules, of(false), &source), Back::None);
        rules[0].prefix = "logs/".into();
        assert_eq!(back(&rules, of(true), &source), Back::None);
        // `us` is no beginning of another region's name.
        let us = name("us");
        let rules = promoted(None, &name("us-east"), &source).rules;
        assert!(!is_promoted(&rules, Region { name: &us, is_only: false }));
    }
}
