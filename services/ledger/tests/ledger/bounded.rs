//! What one client asks for holds up no other for long: batches are cut, requests take turns, and what frees many rows
//! is done a little at a time, by any process.

use std::sync::Arc;

use domain::model::Model;
use domain::{Command, CompleteUpload, DeleteObject, Precondition, StorePart, View, project};
use eventlog::{AppendError, Follow, Log, Message, ReadError, Stored, Tail};
use events::ids::{ETag, Md5Digest, ObjectKey, PartNumber, UploadId};
use events::{Event, Fact, Origin};
use ledger::{CommitError, Committed, Ledger};
use testkit::MemoryLog;
use testkit::commands::create_upload;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::support::*;

/// Rows that a batch may change before it is cut, and that its last command and its release may change beside.
const BATCH_CHANGES_MAX: usize = 500;
const BESIDE_MAX: usize = 600;

/// Commands that a batch takes, beside a release, while one of a request of its own waits beside many of another.
const SHORT_MAX: usize = 4;

const UPLOAD: UploadId = UploadId(Uuid::from_u128(77));
const PARTS: u16 = 1_000;

/// A log that appends as often as it is allowed to, and remembers where each append began.
#[derive(Clone)]
struct Gated {
    inner: MemoryLog,
    gate: Arc<Semaphore>,
    begun: Arc<std::sync::Mutex<Vec<u64>>>,
}

impl Gated {
    fn new(inner: MemoryLog) -> Self {
        Self { inner, gate: Arc::new(Semaphore::new(0)), begun: Arc::default() }
    }

    fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }
}

impl Log for Gated {
    async fn append(&self, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
        self.gate.acquire().await.unwrap().forget();
        self.begun.lock().unwrap().push(expected_last);
        self.inner.append(expected_last, messages).await
    }

    async fn read(&self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        self.inner.read(from, events_max, bytes_max).await
    }

    async fn tail(&self) -> Result<Tail, ReadError> {
        self.inner.tail().await
    }

    fn follow(&self, from: u64) -> Follow {
        self.inner.follow(from)
    }
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::from_bytes(text.as_bytes()).unwrap()
}

pub(crate) fn delete(text: &str) -> Command {
    DeleteObject::new(bucket(), key(text), None).into()
}

fn origin_of(request: &str) -> Origin {
    Origin { request_id: request.into(), ..origin() }
}

/// A bucket with an object of [`PARTS`] parts under `large`, each in a content of its own.
fn large_object() -> Vec<Command> {
    let object = object_of_parts("large", UPLOAD, PARTS, 0);
    std::iter::once(create_bucket("bucket")).chain(object).collect()
}

/// An object of so many parts, each in a content of its own; `from` numbers the contents.
pub(crate) fn object_of_parts(name: &str, upload: UploadId, parts: u16, from: u32) -> Vec<Command> {
    let begin = Command::CreateUpload(Box::new(create_upload(bucket(), key(name), upload)));
    let number = |number| PartNumber::try_from(number).unwrap();
    let part = |n: u16| {
        let body = put(name, from + u32::from(n) + 1_000_000).body;
        Command::StorePart(Box::new(StorePart {
            bucket: bucket(),
            key: key(name),
            upload,
            number: number(n),
            size: domain::PART_BYTES_MIN,
            md5: Md5Digest([1; 16]),
            body,
            checksum: None,
            salt: None,
        }))
    };
    let complete = Command::CompleteUpload(Box::new(CompleteUpload {
        bucket: bucket(),
        key: key(name),
        upload,
        parts: (1..=parts).map(|n| (number(n), Md5Digest([1; 16]))).collect(),
        etag: ETag { md5: Md5Digest([2; 16]), parts: Some(parts) },
        checksum: None,
        precondition: Precondition::default(),
    }));
    std::iter::once(begin).chain((1..=parts).map(part)).chain([complete]).collect()
}

/// The rows that each event of a log changed and that count, in order.
async fn changes(log: &MemoryLog) -> Vec<(Fact, usize)> {
    let mut model = Model::default();
    let mut changes = Vec::new();
    for stored in events(log).await {
        let event = Event::decode(&stored.payload).unwrap();
        let of_event = project(&model, &event).unwrap();
        changes.push((event.fact, of_event.iter().filter(|change| change.counts()).count()));
        for change in of_event {
            model.apply(change);
        }
    }
    changes
}

pub(crate) async fn does(ledger: &Ledger, commands: &[Command]) {
    for commands in commands.chunks(500) {
        for answer in join_in_order(commands.iter().map(|command| ledger.commit(command.clone(), origin()))).await {
            answer.unwrap();
        }
    }
}

fn references(model: &Model) -> u64 {
    model.contents.values().map(|row| row.references).sum()
}

type Answered<'a> = std::pin::Pin<Box<dyn Future<Output = Option<Result<Committed, CommitError>>> + 'a>>;

/// Commits commands that all wait, but for the first few, behind an append that does not come to an end before.
async fn queued(ledger: &Ledger, log: &Gated, commands: &[(Command, &str)]) -> Vec<Result<Committed, CommitError>> {
    let answer = |(command, request): &(Command, &str)| {
        let (command, origin) = (command.clone(), origin_of(request));
        Box::pin(async move { Some(ledger.commit(command, origin).await) }) as Answered<'_>
    };
    let opened: Answered<'_> = Box::pin(async {
        log.open();
        None
    });
    join_in_order(commands.iter().map(answer).chain([opened])).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_cut_at_the_rows_it_changes() {
    let (folder, log) = (Folder::new(), Gated::new(MemoryLog::new()));
    let ledger = open(&log, &folder.file("one"), true).await;
    let puts = (0..500).map(|n| (put_object(&format!("key-{n}"), n), "many"));
    let commands: Vec<_> = std::iter::once((create_bucket("bucket"), "many")).chain(puts).collect();
    for answer in queued(&ledger, &log, &commands).await {
        answer.unwrap();
    }
    let changes: Vec<_> = changes(&log.inner).await.into_iter().map(|(_, changes)| changes).collect();
    let begun: Vec<usize> = log.begun.lock().unwrap().iter().map(|at| usize::try_from(*at).unwrap()).collect();
    let ends = begun.iter().skip(1).copied().chain([changes.len()]);
    // The last command of a batch is the one that passes the limit.
    let of_a_command = changes.iter().max().unwrap();
    for (from, to) in begun.iter().copied().zip(ends) {
        let of_batch: usize = changes[from..to].iter().sum();
        assert!(of_batch < BATCH_CHANGES_MAX + of_a_command, "{of_batch} rows by the events {from} to {to}");
    }
}

/// A request of many commands is not one block before everybody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_of_one_command_does_not_wait_for_one_of_many() {
    const MANY: u32 = 1_500;
    let (folder, inner) = (Folder::new(), MemoryLog::new());
    let ledger = open(&inner, &folder.file("one"), true).await;
    let puts: Vec<_> = (0..MANY).map(|n| put_object(&format!("key-{n}"), n)).collect();
    does(&ledger, &[create_bucket("bucket")]).await;
    does(&ledger, &puts).await;
    close(ledger).await;

    let log = Gated::new(inner.clone());
    let ledger = open(&log, &folder.file("one"), true).await;
    let mut commands: Vec<_> = (0..MANY).map(|n| (delete(&format!("key-{n}")), "many")).collect();
    commands.push((put_object("one", 1), "one"));
    let answers = queued(&ledger, &log, &commands).await;
    let order: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().sequence).collect();
    let (one, many) = order.split_last().unwrap();
    let before = many.iter().filter(|many| *many < one).count();
    assert!(before < many.len() / 2, "{before} of {MANY} deletes came first");
    assert!(many.is_sorted(), "those of one request stay in their order");
    // A request that arrives while this batch is written waits for few of the many commands.
    let batches: Vec<_> = log.begun.lock().unwrap().windows(2).map(|pair| (pair[0], pair[1])).collect();
    let (from, to) = batches.into_iter().find(|(from, to)| (*from..*to).contains(&(one - 1))).unwrap();
    assert!(usize::try_from(to - from).unwrap() <= SHORT_MAX + 1, "one batch has the events {from} to {to}");
}

/// A process that opens a projection goes on with what was being released, wherever the process before was killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_delete_left_is_freed_after_a_kill() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    does(&ledger, &large_object()).await;
    let stored = events(&log).await.len();
    does(&ledger, &[delete("large")]).await;
    freed(&ledger).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;

    let all = events(&log).await;
    assert!(all.len() > stored + 5, "{} events", all.len() - stored);
    for (n, kept) in (stored + 1..all.len()).step_by(3).enumerate() {
        let cut = MemoryLog::new();
        for (place, stored) in (0..).zip(&all[..kept]) {
            cut.append(place, &[stored.message()]).await.unwrap();
        }
        let name = format!("cut-{n}");
        let ledger = open(&cut, &folder.file(&name), true).await;
        freed(&ledger).await;
        let model = assert_same(&ledger.read().await.unwrap(), &cut).await;
        assert_eq!((references(&model), model.parts.len()), (0, 0), "after {kept} events");
        assert_rebuilds(ledger, &cut, &folder, &name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_ledgers_free_everything_once() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledgers = [open(&log, &folder.file("one"), false).await, open(&log, &folder.file("two"), false).await];
    does(&ledgers[0], &large_object()).await;
    ledgers[1].read().await.unwrap();
    does(&ledgers[0], &[delete("large")]).await;
    // Both write while there is something to free.
    let puts = (0..40).map(|n| ledgers[n as usize % 2].commit(put_object("key", n), origin()));
    for answer in join_in_order(puts).await {
        answer.unwrap();
    }
    freed(&ledgers[0]).await;
    freed(&ledgers[1]).await;
    let changes = changes(&log).await;
    let facts = changes.iter().filter(|(fact, _)| matches!(fact, Fact::UploadPartsReleased(_))).count();
    assert!((7..=9).contains(&facts), "{facts} facts freed {PARTS} parts");
    let most = changes.iter().map(|(_, changes)| *changes).max();
    assert!(most.is_some_and(|most| most <= BESIDE_MAX), "{most:?} rows by one fact");
    for (ledger, name) in ledgers.into_iter().zip(["one", "two"]) {
        let model = assert_same(&ledger.read().await.unwrap(), &log).await;
        assert_eq!((references(&model), model.parts.len()), (1, 0), "of the object that is there");
        assert_rebuilds(ledger, &log, &folder, name).await;
    }
}

/// What a deleted bucket held is freed, and a bucket of its name that comes meanwhile has none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_uploads_of_a_deleted_bucket_are_freed() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    let mut commands = large_object();
    commands.pop();
    does(&ledger, &commands).await;
    does(&ledger, &[Command::DeleteBucket { bucket: bucket() }, create_bucket("bucket")]).await;
    let id = ledger.latest().bucket(&bucket()).unwrap().unwrap().id;
    assert_eq!(ledger.latest().uploads(id, usize::MAX).unwrap(), []);
    freed(&ledger).await;
    let model = assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_eq!((references(&model), model.parts.len()), (0, 0));
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

/// Prints how long small writes take beside deletes of large objects, of many keys, and alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn what_writes_wait_beside_deletes() {
    const OBJECTS: u32 = 4;
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    does(&ledger, &[create_bucket("bucket")]).await;
    let mut deletes = Vec::new();
    for n in 0..OBJECTS {
        let (name, upload) = (format!("large-{n}"), UploadId(Uuid::from_u128(u128::from(n) + 1)));
        does(&ledger, &object_of_parts(&name, upload, 10_000, n * 10_000)).await;
        deletes.push(delete(&name));
    }
    let many: Vec<_> = (0..1_000).map(|n| put_object(&format!("many-{n}"), n)).collect();
    does(&ledger, &many).await;
    let flood: Vec<_> = (0..1_000).map(|n| delete(&format!("many-{n}"))).collect();
    for (what, commands) in [("alone", vec![]), ("large objects", deletes), ("many keys", flood)] {
        let begun = std::time::Instant::now();
        let deletes = commands.into_iter().map(|command| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.commit(command, origin_of("deletes")).await.unwrap() })
        });
        let deletes: Vec<_> = deletes.collect();
        let puts = (0..8).map(|task| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                let mut took = Vec::new();
                for n in 0..500 {
                    let put = put_object(&format!("put-{task}"), 5_000_000 + task * 1_000 + n);
                    let begun = std::time::Instant::now();
                    ledger.commit(put, origin_of(&format!("{task}-{n}"))).await.unwrap();
                    took.push(begun.elapsed());
                }
                took
            })
        });
        let puts: Vec<_> = puts.collect();
        for deleted in deletes {
            deleted.await.unwrap();
        }
        freed(&ledger).await;
        let all = begun.elapsed();
        let mut took = Vec::new();
        for put in puts {
            took.extend(put.await.unwrap());
        }
        took.sort_unstable();
        let at = |percent: usize| took[took.len() * percent / 100];
        println!("{what}: all took {all:?}; puts p50 {:?} p99 {:?} most {:?}", at(50), at(99), took.last().unwrap());
    }
}
