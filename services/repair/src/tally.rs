//! What all contents together are owed, as a walk counted it.

use std::collections::BTreeMap;

use events::content::PlaceCause;

use crate::backoff::Backoff;
use crate::owed::{Margin, Owed};

/// What is said where the log names no shard that is owed. What nodes really hold is for the scan and an audit to say.
const NOTHING_OWED: &str = "the log knows of no owed shard";

/// What all contents together are owed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    contents: BTreeMap<Margin, u64>,
    shards: BTreeMap<PlaceCause, u64>,
    bytes: u64,
}

impl Tally {
    /// Counts a content.
    pub(crate) fn add(&mut self, owed: &Owed) {
        *self.contents.entry(owed.margin).or_default() += 1;
        for shard in &owed.shards {
            *self.shards.entry(shard.cause).or_default() += 1;
        }
        self.bytes += owed.bytes();
    }

    /// Shards of a content were placed, of so many bytes; `is_whole` if that is all that it was owed.
    pub(crate) fn repaired(
        &mut self,
        margin: Margin,
        causes: impl IntoIterator<Item = PlaceCause>,
        bytes: u64,
        is_whole: bool,
    ) {
        if is_whole && let Some(contents) = self.contents.get_mut(&margin) {
            *contents = contents.saturating_sub(1);
        }
        for cause in causes {
            if let Some(shards) = self.shards.get_mut(&cause) {
                *shards = shards.saturating_sub(1);
            }
        }
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Bytes that are owed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Contents with a margin.
    pub(crate) fn contents(&self, margin: Margin) -> u64 {
        self.contents.get(&margin).copied().unwrap_or_default()
    }

    /// What is owed, why, and what keeps it from being repaired, in a sentence.
    pub(crate) fn sentence(&self, backoff: &Backoff) -> String {
        let contents: u64 = self.contents.values().sum();
        if contents == 0 {
            return NOTHING_OWED.into();
        }
        let mut said = vec![match contents {
            1 => "1 content is owed shards".to_owned(),
            _ => format!("{contents} contents are owed shards"),
        }];
        let endangered = self.contents(Margin::None);
        if endangered > 0 {
            said.push(format!("{endangered} of them would not survive the loss of a node"));
        }
        let causes: Vec<String> = self.shards.iter().filter(|(_, count)| **count > 0).map(cause).collect();
        if !causes.is_empty() {
            said.push(causes.join(", "));
        }
        for (reason, count) in backoff.counts().filter(|(_, count)| *count > 0) {
            said.push(format!("{count} waiting because {}", reason.sentence()));
        }
        said.join("; ")
    }
}

fn cause((cause, count): (&PlaceCause, &u64)) -> String {
    let what = match cause {
        PlaceCause::Fault => "missing or damaged",
        PlaceCause::NodeLost => "on nodes that are gone",
        PlaceCause::NodeDraining => "on nodes that are being emptied",
        PlaceCause::Spread => "beside another one on their node",
        PlaceCause::Balance => "on nodes that are fuller than others",
    };
    if *count == 1 { format!("1 shard is {what}") } else { format!("{count} shards are {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::Reason;
    use crate::owed::owed;
    use crate::owed::tests::{content, on};
    use crate::standing::tests::{nodes, offline, row};

    #[tokio::test]
    async fn it_says_what_is_owed_and_why() {
        let (mut tally, mut backoff) = (Tally::default(), Backoff::default());
        assert_eq!(tally.sentence(&backoff), NOTHING_OWED);
        let gone = nodes(&[(5, offline(row(), 3)), (6, offline(row(), 3))]);
        let owed = owed(content(), on(&[1, 2, 3, 4, 5, 6]), &[], &gone).unwrap();
        tally.add(&owed);
        backoff.leave(content(), Reason::NoRoom, tokio::time::Instant::now());
        assert_eq!((tally.bytes(), tally.contents(Margin::None)), (3 << 20, 1));
        assert_eq!(
            tally.sentence(&backoff),
            "1 content is owed shards; 1 of them would not survive the loss of a node; 2 shards are on nodes that are \
             gone; 1 waiting because too few nodes have room"
        );
        tally.repaired(owed.margin, [PlaceCause::NodeLost], owed.bytes() / 2, false);
        assert_eq!((tally.bytes(), tally.contents(Margin::None)), (3 << 19, 1), "it is owed another one");
        tally.repaired(owed.margin, [PlaceCause::NodeLost], owed.bytes() / 2, true);
        assert_eq!(tally.sentence(&Backoff::default()), NOTHING_OWED);
    }
}
