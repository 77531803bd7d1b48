//! Measures how fast the log is read, in bounded batches and by following it.
//!
//! `cargo run -p eventlog --example read_rate -- <nats-server> <folder>`; a folder with a log is kept.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bench;

use std::time::{Duration, Instant};

use bench::{messages, rate};
use eventlog::server::ServerState;
use eventlog::{APPEND_EVENTS_MAX, JetStreamLog, Log};

const EVENTS: u64 = 300_000;
const READ_BYTES: usize = 8 << 20;

#[tokio::main]
async fn main() {
    let (server, log) = bench::start().await;
    let mut last = log.tail().await.unwrap().last_sequence;
    while last < EVENTS {
        log.append(last, &messages(APPEND_EVENTS_MAX)).await.unwrap();
        last += APPEND_EVENTS_MAX as u64;
    }
    let ServerState::Up { pid } = *server.state().borrow() else { panic!("the server is not up") };
    for events_max in [256, 1024, 4096] {
        report(&format!("read by {events_max}"), last, pid, read(&log, last, events_max)).await;
    }
    report("follow", last, pid, follow(&log, last)).await;
    tails(&log).await;
    server.stop().await;
}

/// Prints the rate, and what a million events cost in CPU time, which other work on the machine changes less.
async fn report(what: &str, events: u64, server: u32, reading: impl Future<Output = ()>) {
    let cpu = || (cpu_seconds("self"), cpu_seconds(&server.to_string()));
    let (before, begun) = (cpu(), Instant::now());
    reading.await;
    let (after, took) = (cpu(), begun.elapsed());
    let a_million = 1e6 / rate(events, Duration::from_secs(1));
    let (client, server) = ((after.0 - before.0) * a_million, (after.1 - before.1) * a_million);
    println!("{what}: {:.0} events/s; CPU s per million: client {client:.2}, server {server:.2}", rate(events, took));
}

/// User and system time of a process, from `proc_pid_stat(5)`, at the usual 100 ticks a second.
fn cpu_seconds(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

async fn read(log: &JetStreamLog, last: u64, events_max: usize) {
    let mut next = 1;
    while next <= last {
        next += log.read(next, events_max, READ_BYTES).await.unwrap().len() as u64;
    }
}

async fn follow(log: &JetStreamLog, last: u64) {
    let mut follow = log.follow(1);
    while follow.next().await.unwrap().unwrap().sequence < last {}
}

async fn tails(log: &JetStreamLog) {
    const TIMES: u32 = 1000;
    let begun = Instant::now();
    for _ in 0..TIMES {
        log.tail().await.unwrap();
    }
    println!("tail: {:.3} ms", begun.elapsed().as_secs_f64() * 1e3 / f64::from(TIMES));
}
