//! Pages of keys, versions and uploads, in S3's order, with common prefixes.
//!
//! A common prefix costs one seek past everything below it, so a page costs its own length, wherever it
//! begins and however much it rolls up.

use std::ops::Bound;

use domain::row::{BucketId, UploadRow, VersionRow};
use domain::{Parts, View};
use events::ids::{ObjectKey, UploadId, VersionId};
use memchr::memmem;
use uuid::Uuid;

use crate::StateError;
use crate::tables::{Access, Tables};

/// The parameters of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// The listing has only keys that begin with this.
    pub prefix: &'a [u8],
    /// Keys are rolled up to the first occurrence of this behind the prefix; empty for no rolling up.
    pub delimiter: &'a [u8],
    /// The listing begins after this; a common prefix that was returned before is passed over whole.
    pub after: &'a [u8],
    /// The maximum number of entries.
    pub max: usize,
}

/// A line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<T> {
    /// A key and its entry.
    Key(Box<[u8]>, T),
    /// The common prefix of all keys that begin with it.
    CommonPrefix(Box<[u8]>),
}

impl<T> Entry<T> {
    /// The key or the common prefix.
    pub fn name(&self) -> &[u8] {
        match self {
            Self::Key(name, _) | Self::CommonPrefix(name) => name,
        }
    }
}

/// The cost of reading a page, which grows with the page and not with the bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The number of lookups in tables.
    pub seeks: usize,
    /// The number of rows read.
    pub rows: usize,
}

/// Current objects.
#[derive(Debug)]
pub struct ObjectsPage {
    /// The lines.
    pub entries: Vec<Entry<VersionRow>>,
    /// The cost of reading the page.
    pub cost: Cost,
    /// There is more after the last line.
    pub truncated: bool,
}

/// Versions and delete markers, newest first within a key.
#[derive(Debug)]
pub struct VersionsPage {
    /// The lines; the flag says that the version is the newest of its key.
    pub entries: Vec<Entry<(VersionRow, bool)>>,
    /// The cost of reading the page.
    pub cost: Cost,
    /// There is more after the last line.
    pub truncated: bool,
}

/// Uploads under way, by key and id.
#[derive(Debug)]
pub struct UploadsPage {
    /// The lines.
    pub entries: Vec<Entry<(UploadId, UploadRow)>>,
    /// There is more after the last line.
    pub truncated: bool,
}

impl Page<'_> {
    /// The common prefix a key rolls up to.
    fn common_prefix<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.get(self.prefix.len()..)?;
        let at = memmem::find(rest, self.delimiter)?;
        Some(&key[..self.prefix.len() + at + self.delimiter.len()])
    }

    /// Returns whether a listing may go on within the key `after`: only if it would show that key by itself.
    fn continues_in_key(&self) -> bool {
        self.after.starts_with(self.prefix) && self.common_prefix(self.after).is_none()
    }

    /// Returns the key at which the listing begins; `None` if nothing can follow.
    fn start(&self) -> Option<Bound<Vec<u8>>> {
        if self.after < self.prefix {
            return Some(Bound::Included(self.prefix.to_vec()));
        }
        if self.after.starts_with(self.prefix) && self.common_prefix(self.after) == Some(self.after) {
            return successor(self.after).map(Bound::Included);
        }
        Some(Bound::Excluded(self.after.to_vec()))
    }
}

/// The least byte string that sorts after everything that begins with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut next = prefix[..=last].to_vec();
    next[last] += 1;
    Some(next)
}

/// The first and the last id that an upload may have.
const FIRST_UPLOAD: UploadId = UploadId(Uuid::nil());
const LAST_UPLOAD: UploadId = UploadId(Uuid::max());

impl<A: Access> Tables<A> {
    /// A page of current objects.
    pub fn list_objects(&self, bucket: BucketId, page: &Page<'_>) -> Result<ObjectsPage, StateError> {
        let mut entries: Vec<Entry<VersionRow>> = Vec::new();
        let mut cost = Cost::default();
        let Some(mut start) = page.start().filter(|_| page.max > 0) else {
            return Ok(ObjectsPage { entries, cost, truncated: false });
        };
        'seek: loop {
            cost.seeks += 1;
            for entry in self.current.starting_at(bucket, start.as_ref().map(Vec::as_slice))? {
                let entry = entry?;
                cost.rows += 1;
                let (_, key) = entry.stored_key();
                if !key.starts_with(page.prefix) {
                    return Ok(ObjectsPage { entries, cost, truncated: false });
                }
                if entries.len() == page.max {
                    return Ok(ObjectsPage { entries, cost, truncated: true });
                }
                if let Some(common) = page.common_prefix(key) {
                    entries.push(Entry::CommonPrefix(common.into()));
                    let Some(next) = successor(common) else { break };
                    start = Bound::Included(next);
                    continue 'seek;
                }
                entries.push(Entry::Key(key.into(), entry.row()?));
            }
            return Ok(ObjectsPage { entries, cost, truncated: false });
        }
    }

    /// A page of versions. `below` continues within the key `page.after`: only its versions older than that.
    pub fn list_versions(
        &self,
        bucket: BucketId,
        page: &Page<'_>,
        below: Option<VersionId>,
    ) -> Result<VersionsPage, StateError> {
        let mut entries: Vec<Entry<(VersionRow, bool)>> = Vec::new();
        let mut cost = Cost::default();
        if page.max == 0 {
            return Ok(VersionsPage { entries, cost, truncated: false });
        }
        let mut start = page.start();
        if let (Some(below), Ok(key), true) = (below, ObjectKey::from_bytes(page.after), page.continues_in_key()) {
            if !self.push_versions(bucket, &key, below, page.max, &mut entries, &mut cost)? {
                return Ok(VersionsPage { entries, cost, truncated: true });
            }
            start = Some(Bound::Excluded(page.after.to_vec()));
        }
        while let Some(from) = start.take() {
            let Some(key) = self.next_key(bucket, &from, page.prefix, &mut cost)? else { break };
            if entries.len() == page.max {
                return Ok(VersionsPage { entries, cost, truncated: true });
            }
            if let Some(common) = page.common_prefix(&key) {
                entries.push(Entry::CommonPrefix(common.into()));
                start = successor(common).map(Bound::Included);
                continue;
            }
            let key = ObjectKey::from_bytes(key).map_err(StateError::Key)?;
            if !self.push_versions(bucket, &key, VersionId::MAX, page.max, &mut entries, &mut cost)? {
                return Ok(VersionsPage { entries, cost, truncated: true });
            }
            start = Some(Bound::Excluded(key.as_bytes().to_vec()));
        }
        Ok(VersionsPage { entries, cost, truncated: false })
    }

    /// The first key behind another one that begins with a prefix, whether its newest version is an object or not.
    pub fn key_behind(&self, bucket: BucketId, after: &[u8], prefix: &[u8]) -> Result<Option<ObjectKey>, StateError> {
        let from = if after < prefix {
            Bound::Included(prefix.to_vec())
        } else if after.is_empty() {
            Bound::Unbounded
        } else {
            Bound::Excluded(after.to_vec())
        };
        let key = self.next_key(bucket, &from, prefix, &mut Cost::default())?;
        key.map(|key| ObjectKey::from_bytes(key).map_err(StateError::Key)).transpose()
    }

    /// The first key, current or not, from a bound on.
    fn next_key(
        &self,
        bucket: BucketId,
        from: &Bound<Vec<u8>>,
        prefix: &[u8],
        cost: &mut Cost,
    ) -> Result<Option<Vec<u8>>, StateError> {
        let from = from.as_ref().map(Vec::as_slice);
        let current = self.current.starting_at(bucket, from)?.next().transpose()?;
        let versions = self.versions.starting_at(bucket, from)?.next().transpose()?;
        cost.seeks += 2;
        cost.rows += usize::from(current.is_some()) + usize::from(versions.is_some());
        let ours = |key: &[u8]| key.starts_with(prefix).then(|| key.to_vec());
        let current = current.and_then(|entry| ours(entry.stored_key().1));
        let versions = versions.and_then(|entry| ours(entry.stored_key().1));
        Ok(current.into_iter().chain(versions).min())
    }

    /// Adds a key's versions below an id, newest first; false if the page is full before they end.
    fn push_versions(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        below: VersionId,
        max: usize,
        entries: &mut Vec<Entry<(VersionRow, bool)>>,
        cost: &mut Cost,
    ) -> Result<bool, StateError> {
        let current = self.current(bucket, key)?;
        let newest = match &current {
            Some(row) => Some(row.version),
            None => self.newest_below(bucket, key, VersionId::MAX)?.map(|row| row.version),
        };
        cost.seeks += 2 + usize::from(current.is_none());
        cost.rows += 1;
        let mut push = |row: VersionRow| {
            let room = entries.len() < max;
            if room {
                let is_newest = newest == Some(row.version);
                entries.push(Entry::Key(key.as_bytes().into(), (row, is_newest)));
            }
            room
        };
        if let Some(row) = current.filter(|row| row.version < below)
            && !push(row)
        {
            return Ok(false);
        }
        for entry in self.versions.below(bucket, key, below)?.rev() {
            cost.rows += 1;
            if !push(entry?.row()?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A page of uploads. `after_upload` continues within the key `page.after`.
    pub fn list_uploads(
        &self,
        bucket: BucketId,
        page: &Page<'_>,
        after_upload: Option<UploadId>,
    ) -> Result<UploadsPage, StateError> {
        let mut entries: Vec<Entry<(UploadId, UploadRow)>> = Vec::new();
        let mut start = match (after_upload, page.start().filter(|_| page.max > 0)) {
            (_, None) => return Ok(UploadsPage { entries, truncated: false }),
            (Some(upload), _) if page.continues_in_key() => Bound::Excluded((page.after.to_vec(), upload)),
            (_, Some(Bound::Excluded(key))) => Bound::Excluded((key, LAST_UPLOAD)),
            (_, Some(Bound::Included(key))) => Bound::Included((key, FIRST_UPLOAD)),
            (_, Some(Bound::Unbounded)) => Bound::Unbounded,
        };
        'seek: loop {
            let from = start.as_ref().map(|(key, upload)| (key.as_slice(), *upload));
            for entry in self.uploads.starting_at(bucket, from)? {
                let entry = entry?;
                let (_, key, upload) = entry.stored_key();
                if !key.starts_with(page.prefix) {
                    return Ok(UploadsPage { entries, truncated: false });
                }
                if entries.len() == page.max {
                    return Ok(UploadsPage { entries, truncated: true });
                }
                if let Some(common) = page.common_prefix(key) {
                    entries.push(Entry::CommonPrefix(common.into()));
                    let Some(next) = successor(common) else { break };
                    start = Bound::Included((next, FIRST_UPLOAD));
                    continue 'seek;
                }
                entries.push(Entry::Key(key.into(), (UploadId(Uuid::from_u128(upload)), entry.row()?)));
            }
            return Ok(UploadsPage { entries, truncated: false });
        }
    }

    /// The parts of an upload after a number, at most `max`, and whether there are more.
    pub fn list_parts(&self, upload: UploadId, after: u16, max: usize) -> Result<(Parts, bool), StateError> {
        if max == 0 {
            return Ok((Parts::new(), false)); // Truncated without a marker to go on from would be a loop.
        }
        let mut parts = self.parts.from(upload, after.saturating_add(1), max.saturating_add(1))?;
        let truncated = parts.len() > max;
        parts.truncate(max);
        Ok((parts, truncated))
    }
}
