//! A scan of the current objects of a bucket: their sizes by prefix and by age.
//!
//! Keys lie in order, so all keys of a prefix come one after another. A prefix is complete when the scan leaves it, and
//! only the largest ones are kept: memory does not grow with the bucket.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Bound;

use domain::row::BucketId;
use events::ids::VersionId;
use jiff::Timestamp;
use serde::Deserialize;

use super::table::Entry;
use super::{Access, Tables};
use crate::StateError;

/// Prefixes that are told apart on one level: the largest ones. Those of the second level are counted in each prefix of
/// the first.
pub const PREFIXES_MAX: usize = 50;

/// Bytes of a prefix that are kept: longer ones are cut.
const PREFIX_BYTES_MAX: usize = 256;

/// The delimiter of prefixes.
const DELIMITER: u8 = b'/';

/// The ages that are told apart, in days: each begins here and ends where the next one begins.
pub const AGES: [u32; 6] = [0, 1, 7, 30, 90, 365];

const SECONDS_OF_DAY: i64 = 86_400;

/// The first fields of a version's row, which are all that is read of it: decoding the rest takes longer than this.
#[derive(Deserialize)]
struct Head {
    _version: VersionId,
    _null: bool,
    /// In microseconds since 1970.
    modified: i64,
    _sequence: u64,
    /// The first field of the object.
    size: Option<u64>,
}

/// Objects, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sum {
    /// Their bytes, as clients count them.
    pub bytes: u64,
    /// The number of objects.
    pub objects: u64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.objects += other.objects;
    }
}

/// The objects whose keys begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PrefixSum {
    /// The objects.
    pub sum: Sum,
    /// The prefix up to its delimiter; all that have none together have an empty one.
    pub prefix: Vec<u8>,
    /// The prefixes below it, the largest first; none on the second level.
    pub below: Vec<PrefixSum>,
    /// How many smaller ones there are below it, and their objects.
    pub others: (u64, Sum),
}

/// The objects of an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeSum {
    /// The age in full days, at least.
    pub days_min: u32,
    /// The age in days that is too much for it; `None` without a bound.
    pub days_max: Option<u32>,
    /// The objects.
    pub sum: Sum,
}

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insights {
    /// All objects that were looked at.
    pub sum: Sum,
    /// The first key that was not looked at, if the scan ended before the bucket did.
    pub stopped_at: Option<Vec<u8>>,
    /// The largest prefixes, the largest first.
    pub prefixes: Vec<PrefixSum>,
    /// How many smaller ones there are, and their objects.
    pub others: (u64, Sum),
    /// The objects by their age.
    pub ages: Vec<AgeSum>,
}

/// What is scanned.
#[derive(Debug, Clone, Copy)]
pub struct InsightsScan {
    /// The bucket.
    pub bucket: BucketId,
    /// The time from which ages are counted.
    pub now: Timestamp,
    /// Objects that are looked at, at most.
    pub objects_max: u64,
}

impl<A: Access> Tables<A> {
    /// Counts the current objects of a bucket. A million takes about a second, so this is not called from async code.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn insights(&self, scan: InsightsScan) -> Result<Insights, StateError> {
        let mut counted = Counted::default();
        let mut stopped_at = None;
        for entry in self.current.starting_at(scan.bucket, Bound::Unbounded)? {
            let entry = entry?;
            let (_, key) = entry.stored_key();
            if counted.sum.objects >= scan.objects_max {
                stopped_at = Some(key.to_vec());
                break;
            }
            let Head { modified, size, .. } = head(&entry)?;
            counted.add(key, size.unwrap_or_default(), scan.now.as_second() - modified / 1_000_000);
        }
        counted.leave();
        let (prefixes, others) = counted.prefixes.finish();
        let ages = counted.ages.iter().enumerate().map(|(place, sum)| AgeSum {
            days_min: AGES[place],
            days_max: AGES.get(place + 1).copied(),
            sum: *sum,
        });
        Ok(Insights { sum: counted.sum, stopped_at, prefixes, others, ages: ages.collect() })
    }
}

fn head<K: super::key::Key, R>(entry: &Entry<'_, K, R>) -> Result<Head, StateError> {
    postcard::take_from_bytes(entry.bytes()).map(|(head, _)| head).map_err(StateError::Row)
}

/// The largest prefixes of a level, and all others.
#[derive(Debug, Default)]
struct Largest {
    kept: BinaryHeap<Reverse<PrefixSum>>,
    others: (u64, Sum),
}

impl Largest {
    fn push(&mut self, prefix: PrefixSum) {
        self.kept.push(Reverse(prefix));
        if self.kept.len() > PREFIXES_MAX
            && let Some(Reverse(least)) = self.kept.pop()
        {
            self.others.0 += 1;
            self.others.1.add(least.sum);
        }
    }

    /// The largest first.
    fn finish(self) -> (Vec<PrefixSum>, (u64, Sum)) {
        (self.kept.into_sorted_vec().into_iter().map(|Reverse(prefix)| prefix).collect(), self.others)
    }
}

/// What was counted so far.
#[derive(Debug, Default)]
struct Counted {
    sum: Sum,
    ages: [Sum; AGES.len()],
    prefixes: Largest,
    /// The prefix of the last key.
    first: Option<PrefixSum>,
    /// Those below it.
    below: Largest,
    /// The one below it of the last key.
    second: Option<PrefixSum>,
    /// Keys without a delimiter. They lie among the prefixes.
    bare: Sum,
    /// Keys with one delimiter in the first prefix.
    bare_below: Sum,
}

impl Counted {
    fn add(&mut self, key: &[u8], bytes: u64, age_seconds: i64) {
        let one = Sum { bytes, objects: 1 };
        self.sum.add(one);
        let days = age_seconds / SECONDS_OF_DAY;
        let age = AGES.iter().rposition(|least| i64::from(*least) <= days).unwrap_or_default();
        self.ages[age].add(one);
        let Some(first_end) = memchr::memchr(DELIMITER, key).map(|at| at + 1) else {
            self.bare.add(one);
            return;
        };
        if self.first.as_ref().is_none_or(|prefix| prefix.prefix != cut(&key[..first_end])) {
            self.leave_first();
            self.first = Some(PrefixSum { prefix: cut(&key[..first_end]).to_vec(), ..PrefixSum::default() });
        }
        if let Some(first) = &mut self.first {
            first.sum.add(one);
        }
        let Some(second_end) = memchr::memchr(DELIMITER, &key[first_end..]).map(|at| first_end + at + 1) else {
            self.bare_below.add(one);
            return;
        };
        if self.second.as_ref().is_none_or(|prefix| prefix.prefix != cut(&key[..second_end])) {
            self.leave_second();
            self.second = Some(PrefixSum { prefix: cut(&key[..second_end]).to_vec(), ..PrefixSum::default() });
        }
        if let Some(second) = &mut self.second {
            second.sum.add(one);
        }
    }

    fn leave_second(&mut self) {
        if let Some(second) = self.second.take() {
            self.below.push(second);
        }
    }

    fn leave_first(&mut self) {
        self.leave_second();
        let Some(mut first) = self.first.take() else { return };
        let bare = std::mem::take(&mut self.bare_below);
        if bare.objects > 0 {
            self.below.push(PrefixSum { sum: bare, ..PrefixSum::default() });
        }
        (first.below, first.others) = std::mem::take(&mut self.below).finish();
        self.prefixes.push(first);
    }

    fn leave(&mut self) {
        self.leave_first();
        let bare = std::mem::take(&mut self.bare);
        if bare.objects > 0 {
            self.prefixes.push(PrefixSum { sum: bare, ..PrefixSum::default() });
        }
    }
}

fn cut(prefix: &[u8]) -> &[u8] {
    &prefix[..prefix.len().min(PREFIX_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use domain::Change;
    use domain::row::{BodyRow, ObjectRow, VersionRow};
    use events::ids::{ETag, Md5Digest, ObjectKey};
    use redb::Database;
    use redb::backends::InMemoryBackend;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn put(key: &str, size: u64, days: i64) -> Change {
        let object = ObjectRow {
            size,
            etag: ETag { md5: Md5Digest([1; 16]), parts: None },
            body: BodyRow::Empty,
            checksum: None,
            encryption: None,
            attributes: events::object::Attributes::default(),
            owner: None,
            acl: None,
            lock: events::lock::Lock::default(),
            renamed: None,
            changes: domain::row::ChangesRow::default(),
        };
        let row = VersionRow {
            version: VersionId::from_u128(7),
            null: false,
            modified: Timestamp::from_second(NOW - days * SECONDS_OF_DAY - 5).unwrap(),
            sequence: 9,
            object: Some(object),
            replication: None,
        };
        Change::PutCurrent { bucket: BucketId(3), key: ObjectKey::from_bytes(key.as_bytes()).unwrap(), row }
    }

    fn scanned(changes: &[Change], objects_max: u64) -> Insights {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut tables = Tables::write(&transaction);
        for change in changes {
            tables.apply(change).unwrap();
        }
        let now = Timestamp::from_second(NOW).unwrap();
        tables.insights(InsightsScan { bucket: BucketId(3), now, objects_max }).unwrap()
    }

    fn shown(prefixes: &[PrefixSum]) -> Vec<(String, u64, u64)> {
        let shown = |prefix: &PrefixSum| {
            (String::from_utf8(prefix.prefix.clone()).unwrap(), prefix.sum.objects, prefix.sum.bytes)
        };
        prefixes.iter().map(shown).collect()
    }

    #[test]
    fn objects_are_counted_by_two_levels_of_prefixes_and_by_age() {
        let keys = [("a/x/1", 5, 0), ("a/x/2/3", 6, 0), ("a/y", 7, 1), ("b", 1, 6), ("b/", 2, 7), ("c/d/e", 100, 400)];
        let changes: Vec<_> = keys.iter().map(|(key, size, days)| put(key, *size, *days)).collect();
        let found = scanned(&changes, 100);
        assert_eq!((found.sum, found.stopped_at), (Sum { objects: 6, bytes: 121 }, None));
        let of = |prefix: &str, objects, bytes| (prefix.to_owned(), objects, bytes);
        assert_eq!(shown(&found.prefixes), [of("c/", 1, 100), of("a/", 3, 18), of("b/", 1, 2), of("", 1, 1)]);
        assert_eq!(shown(&found.prefixes[1].below), [of("a/x/", 2, 11), of("", 1, 7)]);
        let ages: Vec<_> = found.ages.iter().map(|age| (age.days_min, age.sum.objects)).collect();
        assert_eq!(ages, [(0, 2), (1, 2), (7, 1), (30, 0), (90, 0), (365, 1)]);
    }

    #[test]
    fn only_the_largest_prefixes_are_told_apart_and_the_rest_is_counted() {
        let many: Vec<_> = (0..200_u64).map(|n| put(&format!("{n:03}/k"), n, 0)).collect();
        let found = scanned(&many, 1_000);
        assert_eq!(found.prefixes.len(), PREFIXES_MAX);
        assert_eq!(found.prefixes[0].prefix, b"199/");
        assert_eq!(found.others, (150, Sum { objects: 150, bytes: (0..150).sum() }));
    }

    #[test]
    fn a_scan_that_ends_early_says_where() {
        let many: Vec<_> = (0..20_u64).map(|n| put(&format!("{n:03}"), n, 0)).collect();
        let found = scanned(&many, 7);
        assert_eq!((found.sum.objects, found.stopped_at.as_deref()), (7, Some(&b"007"[..])));
    }
}
