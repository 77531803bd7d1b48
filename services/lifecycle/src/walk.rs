use domain::lifecycle::{Standing, Succession, Version, upload_end, version_end};
use domain::{AbortExpired, Expire, View};
use events::ids::{ObjectKey, UploadId, VersionId};
use events::lifecycle::Rule;
use ledger::{Entry, Page, StateError};
use worker::{Handle, Trouble};

use crate::Collector;
use crate::meters::Ended;
use crate::propose::Proposal;
use crate::round::Bucket;

/// Versions or uploads that are looked at before others get their turn.
const PAGE_ENTRIES: usize = 500;

/// Where a walk through versions goes on.
#[derive(Default)]
struct VersionsPlace {
    /// Behind this key, unless a version of it is named.
    after: Vec<u8>,
    /// Of that key, below this version, and how those above succeeded each other.
    below: Option<(VersionId, Option<Succession>)>,
}

/// Where a walk through uploads goes on: after this key and, of that key, after this upload.
type UploadsPlace = (Vec<u8>, Option<UploadId>);

/// What is due on one page, and where the next begins.
struct Turn<P> {
    due: Vec<Proposal>,
    next: Option<P>,
}

/// A walk through one bucket: first its versions, then its uploads.
pub(crate) struct Walk {
    bucket: Bucket,
    place: Place,
}

enum Place {
    Versions(VersionsPlace),
    Uploads(UploadsPlace),
}

impl Walk {
    /// A walk through all that the rules of a bucket are about; `None` if that is nothing.
    pub(crate) fn of(bucket: Bucket) -> Option<Self> {
        let enabled = || bucket.rules.iter().filter(|rule| rule.enabled);
        let place = if enabled().any(|rule| rule.expiration.is_some() || rule.noncurrent_expiration.is_some()) {
            Place::Versions(VersionsPlace::default())
        } else {
            Self::uploads(&bucket)?
        };
        Some(Self { bucket, place })
    }

    /// The beginning of the uploads, if a rule is about them.
    fn uploads(bucket: &Bucket) -> Option<Place> {
        let is_about = |rule: &Rule| rule.enabled && rule.abort_uploads_after_days.is_some();
        bucket.rules.iter().any(is_about).then(|| Place::Uploads(UploadsPlace::default()))
    }
}

impl Collector {
    /// Follows the rules on one page of a bucket. Returns whether there are more. The walk goes on only once all that is
    /// due on the page is answered.
    pub(crate) async fn page(&self, walk: &mut Walk, handle: &Handle) -> Result<bool, Trouble> {
        let Walk { bucket, place } = walk;
        let (due, next) = match place {
            Place::Versions(place) => {
                let turn = self.read(|| self.versions(bucket, place))?;
                (turn.due, turn.next.map(Place::Versions).or_else(|| Walk::uploads(bucket)))
            }
            Place::Uploads(place) => {
                let turn = self.read(|| self.uploads(bucket, place))?;
                (turn.due, turn.next.map(Place::Uploads))
            }
        };
        self.propose_all(&bucket.name, due, handle).await?;
        let Some(next) = next else { return Ok(false) };
        *place = next;
        Ok(true)
    }

    /// Reads a page and no more: what each version succeeded is told from those before it.
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
                // It says something of delete markers alone.
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
