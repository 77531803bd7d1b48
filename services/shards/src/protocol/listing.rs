//! What a node says of many shards at once: a page of those it holds, and how each of some named ones is.

use std::collections::HashMap;

use bytes::{BufMut, BytesMut};
use events::ids::BucketName;
use uuid::Uuid;

use super::codec::{Fields, HEAD_BYTES, bucket_bytes, put_bucket, put_count, put_uuid};
use super::{INSPECT_SHARDS_MAX, LIST_SHARDS_MAX, MESSAGE_BYTES_MAX, NotAMessage, Status};

/// A page of the shards that a node holds, in ascending order of their uuids.
///
/// Shards come and go between two pages. One that was there from the first page to the last is on exactly one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardPage {
    /// The shards. There may be none although others follow.
    pub shards: Vec<ListedShard>,
    /// What to ask for next: shards behind this one. `None`: there are no more.
    pub next: Option<Uuid>,
}

/// A shard on a node's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShard {
    /// The shard.
    pub shard: Uuid,
    /// The bucket in whose folder its file lies. `None`: it is a record in a segment, which answers to every bucket.
    pub bucket: Option<BucketName>,
    /// The sum of the lengths of its pieces, headers not counted, as far as they are there. All pieces but the last
    /// have [`UNIT_BYTES`](crate::code::piece::UNIT_BYTES).
    pub bytes: u64,
    /// In which state it is.
    pub state: ShardState,
}

/// In which state a listed shard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShardState {
    /// As long as it has to be, and not known to be damaged; with `verify`: every bit is as it was written.
    Intact,
    /// It is shorter than it was, its segment is gone, or a checksum did not match.
    Damaged,
    /// The disk does not return it.
    Unreadable,
    /// It is not sealed: its upload goes on, or was given up. The node drops it by itself after a quarter of an hour
    /// without a piece, and at its next start. It does not count as held.
    Staged,
}

impl ShardState {
    fn to_byte(self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::Damaged => 1,
            Self::Unreadable => 2,
            Self::Staged => 3,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, NotAMessage> {
        Ok(match byte {
            0 => Self::Intact,
            1 => Self::Damaged,
            2 => Self::Unreadable,
            3 => Self::Staged,
            _ => return Err(NotAMessage),
        })
    }
}

/// How a shard is that was asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardReport {
    /// `Ok` if it is there, as long as it has to be and not known to be damaged; else as for an `Inspect` of it.
    pub status: Status,
    /// The sum of the lengths of its pieces, headers not counted; 0 if the status is not `Ok`.
    pub bytes: u64,
}

/// Added to the state of a shard that is a file.
const IS_FILE: u8 = 0x80;

const UUID_BYTES: usize = 16;
const STATE_BYTES: usize = 1;
const BUCKET_NUMBER_BYTES: usize = 2;
const RECORD_LENGTH_BYTES: usize = 4;
const FILE_LENGTH_BYTES: usize = 8;
const REPORT_BYTES: usize = 9;

/// Bytes of a page without shards, behind the head of the message.
const EMPTY_PAGE_BYTES: usize = 1 + UUID_BYTES + 2 + 2;

/// Gathers a page that fits a message.
#[derive(Debug, Default)]
pub struct ShardPageDraft {
    shards: Vec<ListedShard>,
    buckets: Buckets,
    bytes: usize,
}

impl ShardPageDraft {
    /// Adds the next shard. Gives it back if it does not fit any more.
    pub fn push(&mut self, shard: ListedShard) -> Result<(), ListedShard> {
        let new_bucket = shard.bucket.as_ref().filter(|bucket| self.buckets.number(bucket).is_none());
        let bytes = shard.wire_bytes() + new_bucket.map_or(0, bucket_bytes);
        let page_bytes = HEAD_BYTES + EMPTY_PAGE_BYTES + self.bytes + bytes;
        if self.shards.len() >= LIST_SHARDS_MAX || page_bytes > MESSAGE_BYTES_MAX {
            return Err(shard);
        }
        if let Some(bucket) = &shard.bucket {
            self.buckets.number_or_insert(bucket);
        }
        self.bytes += bytes;
        self.shards.push(shard);
        Ok(())
    }

    /// How many shards were added.
    pub fn len(&self) -> usize {
        self.shards.len()
    }

    /// Whether none was added.
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// The shard that was added last.
    pub fn last(&self) -> Option<Uuid> {
        self.shards.last().map(|listed| listed.shard)
    }

    /// The page, with what to ask for next.
    pub fn finish(self, next: Option<Uuid>) -> ShardPage {
        ShardPage { shards: self.shards, next }
    }
}

impl ListedShard {
    fn wire_bytes(&self) -> usize {
        let length = if self.bucket.is_some() { BUCKET_NUMBER_BYTES + FILE_LENGTH_BYTES } else { RECORD_LENGTH_BYTES };
        UUID_BYTES + STATE_BYTES + length
    }
}

impl ShardPage {
    pub(super) fn wire_bytes(&self) -> usize {
        let shards: usize = self.shards.iter().map(ListedShard::wire_bytes).sum();
        let next = if self.next.is_some() { UUID_BYTES } else { 0 };
        EMPTY_PAGE_BYTES - UUID_BYTES + next + shards + self.buckets().wire_bytes()
    }

    fn buckets(&self) -> Buckets {
        let mut buckets = Buckets::default();
        self.shards.iter().filter_map(|listed| listed.bucket.as_ref()).for_each(|bucket| {
            buckets.number_or_insert(bucket);
        });
        buckets
    }

    pub(super) fn put(&self, buffer: &mut BytesMut) {
        buffer.put_u8(u8::from(self.next.is_some()));
        if let Some(next) = self.next {
            put_uuid(buffer, next);
        }
        let mut buckets = self.buckets();
        buckets.put(buffer);
        put_count(buffer, self.shards.len());
        for ListedShard { shard, bucket, bytes, state } in &self.shards {
            put_uuid(buffer, *shard);
            if let Some(bucket) = bucket {
                buffer.put_u8(state.to_byte() | IS_FILE);
                buffer.put_u16_le(buckets.number_or_insert(bucket));
                buffer.put_u64_le(*bytes);
            } else {
                buffer.put_u8(state.to_byte());
                buffer.put_u32_le(u32::try_from(*bytes).unwrap_or(u32::MAX));
            }
        }
    }

    pub(super) fn take(fields: &mut Fields) -> Result<Self, NotAMessage> {
        let next = if fields.flag()? { Some(fields.uuid()?) } else { None };
        let buckets = Buckets::take(fields, LIST_SHARDS_MAX)?;
        let count = fields.count(LIST_SHARDS_MAX)?;
        let mut shards: Vec<ListedShard> = Vec::with_capacity(count);
        for _ in 0..count {
            let (shard, state) = (fields.uuid()?, fields.u8()?);
            if shards.last().is_some_and(|last| last.shard >= shard) {
                return Err(NotAMessage);
            }
            let is_file = state & IS_FILE != 0;
            let state = ShardState::from_byte(state & !IS_FILE)?;
            let bucket = if is_file { Some(buckets.named(fields.u16()?)?) } else { None };
            let bytes = if is_file { fields.u64()? } else { u64::from(fields.u32()?) };
            shards.push(ListedShard { shard, bucket, bytes, state });
        }
        if next.is_some_and(|next| shards.last().is_some_and(|last| last.shard > next)) {
            return Err(NotAMessage);
        }
        Ok(Self { shards, next })
    }
}

pub(super) fn put_reports(buffer: &mut BytesMut, reports: &[ShardReport]) {
    put_count(buffer, reports.len());
    for report in reports {
        buffer.put_u8(report.status.to_byte());
        buffer.put_u64_le(report.bytes);
    }
}

pub(super) fn reports_bytes(reports: &[ShardReport]) -> usize {
    2 + REPORT_BYTES * reports.len()
}

pub(super) fn take_reports(fields: &mut Fields) -> Result<Vec<ShardReport>, NotAMessage> {
    let count = fields.count(INSPECT_SHARDS_MAX)?;
    let report = |_| Ok(ShardReport { status: Status::from_byte(fields.u8()?)?, bytes: fields.u64()? });
    (0..count).map(report).collect()
}

/// Shards, each with the bucket whose folder holds it.
pub(super) fn put_named(buffer: &mut BytesMut, shards: &[(BucketName, Uuid)]) {
    let mut buckets = Buckets::default();
    let numbers: Vec<u16> = shards.iter().map(|(bucket, _)| buckets.number_or_insert(bucket)).collect();
    buckets.put(buffer);
    put_count(buffer, shards.len());
    for ((_, shard), number) in shards.iter().zip(numbers) {
        buffer.put_u16_le(number);
        put_uuid(buffer, *shard);
    }
}

/// An upper bound of the bytes that [`put_named`] writes.
pub(super) fn named_bytes(shards: &[(BucketName, Uuid)]) -> usize {
    let each = |(bucket, _): &(BucketName, Uuid)| bucket_bytes(bucket) + BUCKET_NUMBER_BYTES + UUID_BYTES;
    4 + shards.iter().map(each).sum::<usize>()
}

pub(super) fn take_named(fields: &mut Fields) -> Result<Vec<(BucketName, Uuid)>, NotAMessage> {
    let buckets = Buckets::take(fields, INSPECT_SHARDS_MAX)?;
    let count = fields.count(INSPECT_SHARDS_MAX)?;
    (0..count).map(|_| Ok((buckets.named(fields.u16()?)?, fields.uuid()?))).collect()
}

/// The buckets that a message names, each once.
#[derive(Debug, Default)]
struct Buckets {
    names: Vec<BucketName>,
    numbers: HashMap<BucketName, u16>,
}

impl Buckets {
    fn number(&self, bucket: &BucketName) -> Option<u16> {
        self.numbers.get(bucket).copied()
    }

    fn number_or_insert(&mut self, bucket: &BucketName) -> u16 {
        if let Some(number) = self.number(bucket) {
            return number;
        }
        let number = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        self.names.push(bucket.clone());
        self.numbers.insert(bucket.clone(), number);
        number
    }

    fn named(&self, number: u16) -> Result<BucketName, NotAMessage> {
        self.names.get(usize::from(number)).cloned().ok_or(NotAMessage)
    }

    fn wire_bytes(&self) -> usize {
        self.names.iter().map(bucket_bytes).sum()
    }

    fn put(&self, buffer: &mut BytesMut) {
        put_count(buffer, self.names.len());
        self.names.iter().for_each(|bucket| put_bucket(buffer, bucket));
    }

    fn take(fields: &mut Fields, max: usize) -> Result<Self, NotAMessage> {
        let count = fields.count(max)?;
        let names = (0..count).map(|_| fields.bucket()).collect::<Result<_, _>>()?;
        Ok(Self { names, numbers: HashMap::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reply, Request};
    use super::*;

    fn file(number: usize) -> ListedShard {
        let bucket = format!("{number:063}").parse().unwrap();
        let shard = Uuid::from_u128(number as u128 + 1);
        ListedShard { shard, bucket: Some(bucket), bytes: 1 << 34, state: ShardState::Intact }
    }

    #[test]
    fn a_page_fits_a_message_whatever_is_in_it() {
        let mut draft = ShardPageDraft::default();
        let pushed = (0..LIST_SHARDS_MAX).take_while(|number| draft.push(file(*number)).is_ok()).count();
        assert!(pushed > 5000 && pushed < LIST_SHARDS_MAX, "{pushed}");
        let page = draft.finish(Some(Uuid::from_u128(pushed as u128)));
        let message = Reply::Shards(page.clone()).encode();
        assert!(message.len() <= MESSAGE_BYTES_MAX && message.len() + 100 > MESSAGE_BYTES_MAX, "{}", message.len());
        assert_eq!(Reply::decode(message), Ok(Reply::Shards(page)));
    }

    #[test]
    fn a_full_page_of_records_fits_too() {
        let record = |number: usize| ListedShard { bucket: None, bytes: 256 * 1024, ..file(number) };
        let mut draft = ShardPageDraft::default();
        assert!((0..LIST_SHARDS_MAX).all(|number| draft.push(record(number)).is_ok()));
        assert_eq!(draft.push(record(LIST_SHARDS_MAX)), Err(record(LIST_SHARDS_MAX)));
        let message = Reply::Shards(draft.finish(None)).encode();
        assert!(message.len() <= MESSAGE_BYTES_MAX && Reply::decode(message).is_ok());
    }

    #[test]
    fn the_largest_question_about_named_shards_fits() {
        let named = |number: usize| (file(number).bucket.unwrap(), Uuid::from_u128(number as u128));
        let request = Request::InspectMany { shards: (0..INSPECT_SHARDS_MAX).map(named).collect() };
        let message = request.encode();
        assert!(message.len() <= MESSAGE_BYTES_MAX, "{}", message.len());
        assert_eq!(Request::decode(message), Ok(request));
        let reports = vec![ShardReport { status: Status::Ok, bytes: 7 }; INSPECT_SHARDS_MAX];
        assert!(Reply::decode(Reply::Reports(reports).encode()).is_ok());
    }

    #[test]
    fn a_page_out_of_order_is_no_page() {
        let page = |numbers: [usize; 2], next| Reply::Shards(ShardPage { shards: numbers.map(file).to_vec(), next });
        assert!(Reply::decode(page([1, 2], None).encode()).is_ok());
        assert!(Reply::decode(page([2, 1], None).encode()).is_err());
        assert!(Reply::decode(page([1, 1], None).encode()).is_err());
        assert!(Reply::decode(page([1, 2], Some(Uuid::from_u128(3))).encode()).is_ok());
        assert!(Reply::decode(page([1, 2], Some(Uuid::from_u128(2))).encode()).is_err());
    }
}
