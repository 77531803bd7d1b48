use events::ids::UserName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The writers that are counted of one bucket.
pub const WRITERS_MAX: usize = 32;

/// What a bucket, or the region, held after the last event of an hour or of a day that changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GrowthRow {
    /// That event.
    pub sequence: u64,
    /// Keys that have a current object.
    pub objects: u64,
    /// Versions; delete markers do not count.
    pub versions: u64,
    /// Bytes of all versions, as clients count them.
    pub bytes: u64,
    /// Bytes of the contents that something refers to, each counted once: see [`super::UsageRow::stored_bytes`].
    pub stored_bytes: u64,
    /// Whether the event deleted the bucket.
    pub ended: bool,
}

/// Who changes objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Writer {
    /// A user, by a session or by a key of theirs.
    User(UserName),
    /// Whoever has an access key that no user had at the time: root, whose key is no row.
    Key(String),
    /// Anybody, without a signature.
    Anonymous,
}

/// What one of them wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriterRow {
    /// Who.
    pub writer: Writer,
    /// The place in the order of writers: the events counted here, and `taken`.
    pub rank: u64,
    /// The rank of whoever had this place before.
    pub taken: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// The time of the first event that is counted here.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub since: Timestamp,
}

impl WriterRow {
    /// The events about objects that they caused since then.
    pub fn writes(&self) -> u64 {
        self.rank - self.taken
    }
}

/// Those who write most to a bucket.
///
/// Source: Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k elements in data streams"
/// (2005): whoever caused more than one in [`WRITERS_MAX`] of a bucket's events is certainly among them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WritersRow(pub Vec<WriterRow>);

impl WritersRow {
    /// Counts an event.
    pub(crate) fn count(&mut self, writer: Writer, bytes: u64, time: Timestamp) {
        if let Some(known) = self.0.iter_mut().find(|row| row.writer == writer) {
            known.rank += 1;
            known.bytes = known.bytes.saturating_add(bytes);
            return;
        }
        let row = |taken| WriterRow { writer, rank: taken + 1, taken, bytes, since: time };
        if self.0.len() < WRITERS_MAX {
            self.0.push(row(0));
        } else if let Some(least) = self.0.iter_mut().min_by_key(|row| row.rank) {
            *least = row(least.rank);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_writes_most_keeps_a_place_however_many_others_there_are() {
        let mut row = WritersRow::default();
        let user = |name: &str| Writer::User(name.parse().unwrap());
        for turn in 0..1_000_u64 {
            row.count(user("ada"), 3, Timestamp::UNIX_EPOCH);
            let other = format!("u{turn}");
            row.count(user(&other), 1, Timestamp::from_second(turn.cast_signed()).unwrap());
        }
        assert_eq!(row.0.len(), WRITERS_MAX);
        let ada = row.0.iter().max_by_key(|row| row.rank).unwrap();
        assert_eq!((&ada.writer, ada.writes(), ada.bytes), (&user("ada"), 1_000, 3_000));
        let newest = row.0.iter().find(|row| row.writer == user("u999")).unwrap();
        assert_eq!((newest.writes(), newest.bytes, newest.since.as_second()), (1, 1, 999), "what is certain is shown");
    }
}
