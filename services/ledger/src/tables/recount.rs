//! Counting references from scratch, and comparing them with what the rows say.
//!
//! The rows of contents say how many references there are, and on that word contents end. So whoever ends them first has
//! the references counted once more, from the objects and parts that make them. A map of all contents would not fit in
//! memory. Instead each reference adds a keyed hash of what it refers to: once over the objects and parts, and once over
//! the rows, as often as each says. Sums that agree were made of the same references, but for a chance of 2^-128; the key
//! is not known beforehand, so nobody can choose contents whose errors cancel out. The names of shards are compared in the
//! same way, for on their word shards are discarded.
//!
//! All of it is of one snapshot: a reference that moves while it is counted would else count twice, or not at all. While
//! that is held, the file keeps the pages that commits replace. So it is the caller who says how quickly it goes and when
//! it is given up. Nothing is lost by that; the next count begins anew.

use domain::row::BodyRow;
use events::ids::{ContentId, Generation, UploadId};
use sha2::{Digest, Sha256};

use super::{Access, Tables};
use crate::StateError;

/// Length of the key of a count, in bytes.
pub const RECOUNT_KEY_BYTES: usize = 32;

/// Parts in which the space of hashes is compared: as many as a byte has values.
const PARTS: usize = 256;

/// Rows that are counted before the caller is asked whether to go on.
const ROWS_AT_ONCE: u64 = 1_000;

/// What came of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recounted {
    /// Rows that were read.
    pub rows: u64,
    /// The parts of the space of hashes in which the rows say something else than what refers to them: the bytes that
    /// follow the prefix that was asked for. None if all agree.
    pub differing: Vec<u8>,
}

/// What is compared. Nothing of one kind makes up for another.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// References to contents.
    Content,
    /// References to completed uploads.
    Manifest,
    /// Names of shards that are in use.
    Name,
}

const KINDS: usize = 3;

/// The sums of one part: counted ones less those that rows say.
type Sums = [u128; KINDS];

impl<A: Access> Tables<A> {
    /// Counts all references, and compares them with the rows of contents, completed uploads and names.
    ///
    /// `key` must be random, and fresh each time. Only what has a hash that begins with `prefix` is compared: all of it
    /// with an empty one; with the parts that differed behind it, ever less of it. `goes_on` is asked now and then, with
    /// the rows read so far, whether to go on; it may block, and if it says no there is no result.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn recount(
        &self,
        key: &[u8; RECOUNT_KEY_BYTES],
        prefix: &[u8],
        goes_on: impl FnMut(u64) -> bool,
    ) -> Result<Option<Recounted>, StateError> {
        let hash = Sha256::new_with_prefix(key);
        let mut count = Count { hash, prefix, sums: vec![Sums::default(); PARTS], rows: 0, goes_on, is_over: false };
        self.count_references(&mut count)?;
        self.count_rows(&mut count)?;
        if count.is_over {
            return Ok(None);
        }
        let differ = |(part, sums): (u8, &Sums)| (*sums != Sums::default()).then_some(part);
        let differing = (0..=u8::MAX).zip(&count.sums).filter_map(differ).collect();
        Ok(Some(Recounted { rows: count.rows, differing }))
    }

    /// What objects and parts refer to, and which names the shards of contents have.
    fn count_references(&self, count: &mut Count<'_, impl FnMut(u64) -> bool>) -> Result<(), StateError> {
        for entry in self.current.range(..)? {
            count.body(entry?.row()?.object.map(|object| object.body));
            if !count.goes_on() {
                return Ok(());
            }
        }
        for entry in self.versions.range(..)? {
            count.body(entry?.row()?.object.map(|object| object.body));
            if !count.goes_on() {
                return Ok(());
            }
        }
        for entry in self.parts.range(..)? {
            count.body(Some(entry?.row()?.body));
            if !count.goes_on() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What rows say of the same.
    fn count_rows(&self, count: &mut Count<'_, impl FnMut(u64) -> bool>) -> Result<(), StateError> {
        for entry in self.manifests.range(..)? {
            let (upload, row) = entry?.decode()?;
            count.manifest(upload, -row.references.cast_signed());
            if !count.goes_on() {
                return Ok(());
            }
        }
        for entry in self.contents.range(..)? {
            let (content, row) = entry?.decode()?;
            count.content(&content, -row.references.cast_signed());
            count.name(content.generation, &content, 1);
            for moved in &row.moved {
                count.name(moved.generation, &content, 1);
            }
            if !count.goes_on() {
                return Ok(());
            }
        }
        for entry in self.generations.range(..)? {
            let (generation, content) = entry?.decode()?;
            count.name(generation, &content, -1);
            if !count.goes_on() {
                return Ok(());
            }
        }
        Ok(())
    }
}

struct Count<'a, G> {
    /// With the key.
    hash: Sha256,
    prefix: &'a [u8],
    sums: Vec<Sums>,
    rows: u64,
    goes_on: G,
    is_over: bool,
}

impl<G: FnMut(u64) -> bool> Count<'_, G> {
    fn goes_on(&mut self) -> bool {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_AT_ONCE) && !self.is_over {
            self.is_over = !(self.goes_on)(self.rows);
        }
        !self.is_over
    }

    fn body(&mut self, body: Option<BodyRow>) {
        match body {
            None | Some(BodyRow::Empty) => {}
            Some(BodyRow::Content(content)) => self.content(&content, 1),
            Some(BodyRow::Parts(upload)) => self.manifest(upload, 1),
        }
    }

    fn content(&mut self, content: &ContentId, times: i64) {
        self.add(Kind::Content, &[&content.sha256.0, content.generation.as_uuid().as_bytes()], times);
    }

    fn manifest(&mut self, upload: UploadId, times: i64) {
        self.add(Kind::Manifest, &[upload.0.as_bytes()], times);
    }

    fn name(&mut self, generation: Generation, content: &ContentId, times: i64) {
        let of = (content.generation.as_uuid(), generation.as_uuid());
        self.add(Kind::Name, &[&content.sha256.0, of.0.as_bytes(), of.1.as_bytes()], times);
    }

    /// Adds a hash so many times, modulo 2^128.
    fn add(&mut self, kind: Kind, what: &[&[u8]], times: i64) {
        let mut hash = self.hash.clone();
        hash.update([kind as u8]);
        for piece in what {
            hash.update(piece);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let Some(rest) = hash.strip_prefix(self.prefix) else { return };
        let Some((part, rest)) = rest.split_first() else { return };
        let mut summand = [0; 16];
        let length = rest.len().min(summand.len());
        summand[..length].copy_from_slice(&rest[..length]);
        let times = i128::from(times).cast_unsigned();
        let sum = &mut self.sums[usize::from(*part)][kind as usize];
        *sum = sum.wrapping_add(u128::from_be_bytes(summand).wrapping_mul(times));
    }
}

#[cfg(test)]
mod tests {
    use domain::Change;
    use domain::row::{BucketId, ContentRow, ManifestRow, MovedShard, ObjectRow, PartRow, VersionRow};
    use events::ids::{ETag, Layout, Md5Digest, ObjectKey, PartNumber, Placement, Sha256Digest, VersionId};
    use jiff::Timestamp;
    use redb::Database;
    use redb::backends::InMemoryBackend;
    use uuid::Uuid;

    use super::*;

    const KEY: [u8; RECOUNT_KEY_BYTES] = [7; RECOUNT_KEY_BYTES];

    fn generation(number: u8) -> Generation {
        Generation::from_fresh(Uuid::from_u128(u128::from(number) << 8))
    }

    fn content(number: u8) -> ContentId {
        ContentId { sha256: Sha256Digest([number; 32]), generation: generation(number) }
    }

    fn row(references: u64, moved: &[u8]) -> ContentRow {
        let nodes = ["n1", "n2", "n3"].map(|node| node.parse().unwrap()).to_vec();
        let moved = moved.iter().map(|number| MovedShard { shard: 4, generation: generation(*number), sequence: 1 });
        ContentRow {
            size: 10,
            bucket: "bucket".parse().unwrap(),
            bucket_id: BucketId(1),
            sequence: 1,
            placement: Placement { layout: Layout::Small, nodes },
            moved: moved.collect(),
            references,
            unreferenced: None,
        }
    }

    fn object(key: &str, body: BodyRow, is_current: bool) -> Change {
        let object = ObjectRow {
            size: 10,
            etag: ETag { md5: Md5Digest([0; 16]), parts: None },
            body,
            checksum: None,
            encryption: None,
            attributes: events::object::Attributes::default(),
            owner: None,
            acl: None,
            lock: events::lock::Lock::default(),
            renamed: None,
            changes: domain::row::ChangesRow::default(),
        };
        let (version, modified) = (VersionId::from_u128(1), Timestamp::UNIX_EPOCH);
        let row = VersionRow { version, null: true, modified, sequence: 1, object: Some(object), replication: None };
        let (bucket, key) = (BucketId(1), ObjectKey::from_bytes(key.as_bytes()).unwrap());
        if is_current { Change::PutCurrent { bucket, key, row } } else { Change::PutVersion { bucket, key, row } }
    }

    fn part(upload: UploadId, number: u16, body: BodyRow) -> Change {
        let (md5, modified) = (Md5Digest([0; 16]), Timestamp::UNIX_EPOCH);
        let row = PartRow { size: 10, md5, body, checksum: None, salt: None, modified };
        Change::PutPart { upload, number: PartNumber::try_from(number).unwrap(), row }
    }

    /// Two contents, of which the first has three references and a shard that moved, and an object of parts.
    fn sound() -> Vec<Change> {
        let (upload, one, two) =
            (UploadId(Uuid::from_u128(9)), BodyRow::Content(content(1)), BodyRow::Content(content(2)));
        let manifest = ManifestRow { references: 2, ..ManifestRow::default() };
        vec![
            object("a", one, true),
            object("b", one, false),
            object("c", BodyRow::Parts(upload), true),
            object("d", BodyRow::Parts(upload), false),
            object("e", BodyRow::Empty, true),
            part(upload, 1, one),
            part(upload, 2, two),
            Change::PutManifest { upload, row: manifest },
            Change::PutContent { content: content(1), row: row(3, &[3]) },
            Change::PutContent { content: content(2), row: row(1, &[]) },
            Change::PutGeneration { generation: generation(1), content: content(1) },
            Change::PutGeneration { generation: generation(2), content: content(2) },
            Change::PutGeneration { generation: generation(3), content: content(1) },
        ]
    }

    fn counted(changes: &[Change], prefix: &[u8], goes_on: impl FnMut(u64) -> bool) -> Option<Recounted> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut tables = Tables::write(&transaction);
        for change in changes {
            tables.apply(change).unwrap();
        }
        tables.recount(&KEY, prefix, goes_on).unwrap()
    }

    fn differing(changes: &[Change], prefix: &[u8]) -> Vec<u8> {
        counted(changes, prefix, |_| true).unwrap().differing
    }

    #[test]
    fn rows_that_say_what_is_there_agree() {
        let counted = counted(&sound(), &[], |_| true).unwrap();
        assert_eq!(counted, Recounted { rows: 13, differing: Vec::new() });
    }

    #[test]
    fn one_reference_too_few_or_too_many_is_noticed_and_so_is_each_row_that_is_gone() {
        let whole = sound();
        for gone in 0..whole.len() {
            let mut rest = whole.clone();
            let change = rest.remove(gone);
            // An empty object refers to nothing.
            let is_empty = matches!(&change, Change::PutCurrent { key, .. } if key.as_bytes() == b"e");
            assert_eq!(differing(&rest, &[]).is_empty(), is_empty, "without {change:?}");
        }
        for (references, moved) in [(2, 3), (4, 3), (3, 4)] {
            let wrong = Change::PutContent { content: content(1), row: row(references, &[moved]) };
            assert!(!differing(&[&whole[..], &[wrong]].concat(), &[]).is_empty(), "{references} {moved}");
        }
        // One too few there does not make up for one too many here.
        let swapped = [
            Change::PutContent { content: content(1), row: row(2, &[3]) },
            Change::PutContent { content: content(2), row: row(2, &[]) },
        ];
        assert!(!differing(&[&whole[..], &swapped].concat(), &[]).is_empty());
    }

    #[test]
    fn what_differs_is_narrowed_down_to_less_and_less() {
        let wrong = [&sound()[..], &[Change::PutContent { content: content(2), row: row(7, &[]) }]].concat();
        let mut prefix = Vec::new();
        for _ in 0..4 {
            let [next] = differing(&wrong, &prefix)[..] else { panic!("one content differs") };
            prefix.push(next);
        }
        prefix[3] ^= 1;
        assert!(differing(&wrong, &prefix).is_empty(), "nothing else does");
    }

    #[test]
    fn it_ends_when_it_is_told_to() {
        let references: Vec<_> =
            (0..3_000).map(|n| object(&n.to_string(), BodyRow::Content(content(1)), true)).collect();
        let mut asked = Vec::new();
        let ended = counted(&references, &[], |rows| {
            asked.push(rows);
            rows < 2_000
        });
        assert_eq!((ended, asked), (None, vec![1_000, 2_000]));
    }
}
