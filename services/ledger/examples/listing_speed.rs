//! What pages of listings cost in a large bucket, by depth, delimiter, prefix and versions.
//!
//! `cargo run --release -p ledger --example listing_speed [keys]`
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::row::BucketId;
use domain::{Command, DeleteObject, NewBody, View};
use events::bucket::Versioning;
use events::ids::{BucketName, ObjectKey};
use ledger::{Cost, Ledger, Options, Page, Snapshot};
use testkit::MemoryLog;
use testkit::commands::{create_bucket, origin, put_object};
use testkit::ledgers::options;

/// How many keys the bucket gets, unless the command line says otherwise.
const KEYS: u32 = 1_000_000;

/// How many versions one key gets, and how many delete markers there are: a part of the keys.
const VERSIONS_PART: u32 = 10;

/// How many commits are under way at once.
const TASKS: u32 = 256;

/// How often each page is read; the slowest time counts.
const TIMES: usize = 20;

fn bucket() -> BucketName {
    "large".parse().unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::from_bytes(text.as_bytes()).unwrap()
}

fn put(name: &str) -> Command {
    Command::PutObject(Box::new(put_object(bucket(), key(name), 0, NewBody::Empty)))
}

/// Commits what `command` makes of each number below `count`, many at once.
async fn commit_all(ledger: &Ledger, count: u32, command: fn(u32, u32) -> Command) {
    let running = (0..TASKS).map(|task| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for n in (task..count).step_by(TASKS as usize) {
                ledger.commit(command(n, count), origin()).await.unwrap();
            }
        })
    });
    for task in running.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Half of the keys lie below one prefix, the others in a hundred.
fn place(n: u32, count: u32) -> Command {
    let half = if n < count / 2 { "half/".to_owned() } else { format!("other-{:02}/", n % 100) };
    put(&format!("{half}{n:08}"))
}

async fn fill(ledger: &Ledger, keys: u32) {
    ledger.commit(create_bucket(bucket()), origin()).await.unwrap();
    let begun = Instant::now();
    commit_all(ledger, keys, place).await;
    println!("{keys} keys in {:.1?}", begun.elapsed());
    let versioning = Command::SetVersioning { bucket: bucket(), versioning: Versioning::Enabled };
    ledger.commit(versioning, origin()).await.unwrap();
    let (versions, begun) = (keys / VERSIONS_PART, Instant::now());
    commit_all(ledger, versions, |_, _| put("versions")).await;
    let marker = |n, _| DeleteObject::new(bucket(), key(&format!("markers/{n:08}")), None).into();
    commit_all(ledger, versions, marker).await;
    println!("{versions} versions of one key and as many delete markers in {:.1?}", begun.elapsed());
}

fn measure(name: &str, read: impl Fn() -> (usize, Cost)) {
    let mut slowest = Duration::ZERO;
    let mut found = (0, Cost::default());
    for _ in 0..TIMES {
        let begun = Instant::now();
        found = read();
        slowest = slowest.max(begun.elapsed());
    }
    let (lines, cost) = found;
    println!("{name:42} {lines:>6} {:>6} {:>6} {:>10.2}", cost.seeks, cost.rows, slowest.as_secs_f64() * 1000.0);
}

fn pages(snapshot: &Snapshot, id: BucketId, keys: u32) {
    println!("{:42} {:>6} {:>6} {:>6} {:>10}", "page of 1,000", "lines", "seeks", "rows", "slowest ms");
    let deep = format!("half/{:08}", keys / 2 - keys / 10);
    let page = |prefix, delimiter, after| Page { prefix, delimiter, after, max: 1000 };
    let (none, slash): (&[u8], &[u8]) = (b"", b"/");
    let asked = [
        ("the first keys", page(none, none, none)),
        ("deep in the bucket", page(none, none, deep.as_bytes())),
        ("below a prefix, deep", page(b"half/", none, deep.as_bytes())),
        ("common prefixes over everything", page(none, slash, none)),
        ("common prefixes, from inside the large one", page(none, slash, deep.as_bytes())),
        ("from one key's versions on", page(none, none, b"versionr")),
    ];
    for (name, page) in &asked {
        let objects = || snapshot.list_objects(id, page).map(|page| (page.entries.len(), page.cost)).unwrap();
        measure(&format!("objects: {name}"), objects);
        let versions = || snapshot.list_versions(id, page, None).map(|page| (page.entries.len(), page.cost)).unwrap();
        measure(&format!("versions: {name}"), versions);
    }
}

#[tokio::main]
async fn main() {
    let keys = std::env::args().nth(1).map_or(KEYS, |keys| keys.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let options = Options { cache_bytes: 64 << 20, ..options(&folder.path().join("projection"), true) };
    let ledger = Ledger::open(options, Arc::new(MemoryLog::new())).await.unwrap();
    fill(&ledger, keys).await;
    let snapshot = ledger.read().await.unwrap();
    let id = snapshot.bucket(&bucket()).unwrap().unwrap().id;
    pages(&snapshot, id, keys);
    drop(snapshot);
    ledger.stop().await;
}
