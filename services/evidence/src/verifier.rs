use events::checkpoint::{CHECKPOINT_ENTRIES_MAX, Checkpointed};
use events::ids::{NotaryKey, Sha256Digest};
use events::{Event, Fact};

use crate::keys::Keys;
use crate::line::VERSION;
use crate::record::Record;
use crate::segment::Segment;
use crate::{Finding, Header, Line, Report, is_checkpoint_signed};

/// Reads an export line by line and finds what is not as it was signed.
///
/// Entries behind the last checkpoint are only checked against each other: nothing says yet what the last of them is.
#[derive(Debug)]
pub struct Verifier {
    keys: Keys,
    has_given_key: bool,
    report: Report,
    line: u64,
    header: Option<Header>,
    /// The checkpoint whose entries come now.
    segment: Option<Segment>,
    /// The hash of the last checkpoint.
    checkpoint: Option<Sha256Digest>,
    /// The last entry covered by checkpoints of keys that are not believed, and the key of the last of them.
    unvouched: Option<(u64, NotaryKey)>,
    /// The sequence of the next entry.
    next: Option<u64>,
    loose: Loose,
    end: Option<u64>,
}

/// Entries that no checkpoint covers.
#[derive(Debug, Default)]
struct Loose {
    /// The last one.
    last: Option<Record>,
    /// The last one does not follow the one before it: one of the two was changed.
    is_broken: bool,
}

impl Verifier {
    /// A verifier that believes a key of the notary and those that follow it. Without one it believes what the file says.
    pub fn new(key: Option<NotaryKey>) -> Self {
        Self {
            keys: Keys::new(key),
            has_given_key: key.is_some(),
            report: Report::default(),
            line: 0,
            header: None,
            segment: None,
            checkpoint: None,
            unvouched: None,
            next: None,
            loose: Loose::default(),
            end: None,
        }
    }

    /// Reads a line, without its line break.
    pub fn push(&mut self, line: &[u8]) {
        self.line += 1;
        if self.end.is_some() {
            let sequence = Record::of_event(self.line, line).claimed;
            return self.report.add(Finding::Inserted { line: self.line, sequence });
        }
        match Line::parse(line) {
            Line::Header(header) => self.header(header),
            Line::Key(event) => {
                if let Err(finding) = self.keys.add(self.line, event) {
                    self.report.add(finding);
                }
            }
            Line::Checkpoint(event) => self.checkpoint(event),
            Line::Withheld(withheld) => {
                self.report.withheld += 1;
                self.entry(Record::of_withheld(self.line, withheld));
            }
            Line::Event(event) => self.entry(Record::of_event(self.line, event)),
            Line::End(end) => {
                self.close_all();
                self.expect(end.last.saturating_add(1));
                if self.next.is_some_and(|next| next > end.last.saturating_add(1)) {
                    self.report.add(Finding::File { why: "the last line says that the file ends before it does" });
                }
                self.end = Some(end.last);
            }
        }
    }

    /// Says what is known.
    pub fn finish(mut self) -> Report {
        if self.end.is_none() {
            self.close_all();
            self.report.add(Finding::File { why: "the file is not whole: it has no last line" });
        }
        if self.header.is_none() {
            self.report.add(Finding::File { why: "this is not an export of events: the first line says so" });
        }
        if let Some((last, key)) = self.unvouched {
            self.report.add(Finding::OtherKey { last, key });
        }
        if self.has_given_key && self.keys.believed().is_empty() {
            self.report.add(Finding::File { why: "the log was never signed by the given key" });
        }
        self.report.keys = self.keys.believed().to_vec();
        self.report.join_moves();
        self.report
    }

    fn header(&mut self, header: Header) {
        if self.line != 1 || header.version != VERSION {
            let why = "the first line is not that of an export of this form";
            return self.report.add(Finding::File { why });
        }
        self.report.region = Some(header.region.clone());
        self.header = Some(header);
    }

    fn checkpoint(&mut self, event: &[u8]) {
        // The entries of the one before it go on behind one that is none.
        match self.checked(event) {
            Ok(checkpoint) => {
                self.close_segment();
                self.close_loose();
                self.expect(checkpoint.first);
                self.next = checkpoint.last.checked_add(1);
                self.segment = Some(Segment::new(checkpoint));
            }
            Err(why) => self.report.add(Finding::Checkpoint { line: self.line, why }),
        }
    }

    /// The checkpoint, if it is one, and follows the one before it.
    fn checked(&mut self, event: &[u8]) -> Result<Checkpointed, &'static str> {
        let Ok(Event { fact: Fact::RegionCheckpointed(checkpoint), .. }) = Event::decode(event) else {
            return Err("it is no checkpoint");
        };
        let Checkpointed { first, last, count, key, .. } = checkpoint;
        let is_range = last.checked_sub(first).is_some_and(|rest| rest + 1 == count);
        if !is_range || count > CHECKPOINT_ENTRIES_MAX {
            return Err("its range is none");
        }
        if self.header.as_ref().is_none_or(|header| header.region != checkpoint.region) {
            return Err("it is of another region");
        }
        if !is_checkpoint_signed(&checkpoint) {
            return Err("its signature is wrong");
        }
        if !self.keys.knows(key) {
            return Err("its key is none of the log");
        }
        if self.next.is_some_and(|next| first < next) {
            return Err("it covers what another one covers");
        }
        if self.checkpoint.is_none() && self.loose.last.is_some() {
            let why = "the entries before it are covered by none, although later ones are";
            self.report.add(Finding::Checkpoint { line: self.line, why });
        }
        let is_next = self.next.is_none_or(|next| first == next);
        let follows = self.checkpoint.is_none_or(|hash| hash == checkpoint.previous);
        if is_next && !follows {
            self.report.add(Finding::Checkpoint { line: self.line, why: "it does not follow the one before it" });
        }
        self.checkpoint = Some(checkpoint.hash());
        if !self.keys.believed().contains(&key) {
            self.unvouched = Some((last, key));
        } else if is_next && follows {
            // It refers to those before it.
            self.unvouched = None;
        }
        self.report.checkpoints += 1;
        Ok(checkpoint)
    }

    /// What comes next is the entry at a sequence, or behind it.
    fn expect(&mut self, sequence: u64) {
        let next = self.next.or_else(|| self.header.as_ref().map(|header| header.from));
        // The first checkpoint may cover more than what was asked for.
        if let Some(first) = next.filter(|next| *next < sequence) {
            self.report.add(Finding::Removed { first, last: sequence - 1 });
            self.loose = Loose::default();
        }
    }

    fn entry(&mut self, record: Record) {
        self.report.entries += 1;
        if self.segment.as_ref().is_some_and(|segment| segment.is_over(&record)) {
            self.close_segment();
        }
        if let Some(first) = self.segment.as_mut().and_then(|segment| segment.give_back(Some(&record))) {
            self.close_segment();
            self.loose_entry(first);
        }
        match &mut self.segment {
            Some(segment) => {
                if let Err(finding) = segment.push(record) {
                    self.report.add(finding);
                }
            }
            None => self.loose_entry(record),
        }
    }

    /// Nothing comes any more.
    fn close_all(&mut self) {
        let behind = self.segment.as_mut().and_then(|segment| segment.give_back(None));
        self.close_segment();
        if let Some(behind) = behind {
            self.loose_entry(behind);
        }
        self.close_loose();
    }

    fn close_segment(&mut self) {
        let Some(segment) = self.segment.take() else { return };
        let findings = segment.findings();
        let Checkpointed { last, head, .. } = segment.checkpoint;
        (self.report.covered, self.report.last) = (last, last);
        for finding in findings {
            self.report.add(finding);
        }
        // What follows is checked against the hash that was signed.
        let record =
            Record { line: self.line, claimed: Some(last), hash: head, leaf: head, previous: None, is_withheld: true };
        self.loose = Loose { last: Some(record), is_broken: false };
    }

    fn loose_entry(&mut self, record: Record) {
        let next = self.next.or_else(|| self.header.as_ref().map(|header| header.from));
        let Some(claimed) = record.claimed else {
            return self.report.add(Finding::Inserted { line: record.line, sequence: None });
        };
        if next.is_some_and(|next| claimed < next) {
            return self.report.add(Finding::Inserted { line: record.line, sequence: Some(claimed) });
        }
        self.expect(claimed);
        let follows = match (&self.loose.last, record.previous) {
            (Some(last), Some(previous)) => last.hash == previous,
            _ => true,
        };
        if self.loose.is_broken {
            // If the last one is what the next one says it is, the one before it was changed.
            let changed = if follows { claimed.saturating_sub(2) } else { claimed - 1 };
            self.report.add(Finding::Changed { sequence: changed });
        }
        self.loose = Loose { is_broken: !follows && !self.loose.is_broken, last: Some(record) };
        self.report.last = claimed;
        self.next = claimed.checked_add(1);
    }

    fn close_loose(&mut self) {
        if std::mem::take(&mut self.loose.is_broken)
            && let Some(claimed) = self.loose.last.and_then(|last| last.claimed)
        {
            self.report.add(Finding::Unchained { sequence: claimed });
        }
    }
}
