use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use eventlog::{ReadError, SideStream};
use jiff::Timestamp;

use crate::write::Message;
use crate::{Kind, Record};

/// Messages that are read for one page: each takes a question to the server. Behind so many a page ends, with what it has.
const MESSAGES_MAX: usize = 128;

/// Reads records.
#[derive(Debug, Clone)]
pub struct Reader(SideStream);

/// Which records are asked for. Each part that is given has to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// About this bucket.
    pub bucket: Option<String>,
    /// Of this user.
    pub user: Option<String>,
    /// From this address.
    pub address: Option<IpAddr>,
    /// From this time on.
    pub since: Option<Timestamp>,
}

impl Wanted {
    fn fits(&self, record: &Record) -> bool {
        let is_named = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
        self.kind.is_none_or(|kind| kind == record.kind)
            && is_named(&self.bucket, &record.bucket)
            && is_named(&self.user, &record.user)
            && self.address.is_none_or(|address| record.address == Some(address))
            && self.since.is_none_or(|since| record.time >= since)
    }
}

/// The place of a record on its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The sequence of its message.
    pub message: u64,
    /// Its place within that, from 0.
    pub record: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.message, self.record)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (message, record) = text.split_once('.').ok_or(())?;
        Ok(Self { message: message.parse().map_err(|_| ())?, record: record.parse().map_err(|_| ())? })
    }
}

/// A record and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub place: Place,
    /// The record.
    pub record: Record,
}

/// Some records, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The records.
    pub entries: Vec<Entry>,
    /// The number of requests in the time span of this page that were not recorded because there were too many.
    pub dropped: u64,
    /// The page goes on before this place; `None` if nothing is before it.
    pub next: Option<Place>,
}

impl Reader {
    /// A reader of a stream.
    pub fn new(stream: SideStream) -> Self {
        Self(stream)
    }

    /// The newest records that fit, `limit` at most, from before a place if one is given.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn page(&self, wanted: &Wanted, before: Option<Place>, limit: usize) -> Result<Page, ReadError> {
        let (first, last) = self.0.ends().await?;
        let mut page = Page::default();
        let begin = before.unwrap_or_else(|| Place { message: last.saturating_add(1), record: 0 });
        let newest = if begin.record > 0 { begin.message } else { begin.message.saturating_sub(1) };
        for (read, sequence) in (first.max(1)..=newest.min(last)).rev().enumerate() {
            let end = if sequence == begin.message { begin.record } else { usize::MAX };
            if read >= MESSAGES_MAX {
                page.next = Some(Place { message: sequence + 1, record: 0 });
                return Ok(page);
            }
            let Some(bytes) = self.0.get(sequence).await? else { continue };
            let Some(message) = parse(sequence, &bytes) else { continue };
            if take(&mut page, message, sequence, end, wanted, limit) {
                return Ok(page);
            }
        }
        Ok(page)
    }
}

/// What cannot be read is of a later release, and is passed over.
fn parse(sequence: u64, bytes: &[u8]) -> Option<Message> {
    let parsed = serde_json::from_slice(bytes);
    parsed.inspect_err(|error| tracing::debug!(sequence, %error, "records cannot be read")).ok()
}

/// Takes up the records of a message before `end`, the newest first. Returns whether the page ends with them: it is full, or
/// all that is older is too old.
fn take(page: &mut Page, message: Message, sequence: u64, end: usize, wanted: &Wanted, limit: usize) -> bool {
    let Message { dropped, records } = message;
    let oldest = records.first().map(|record| record.time);
    for (place, record) in records.into_iter().enumerate().take(end).rev() {
        if page.entries.len() >= limit {
            page.next = Some(Place { message: sequence, record: place + 1 });
            return true;
        }
        if wanted.fits(&record) {
            page.entries.push(Entry { place: Place { message: sequence, record: place }, record });
        }
    }
    page.dropped += dropped;
    // Records of several gateways overlap by seconds.
    let slack = jiff::SignedDuration::from_mins(1);
    let is_before = |time: Timestamp| wanted.since.is_some_and(|since| since.duration_since(time) > slack);
    oldest.is_some_and(is_before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::record;

    fn message(seconds: std::ops::Range<i64>) -> Message {
        let kind = |second| if second % 2 == 0 { Kind::Read } else { Kind::Refused };
        Message { dropped: 3, records: seconds.map(|second| record(kind(second), "ada", second)).collect() }
    }

    fn seconds(page: &Page) -> Vec<i64> {
        page.entries.iter().map(|entry| entry.record.time.as_second()).collect()
    }

    #[test]
    fn a_page_ends_within_a_message_and_the_next_begins_there() {
        let (mut page, all) = (Page::default(), Wanted::default());
        assert!(!take(&mut page, message(10..12), 7, usize::MAX, &all, 3));
        assert!(take(&mut page, message(0..10), 6, usize::MAX, &all, 3));
        assert_eq!((seconds(&page), page.next), (vec![11, 10, 9], Some(Place { message: 6, record: 9 })));
        let mut next = Page::default();
        assert!(take(&mut next, message(0..10), 6, 9, &all, 2));
        assert_eq!((seconds(&next), next.next), (vec![8, 7], Some(Place { message: 6, record: 7 })));
    }

    #[test]
    fn records_are_found_by_what_they_say() {
        let found = |wanted: &Wanted| {
            let mut page = Page::default();
            take(&mut page, message(0..4), 1, usize::MAX, wanted, 10);
            assert_eq!(page.dropped, 3);
            seconds(&page)
        };
        assert_eq!(found(&Wanted::default()), [3, 2, 1, 0]);
        assert_eq!(found(&Wanted { kind: Some(Kind::Read), ..Wanted::default() }), [2, 0]);
        assert_eq!(found(&Wanted { bucket: Some("other".into()), ..Wanted::default() }), [0; 0]);
        assert_eq!(found(&Wanted { user: Some("ada".into()), ..Wanted::default() }).len(), 4);
        let since = Some(Timestamp::from_second(2).unwrap());
        assert_eq!(found(&Wanted { since, ..Wanted::default() }), [3, 2]);
        let late = Wanted { since: Some(Timestamp::from_second(100).unwrap()), ..Wanted::default() };
        assert!(take(&mut Page::default(), message(0..4), 1, usize::MAX, &late, 10), "what is before it is older");
    }

    #[test]
    fn a_place_is_told_as_text() {
        let place = Place { message: 12, record: 3 };
        assert_eq!(place.to_string().parse(), Ok(place));
        for wrong in ["", "1", "1.", ".1", "a.b", "1.2.3"] {
            assert_eq!(wrong.parse::<Place>(), Err(()), "{wrong}");
        }
    }
}
