//! The events that somebody caused, or that are about a key: found without reading the log.

use std::ops::RangeInclusive;

use domain::View;
use domain::row::{Posting, PostingRow};
use events::ids::{BucketName, ObjectKey};

use super::key::{Key, NO_KEY};
use super::table::Entries;
use super::{Access, Tables};
use crate::StateError;

/// Rows of keys that one search by prefix looks at, at most: some 20 ms. A prefix with more events than this is so common
/// that reading the log finds them soon.
pub const KEYS_SCANNED_MAX: usize = 50_000;

/// Blocks that one search looks at, at most: some 20 ms, and ten million events.
const BLOCKS_MAX: usize = 40_000;

/// What events are looked for. Each part that is given has to fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditQuery {
    /// They are about buckets of this name, and their objects.
    pub bucket: Option<BucketName>,
    /// They are about this key. It counts only with a bucket.
    pub key: Option<ObjectKey>,
    /// They are about keys that begin like this. It counts only with a bucket.
    pub prefix: Option<Vec<u8>>,
    /// One of these caused them.
    pub by: Vec<Posting>,
    /// This access key was used.
    pub access_key: Option<String>,
    /// The newest are looked for first.
    pub newest_first: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFound {
    /// The sequences of the events, in the order that was asked for. What was not indexed is not looked at: the caller
    /// compares each event with all that it wants.
    pub sequences: Vec<u64>,
    /// The last sequence of the range, in that order, up to which they are all.
    pub until: u64,
}

/// Rows of postings with their keys.
type PostingRows = Vec<((Posting, u64), PostingRow)>;

impl<A: Access> Tables<A> {
    /// Looks for events in a part of the log, `max` at most. `None` if no index knows what is asked for, or if there are
    /// so many that reading the log is as good.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn audit(
        &self,
        query: &AuditQuery,
        range: RangeInclusive<u64>,
        max: usize,
    ) -> Result<Option<AuditFound>, StateError> {
        if let Some(keyed) = self.about_keys(query, &range)? {
            return self.narrowed(query, keyed, &range, max).map(Some);
        }
        let mut groups = Vec::new();
        if !query.by.is_empty() {
            groups.push(query.by.clone());
        }
        groups.extend(query.access_key.clone().map(|key| vec![Posting::Key(key)]));
        groups.extend(query.bucket.clone().map(|bucket| vec![Posting::Bucket(bucket)]));
        if groups.is_empty() {
            return Ok(None);
        }
        self.in_blocks(query, &groups, &range, max).map(Some)
    }

    /// All events about keys: the bucket, the key and the sequence, in this order.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn list_audit_keys(&self) -> Result<Vec<(BucketName, ObjectKey, u64)>, StateError> {
        self.audit_keys.range(..)?.map(|entry| entry?.key()).collect()
    }

    /// All postings, with the blocks of their rows.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn list_postings(&self) -> Result<PostingRows, StateError> {
        self.postings.range(..)?.map(|entry| entry?.decode()).collect()
    }

    /// The events about a key, or about keys with a prefix, in the order of the log; `None` if no key is asked for, or if
    /// there are too many.
    fn about_keys(&self, query: &AuditQuery, range: &RangeInclusive<u64>) -> Result<Option<Vec<u64>>, StateError> {
        let Some(bucket) = &query.bucket else { return Ok(None) };
        let (from, to) = (*range.start(), *range.end());
        if let Some(key) = &query.key {
            let rows = self
                .audit_keys
                .range((bucket.as_str(), key.as_bytes(), from)..=(bucket.as_str(), key.as_bytes(), to))?;
            return rows.map(|entry| Ok(entry?.stored_key().2)).collect::<Result<_, _>>().map(Some);
        }
        let Some(prefix) = query.prefix.as_deref().filter(|prefix| *prefix != NO_KEY) else { return Ok(None) };
        let mut found = Vec::new();
        for (looked_at, entry) in self.audit_keys.range((bucket.as_str(), prefix, 0)..)?.enumerate() {
            let entry = entry?;
            let (of, key, sequence) = entry.stored_key();
            if of != bucket.as_str() || !key.starts_with(prefix) {
                break;
            }
            if looked_at == KEYS_SCANNED_MAX {
                return Ok(None);
            }
            if range.contains(&sequence) {
                found.push(sequence);
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(Some(found))
    }

    /// Those of these events that fit everything else, in the order that is asked for.
    fn narrowed(
        &self,
        query: &AuditQuery,
        mut keyed: Vec<u64>,
        range: &RangeInclusive<u64>,
        max: usize,
    ) -> Result<AuditFound, StateError> {
        if query.newest_first {
            keyed.reverse();
        }
        let mut sequences = Vec::new();
        for sequence in keyed {
            if !self.is_by(query, sequence)? {
                continue;
            }
            sequences.push(sequence);
            if sequences.len() == max {
                return Ok(AuditFound { sequences, until: sequence });
            }
        }
        let until = if query.newest_first { *range.start() } else { *range.end() };
        Ok(AuditFound { sequences, until })
    }

    fn is_by(&self, query: &AuditQuery, sequence: u64) -> Result<bool, StateError> {
        let block = PostingRow::block_of(sequence);
        if let Some(key) = &query.access_key
            && !self.posting(&Posting::Key(key.clone()), block)?.has(sequence)
        {
            return Ok(false);
        }
        for by in &query.by {
            if self.posting(by, block)?.has(sequence) {
                return Ok(true);
            }
        }
        Ok(query.by.is_empty())
    }

    /// Events that are in one posting of each group.
    fn in_blocks(
        &self,
        query: &AuditQuery,
        groups: &[Vec<Posting>],
        range: &RangeInclusive<u64>,
        max: usize,
    ) -> Result<AuditFound, StateError> {
        let mut found = AuditFound { sequences: Vec::new(), until: *range.start() };
        let blocks = (PostingRow::block_of(*range.start()), PostingRow::block_of(*range.end()));
        let mut scans = Vec::new();
        for posting in groups.first().into_iter().flatten() {
            scans.push(Scan::new(self.blocks(posting, blocks)?, query.newest_first)?);
        }
        for looked_at in 0.. {
            let at = scans.iter().filter_map(Scan::block);
            let Some(block) = (if query.newest_first { at.max() } else { at.min() }) else { break };
            if looked_at == BLOCKS_MAX {
                return Ok(found);
            }
            let mut row = PostingRow::default();
            for scan in &mut scans {
                row = row.or(scan.take(block)?);
            }
            for group in &groups[1..] {
                let mut of_group = PostingRow::default();
                for posting in group {
                    of_group = of_group.or(self.posting(posting, block)?);
                }
                row = row.and(of_group);
            }
            let mut sequences: Vec<_> = row.sequences(block).filter(|sequence| range.contains(sequence)).collect();
            if query.newest_first {
                sequences.reverse();
            }
            for sequence in sequences {
                found.sequences.push(sequence);
                found.until = sequence;
                if found.sequences.len() == max {
                    return Ok(found);
                }
            }
            let first = block.saturating_mul(domain::row::POSTING_EVENTS);
            let last = first.saturating_add(domain::row::POSTING_EVENTS - 1);
            found.until = if query.newest_first { first.max(*range.start()) } else { last.min(*range.end()) };
        }
        found.until = if query.newest_first { *range.start() } else { *range.end() };
        Ok(found)
    }

    /// The rows of a posting in blocks from one to another.
    fn blocks(
        &self,
        posting: &Posting,
        (from, to): (u64, u64),
    ) -> Result<Entries<'_, (Posting, u64), PostingRow>, StateError> {
        <(Posting, u64)>::encode((posting, from), |first| {
            let last = (first.0, first.1, to);
            self.postings.range(first..=last)
        })
    }
}

/// The blocks of one posting, in order.
struct Scan<'t> {
    rows: Entries<'t, (Posting, u64), PostingRow>,
    newest_first: bool,
    next: Option<(u64, PostingRow)>,
}

impl<'t> Scan<'t> {
    fn new(rows: Entries<'t, (Posting, u64), PostingRow>, newest_first: bool) -> Result<Self, StateError> {
        let mut scan = Self { rows, newest_first, next: None };
        scan.step()?;
        Ok(scan)
    }

    fn step(&mut self) -> Result<(), StateError> {
        let entry = if self.newest_first { self.rows.next_back() } else { self.rows.next() };
        self.next = match entry.transpose()? {
            Some(entry) => Some((entry.stored_key().2, entry.row()?)),
            None => None,
        };
        Ok(())
    }

    /// The block of the next row.
    fn block(&self) -> Option<u64> {
        self.next.map(|(block, _)| block)
    }

    /// The row of a block, which is passed then.
    fn take(&mut self, block: u64) -> Result<PostingRow, StateError> {
        match self.next {
            Some((at, row)) if at == block => self.step().map(|()| row),
            _ => Ok(PostingRow::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Change;
    use domain::model::Model;
    use redb::Database;
    use redb::backends::InMemoryBackend;

    use super::*;

    const EVENTS: u64 = 3_000;

    /// Who caused an event with which key, and the key of the object that it is about.
    fn about(sequence: u64) -> (Posting, Posting, ObjectKey) {
        let user = ["ada", "bob"][usize::from(sequence.is_multiple_of(3))];
        let access_key = format!("{user}{}", sequence / 700);
        let key = format!("{}/{}", ["a", "b", "ab"][usize::try_from(sequence % 3).unwrap()], sequence % 50);
        (
            Posting::User(user.parse().unwrap()),
            Posting::Key(access_key),
            ObjectKey::from_bytes(key.into_bytes()).unwrap(),
        )
    }

    fn bucket() -> BucketName {
        "photos".parse().unwrap()
    }

    fn changes() -> Vec<Change> {
        let mut model = Model::default();
        let mut changes = Vec::new();
        for sequence in 1..=EVENTS {
            let (user, access_key, key) = about(sequence);
            let block = PostingRow::block_of(sequence);
            for posting in [user, access_key, Posting::Bucket(bucket())] {
                let Ok(row) = model.posting(&posting, block);
                let row = row.or(PostingRow::of(sequence));
                let change = Change::PutPosting { posting, block, row };
                model.apply(change.clone());
                changes.push(change);
            }
            changes.push(Change::PutAuditKey { bucket: bucket(), key, sequence });
        }
        changes
    }

    /// The same by looking at all events.
    fn should(query: &AuditQuery, range: &RangeInclusive<u64>) -> Vec<u64> {
        let fits = |sequence: &u64| {
            let (user, access_key, key) = about(*sequence);
            (query.by.is_empty() || query.by.contains(&user) || query.by.contains(&access_key))
                && query.access_key.as_ref().is_none_or(|wanted| access_key == Posting::Key(wanted.clone()))
                && query.bucket.as_ref().is_none_or(|wanted| *wanted == bucket())
                && query.key.as_ref().is_none_or(|wanted| key == *wanted)
                && query.prefix.as_ref().is_none_or(|prefix| key.as_bytes().starts_with(prefix))
        };
        let mut found: Vec<_> = (1..=EVENTS).filter(|sequence| range.contains(sequence)).filter(fits).collect();
        if query.newest_first {
            found.reverse();
        }
        found
    }

    #[test]
    fn what_is_found_is_what_reading_all_of_the_log_finds() {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut tables = Tables::write(&transaction);
        for change in changes() {
            tables.apply(&change).unwrap();
        }
        tables.finish(&crate::Cursor::default()).unwrap();
        let tables = Tables::write(&transaction);
        let user = |name: &str| Posting::User(name.parse().unwrap());
        let all = AuditQuery { bucket: Some(bucket()), ..AuditQuery::default() };
        let queries = [
            all.clone(),
            AuditQuery { by: vec![user("bob")], ..AuditQuery::default() },
            AuditQuery { by: vec![user("bob"), Posting::Key("ada2".into())], ..all.clone() },
            AuditQuery { access_key: Some("bob1".into()), ..AuditQuery::default() },
            AuditQuery { by: vec![user("ada")], access_key: Some("bob1".into()), ..AuditQuery::default() },
            AuditQuery { key: Some(about(7).2), ..all.clone() },
            AuditQuery { key: Some(about(7).2), by: vec![user("bob")], ..all.clone() },
            AuditQuery { prefix: Some(b"a".to_vec()), ..all.clone() },
            AuditQuery { prefix: Some(b"a/1".to_vec()), access_key: Some("ada3".into()), ..all.clone() },
            AuditQuery { prefix: Some(b"zz".to_vec()), ..all },
            AuditQuery { bucket: Some("other".parse().unwrap()), ..AuditQuery::default() },
        ];
        for query in queries {
            for newest_first in [false, true] {
                let query = AuditQuery { newest_first, ..query.clone() };
                for range in [1..=EVENTS, 500..=501, 255..=2_049, 2_999..=9_000] {
                    let should = should(&query, &range);
                    for max in [1, 7, 100_000] {
                        let found = tables.audit(&query, range.clone(), max).unwrap().unwrap();
                        let first: Vec<_> = should.iter().copied().take(max).collect();
                        assert_eq!(found.sequences, first, "{query:?} in {range:?}");
                        let end = if newest_first { *range.start() } else { *range.end() };
                        let until = if first.len() == max { *first.last().unwrap() } else { end };
                        assert_eq!(found.until, until, "{query:?} in {range:?}");
                    }
                }
            }
        }
        let of_all = AuditQuery { prefix: Some(b"a".to_vec()), ..AuditQuery::default() };
        assert_eq!(tables.audit(&of_all, 1..=9, 5).unwrap(), None, "no index knows it");
    }
}
