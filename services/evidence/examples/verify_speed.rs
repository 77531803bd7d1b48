//! How long the verification of an export takes: `cargo run --release -p evidence --example verify_speed [EVENTS]`.
//!
//! The lines are made as they are needed, and only their verification is measured.
#![allow(clippy::unwrap_used, reason = "a measurement may end where it fails")]

use std::time::{Duration, Instant};

use events::checkpoint::{CHECKPOINT_ENTRIES_MAX, Checkpointed, KeyChanged};
use events::ids::{AuthType, EventId, NotaryKey, NotarySignature, Principal, RegionName, Sha256Digest};
use events::{CHAIN_START, Event, Fact, Origin, bucket, chain_hash};
use evidence::{End, Header, Line, Tree, Verifier, leaf_hash, write_line};
use identity::NotarySecret;

/// The number of events unless another one is given.
const EVENTS: u64 = 1_000_000;

/// Bytes in each event beside its envelope, so that it is as long as that of a small object.
const FILLING_BYTES: usize = 700;

struct Made {
    sequence: u64,
    previous: Sha256Digest,
    verifier: Verifier,
    bytes: u64,
    time: Duration,
}

impl Made {
    fn event(&self, fact: Fact) -> Vec<u8> {
        let request_id = "x".repeat(FILLING_BYTES);
        let principal = Principal { kind: AuthType::System, id: "test".into() };
        let event = Event {
            id: EventId(uuid::Uuid::from_u128(self.sequence.into())),
            time: "2026-11-22T13:00:00Z".parse().unwrap(),
            sequence: self.sequence,
            previous: self.previous,
            origin: Origin { principal, request_id, traceparent: None, address: None },
            user: None,
            fact,
        };
        event.encode(&region()).unwrap().to_vec()
    }

    fn push(&mut self, line: &Line<'_>) {
        let mut text = Vec::new();
        write_line(line, &mut text).unwrap();
        text.pop();
        self.bytes += text.len() as u64;
        let begun = Instant::now();
        self.verifier.push(&text);
        self.time += begun.elapsed();
    }
}

fn region() -> RegionName {
    "eu-1".parse().unwrap()
}

fn main() {
    let events: u64 = std::env::args().nth(1).map_or(EVENTS, |text| text.parse().unwrap());
    let secret = NotarySecret::new(&[1; 32]).unwrap();
    let key = NotaryKey(secret.public_key());
    let sign = |statement: String| NotarySignature(secret.sign(statement.as_bytes()));
    let verifier = Verifier::new(Some(key));
    let mut made = Made { sequence: 1, previous: CHAIN_START, verifier, bytes: 0, time: Duration::ZERO };
    made.push(&Line::Header(Header::new(region(), 1, events)));
    let unsigned = KeyChanged { region: region(), key, former: None, signature: NotarySignature([0; 64]), term: None };
    let signature = sign(unsigned.statement());
    let event = made.event(Fact::RegionNotaryKeyChanged(KeyChanged { signature, ..unsigned }));
    made.push(&Line::Key(&event));
    let mut checkpoint = CHAIN_START;
    while made.sequence <= events {
        let first = made.sequence;
        let mut range = Vec::new();
        while range.len() as u64 != CHECKPOINT_ENTRIES_MAX && made.sequence <= events {
            let bucket = format!("bucket-{}", made.sequence).parse().unwrap();
            range.push(made.event(Fact::BucketDeleted(bucket::Deleted { bucket })));
            made.previous = chain_hash(&range[range.len() - 1]);
            made.sequence += 1;
        }
        let unsigned = Checkpointed {
            region: region(),
            first,
            last: made.sequence - 1,
            count: range.len() as u64,
            root: range.iter().map(|entry| leaf_hash(entry)).collect::<Tree>().root(),
            head: made.previous,
            previous: checkpoint,
            key,
            signature: NotarySignature([0; 64]),
            term: None,
        };
        let signed = Checkpointed { signature: sign(unsigned.statement()), ..unsigned };
        checkpoint = signed.hash();
        let event = made.event(Fact::RegionCheckpointed(signed));
        made.push(&Line::Checkpoint(&event));
        for entry in &range {
            made.push(&Line::Event(entry));
        }
    }
    made.push(&Line::End(End { last: events }));
    let begun = Instant::now();
    let report = made.verifier.finish();
    let time = made.time + begun.elapsed();
    assert!(report.is_good(), "{:?}", report.findings);
    let (seconds, megabytes) = (time.as_secs_f64(), made.bytes / 1_000_000);
    println!("{events} events, {megabytes} MB, {} checkpoints: {seconds:.1} s", report.checkpoints);
}
