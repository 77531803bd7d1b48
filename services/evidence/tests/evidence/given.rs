//! A log with checkpoints, and its export.

use events::checkpoint::{Checkpointed, KeyChanged};
use events::ids::{AuthType, EventId, NotaryKey, NotarySignature, Principal, RegionName, Sha256Digest};
use events::{CHAIN_START, Event, Fact, Origin, bucket, chain_hash};
use evidence::{End, Header, Line, Report, Tree, Verifier, Withheld, WithheldWhy, leaf_hash, write_line};
use identity::NotarySecret;
use uuid::Uuid;

pub(crate) fn region() -> RegionName {
    "eu-1".parse().unwrap()
}

/// The key of a number.
pub(crate) fn secret(number: u8) -> NotarySecret {
    NotarySecret::new(&[number; 32]).unwrap()
}

pub(crate) fn public(number: u8) -> NotaryKey {
    NotaryKey(secret(number).public_key())
}

pub(crate) fn signed(number: u8, statement: &str) -> NotarySignature {
    NotarySignature(secret(number).sign(statement.as_bytes()))
}

/// A log, entry by entry from sequence 1.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Vec<u8>>,
    /// The number of the key in use.
    key: Option<u8>,
    /// The events that put keys in use, and the checkpoints.
    keys: Vec<Vec<u8>>,
    pub(crate) checkpoints: Vec<(Checkpointed, Vec<u8>)>,
}

impl Log {
    pub(crate) fn append(&mut self, fact: Fact) -> Vec<u8> {
        let sequence = self.entries.len() as u64 + 1;
        let previous = self.entries.last().map_or(CHAIN_START, |last| chain_hash(last));
        let principal = Principal { kind: AuthType::System, id: "test".into() };
        let event = Event {
            id: EventId(Uuid::from_u128(sequence.into())),
            time: "2026-11-22T13:00:00Z".parse().unwrap(),
            sequence,
            previous,
            origin: Origin { principal, request_id: String::new(), traceparent: None, address: None },
            user: None,
            fact,
        };
        let bytes = event.encode(&region()).unwrap().to_vec();
        self.entries.push(bytes.clone());
        bytes
    }

    pub(crate) fn events(&mut self, count: usize) {
        for _ in 0..count {
            let bucket = format!("bucket-{}", self.entries.len()).parse().unwrap();
            self.append(Fact::BucketDeleted(bucket::Deleted { bucket }));
        }
    }

    /// Puts a key in use.
    pub(crate) fn key(&mut self, number: u8) {
        let unsigned = KeyChanged {
            region: region(),
            key: public(number),
            former: self.key.map(public),
            signature: NotarySignature([0; 64]),
            term: None,
        };
        let signature = signed(self.key.unwrap_or(number), &unsigned.statement());
        let event = self.append(Fact::RegionNotaryKeyChanged(KeyChanged { signature, ..unsigned }));
        self.keys.push(event);
        self.key = Some(number);
    }

    /// Signs all entries that no checkpoint covers.
    pub(crate) fn checkpoint(&mut self) {
        let key = self.key.unwrap();
        let before = self.checkpoints.last().map(|(before, _)| before);
        let first = before.map_or(1, |before| before.last + 1);
        let range = &self.entries[usize::try_from(first).unwrap() - 1..];
        let unsigned = Checkpointed {
            region: region(),
            first,
            last: self.entries.len() as u64,
            count: range.len() as u64,
            root: range.iter().map(|entry| leaf_hash(entry)).collect::<Tree>().root(),
            head: chain_hash(range.last().unwrap()),
            previous: before.map_or(CHAIN_START, Checkpointed::hash),
            key: public(key),
            signature: NotarySignature([0; 64]),
            term: None,
        };
        let signature = signed(key, &unsigned.statement());
        let checkpoint = Checkpointed { signature, ..unsigned };
        let event = self.append(Fact::RegionCheckpointed(checkpoint.clone()));
        self.checkpoints.push((checkpoint, event));
    }

    fn line(line: &Line<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        write_line(line, &mut out).unwrap();
        assert_eq!(out.pop(), Some(b'\n'));
        assert_eq!(Line::parse(&out), *line);
        out
    }

    /// The lines of an export of it all, of which some entries are hashes only.
    pub(crate) fn export(&self, withheld: &[u64]) -> Vec<Vec<u8>> {
        let last = self.entries.len() as u64;
        let mut lines = vec![Self::line(&Line::Header(Header::new(region(), 1, last)))];
        lines.extend(self.keys.iter().map(|event| Self::line(&Line::Key(event))));
        let mut checkpoints = self.checkpoints.iter().peekable();
        for (sequence, entry) in (1..).zip(&self.entries) {
            if let Some((_, event)) = checkpoints.next_if(|(checkpoint, _)| checkpoint.first == sequence) {
                lines.push(Self::line(&Line::Checkpoint(event)));
            }
            lines.push(if withheld.contains(&sequence) {
                let previous = Event::decode(entry).unwrap().previous;
                let (hash, leaf, why) = (chain_hash(entry), leaf_hash(entry), WithheldWhy::Secret);
                Self::line(&Line::Withheld(Withheld { sequence, why, hash, leaf, previous: Some(previous) }))
            } else {
                entry.clone()
            });
        }
        lines.push(Self::line(&Line::End(End { last })));
        lines
    }
}

/// A log of some checkpoints, whose last events none covers.
pub(crate) fn log() -> Log {
    let mut log = Log::default();
    log.events(3);
    log.key(1);
    for count in [1, 7, 16] {
        log.events(count);
        log.checkpoint();
    }
    log.key(2);
    log.events(4);
    log.checkpoint();
    log.events(3);
    log
}

pub(crate) fn verify(lines: &[Vec<u8>], key: Option<NotaryKey>) -> Report {
    let mut verifier = Verifier::new(key);
    for line in lines {
        verifier.push(line);
    }
    verifier.finish()
}

/// A digest of another value.
pub(crate) fn other(digest: Sha256Digest) -> Sha256Digest {
    let mut bytes = digest.0;
    bytes[0] ^= 1;
    Sha256Digest(bytes)
}
