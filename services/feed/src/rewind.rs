//! What was in a bucket at a place in the log.
//!
//! The state knows every version that is kept. What it does not know is what happened since: so the log is read from that
//! place on, for one page of keys, and of each key is kept which of its versions came since, and the newest of those that
//! went. The version of then is the newest that did not come since, kept or gone. Of what is gone, the event that created it
//! says the rest: it is found by the time in its version id.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use domain::row::{BodyRow, BucketId, VersionRow};
use domain::{View, newest_version};
use events::ids::{BucketName, ETag, ObjectKey, VersionId};
use events::object::{Body, Created};
use events::{Event, Fact};
use jiff::{SignedDuration, Timestamp};
use ledger::Snapshot;
use memchr::memmem;

use crate::{CLOCK_BACK_MAX, Feed, FeedError};

/// Bytes of entries that are read at once.
const BATCH_BYTES: usize = 1 << 20;

/// Keys that changed since then and are held in memory, for one page. A page that would need more ends earlier.
const KEYS_MAX: usize = 10_000;

/// Entries that are read to find the event that created a version.
const SEARCH_ENTRIES_MAX: u64 = 20_000;

/// Bits of a UUIDv7 behind its time in milliseconds.
const BITS_BEHIND_TIME: u32 = 80;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Rewind {
    /// The bucket.
    pub bucket: BucketName,
    /// The last event that counts.
    pub at: u64,
    /// Only keys that begin with this.
    pub prefix: Vec<u8>,
    /// Only keys behind this.
    pub after: Vec<u8>,
    /// How many keys, at most.
    pub limit: usize,
    /// Only keys that changed since.
    pub only_changed: bool,
}

/// A key that there was then, or that changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewoundKey {
    /// The key.
    pub key: ObjectKey,
    /// The object of then; `None` if there was none.
    pub then: Option<Then>,
    /// The newest version of now.
    pub now: Option<VersionRow>,
}

/// An object of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Then {
    /// Its version.
    pub version: VersionId,
    /// Whether it was the null version.
    pub null: bool,
    /// Its size in bytes, if it is known.
    pub size: Option<u64>,
    /// Its entity tag, if it is known.
    pub etag: Option<ETag>,
    /// The time at which it was stored.
    pub modified: Timestamp,
    /// What there is of it now.
    pub left: Left,
}

/// What is left of an object of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// The version is kept.
    Kept(Box<VersionRow>),
    /// The version is gone, but its bytes are held until they are reclaimed.
    Held(Box<Created>),
    /// The bytes are gone, or were appended to.
    Nothing,
}

/// A page of keys.
pub struct RewoundPage {
    /// The keys, in their order.
    pub keys: Vec<RewoundKey>,
    /// The key behind which the next page begins; `None` at the end.
    pub next: Option<Vec<u8>>,
    /// The state of now by which it was judged.
    pub snapshot: Arc<Snapshot>,
}

/// What happened to a key since then.
#[derive(Debug, Default)]
struct Change {
    /// The first version that was created since. All that follow it have greater ids.
    since: Option<VersionId>,
    /// The version that a rename brought. In a bucket where keys are renamed, a key has one version at a time.
    moved: Option<VersionId>,
    /// The newest version of then that went.
    gone: Option<Gone>,
    /// The version of then that was appended to, with its size before.
    appended: Option<(VersionId, u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Gone {
    version: VersionId,
    null: bool,
    is_marker: bool,
    size: Option<u64>,
}

impl Change {
    fn is_new(&self, version: VersionId) -> bool {
        self.since.is_some_and(|since| version >= since) || self.moved == Some(version)
    }

    fn create(&mut self, version: VersionId) {
        self.since = Some(self.since.map_or(version, |since| since.min(version)));
    }

    fn remove(&mut self, gone: Gone) {
        if self.moved == Some(gone.version) {
            self.moved = None;
        } else if !self.is_new(gone.version) && self.gone.is_none_or(|known| known.version < gone.version) {
            let size = self.appended.filter(|(version, _)| *version == gone.version).map(|(_, size)| size);
            self.gone = Some(Gone { size: size.or(gone.size), ..gone });
        }
    }
}

/// The changes of the keys of one page.
struct Changes<'a> {
    wanted: &'a Rewind,
    keys: BTreeMap<ObjectKey, Change>,
    /// The keys from here on are those of later pages.
    bound: Option<ObjectKey>,
}

impl Changes<'_> {
    fn of(&mut self, key: &ObjectKey, change: impl FnOnce(&mut Change)) {
        let bytes = key.as_bytes();
        let is_wanted = bytes.starts_with(&self.wanted.prefix) && bytes > self.wanted.after.as_slice();
        if !is_wanted || self.bound.as_ref().is_some_and(|bound| key >= bound) {
            return;
        }
        change(self.keys.entry(key.clone()).or_default());
        if self.keys.len() > KEYS_MAX {
            self.bound = self.keys.pop_last().map(|(key, _)| key);
        }
    }

    fn take(&mut self, fact: &Fact) {
        let removed =
            |version, null, is_marker, bytes: i64| Gone { version, null, is_marker, size: Some(bytes.unsigned_abs()) };
        match fact {
            Fact::ObjectCreated(fact) => self.of(&fact.key, |change| {
                if let Some(version) = fact.replaces {
                    let size = fact.delta.bytes.saturating_sub_unsigned(fact.size);
                    change.remove(removed(version, true, fact.delta.objects > 0, size));
                }
                change.create(fact.version_id);
            }),
            Fact::DeleteMarkerCreated(fact) => self.of(&fact.key, |change| {
                if let Some(version) = fact.replaces {
                    change.remove(removed(version, true, fact.delta.objects == 0, fact.delta.bytes));
                }
                change.create(fact.version_id);
            }),
            Fact::ObjectDeleted(fact) => self.of(&fact.key, |change| {
                change.remove(removed(fact.version_id, fact.null_version, fact.delete_marker, fact.delta.bytes));
            }),
            Fact::ObjectRenamed(fact) => {
                let gone = Gone { version: fact.version_id, null: true, is_marker: false, size: None };
                self.of(&fact.source_key, |change| change.remove(gone));
                self.of(&fact.key, |change| {
                    if let Some(version) = fact.replaces {
                        change.remove(removed(version, true, false, fact.delta.bytes));
                    }
                    change.moved = Some(fact.version_id);
                });
            }
            Fact::ObjectAppended(fact) => self.of(&fact.key, |change| {
                if !change.is_new(fact.version_id) && change.appended.is_none() {
                    change.appended = Some((fact.version_id, fact.offset));
                }
            }),
            _ => {}
        }
    }
}

impl Feed {
    /// The last event before a time. Exact as long as no clock of the region went back.
    ///
    /// # Errors
    /// [`FeedError::Unavailable`].
    pub async fn last_before(&self, time: Timestamp) -> Result<u64, FeedError> {
        let last = self.last().await?;
        Ok(self.search(1, last, time).await?.saturating_sub(1))
    }

    /// A page of what was in a bucket, as it is now known by its id.
    ///
    /// # Errors
    /// [`FeedError::Beyond`] if there is no such place in the log; else [`FeedError`].
    pub async fn rewind(&self, wanted: &Rewind, bucket: BucketId) -> Result<RewoundPage, FeedError> {
        let last = self.last().await?;
        if wanted.at > last {
            return Err(FeedError::Beyond { after: wanted.at, last });
        }
        let snapshot = self.0.ledger.latest();
        let now = snapshot.cursor()?.sequence;
        let changes = self.changes(wanted, now).await?;
        let (mut keys, mut next, mut after) = (Vec::new(), None, wanted.after.clone());
        while let Some(key) = next_key(&snapshot, bucket, wanted, &changes, &after)? {
            if keys.len() >= wanted.limit {
                next = Some(after);
                break;
            }
            after = key.as_bytes().to_vec();
            if changes.bound.as_ref().is_some_and(|bound| key >= *bound) {
                break;
            }
            let found = self.key(&snapshot, bucket, key, &changes).await?;
            if found.then.is_some() || wanted.only_changed {
                keys.push(found);
            }
        }
        if next.is_none()
            && let Some(bound) = &changes.bound
        {
            // The bound itself was not looked at: the next page begins right before it.
            next = Some(before(bound.as_bytes()));
        }
        Ok(RewoundPage { keys, next, snapshot })
    }

    /// Reads what happened since then.
    async fn changes<'a>(&self, wanted: &'a Rewind, now: u64) -> Result<Changes<'a>, FeedError> {
        let mut changes = Changes { wanted, keys: BTreeMap::new(), bound: None };
        let name = format!("\"{}\"", wanted.bucket);
        let finder = memmem::Finder::new(&name);
        let mut next = wanted.at + 1;
        while next <= now {
            let _permit = self.0.past_reads.acquire().await.map_err(|_| FeedError::Ended)?;
            let facts = self.0.ledger.facts(next, now, BATCH_BYTES).await?;
            for logged in facts.facts {
                // Most events of a busy store are about other buckets.
                if finder.find(&logged.bytes).is_none() {
                    continue;
                }
                let event = Event::decode(&logged.bytes);
                let event = event.map_err(|error| FeedError::decode(logged.sequence, &error))?;
                if event.fact.bucket() == Some(&wanted.bucket) {
                    changes.take(&event.fact);
                }
            }
            next = facts.until + 1;
        }
        Ok(changes)
    }

    async fn key(
        &self,
        snapshot: &Snapshot,
        bucket: BucketId,
        key: ObjectKey,
        changes: &Changes<'_>,
    ) -> Result<RewoundKey, FeedError> {
        let change = changes.keys.get(&key);
        let now = newest_version(&**snapshot, bucket, &key)?;
        let mut kept = now.clone();
        while let Some(row) = kept.take_if(|row| change.is_some_and(|change| change.is_new(row.version))) {
            kept = snapshot.newest_below(bucket, &key, row.version)?;
        }
        let gone = change.and_then(|change| change.gone);
        let then = match (kept, gone) {
            (Some(row), gone) if gone.is_none_or(|gone| gone.version < row.version) => {
                let appended = change.and_then(|change| change.appended).filter(|(version, _)| *version == row.version);
                of_kept(row, appended.map(|(_, size)| size))
            }
            (_, Some(gone)) if !gone.is_marker => Some(self.of_gone(snapshot, gone).await?),
            _ => None,
        };
        Ok(RewoundKey { key, then, now })
    }

    async fn of_gone(&self, snapshot: &Snapshot, gone: Gone) -> Result<Then, FeedError> {
        let Gone { version, null, size, .. } = gone;
        let time = i64::try_from(version.as_u128() >> BITS_BEHIND_TIME).ok();
        let modified = time.and_then(|time| Timestamp::from_millisecond(time).ok()).unwrap_or(Timestamp::UNIX_EPOCH);
        let unknown = Then { version, null, size, etag: None, modified, left: Left::Nothing };
        let Some((created, time)) = self.created(version, modified).await? else { return Ok(unknown) };
        // Bytes were appended to it if its size is another one.
        let is_whole = size.is_none_or(|size| size == created.size);
        let is_held = match &created.body {
            Body::Empty => true,
            Body::Stored { content, .. } | Body::Known { content } => snapshot.content(content)?.is_some(),
            Body::Parts { upload_id, .. } => snapshot.manifest(*upload_id)?.is_some(),
        };
        // The key of an encrypted object went with its version.
        let is_readable = is_whole && is_held && created.encryption.is_none();
        Ok(Then {
            size: size.or(Some(created.size)),
            etag: is_whole.then_some(created.etag),
            modified: time,
            left: if is_readable { Left::Held(Box::new(created)) } else { Left::Nothing },
            ..unknown
        })
    }

    /// The event that created a version, found by the time in the version's id.
    async fn created(&self, version: VersionId, time: Timestamp) -> Result<Option<(Created, Timestamp)>, FeedError> {
        let last = self.0.ledger.progress().borrow().cursor.sequence;
        let begin = time.checked_sub(CLOCK_BACK_MAX).unwrap_or(Timestamp::MIN);
        let until = time.checked_add(CLOCK_BACK_MAX + SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX);
        let mut next = self.search(1, last, begin).await?;
        let end = last.min(next.saturating_add(SEARCH_ENTRIES_MAX));
        let id = version.to_string();
        let finder = memmem::Finder::new(&id);
        while next <= end {
            let facts = self.0.ledger.facts(next, end, BATCH_BYTES).await?;
            for logged in &facts.facts {
                if finder.find(&logged.bytes).is_none() {
                    continue;
                }
                let event = Event::decode(&logged.bytes);
                let event = event.map_err(|error| FeedError::decode(logged.sequence, &error))?;
                match event.fact {
                    Fact::ObjectCreated(created) if created.version_id == version => {
                        return Ok(Some((created, event.time)));
                    }
                    _ if event.time > until => return Ok(None),
                    _ => {}
                }
            }
            next = facts.until + 1;
        }
        Ok(None)
    }
}

/// The next key behind another one, which is there now or changed since.
fn next_key(
    snapshot: &Snapshot,
    bucket: BucketId,
    wanted: &Rewind,
    changes: &Changes<'_>,
    after: &[u8],
) -> Result<Option<ObjectKey>, FeedError> {
    let behind = ObjectKey::from_bytes(after).map_or(Bound::Unbounded, Bound::Excluded);
    let changed = changes.keys.range((behind, Bound::Unbounded)).next().map(|(key, _)| key);
    if wanted.only_changed {
        return Ok(changed.cloned());
    }
    let there = snapshot.key_behind(bucket, after, &wanted.prefix)?;
    Ok(match (there, changed) {
        (Some(there), Some(changed)) if *changed < there => Some(changed.clone()),
        (None, Some(changed)) => Some(changed.clone()),
        (there, _) => there,
    })
}

/// The object of a version that is kept, if it is one.
fn of_kept(row: VersionRow, appended: Option<u64>) -> Option<Then> {
    let object = row.object.as_ref()?;
    let (size, etag) = match appended {
        None => (object.size, Some(object.etag)),
        Some(size) => (size, None),
    };
    let (version, null, modified) = (row.version, row.null, row.modified);
    let left = if appended.is_none() { Left::Kept(Box::new(row)) } else { Left::Nothing };
    Some(Then { version, null, size: Some(size), etag, modified, left })
}

/// A text right before a key, behind which the key comes: all keys between are longer than any.
fn before(key: &[u8]) -> Vec<u8> {
    let mut before = key.to_vec();
    match before.pop() {
        None | Some(0) => before,
        Some(last) => {
            before.push(last - 1);
            before.resize(events::ids::OBJECT_KEY_BYTES_MAX, u8::MAX);
            before
        }
    }
}

/// Whether a version of now has the bytes of an object of then.
pub fn is_same(now: &VersionRow, then: &Then) -> bool {
    let body_then = match &then.left {
        Left::Kept(row) => row.object.as_ref().map(|object| object.body),
        Left::Held(created) => Some(match &created.body {
            Body::Empty => BodyRow::Empty,
            Body::Stored { content, .. } | Body::Known { content } => BodyRow::Content(*content),
            Body::Parts { upload_id, .. } => BodyRow::Parts(*upload_id),
        }),
        Left::Nothing => None,
    };
    let Some(object) = &now.object else { return false };
    now.version == then.version && then.left != Left::Nothing
        || body_then == Some(object.body) && Some(object.size) == then.size && Some(object.etag) == then.etag
}
