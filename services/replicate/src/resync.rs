//! Comparing a bucket with a destination, a page of versions at a time: for rules that cover existing objects, and where an
//! operator asks for it. Only what the destination lacks is sent.

use domain::row::{ResyncRow, VersionRow};
use events::ids::{ObjectKey, Sha256Digest, VersionId};
use events::replica::{COMPARED_VERSIONS_MAX, Compared, Comparison, Sent};
use events::replication::ReplicatedVersion;
use ledger::{Entry, Page, Snapshot, StateError};
use tokio::time::Instant;
use worker::Trouble;

use crate::route::Route;
use crate::select::is_pending;

/// A comparison that is under way.
#[derive(Debug, Clone)]
pub(crate) struct Resync {
    /// The event that asked for it.
    pub(crate) asked: u64,
    /// The last version that was compared.
    after: Option<(ObjectKey, VersionId)>,
    only_pending: bool,
    /// Whether a page is being compared.
    is_asking: bool,
    /// What was found and the log does not say.
    found: Option<Found>,
    not_before: Option<Instant>,
}

/// What a comparison of a page found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The versions that the destination lacks.
    pub(crate) missing: Vec<ReplicatedVersion>,
    /// The last version that was compared; `None` if all were.
    pub(crate) up_to: Option<ReplicatedVersion>,
}

impl Resync {
    pub(crate) fn new(row: ResyncRow) -> Self {
        let ResyncRow { asked, up_to, only_pending } = row;
        Self { asked, after: up_to, only_pending, is_asking: false, found: None, not_before: None }
    }

    /// The version after which the next page begins, if it may be compared now, and whether only pending ones are. What was
    /// found is said first.
    pub(crate) fn begin(&mut self, now: Instant) -> Option<(Option<(ObjectKey, VersionId)>, bool)> {
        let waits = self.is_asking || self.is_to_say() || self.not_before.is_some_and(|at| at > now);
        if waits {
            return None;
        }
        self.is_asking = true;
        Some((self.after.clone(), self.only_pending))
    }

    /// A page was compared.
    pub(crate) fn took(&mut self, found: Found) {
        (self.is_asking, self.not_before) = (false, None);
        self.after = found.up_to.clone().map(|last| (last.key, last.version_id));
        self.found = Some(found);
    }

    /// The page is to be compared again.
    pub(crate) fn again(&mut self, at: Option<Instant>) {
        (self.is_asking, self.not_before) = (false, at);
    }

    /// Whether what was found has to be said before it goes on.
    pub(crate) fn is_to_say(&self) -> bool {
        self.found.as_ref().is_some_and(|found| !found.missing.is_empty() || found.up_to.is_none())
    }

    /// Takes what was found. Of pages of which nothing is missing, it is enough to say now and then how far they go.
    pub(crate) fn say(&mut self, is_due: bool) -> Option<Found> {
        if is_due || self.is_to_say() { self.found.take() } else { None }
    }

    /// When it goes on, if it waits for a time.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.not_before
    }
}

/// Versions to compare, and the last one that was looked at.
pub(crate) struct Asked {
    pub(crate) comparison: Comparison,
    pub(crate) up_to: Option<ReplicatedVersion>,
}

impl Asked {
    /// What follows from the places of the versions that the destination lacks.
    pub(crate) fn found(self, places: &[usize]) -> Found {
        let version = |Compared { key, version_id, .. }| ReplicatedVersion { key, version_id };
        let all = self.comparison.versions.into_iter().enumerate();
        let missing = all.filter(|(place, _)| places.contains(place)).map(|(_, compared)| version(compared));
        Found { missing: missing.collect(), up_to: self.up_to }
    }
}

/// The next page of versions that rules send to the destination of a route.
///
/// # Errors
/// The state cannot be read.
pub(crate) fn page(
    snapshot: &Snapshot,
    route: &Route,
    (after, only_pending): (Option<&(ObjectKey, VersionId)>, bool),
) -> Result<Asked, Trouble> {
    let (key, below) = after.map_or((&b""[..], None), |(key, version)| (key.as_bytes(), Some(*version)));
    let page = Page { prefix: b"", delimiter: b"", after: key, max: COMPARED_VERSIONS_MAX };
    let listed = snapshot.list_versions(route.bucket, &page, below)?;
    let (mut versions, mut last) = (Vec::new(), None);
    for entry in listed.entries {
        let Entry::Key(key, (row, _)) = entry else { continue };
        let key = ObjectKey::from_bytes(key).map_err(StateError::Key)?;
        if is_covered(route, &key, &row) && (!only_pending || is_pending(&row, route)) {
            let state = digest(&row)?;
            versions.push(Compared { key: key.clone(), version_id: row.version, state });
        }
        last = Some(ReplicatedVersion { key, version_id: row.version });
    }
    let up_to = last.filter(|_| listed.truncated);
    Ok(Asked { comparison: Comparison { form: Sent::FORM, versions }, up_to })
}

fn digest(row: &VersionRow) -> Result<Sha256Digest, Trouble> {
    let digest = row.replica_state().digest();
    digest.map_err(|error| Trouble::Halted(format!("a version has no form to compare: {error}")))
}

/// Whether a rule sends a version to the destination of a route.
pub(crate) fn is_covered(route: &Route, key: &ObjectKey, row: &VersionRow) -> bool {
    let rules = match &row.object {
        Some(object) => route.configuration.of_object(key, &object.attributes.tags),
        None => route.configuration.of_delete_marker(key),
    };
    rules.iter().any(|rule| rule.destination == route.destination)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn version(n: u128) -> ReplicatedVersion {
        ReplicatedVersion { key: format!("k{n}").parse().unwrap(), version_id: VersionId::from_u128(n) }
    }

    #[test]
    fn pages_follow_each_other_and_what_is_missing_is_said_before_the_next() {
        let (mut resync, now) = (Resync::new(ResyncRow { asked: 7, up_to: None, only_pending: false }), Instant::now());
        assert_eq!(resync.begin(now), Some((None, false)));
        assert_eq!(resync.begin(now), None, "one page at a time");
        resync.took(Found { missing: Vec::new(), up_to: Some(version(1)) });
        assert_eq!(resync.say(false), None, "nothing is missing");
        let second = Some((version(1).key, version(1).version_id));
        assert_eq!(resync.begin(now), Some((second.clone(), false)));
        resync.again(Some(now + Duration::from_secs(5)));
        assert_eq!(resync.begin(now), None);
        assert_eq!(resync.begin(now + Duration::from_secs(5)), Some((second, false)));
        let found = Found { missing: vec![version(2)], up_to: None };
        resync.took(found.clone());
        assert_eq!(resync.begin(now), None, "what was found is to be said first");
        assert_eq!(resync.say(false), Some(found));
    }
}
