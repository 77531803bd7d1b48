use std::collections::BTreeSet;
use std::fmt;

use events::ids::{NotaryKey, RegionName};

/// Findings that are kept. Of the others only the number is known.
pub const FINDINGS_MAX: usize = 1_000;

/// Something that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The bytes of an event are not those of then.
    Changed {
        /// Its sequence.
        sequence: u64,
    },
    /// Events are missing.
    Removed {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A line was not there.
    Inserted {
        /// The line, from 1.
        line: u64,
        /// The sequence that it says it has.
        sequence: Option<u64>,
    },
    /// An event stands at another place.
    Moved {
        /// Its sequence.
        sequence: u64,
    },
    /// Hashes that stand for entries do not lead to the root that was signed, and it cannot be said which.
    Hashes {
        /// The entries.
        sequences: Vec<u64>,
    },
    /// An event does not follow the one before it: both are as they were signed, or no checkpoint says which was changed.
    Unchained {
        /// Its sequence.
        sequence: u64,
    },
    /// A checkpoint is wrong.
    Checkpoint {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// A change of the notary's key is wrong.
    Key {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// Checkpoints up to an entry are signed by keys that do not follow from the given one.
    OtherKey {
        /// The last entry that they cover.
        last: u64,
        /// The key of the last.
        key: NotaryKey,
    },
    /// The file is none, or has no end.
    File {
        /// What is wrong.
        why: &'static str,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { sequence } => write!(f, "event {sequence} was changed"),
            Self::Removed { first, last } if first == last => write!(f, "event {first} was removed"),
            Self::Removed { first, last } => write!(f, "events {first} to {last} were removed"),
            Self::Inserted { line, sequence: Some(sequence) } => {
                write!(f, "line {line} was inserted: it says that it is event {sequence}")
            }
            Self::Inserted { line, sequence: None } => write!(f, "line {line} was inserted: it is no event"),
            Self::Moved { sequence } => write!(f, "event {sequence} was moved to another place"),
            Self::Hashes { sequences } => {
                let shown: Vec<_> = sequences.iter().take(10).map(ToString::to_string).collect();
                let more = if sequences.len() > shown.len() { " and others" } else { "" };
                write!(f, "a hash that stands for an event was changed, among events {}{more}", shown.join(", "))
            }
            Self::Unchained { sequence } => {
                write!(f, "event {sequence} does not follow the one before it: one of the two was changed")
            }
            Self::Checkpoint { line, why } => write!(f, "the checkpoint on line {line}: {why}"),
            Self::Key { line, why } => write!(f, "the key on line {line}: {why}"),
            Self::OtherKey { last, key } => {
                write!(f, "events up to {last} are signed by {key}, which does not follow from the given key")
            }
            Self::File { why } => f.write_str(why),
        }
    }
}

/// What is known of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The region that it says it is of.
    pub region: Option<RegionName>,
    /// Entries that were read.
    pub entries: u64,
    /// Those of which only hashes are there.
    pub withheld: u64,
    /// Checkpoints that were checked.
    pub checkpoints: u64,
    /// The last entry that a good checkpoint covers; 0 if there is none.
    pub covered: u64,
    /// The last entry that was read.
    pub last: u64,
    /// The keys that are believed, the first one first.
    pub keys: Vec<NotaryKey>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What else is wrong, counted.
    pub further: u64,
}

impl Report {
    /// Whether everything is as it was signed.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty()
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.further += 1;
        }
    }

    /// What is missing at one place and stands at another was moved.
    pub(crate) fn join_moves(&mut self) {
        let inserted = self.findings.iter().filter_map(|finding| match finding {
            Finding::Inserted { sequence, .. } => *sequence,
            _ => None,
        });
        let inserted: BTreeSet<u64> = inserted.collect();
        let is_moved = |first: u64, last: u64| first == last && inserted.contains(&first);
        let mut moved = BTreeSet::new();
        for finding in &mut self.findings {
            if let Finding::Removed { first, last } = *finding
                && is_moved(first, last)
            {
                moved.insert(first);
                *finding = Finding::Moved { sequence: first };
            }
        }
        self.findings.retain(|finding| match finding {
            Finding::Inserted { sequence: Some(sequence), .. } => !moved.contains(sequence),
            _ => true,
        });
    }
}
