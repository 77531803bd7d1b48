use std::time::{Duration, Instant};

use domain::lifecycle::{Standing, Version, end_of_version, upload_end, version_end};
use domain::row::VersionRow;
use domain::{AbortExpired, Expire};
use events::ids::{ObjectKey, UploadId, VersionId};
use events::lifecycle::Rule;
use jiff::Timestamp;
use ledger::{Entry, Page, StateError};

use crate::meters::Ended;
use crate::propose::Proposal;
use crate::round::Bucket;
use crate::{Collector, Stopped};

/// Versions or uploads that are looked at before others get their turn.
const PAGE_ENTRIES: usize = 500;

/// The longest pause after a page. It is as long as the page took, so that at most half of a core and of the log's time
/// go into rules.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Where a walk goes on: after this key and, of that key, after this version or upload.
type Place<Id> = (Vec<u8>, Option<Id>);

/// What is due on one page, and where the next begins.
struct Turn<Id> {
    due: Vec<Proposal>,
    next: Option<Place<Id>>,
}

impl Collector {
    /// Follows the rules of one bucket once.
    pub(crate) async fn walk(&self, bucket: &Bucket) -> Result<(), Stopped> {
        let enabled = || bucket.rules.iter().filter(|rule| rule.enabled);
        if enabled().any(|rule| rule.expiration.is_some() || rule.noncurrent_expiration.is_some()) {
            self.pages(|place| self.versions(bucket, place)).await?;
        }
        if enabled().any(|rule| rule.abort_uploads_after_days.is_some()) {
            self.pages(|place| self.uploads(bucket, place)).await?;
        }
        Ok(())
    }

    async fn pages<Id>(&self, look: impl Fn(&Place<Id>) -> Result<Turn<Id>, StateError>) -> Result<(), Stopped> {
        let mut place = (Vec::new(), None);
        loop {
            let begun = Instant::now();
            let turn = self.read(|| look(&place)).await?;
            self.propose_all(turn.due).await?;
            match turn.next {
                Some(next) => place = next,
                None => return Ok(()),
            }
            tokio::time::sleep(begun.elapsed().min(PAUSE_MAX)).await;
        }
    }

    fn versions(&self, bucket: &Bucket, (after, below): &Place<VersionId>) -> Result<Turn<VersionId>, StateError> {
        let (snapshot, now, day) = (self.ledger.latest(), self.now(), self.options.day);
        let page = page(&bucket.rules, after);
        let listed = snapshot.list_versions(bucket.id, &page, *below)?;
        let mut turn = Turn { due: Vec::new(), next: None };
        for entry in listed.entries {
            let Entry::Key(bytes, (row, is_newest)) = entry else { continue };
            turn.next = listed.truncated.then(|| (bytes.to_vec(), Some(row.version)));
            if !may_be_due(&bucket.rules, &bytes, (&row, is_newest), now, self) {
                continue;
            }
            let key = ObjectKey::from_bytes(&*bytes).map_err(StateError::Key)?;
            let end = end_of_version(&**snapshot, &bucket.rules, (bucket.id, &key), row.version, day)?;
            if let Some(at) = end.map(|(_, due)| due.at).filter(|at| *at <= now) {
                let (name, id, version) = (bucket.name.clone(), bucket.id, row.version);
                let expire = Expire { bucket: name, id, key, version, day };
                turn.due.push(Proposal { command: expire.into(), what: Ended::Version, due: at });
            }
        }
        Ok(turn)
    }

    fn uploads(&self, bucket: &Bucket, (after, after_upload): &Place<UploadId>) -> Result<Turn<UploadId>, StateError> {
        let (snapshot, now, day) = (self.ledger.latest(), self.now(), self.options.day);
        let page = page(&bucket.rules, after);
        let listed = snapshot.list_uploads(bucket.id, &page, *after_upload)?;
        let mut turn = Turn { due: Vec::new(), next: None };
        for entry in listed.entries {
            let Entry::Key(bytes, (upload, row)) = entry else { continue };
            turn.next = listed.truncated.then(|| (bytes.to_vec(), Some(upload)));
            let Some(due) = upload_end(&bucket.rules, &bytes, row.created, day).filter(|due| due.at <= now) else {
                continue;
            };
            let key = ObjectKey::from_bytes(&*bytes).map_err(StateError::Key)?;
            let abort = AbortExpired { bucket: bucket.name.clone(), id: bucket.id, key, upload, day };
            turn.due.push(Proposal { command: abort.into(), what: Ended::Upload, due: due.at });
        }
        Ok(turn)
    }
}

/// Whether a version might be due wherever it stands exactly, which takes more looks to find out.
fn may_be_due(
    rules: &[Rule],
    key: &[u8],
    (row, is_newest): (&VersionRow, bool),
    now: Timestamp,
    collector: &Collector,
) -> bool {
    let standing = if is_newest {
        Standing::Newest { is_only: true }
    } else {
        Standing::Replaced { since: row.modified, newer: u32::MAX }
    };
    let object = row.object.as_ref().map(|object| (object.size, &object.attributes.tags));
    let at_best = Version { key, object, modified: row.modified, standing };
    version_end(rules, &at_best, collector.options.day).is_some_and(|due| due.at <= now)
}

/// A page of only those keys that begin as all rules want it.
fn page<'a>(rules: &'a [Rule], after: &'a [u8]) -> Page<'a> {
    Page { prefix: common_prefix(rules), delimiter: b"", after, max: PAGE_ENTRIES }
}

/// What the keys of all rules begin with.
fn common_prefix(rules: &[Rule]) -> &[u8] {
    let prefixes = rules.iter().filter(|rule| rule.enabled);
    let mut prefixes = prefixes.map(|rule| rule.filter.prefix.as_deref().unwrap_or_default().as_bytes());
    let first = prefixes.next().unwrap_or_default();
    prefixes.fold(first, |common, prefix| {
        let same = common.iter().zip(prefix).take_while(|(one, other)| one == other).count();
        &common[..same]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::lifecycle::Filter;

    fn rule(prefix: Option<&str>, enabled: bool) -> Rule {
        Rule {
            id: "a".into(),
            enabled,
            filter: Filter { prefix: prefix.map(str::to_owned), ..Filter::default() },
            expiration: None,
            noncurrent_expiration: None,
            abort_uploads_after_days: None,
        }
    }

    #[test]
    fn a_walk_looks_at_no_more_than_the_rules_are_about() {
        assert_eq!(common_prefix(&[rule(Some("logs/a"), true), rule(Some("logs/b"), true)]), b"logs/");
        assert_eq!(common_prefix(&[rule(Some("logs/a"), true), rule(Some("x"), false)]), b"logs/a");
        assert_eq!(common_prefix(&[rule(Some("logs/a"), true), rule(None, true)]), b"");
    }
}
