//! Measures what an append costs, as a chain of publishes and as an atomic batch.
//!
//! `cargo run -p eventlog --example append_table -- <nats-server> <empty folder>`; the folder's disk is what is
//! measured. The table is the ground for `BATCH_EVENTS_MIN`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bench;

use std::time::{Duration, Instant};

use bench::{messages, rate};
use eventlog::{JetStreamLog, Log, Sending};

const SIZES: [usize; 13] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 512];
const EVENTS_A_ROW: usize = 4096;
const APPENDS_A_ROW_MAX: usize = 1000;

const WAYS: [Sending; 2] = [Sending::Chain, Sending::Batch];

/// Appends groups of one size, one after the other and the two ways in turn, so that other work on the machine
/// meets both; returns the times of each in order.
async fn appends(log: &JetStreamLog, last: &mut u64, size: usize) -> [Vec<Duration>; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..(EVENTS_A_ROW / size).clamp(1, APPENDS_A_ROW_MAX) {
        for (sending, times) in WAYS.into_iter().zip(&mut times) {
            let (log, group) = (log.clone().sending(sending), messages(size));
            let begun = Instant::now();
            log.append(*last, &group).await.unwrap();
            times.push(begun.elapsed());
            *last += size as u64;
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times
    })
}

fn millis(times: &[Duration], percent: usize) -> f64 {
    times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

#[tokio::main]
async fn main() {
    let (server, log) = bench::start().await;
    let mut last = log.tail().await.unwrap().last_sequence;

    println!("events | chain p50 ms, p99 ms, events/s | batch p50 ms, p99 ms, events/s");
    for size in SIZES {
        print!("{size:6}");
        for times in appends(&log, &mut last, size).await {
            let (p50, p99) = (millis(&times, 50), millis(&times, 99));
            let per_second = rate((size * times.len()) as u64, times.iter().sum());
            print!(" | {p50:8.3} {p99:8.3} {per_second:8.0}");
        }
        println!();
    }

    server.stop().await;
}
