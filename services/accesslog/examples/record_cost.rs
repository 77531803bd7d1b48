//! What a record costs whoever answers a request, and what ten thousand refusals a second become:
//! `cargo run --release -p accesslog --example record_cost`.

use std::hint::black_box;
use std::time::Instant;

use accesslog::{Kind, Record, Recorder};
use jiff::Timestamp;

/// Refusals of a second.
const REFUSALS: u32 = 10_000;

/// Seconds that are measured.
const SECONDS: u32 = 50;

fn record(number: u32, attackers: u32) -> Record {
    Record {
        time: Timestamp::UNIX_EPOCH,
        kind: Kind::Refused,
        count: 1,
        operation: "GetObject".into(),
        status: 403,
        code: Some("InvalidAccessKeyId".into()),
        bucket: Some("photos".into()),
        key: Some(format!("2026/11/{number}.jpg")),
        user: None,
        access_key: None,
        address: Some(std::net::Ipv4Addr::from(number % attackers).into()),
        request: format!("019AAC00000070008000{number:012X}"),
    }
}

fn main() {
    for attackers in [1, 100, REFUSALS] {
        let recorder = Recorder::default();
        let (mut kept, mut dropped, mut bytes) = (0, 0, 0);
        let begun = Instant::now();
        for _ in 0..SECONDS {
            for number in 0..REFUSALS {
                recorder.record(black_box(record(number, attackers)));
            }
            let (records, lost) = recorder.take();
            (kept, dropped) = (records.len(), lost);
            bytes = serde_json::to_vec(&records).map_or(0, |json| json.len());
        }
        let each = begun.elapsed() / (SECONDS * REFUSALS);
        println!(
            "{attackers:>6} attackers: {each:?} a request, {kept} records ({bytes} bytes) a second, {dropped} dropped"
        );
    }
}
