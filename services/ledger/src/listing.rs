//! Pages of keys, versions and uploads, in S3's order, with common prefixes.
//!
//! A common prefix costs one seek past everything below it, so a page costs its own length, wherever it
//! begins and however much it rolls up.

use std::ops::Bound;

use domain::View;
use domain::row::{BucketId, BucketRow, PartRow, UploadRow, VersionRow};
use events::ids::{BucketName, ObjectKey, PartNumber, UploadId, VersionId};
use memchr::memmem;
use redb::{ReadableTable, ReadableTableMetadata};
use uuid::Uuid;

use crate::StateError;
use crate::tables::row::decode;
use crate::tables::{Access, Tables};

/// The parameters of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Only keys that begin with this.
    pub prefix: &'a [u8],
    /// Keys are rolled up to the first occurrence of this behind the prefix; empty for no rolling up.
    pub delimiter: &'a [u8],
    /// Only what sorts after this; a common prefix that was returned before is passed over whole.
    pub after: &'a [u8],
    /// The maximum number of entries.
    pub max: usize,
}

/// A line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<T> {
    /// A key, and what was asked of it.
    Key(Box<[u8]>, T),
    /// All keys that begin with this.
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

    /// Whether a listing may go on within the key `after`: only if it would show that key by itself.
    fn continues_in_key(&self) -> bool {
        self.after.starts_with(self.prefix) && self.common_prefix(self.after).is_none()
    }

    /// Where the listing begins.
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

impl<A: Access> Tables<A> {
    /// Returns the number of buckets.
    pub fn count_buckets(&self) -> Result<u64, StateError> {
        Ok(self.buckets.len()?)
    }

    /// A page of buckets in the order of their names.
    pub fn list_buckets(
        &self,
        after: Option<&BucketName>,
        max: usize,
    ) -> Result<Vec<(BucketName, BucketRow)>, StateError> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_str()));
        let mut buckets = Vec::new();
        for entry in self.buckets.range::<&str>((from, Bound::Unbounded))?.take(max) {
            let (name, row) = entry?;
            buckets.push((name.value().parse().map_err(StateError::Key)?, decode(row.value())?));
        }
        Ok(buckets)
    }

    /// A page of current objects.
    pub fn list_objects(&self, bucket: BucketId, page: &Page<'_>) -> Result<ObjectsPage, StateError> {
        let mut entries: Vec<Entry<VersionRow>> = Vec::new();
        let mut cost = Cost::default();
        let Some(mut start) = page.start().filter(|_| page.max > 0) else {
            return Ok(ObjectsPage { entries, cost, truncated: false });
        };
        'seek: loop {
            let from = start.as_ref().map(|key| (bucket.0, key.as_slice()));
            cost.seeks += 1;
            for entry in self.current.range::<(u64, &[u8])>((from, Bound::Unbounded))? {
                let (at, row) = entry?;
                cost.rows += 1;
                let (owner, key) = at.value();
                if owner != bucket.0 || !key.starts_with(page.prefix) {
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
                entries.push(Entry::Key(key.into(), decode(row.value())?));
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

    /// The first key, current or not, from a bound on.
    fn next_key(
        &self,
        bucket: BucketId,
        from: &Bound<Vec<u8>>,
        prefix: &[u8],
        cost: &mut Cost,
    ) -> Result<Option<Vec<u8>>, StateError> {
        let current_from = from.as_ref().map(|key| (bucket.0, key.as_slice()));
        let current = self.current.range::<(u64, &[u8])>((current_from, Bound::Unbounded))?.next().transpose()?;
        let versions_from = match from {
            Bound::Excluded(key) => Bound::Excluded((bucket.0, key.as_slice(), u128::MAX)),
            Bound::Included(key) => Bound::Included((bucket.0, key.as_slice(), 0)),
            Bound::Unbounded => Bound::Unbounded,
        };
        let versions =
            self.versions.range::<(u64, &[u8], u128)>((versions_from, Bound::Unbounded))?.next().transpose()?;
        cost.seeks += 2;
        cost.rows += usize::from(current.is_some()) + usize::from(versions.is_some());
        let ours = |(owner, key): (u64, &[u8])| (owner == bucket.0 && key.starts_with(prefix)).then(|| key.to_vec());
        let current = current.and_then(|(at, _)| ours(at.value()));
        let versions = versions.and_then(|(at, _)| {
            let (owner, key, _) = at.value();
            ours((owner, key))
        });
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
        let bytes = key.as_bytes();
        for entry in self.versions.range((bucket.0, bytes, 0)..(bucket.0, bytes, below.as_u128()))?.rev() {
            cost.rows += 1;
            if !push(decode(entry?.1.value())?) {
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
            (Some(upload), _) if page.continues_in_key() => Bound::Excluded((page.after.to_vec(), upload.0.as_u128())),
            (_, Some(Bound::Excluded(key))) => Bound::Excluded((key, u128::MAX)),
            (_, Some(Bound::Included(key))) => Bound::Included((key, 0)),
            (_, Some(Bound::Unbounded)) => Bound::Unbounded,
        };
        'seek: loop {
            let from = start.as_ref().map(|(key, upload)| (bucket.0, key.as_slice(), *upload));
            for entry in self.uploads.range::<(u64, &[u8], u128)>((from, Bound::Unbounded))? {
                let (at, row) = entry?;
                let (owner, key, upload) = at.value();
                if owner != bucket.0 || !key.starts_with(page.prefix) {
                    return Ok(UploadsPage { entries, truncated: false });
                }
                if entries.len() == page.max {
                    return Ok(UploadsPage { entries, truncated: true });
                }
                if let Some(common) = page.common_prefix(key) {
                    entries.push(Entry::CommonPrefix(common.into()));
                    let Some(next) = successor(common) else { break };
                    start = Bound::Included((next, 0));
                    continue 'seek;
                }
                entries.push(Entry::Key(key.into(), (UploadId(Uuid::from_u128(upload)), decode(row.value())?)));
            }
            return Ok(UploadsPage { entries, truncated: false });
        }
    }

    /// The parts of an upload after a number, at most `max`, and whether there are more.
    pub fn list_parts(
        &self,
        upload: UploadId,
        after: u16,
        max: usize,
    ) -> Result<(Vec<(PartNumber, PartRow)>, bool), StateError> {
        let upload = upload.0.as_u128();
        let mut parts = Vec::new();
        if max == 0 {
            return Ok((parts, false)); // Truncated without a marker to go on from would be a loop.
        }
        let from = Bound::Excluded((upload, after));
        for entry in self.parts.range::<(u128, u16)>((from, Bound::Included((upload, u16::MAX))))? {
            if parts.len() == max {
                return Ok((parts, true));
            }
            let (at, row) = entry?;
            let number = PartNumber::try_from(at.value().1).map_err(StateError::Key)?;
            parts.push((number, decode(row.value())?));
        }
        Ok((parts, false))
    }
}
