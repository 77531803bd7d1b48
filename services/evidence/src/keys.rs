//! Which keys of the notary are believed.

use events::ids::NotaryKey;
use events::{Event, Fact};

use crate::{Finding, is_key_change_signed};

/// The keys of a log, in the order in which they were in use, and from which on they are believed.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// The key that the reader knows; without it the first one is believed.
    given: Option<NotaryKey>,
    /// All keys so far.
    chain: Vec<NotaryKey>,
}

impl Keys {
    pub(crate) fn new(given: Option<NotaryKey>) -> Self {
        Self { given, chain: Vec::new() }
    }

    /// Takes up the event that put a key in use.
    pub(crate) fn add(&mut self, line: u64, event: &[u8]) -> Result<(), Finding> {
        let wrong = |why| Finding::Key { line, why };
        let Ok(Event { fact: Fact::RegionNotaryKeyChanged(change), .. }) = Event::decode(event) else {
            return Err(wrong("it is no change of a key"));
        };
        if change.former != self.chain.last().copied() {
            return Err(wrong("it does not follow the key before it"));
        }
        if !is_key_change_signed(&change) {
            return Err(wrong("the key before it did not sign it"));
        }
        self.chain.push(change.key);
        Ok(())
    }

    /// The keys that are believed: the given one, and those that it and its followers signed. A key before it is not,
    /// because anybody can have a key of their own sign another one.
    pub(crate) fn believed(&self) -> &[NotaryKey] {
        let from = match self.given {
            None => Some(0),
            Some(given) => self.chain.iter().position(|key| *key == given),
        };
        from.map_or(&[], |from| &self.chain[from..])
    }

    /// Whether a key is among those of the log, believed or not.
    pub(crate) fn knows(&self, key: NotaryKey) -> bool {
        self.chain.contains(&key)
    }
}
