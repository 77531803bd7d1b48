//! How many commands a second a ledger commits over a log in memory, and how many events a second it folds.
//!
//! `cargo run --release -p ledger --example commit_speed [commits]`
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use domain::{Command, PutObject};
use events::ids::{ContentId, Generation, ObjectKey, Sha256Digest};
use events::object::Attributes;
use jiff::Timestamp;
use ledger::{Ledger, Options, rebuild};
use testkit::MemoryLog;
use testkit::clock::fresh;
use testkit::commands::{create_bucket, origin, put_object, staged};
use testkit::ledgers::{keyring, options, region};

/// How many commands each run commits, unless the command line says otherwise.
const COMMITS: u64 = 40_000;

/// A put of new small bytes under a new key, as a benchmark of small objects sends it.
fn put(task: u64, n: u64) -> Command {
    let mut sha256 = [0; 32];
    // Hashes do not come in order; a multiplication by an odd number scatters these.
    sha256[..8].copy_from_slice(&(task << 40 | n).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    let content =
        ContentId { sha256: Sha256Digest(sha256), generation: Generation::from_fresh(fresh(Timestamp::now())) };
    let headers = [("content-type".to_owned(), "application/octet-stream".to_owned())].into();
    let key = ObjectKey::from_bytes(format!("task-{task:03}/object-{n:08}").into_bytes()).unwrap();
    let attributes = Attributes { headers, ..Attributes::default() };
    let put = put_object("benchmark".parse().unwrap(), key, 4096, staged(content));
    Command::PutObject(Box::new(PutObject { attributes, ..put }))
}

async fn run(path: &Path, log: &MemoryLog, tasks: u64, commits: u64) {
    let options = Options { cache_bytes: 64 << 20, ..options(path, true) };
    let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
    ledger.commit(create_bucket("benchmark".parse().unwrap()), origin()).await.unwrap();
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
            let rebuilt = rebuild(&log, (&region(), keyring()), &path, &folder.path().join("rebuilt")).await.unwrap();
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
