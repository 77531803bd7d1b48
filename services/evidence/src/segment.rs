//! The entries that one checkpoint covers, and what is wrong with them.

use std::collections::BTreeMap;

use events::checkpoint::Checkpointed;

use crate::record::Record;
use crate::{Finding, Tree};

/// Lines that may stand between two checkpoints for each that should. More than that are counted as inserted at once.
const LINES_FACTOR_MAX: usize = 2;

/// A checkpoint and the lines behind it.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) checkpoint: Checkpointed,
    records: Vec<Record>,
}

/// The entries, as they are told apart.
struct Sorted {
    /// The record of each entry that is there, in the order of the sequences.
    chosen: BTreeMap<u64, Record>,
    /// Those whose bytes are not those of then.
    changed: Vec<u64>,
    /// Those that are not there.
    missing: Vec<u64>,
    /// Lines that are none of the entries, in the order of the file.
    odd: Vec<Record>,
}

impl Segment {
    pub(crate) fn new(checkpoint: Checkpointed) -> Self {
        Self { checkpoint, records: Vec::new() }
    }

    fn count(&self) -> usize {
        usize::try_from(self.checkpoint.count).unwrap_or(usize::MAX)
    }

    /// Whether all lines are there that should be, and an entry is the first behind them.
    pub(crate) fn is_over(&self, next: &Record) -> bool {
        self.records.len() >= self.count() && next.claimed == self.checkpoint.last.checked_add(1)
    }

    /// Takes the last line back if it is an entry behind those of the checkpoint, and `next` is the one behind that, or
    /// nothing comes: then entries are missing in between.
    pub(crate) fn give_back(&mut self, next: Option<&Record>) -> Option<Record> {
        let (count, last) = (self.count(), self.checkpoint.last);
        let is_full = self.records.len() > count;
        self.records.pop_if(|record| {
            let Some(claimed) = record.claimed.filter(|claimed| *claimed > last) else { return false };
            let goes_on = next.is_none_or(|next| next.claimed == claimed.checked_add(1));
            goes_on && (is_full || claimed - 1 == last)
        })
    }

    pub(crate) fn push(&mut self, record: Record) -> Result<(), Finding> {
        if self.records.len() >= self.count().saturating_mul(LINES_FACTOR_MAX) {
            return Err(Finding::Inserted { line: record.line, sequence: record.claimed });
        }
        self.records.push(record);
        Ok(())
    }

    /// What is wrong.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let in_order = self.records.iter().zip(self.checkpoint.first..).all(|(record, at)| record.claimed == Some(at));
        let is_whole = in_order && self.records.len() == self.count();
        if is_whole && root(self.records.iter()) == self.checkpoint.root {
            return self.unchained();
        }
        let sorted = self.sort();
        let mut findings = sorted.findings(&self.records);
        if findings.is_empty() && root(sorted.chosen.values()) != self.checkpoint.root {
            let withheld: Vec<_> = sorted.chosen.iter().filter(|(_, record)| record.is_withheld).collect();
            let named = withheld.into_iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>();
            findings.push(match named[..] {
                [sequence] => Finding::Changed { sequence },
                _ => Finding::Hashes { sequences: named },
            });
        }
        findings
    }

    /// Links that are wrong between entries whose leaves are as they were signed. Of two, that is wrong whose hashes are
    /// only said.
    fn unchained(&self) -> Vec<Finding> {
        let wrong = |before: &Record, after: &Record| {
            let is_linked = after.previous.is_none_or(|previous| previous == before.hash);
            let sequence = if before.is_withheld { before.claimed } else { after.claimed };
            let (false, Some(sequence)) = (is_linked, sequence) else { return None };
            let is_said = before.is_withheld || after.is_withheld;
            Some(if is_said { Finding::Changed { sequence } } else { Finding::Unchained { sequence } })
        };
        let mut findings: Vec<_> = self.records.windows(2).filter_map(|pair| wrong(&pair[0], &pair[1])).collect();
        if let Some(last) = self.records.last().filter(|last| last.hash != self.checkpoint.head) {
            let sequence = self.checkpoint.last;
            findings.push(if last.is_withheld {
                Finding::Changed { sequence }
            } else {
                Finding::Unchained { sequence }
            });
        }
        findings
    }

    /// Goes backwards from the hash of the last entry, which was signed: each entry that is as it was says the hash of the
    /// one before it.
    fn sort(&self) -> Sorted {
        let Checkpointed { first, last, head, .. } = self.checkpoint;
        let mut candidates: BTreeMap<u64, Vec<Record>> = BTreeMap::new();
        let mut sorted = Sorted { chosen: BTreeMap::new(), changed: Vec::new(), missing: Vec::new(), odd: Vec::new() };
        for record in &self.records {
            match record.claimed.filter(|claimed| (first..=last).contains(claimed)) {
                Some(sequence) => candidates.entry(sequence).or_default().push(*record),
                None => sorted.odd.push(*record),
            }
        }
        let mut hash = Some(head);
        for sequence in (first..=last).rev() {
            let Some(mut found) = candidates.remove(&sequence) else {
                sorted.missing.push(sequence);
                hash = None;
                continue;
            };
            let right = hash.map(|hash| found.iter().position(|record| record.hash == hash));
            let record = found.remove(right.flatten().unwrap_or(0));
            sorted.odd.extend(found);
            sorted.chosen.insert(sequence, record);
            if right == Some(None) {
                sorted.changed.push(sequence);
            }
            // What was changed may lie about the entry before it.
            hash = record.previous.filter(|_| right != Some(None));
        }
        sorted.odd.sort_by_key(|record| record.line);
        sorted
    }
}

fn root<'a>(records: impl Iterator<Item = &'a Record>) -> events::ids::Sha256Digest {
    records.map(|record| record.leaf).collect::<Tree>().root()
}

impl Sorted {
    fn findings(&self, records: &[Record]) -> Vec<Finding> {
        let mut missing: Vec<u64> = self.missing.iter().rev().copied().collect();
        let mut changed = self.changed.clone();
        let mut findings = Vec::new();
        for odd in &self.odd {
            match self.place(odd, records).and_then(|place| missing.binary_search(&place).ok()) {
                // It stands where an entry is missing: that was changed, and its sequence with it.
                Some(at) => changed.push(missing.remove(at)),
                None => findings.push(Finding::Inserted { line: odd.line, sequence: odd.claimed }),
            }
        }
        changed.sort_unstable();
        findings.extend(changed.into_iter().map(|sequence| Finding::Changed { sequence }));
        findings.extend(ranges(&missing).map(|(first, last)| Finding::Removed { first, last }));
        findings.extend(self.moved().into_iter().map(|sequence| Finding::Moved { sequence }));
        findings
    }

    /// The entry that should stand where a line is, by the entry on the line before it.
    fn place(&self, odd: &Record, records: &[Record]) -> Option<u64> {
        let at = records.partition_point(|record| record.line < odd.line);
        let is_chosen = |record: &&Record| {
            record
                .claimed
                .and_then(|claimed| self.chosen.get(&claimed))
                .is_some_and(|chosen| chosen.line == record.line)
        };
        let before = at.checked_sub(1).and_then(|before| records.get(before));
        if let Some(before) = before {
            return Some(before).filter(is_chosen)?.claimed?.checked_add(1);
        }
        // Those that are missing are in falling order.
        let first = self.chosen.keys().next();
        self.missing.last().copied().filter(|missing| first.is_none_or(|first| missing < first))
    }

    /// Entries that do not stand in order: all but the most that do.
    ///
    /// Source: the longest increasing subsequence by patience sorting (Fredman 1975).
    fn moved(&self) -> Vec<u64> {
        // In the order of the sequences, with the lines on which they stand.
        let entries: Vec<(u64, u64)> = self.chosen.iter().map(|(sequence, record)| (*sequence, record.line)).collect();
        let mut ends: Vec<usize> = Vec::new();
        let mut before: Vec<Option<usize>> = vec![None; entries.len()];
        for (at, (_, line)) in entries.iter().enumerate() {
            let place = ends.partition_point(|end| entries[*end].1 < *line);
            before[at] = place.checked_sub(1).map(|place| ends[place]);
            match ends.get_mut(place) {
                Some(end) => *end = at,
                None => ends.push(at),
            }
        }
        let mut is_kept = vec![false; entries.len()];
        let mut next = ends.last().copied();
        while let Some(at) = next {
            is_kept[at] = true;
            next = before[at];
        }
        entries.iter().zip(is_kept).filter(|(_, is_kept)| !is_kept).map(|((sequence, _), _)| *sequence).collect()
    }
}

/// Numbers in order, as ranges.
fn ranges(numbers: &[u64]) -> impl Iterator<Item = (u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    ranges.into_iter()
}
