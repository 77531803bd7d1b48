use std::time::{Duration, Instant};

use domain::lifecycle::{Standing, Succession, Version, upload_end, version_end};
use domain::{AbortExpired, Expire, View};
use events::ids::{ObjectKey, UploadId, VersionId};
use events::lifecycle::Rule;
use ledger::{Entry, Page, StateError};

use crate::meters::Ended;
use crate::propose::Proposal;
use crate::round::Bucket;
use crate::{Collector, Stopped};

/// Versions or uploads that are processed before other tasks get their turn.
const PAGE_ENTRIES: usize = 500;

/// The longest pause after a page. The pause is as long as the page took, so that rules take at most half of a core and
/// of the log's time.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The position of a walk through versions.
#[derive(Default)]
struct VersionsPlace {
    /// After this key, unless one of its versions is named.
    after: Vec<u8>,
    /// Within that key, below this version; and the succession of those above it.
    below: Option<(VersionId, Option<Succession>)>,
}

/// The position of a walk through uploads: after this key and, within it, after this upload.
type UploadsPlace = (Vec<u8>, Option<UploadId>);

/// What is due on one page, and where the next page begins.
struct Turn<P> {
    due: Vec<Proposal>,
    next: Option<P>,
}

impl Collector {
    /// Applies the rules of one bucket once.
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

    async fn pages<P: Default>(&self, look: impl Fn(&P) -> Result<Turn<P>, StateError>) -> Result<(), Stopped> {
        let mut place = P::default();
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

    /// Reads only one page: the succession of each version follows from those before it.
    fn versions(&self, bucket: &Bucket, place: &VersionsPlace) -> Result<Turn<VersionsPlace>, StateError> {
        let (snapshot, now, day) = (self.ledger.latest(), self.now(), self.options.day);
        let page = page(&bucket.rules, &place.after);
        let listed = snapshot.list_versions(bucket.id, &page, place.below.map(|(version, _)| version))?;
        let mut succession = place.below.and_then(|(_, succession)| succession);
        let mut turn = Turn { due: Vec::new(), next: None };
        let mut last = None;
        for entry in listed.entries {
            let Entry::Key(bytes, (row, is_newest)) = entry else { continue };
            let key = ObjectKey::from_bytes(&*bytes).map_err(StateError::Key)?;
            let standing = if let Some(succession) = succession.as_mut().filter(|_| !is_newest) {
                succession.next(row.object.is_some(), row.modified)
            } else {
                succession = Some(Succession::of_newest(row.modified));
                // `is_only` matters only for a delete marker.
                let is_marker = row.object.is_none();
                let is_only = is_marker && snapshot.newest_below(bucket.id, &key, row.version)?.is_none();
                Standing::Newest { is_only }
            };
            let object = row.object.as_ref().map(|object| (object.size, &object.attributes.tags));
            let seen = Version { key: &bytes, object, modified: row.modified, standing };
            let end = version_end(&bucket.rules, &seen, day).map(|due| due.at).filter(|at| *at <= now);
            let version = row.version;
            last = Some((bytes, version));
            if let Some(at) = end {
                let expire = Expire { bucket: bucket.name.clone(), id: bucket.id, key, version, day };
                turn.due.push(Proposal { command: expire.into(), what: Ended::Version, due: at });
            }
        }
        let last = last.filter(|_| listed.truncated);
        turn.next = last.map(|(key, version)| VersionsPlace { after: key.into(), below: Some((version, succession)) });
        Ok(turn)
    }

    fn uploads(&self, bucket: &Bucket, (after, after_upload): &UploadsPlace) -> Result<Turn<UploadsPlace>, StateError> {
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

/// A page of the keys that have the common prefix of all rules.
fn page<'a>(rules: &'a [Rule], after: &'a [u8]) -> Page<'a> {
    Page { prefix: common_prefix(rules), delimiter: b"", after, max: PAGE_ENTRIES }
}

/// The common prefix of the keys of all rules.
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
