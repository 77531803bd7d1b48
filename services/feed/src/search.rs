//! Events that an index knows: found without reading the log that lies between them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use ledger::{AuditFound, AuditQuery, ReadError};

use crate::page::{PAGE_BYTES_MAX, PAGE_ENTRIES_LOOKED_AT_MAX};
use crate::{Entry, Feed, FeedError, Page, Start};

/// Events that are looked up at once.
const FOUND_MAX: usize = 256;

/// Events between two that are wanted which are read with them: one read costs as much as some events.
const GAP_MAX: u64 = 16;

/// Reads of one search that are under way at once.
const READS_MAX: usize = 8;

/// Events that were found, in the order that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// The events.
    pub entries: Vec<Arc<Entry>>,
    /// The sequence up to which they are all, in that order.
    pub until: u64,
}

impl Feed {
    /// Whether an index knows of what is asked for, so that [`Feed::look_for`] is better than reading all events.
    pub fn is_indexed(query: &AuditQuery) -> bool {
        query.bucket.is_some() || query.access_key.is_some() || !query.by.is_empty()
    }

    /// As [`Feed::page`], by an index. Where it begins at a time, all events are left out that are older by their own clock,
    /// until one is not: the events between are not read.
    ///
    /// # Errors
    /// [`FeedError`], and what `takes` fails with.
    pub async fn page_of<E: From<FeedError>>(
        &self,
        start: Start,
        limit: usize,
        query: &AuditQuery,
        mut takes: impl FnMut(&Entry) -> Result<bool, E> + Send,
    ) -> Result<Page, E> {
        let Start { next, mut since, last } = start;
        let query = AuditQuery { newest_first: false, ..query.clone() };
        let found = self
            .look_for(&query, next..=last, limit, |entry| {
                if since.is_some_and(|since| entry.event.time < since) {
                    return Ok(false);
                }
                since = None;
                takes(entry)
            })
            .await?;
        Ok(Page { entries: found.entries, until: found.until, since, last })
    }

    /// Looks in a part of the log for the events of which `takes` says that they are asked for, `limit` at most. Where no
    /// index knows of them, this reads the log. It ends early behind some thousands of events that nobody takes.
    ///
    /// # Errors
    /// [`FeedError`], and what `takes` fails with.
    pub async fn look_for<E: From<FeedError>>(
        &self,
        query: &AuditQuery,
        range: RangeInclusive<u64>,
        limit: usize,
        mut takes: impl FnMut(&Entry) -> Result<bool, E> + Send,
    ) -> Result<Searched, E> {
        let (mut first, mut last) = (*range.start(), *range.end());
        let nothing = if query.newest_first { last.saturating_add(1) } else { first.saturating_sub(1) };
        let mut searched = Searched { entries: Vec::new(), until: nothing };
        let (mut bytes, mut looked_at) = (0, 0);
        while first <= last && looked_at < PAGE_ENTRIES_LOOKED_AT_MAX {
            let found = self.find(query, first..=last).await?;
            for entry in self.read_all(&found.sequences).await? {
                looked_at += 1;
                if !takes(&entry)? {
                    continue;
                }
                bytes += entry.bytes.len();
                searched.until = entry.sequence;
                searched.entries.push(entry);
                if searched.entries.len() >= limit || bytes >= PAGE_BYTES_MAX {
                    return Ok(searched);
                }
            }
            searched.until = found.until;
            if query.newest_first {
                let Some(before) = found.until.checked_sub(1) else { break };
                last = before;
            } else {
                first = found.until.saturating_add(1);
            }
        }
        Ok(searched)
    }

    /// The next events that may be asked for. Where no index knows, these are all.
    async fn find(&self, query: &AuditQuery, range: RangeInclusive<u64>) -> Result<AuditFound, FeedError> {
        let (snapshot, wanted, within) = (self.latest(), query.clone(), range.clone());
        // This reads thousands of rows.
        let found = tokio::task::spawn_blocking(move || snapshot.audit(&wanted, within, FOUND_MAX)).await;
        let found = found.map_err(|_| FeedError::Ended)?;
        if let Some(found) = found.map_err(|error| ReadError(error.to_string()))? {
            return Ok(found);
        }
        let (first, last, most) = (*range.start(), *range.end(), FOUND_MAX as u64 - 1);
        Ok(if query.newest_first {
            let until = last.saturating_sub(most).max(first);
            AuditFound { sequences: (until..=last).rev().collect(), until }
        } else {
            let until = first.saturating_add(most).min(last);
            AuditFound { sequences: (first..=until).collect(), until }
        })
    }

    /// Reads events, in this order.
    async fn read_all(&self, sequences: &[u64]) -> Result<Vec<Arc<Entry>>, FeedError> {
        let mut read = Vec::with_capacity(sequences.len());
        for runs in runs(sequences).chunks(READS_MAX) {
            let reads = runs.iter().map(|run| tokio::spawn(self.clone().read_run(run.clone())));
            for entries in reads.collect::<Vec<_>>() {
                read.extend(entries.await.map_err(|_| FeedError::Ended)??);
            }
        }
        Ok(read)
    }

    /// Reads a run of events, in its order.
    async fn read_run(self, run: Vec<u64>) -> Result<Vec<Arc<Entry>>, FeedError> {
        let (Some(one), Some(other)) = (run.first(), run.last()) else { return Ok(Vec::new()) };
        let (mut next, last) = (*one.min(other), *one.max(other));
        let mut entries = Vec::with_capacity(run.len());
        while next <= last {
            let (found, until) = self.past(next, last).await?;
            entries.extend(found);
            next = until.saturating_add(1);
        }
        entries.retain(|entry| run.contains(&entry.sequence));
        if one > other {
            entries.reverse();
        }
        Ok(entries)
    }
}

/// Cuts sequences, which ascend or descend, into runs that are read at once.
fn runs(sequences: &[u64]) -> Vec<Vec<u64>> {
    let mut runs: Vec<Vec<u64>> = Vec::new();
    for sequence in sequences {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last.abs_diff(*sequence) <= GAP_MAX) => run.push(*sequence),
            _ => runs.push(vec![*sequence]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_close_together_is_read_at_once() {
        assert_eq!(runs(&[1, 2, 17, 40, 41]), [vec![1, 2, 17], vec![40, 41]]);
        assert_eq!(runs(&[41, 40, 9]), [vec![41, 40], vec![9]]);
        assert_eq!(runs(&[]), [[0; 0]; 0]);
    }
}
