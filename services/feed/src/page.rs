use std::sync::Arc;

use jiff::Timestamp;

use crate::{Entry, Feed, FeedError, Start};

/// Bytes of events on a page, give or take one event.
pub const PAGE_BYTES_MAX: usize = 2 << 20;

/// Entries of the log that are looked at for one page, at most. A page that ends for this says where to go on.
pub const PAGE_ENTRIES_LOOKED_AT_MAX: u64 = 20_000;

/// Events of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The events, in the order of the log.
    pub entries: Vec<Arc<Entry>>,
    /// The sequence after which the next page begins.
    pub until: u64,
    /// What the next page still has to pass over, if no event was found that is late enough.
    pub since: Option<Timestamp>,
    /// The sequence of the newest entry of the log when the place was looked for. Nothing newer is on the page.
    pub last: u64,
}

impl Feed {
    /// Reads the events from a place on of which `takes` says that they are asked for, `limit` at most.
    ///
    /// # Errors
    /// [`FeedError`], and what `takes` fails with.
    pub async fn page<E: From<FeedError>>(
        &self,
        start: Start,
        limit: usize,
        mut takes: impl FnMut(&Entry) -> Result<bool, E> + Send,
    ) -> Result<Page, E> {
        let mut page = Page { entries: Vec::new(), until: start.next - 1, since: start.since, last: start.last };
        let end = start.last.min(start.next.saturating_add(PAGE_ENTRIES_LOOKED_AT_MAX - 1));
        let mut bytes = 0;
        while page.until < end {
            let (entries, until) = self.past(page.until + 1, end).await?;
            for entry in entries {
                if page.since.is_some_and(|since| entry.event.time < since) {
                    continue;
                }
                page.since = None;
                if !takes(&entry)? {
                    continue;
                }
                bytes += entry.bytes.len();
                page.until = entry.sequence;
                page.entries.push(entry);
                if page.entries.len() >= limit || bytes >= PAGE_BYTES_MAX {
                    return Ok(page);
                }
            }
            page.until = until;
        }
        Ok(page)
    }
}
