use events::ids::{BucketName, UserName};
use serde::{Deserialize, Serialize};

/// The events of the log that one row of postings covers: a block.
pub const POSTING_EVENTS: u64 = 256;

const BYTES: usize = (POSTING_EVENTS / 8) as usize;

/// Something that events have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Posting {
    /// This user caused them, by a session or by a key that was theirs then.
    User(UserName),
    /// They were caused with this access key.
    Key(String),
    /// They are about this bucket, its objects and uploads. A later bucket of the same name is not told apart.
    Bucket(BucketName),
}

/// Which events of a block have something in common: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PostingRow([u8; BYTES]);

impl PostingRow {
    /// The block of an event.
    pub fn block_of(sequence: u64) -> u64 {
        sequence / POSTING_EVENTS
    }

    fn place_of(sequence: u64) -> (usize, u8) {
        // The remainder is less than the events of a block.
        let place = usize::try_from(sequence % POSTING_EVENTS).unwrap_or_default();
        (place / 8, 1 << (place % 8))
    }

    /// The row of one event.
    pub fn of(sequence: u64) -> Self {
        let mut row = Self::default();
        row.add(sequence);
        row
    }

    /// Adds an event.
    pub(crate) fn add(&mut self, sequence: u64) {
        let (byte, bit) = Self::place_of(sequence);
        self.0[byte] |= bit;
    }

    /// Whether an event is one of them.
    pub fn has(&self, sequence: u64) -> bool {
        let (byte, bit) = Self::place_of(sequence);
        self.0[byte] & bit != 0
    }

    /// The events that are in one or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|byte| self.0[byte] | other.0[byte]))
    }

    /// The events that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|byte| self.0[byte] & other.0[byte]))
    }

    /// The sequences of the events, if this is the row of a block.
    pub fn sequences(self, block: u64) -> impl DoubleEndedIterator<Item = u64> {
        let first = block.saturating_mul(POSTING_EVENTS);
        (0..POSTING_EVENTS).map(move |place| first.saturating_add(place)).filter(move |sequence| self.has(*sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_knows_the_events_of_its_block() {
        let mut row = PostingRow::default();
        let sequences = [512, 513, 600, 767];
        for sequence in sequences {
            row.add(sequence);
        }
        assert_eq!(row.sequences(2).collect::<Vec<_>>(), sequences);
        assert_eq!((PostingRow::block_of(511), PostingRow::block_of(512), PostingRow::block_of(767)), (1, 2, 2));
        let mut other = PostingRow::default();
        other.add(513);
        other.add(514);
        assert_eq!(row.and(other).sequences(2).collect::<Vec<_>>(), [513]);
        assert_eq!(row.or(other).sequences(2).rev().collect::<Vec<_>>(), [767, 600, 514, 513, 512]);
    }
}
