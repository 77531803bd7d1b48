//! Ranges of the log as files that can be verified without the store.

use std::collections::VecDeque;

use domain::View;
use domain::row::CheckpointRow;
use events::checkpoint::Checkpointed;
use events::{Event, Fact, chain_hash, quarantine_hash};
use evidence::{End, Header, Line, Proof, Withheld, WithheldWhy, leaf_hash, write_line};
use ledger::LoggedEntry;

use crate::{Feed, FeedError};

/// Bytes of entries that are read at once, give or take one.
const BATCH_BYTES: usize = 256 << 10;

/// The most checkpoints on a page.
pub const CHECKPOINTS_MAX: usize = 100;

/// An export, while it is read.
#[derive(Debug)]
pub struct Export {
    feed: Feed,
    from: u64,
    to: u64,
    /// The last entry that is in it: to check the last checkpoint, more than what was asked for.
    end: u64,
    /// The last entry that was covered when it began.
    covered: u64,
    /// The sequence of the next entry.
    next: u64,
    /// The last entry that the checkpoint before the next entry covers.
    range: u64,
    /// The events that put keys in use.
    keys: VecDeque<u64>,
    has_begun: bool,
    has_ended: bool,
}

/// A checkpoint, as it stands on the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// The event.
    pub event: Event,
    /// What was signed.
    pub checkpoint: Checkpointed,
}

/// The checkpoints behind an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointsPage {
    /// The checkpoints.
    pub checkpoints: Vec<StoredCheckpoint>,
    /// The last entry that any checkpoint covers.
    pub covered: u64,
    /// The key in use.
    pub key: Option<events::ids::NotaryKey>,
}

impl Feed {
    /// Begins an export of entries, up to the newest unless `to` says otherwise.
    ///
    /// # Errors
    /// [`FeedError::Beyond`] if there is no such entry; else [`FeedError::Unavailable`].
    pub async fn export(&self, from: u64, to: Option<u64>) -> Result<Export, FeedError> {
        let last = self.last().await?;
        let to = to.unwrap_or(last);
        let from = from.max(1);
        if from.max(to) > last || to < from {
            return Err(FeedError::Beyond { after: from.max(to), last });
        }
        let snapshot = self.0.ledger.latest();
        let notary = snapshot.notary()?;
        let covers = |sequence| snapshot.checkpoint_of(sequence);
        let next = covers(from)?.map_or(from, |(_, row)| row.first);
        let end = covers(to)?.map_or(to, |(last, _)| last);
        Ok(Export {
            feed: self.clone(),
            from,
            to,
            end,
            covered: notary.last,
            next,
            range: next - 1,
            keys: notary.key_changes.into(),
            has_begun: false,
            has_ended: false,
        })
    }

    /// The checkpoints behind an entry, `max` at most.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn checkpoints(&self, after: u64, max: usize) -> Result<CheckpointsPage, FeedError> {
        self.last().await?;
        let (notary, rows) = {
            let snapshot = self.0.ledger.latest();
            (snapshot.notary()?, snapshot.checkpoints_after(after, max.min(CHECKPOINTS_MAX))?)
        };
        let mut checkpoints = Vec::with_capacity(rows.len());
        for (_, row) in rows {
            checkpoints.push(self.checkpoint(row).await?);
        }
        Ok(CheckpointsPage { checkpoints, covered: notary.last, key: notary.key })
    }

    /// The proof that an entry is on the log; `None` if no checkpoint covers it yet.
    ///
    /// # Errors
    /// [`FeedError::Beyond`] if there is no such entry; else [`FeedError`].
    pub async fn proof(&self, sequence: u64) -> Result<Option<Proof>, FeedError> {
        let last = self.last().await?;
        if sequence > last || sequence == 0 {
            return Err(FeedError::Beyond { after: sequence, last });
        }
        let Some((until, row)) = self.0.ledger.latest().checkpoint_of(sequence)? else { return Ok(None) };
        let checkpoint = self.checkpoint(row).await?.checkpoint;
        let (mut leaves, mut next) = (Vec::new(), row.first);
        while next <= until {
            for entry in self.entries(next, until).await? {
                leaves.push(leaf_hash(&entry.bytes));
                next = entry.sequence + 1;
            }
        }
        Ok(Proof::of(sequence, &leaves, checkpoint))
    }

    async fn entries(&self, from: u64, last: u64) -> Result<Vec<LoggedEntry>, FeedError> {
        let _permit = self.0.past_reads.acquire().await.map_err(|_| FeedError::Ended)?;
        Ok(self.0.ledger.entries(from, last, BATCH_BYTES).await?)
    }

    async fn entry(&self, sequence: u64) -> Result<LoggedEntry, FeedError> {
        let mut entries = self.entries(sequence, sequence).await?;
        let missing = || FeedError::Unreadable { sequence, reason: "the log does not show it".into() };
        entries.pop().ok_or_else(missing)
    }

    async fn checkpoint(&self, row: CheckpointRow) -> Result<StoredCheckpoint, FeedError> {
        let entry = self.entry(row.sequence).await?;
        let event = Event::decode(&entry.bytes).map_err(|error| FeedError::decode(row.sequence, &error))?;
        let Fact::RegionCheckpointed(checkpoint) = event.fact.clone() else {
            return Err(FeedError::Unreadable { sequence: row.sequence, reason: "it is no checkpoint".into() });
        };
        Ok(StoredCheckpoint { event, checkpoint })
    }
}

impl Export {
    /// The range that was asked for.
    pub fn range(&self) -> (u64, u64) {
        (self.from, self.to)
    }

    /// The next lines; `None` at the end.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, FeedError> {
        let mut out = Vec::new();
        if !self.has_begun {
            self.has_begun = true;
            self.line(&Line::Header(Header::new(self.feed.0.region.clone(), self.from, self.to)), &mut out)?;
        } else if let Some(sequence) = self.keys.pop_front() {
            let entry = self.feed.entry(sequence).await?;
            self.line(&Line::Key(&entry.bytes), &mut out)?;
        } else if self.next <= self.end {
            self.entries(&mut out).await?;
        } else if !self.has_ended {
            self.has_ended = true;
            self.line(&Line::End(End { last: self.end }), &mut out)?;
        } else {
            return Ok(None);
        }
        Ok(Some(out))
    }

    /// Some entries, and before them the checkpoint that covers them, if it has not come yet.
    async fn entries(&mut self, out: &mut Vec<u8>) -> Result<(), FeedError> {
        if self.next > self.range {
            self.range = self.end;
            if self.next <= self.covered
                && let Some((last, row)) = self.feed.0.ledger.latest().checkpoint_of(self.next)?
            {
                let entry = self.feed.entry(row.sequence).await?;
                self.line(&Line::Checkpoint(&entry.bytes), out)?;
                self.range = last;
            }
        }
        for entry in self.feed.entries(self.next, self.range).await? {
            self.next = entry.sequence + 1;
            match self.withheld(&entry)? {
                Some(withheld) => self.line(&Line::Withheld(withheld), out)?,
                None => self.line(&Line::Event(&entry.bytes), out)?,
            }
        }
        Ok(())
    }

    fn line(&self, line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), FeedError> {
        write_line(line, out).map_err(|error| FeedError::encode(self.next, &error))
    }

    /// The hashes that stand for an entry, if its bytes are not to be shown.
    fn withheld(&self, entry: &LoggedEntry) -> Result<Option<Withheld>, FeedError> {
        let LoggedEntry { sequence, bytes, is_fact } = entry;
        let (sequence, leaf) = (*sequence, leaf_hash(bytes));
        if !is_fact {
            let (why, hash) = (WithheldWhy::Quarantined, quarantine_hash(bytes));
            return Ok(Some(Withheld { sequence, why, hash, leaf, previous: None }));
        }
        let event = Event::decode(bytes).map_err(|error| FeedError::decode(sequence, &error))?;
        let why = if !(self.from..=self.to).contains(&sequence) {
            WithheldWhy::Outside
        } else if event.fact.is_for_the_store() || event.fact.holds_secret() {
            WithheldWhy::Secret
        } else {
            return Ok(None);
        };
        Ok(Some(Withheld { sequence, why, hash: chain_hash(bytes), leaf, previous: Some(event.previous) }))
    }
}
