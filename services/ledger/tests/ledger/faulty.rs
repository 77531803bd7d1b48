//! A log in memory that fails in ways that depend on what is appended to it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use eventlog::{AppendError, Follow, Log, Message, ReadError, Stored, Tail};
use events::ids::{AuthType, EventId, Principal};
use events::{CHAIN_START, Event, Fact, Origin, bucket, chain_hash, subject};
use ledger::Ledger;
use testkit::MemoryLog;
use testkit::commands::create_bucket_of;
use uuid::Uuid;

/// What happens to an append.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Nothing,
    /// Somebody else creates a bucket after this many of its events.
    Foreign(usize),
    /// The log is away after this many of its events.
    Away(usize),
}

#[derive(Clone, Default)]
pub(crate) struct Faulty {
    pub(crate) inner: MemoryLog,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What happens to the next appends.
    faults: Mutex<VecDeque<Fault>>,
    /// How many buckets somebody else created.
    foreign: AtomicUsize,
    /// How many reads are answered by a replica that has nothing new.
    behind: AtomicUsize,
    /// Whether followers get no events.
    deaf: AtomicBool,
    /// The ledger of somebody else, where events need proofs.
    other: OnceLock<Ledger>,
}

impl Faulty {
    pub(crate) fn over(inner: MemoryLog) -> Self {
        Self { inner, shared: Arc::default() }
    }

    pub(crate) fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().unwrap().extend(faults);
    }

    /// The next reads find nothing.
    pub(crate) fn lag(&self, reads: usize) {
        self.shared.behind.store(reads, Ordering::SeqCst);
    }

    /// From now on nobody can follow.
    pub(crate) fn deafen(&self) {
        self.shared.deaf.store(true, Ordering::SeqCst);
    }

    /// Somebody else writes by this ledger from now on, over the log without the faults.
    pub(crate) fn share(&self, other: Ledger) {
        assert!(self.shared.other.set(other).is_ok());
    }

    /// The buckets somebody else created.
    pub(crate) fn foreign_buckets(&self) -> Vec<String> {
        (0..self.shared.foreign.load(Ordering::SeqCst)).map(foreign_name).collect()
    }

    /// Somebody else creates a bucket, rightly.
    pub(crate) async fn foreign(&self) {
        let count = self.shared.foreign.fetch_add(1, Ordering::SeqCst);
        if let Some(other) = self.shared.other.get() {
            let create = create_bucket_of(foreign_name(count).parse().unwrap(), "foreign", false);
            other.commit(create, foreign_origin()).await.unwrap();
            return;
        }
        let last = self.inner.tail().await.unwrap().last_sequence;
        let before = self.inner.read(last.max(1), 1, usize::MAX).await.unwrap();
        let previous = before.first().map_or(CHAIN_START, |event| chain_hash(&event.payload));
        let event = Event {
            id: EventId(Uuid::from_u128(0xF000_0000 + count as u128)),
            time: jiff::Timestamp::UNIX_EPOCH,
            sequence: last + 1,
            previous,
            origin: foreign_origin(),
            user: None,
            fact: Fact::BucketCreated(bucket::Created {
                bucket: foreign_name(count).parse().unwrap(),
                owner: "foreign".parse().unwrap(),
                acl: None,
                ownership: None,
                object_lock: false,
                location: None,
                tags: std::collections::BTreeMap::new(),
            }),
        };
        let region = "test-1".parse().unwrap();
        let payload = event.encode(&region).unwrap();
        self.inner.foreign(&[Message { subject: subject(&region, &event.fact), id: event.id, proof: None, payload }]);
    }
}

fn foreign_origin() -> Origin {
    let principal = Principal { kind: AuthType::System, id: "foreign".into() };
    Origin { principal, request_id: String::new(), traceparent: None, address: None }
}

fn foreign_name(count: usize) -> String {
    format!("foreign-{count}")
}

impl Log for Faulty {
    async fn append(&self, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
        let fault = self.shared.faults.lock().unwrap().pop_front().unwrap_or(Fault::Nothing);
        let (Fault::Foreign(first) | Fault::Away(first)) = fault else {
            return self.inner.append(expected_last, messages).await;
        };
        let appended = first.min(messages.len());
        self.inner.append(expected_last, &messages[..appended]).await?;
        match fault {
            Fault::Foreign(_) => {
                self.foreign().await;
                if appended == messages.len() { Ok(()) } else { Err(AppendError::Conflict { appended }) }
            }
            _ if appended == messages.len() => Ok(()),
            _ => Err(AppendError::Unavailable { appended, reason: "the test says so".into() }),
        }
    }

    async fn read(&self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        let behind = self.shared.behind.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if behind.is_ok() { Ok(Vec::new()) } else { self.inner.read(from, events_max, bytes_max).await }
    }

    async fn tail(&self) -> Result<Tail, ReadError> {
        self.inner.tail().await
    }

    fn follow(&self, from: u64) -> Follow {
        if self.shared.deaf.load(Ordering::SeqCst) { MemoryLog::new().follow(1) } else { self.inner.follow(from) }
    }
}
