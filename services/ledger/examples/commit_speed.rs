//! How many commands a second a ledger commits over a log in memory, and how many events a second it folds.
//!
//! `cargo run --release -p ledger --example commit_speed [commits]`
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use domain::{Command, NewBody, Precondition, PutObject};
use eventlog::MemoryLog;
use events::Origin;
use events::ids::{
    AuthType, ContentId, ETag, Generation, Layout, Md5Digest, ObjectKey, Placement, Principal, Sha256Digest,
};
use events::lock::Lock;
use events::object::{Attributes, Operation};
use jiff::Timestamp;
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, Disk, Keyring, Ledger, Options, Sources, rebuild};
use uuid::Uuid;

/// How many commands each run commits, unless the command line says otherwise.
const COMMITS: u64 = 40_000;

fn fresh(now: Timestamp) -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(COUNT.fetch_add(8, Ordering::Relaxed));
    Uuid::from_u128((u128::from(now.as_millisecond().unsigned_abs()) << 80) | (7 << 76) | (2 << 62) | count)
}

/// A put of new small bytes under a new key, as a benchmark of small objects sends it.
fn put(task: u64, n: u64) -> Command {
    let mut sha256 = [0; 32];
    // Hashes do not come in order; a multiplication by an odd number scatters these.
    sha256[..8].copy_from_slice(&(task << 40 | n).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    let content =
        ContentId { sha256: Sha256Digest(sha256), generation: Generation::from_fresh(fresh(Timestamp::now())) };
    let nodes = ["node-1", "node-2", "node-3"].map(|node| node.parse().unwrap()).to_vec();
    let headers = [("content-type".to_owned(), "application/octet-stream".to_owned())].into();
    Command::PutObject(Box::new(PutObject {
        bucket: "benchmark".parse().unwrap(),
        key: ObjectKey::from_bytes(format!("task-{task:03}/object-{n:08}").into_bytes()).unwrap(),
        size: 4096,
        etag: ETag { md5: Md5Digest([7; 16]), parts: None },
        body: NewBody::Staged { content, placement: Placement { layout: Layout::Small, nodes }, instead_of: None },
        checksum: None,
        encryption: None,
        attributes: Attributes { headers, ..Attributes::default() },
        owner: None,
        acl: None,
        lock: Lock::default(),
        operation: Operation::PutObject,
        precondition: Precondition::default(),
    }))
}

fn origin() -> Origin {
    let principal = Principal { kind: AuthType::ApiKey, id: "AKIAEXAMPLE".into() };
    Origin { principal, request_id: "0123456789ABCDEF".into(), traceparent: None }
}

fn keyring() -> Keyring {
    let [gateway, lifecycle] = [1, 2].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
    Keyring::Gateway { gateway, lifecycle }
}

async fn run(path: &Path, log: &MemoryLog, tasks: u64, commits: u64) {
    let sources = Sources { now: Timestamp::now, fresh };
    let (region, cache_bytes) = ("eu-1".parse().unwrap(), 64 << 20);
    let (keyring, releases, disk, level) = (keyring(), true, Disk::default(), events::Fact::level);
    let path = path.into();
    let options = Options { region, path, sole_writer: true, cache_bytes, sources, keyring, releases, disk, level };
    let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
    let create = Command::CreateBucket {
        bucket: "benchmark".parse().unwrap(),
        owner: "AKIAEXAMPLE".parse().unwrap(),
        acl: None,
        ownership: None,
        object_lock: false,
        location: None,
        tags: events::tags::Tags::new(),
    };
    ledger.commit(create, origin()).await.unwrap();
    let begun = Instant::now();
    let running = (0..tasks).map(|task| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            for n in 0..commits / tasks {
                let asked = Instant::now();
                ledger.commit(put(task, n), origin()).await.unwrap();
                times.push(asked.elapsed());
            }
            times
        })
    });
    let mut times = Vec::new();
    for task in running.collect::<Vec<_>>() {
        times.extend(task.await.unwrap());
    }
    let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let quantile = |part: usize| times[times.len() * part / 100];
    println!("{tasks} tasks: {per_second:.0} commits/s, p50 {:?}, p99 {:?}", quantile(50), quantile(99));
    ledger.stop().await;
}

#[tokio::main]
async fn main() {
    let commits = std::env::args().nth(1).map_or(COMMITS, |commits| commits.parse().unwrap());
    for tasks in [1, 32, 64, 256] {
        let folder = tempfile::tempdir().unwrap();
        let (path, log) = (folder.path().join("projection"), MemoryLog::new());
        run(&path, &log, tasks, if tasks == 1 { commits / 10 } else { commits }).await;
        if tasks == 64 {
            let bytes = std::fs::metadata(&path).unwrap().len();
            let rebuilt = rebuild(&log, (&"eu-1".parse().unwrap(), keyring()), &path, &folder.path().join("rebuilt"))
                .await
                .unwrap();
            let per_second = rebuilt.events as f64 / rebuilt.took.as_secs_f64();
            println!(
                "rebuild: {} events, {per_second:.0} events/s; {} bytes of file an event",
                rebuilt.events,
                bytes / rebuilt.events
            );
            assert!(rebuilt.difference.is_none());
        }
    }
}
