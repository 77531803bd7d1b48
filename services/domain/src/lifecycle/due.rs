use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule};
use events::tags::Tags;
use jiff::Timestamp;

use super::Day;

/// A version as rules see it.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// The key of the version.
    pub key: &'a [u8],
    /// The size in bytes and the tags; `None` for a delete marker.
    pub object: Option<(u64, &'a Tags)>,
    /// The time of creation.
    pub modified: Timestamp,
    /// The position among the versions of its key.
    pub standing: Standing,
}

/// The position of a version among those of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The newest version.
    Newest {
        /// Whether it is the only version.
        is_only: bool,
    },
    /// A newer version replaced it.
    Replaced {
        /// The time at which it was replaced.
        since: Timestamp,
        /// The number of newer objects that are also noncurrent.
        newer: u32,
    },
}

/// The expiration of a version by a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The time from which the rule applies.
    pub at: Timestamp,
}

/// The rule that ends a version first, if any does.
pub fn version_end<'r>(rules: &'r [Rule], version: &Version<'_>, day: Day) -> Option<Due<'r>> {
    earliest(rules.iter().filter_map(|rule| {
        let at = end_by(rule, version, day).filter(|_| rule.enabled && matches(&rule.filter, version))?;
        Some(Due { rule, at })
    }))
}

/// The rule that aborts an upload first, if any does. The future object is not known yet, so only rules that filter by
/// the key alone apply.
pub fn upload_end<'r>(rules: &'r [Rule], key: &[u8], begun: Timestamp, day: Day) -> Option<Due<'r>> {
    earliest(rules.iter().filter_map(|rule| {
        let days = rule.abort_uploads_after_days?;
        let filter = &rule.filter;
        let is_about = rule.enabled && is_about_keys(filter) && begins(filter, key);
        is_about.then(|| Due { rule, at: day.days_after(begun, days) })
    }))
}

/// The earliest one; the first of several at the same time.
fn earliest<'r>(ends: impl Iterator<Item = Due<'r>>) -> Option<Due<'r>> {
    ends.min_by_key(|due| due.at)
}

fn end_by(rule: &Rule, version: &Version<'_>, day: Day) -> Option<Timestamp> {
    match version.standing {
        Standing::Newest { is_only } => {
            // A delete marker hides older versions: while there is one, it stays.
            if version.object.is_none() && !is_only {
                return None;
            }
            match rule.expiration? {
                Expiration::Days(days) => Some(day.days_after(version.modified, days)),
                Expiration::Date(date) => Some(date),
                Expiration::ExpiredObjectDeleteMarker => version.object.is_none().then_some(version.modified),
            }
        }
        Standing::Replaced { since, newer } => {
            let NoncurrentExpiration { days, newer_versions } = rule.noncurrent_expiration?;
            let has_newer = newer_versions.is_none_or(|wanted| newer >= wanted);
            has_newer.then(|| day.days_after(since, days))
        }
    }
}

fn matches(filter: &Filter, version: &Version<'_>) -> bool {
    begins(filter, version.key)
        && match version.object {
            None => is_about_keys(filter),
            Some((size, tags)) => {
                filter.tags.iter().all(|(key, value)| tags.get(key) == Some(value))
                    && filter.size_greater_than.is_none_or(|least| size > least)
                    && filter.size_less_than.is_none_or(|most| size < most)
            }
        }
}

fn begins(filter: &Filter, key: &[u8]) -> bool {
    filter.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix.as_bytes()))
}

/// Whether a filter has no condition that a delete marker or an upload cannot meet.
fn is_about_keys(filter: &Filter) -> bool {
    filter.tags.is_empty() && filter.size_greater_than.is_none() && filter.size_less_than.is_none()
}
