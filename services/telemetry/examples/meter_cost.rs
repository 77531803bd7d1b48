//! What it costs a request that it is counted, alone and while others are counted: `cargo run --release -p telemetry --example
//! meter_cost`.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use telemetry::{Kind, Meter, Request};

/// Requests that each thread counts.
const REQUESTS: u32 = 1_000_000;

/// Users whose requests they are.
const USERS: u32 = 100;

fn count(meter: &Meter) {
    for number in 0..REQUESTS {
        let user = format!("user-{}", number % USERS);
        let (Ok(user), Ok(bucket)) = (user.parse(), "photos".parse()) else { return };
        let key = Some(format!("AK{:018}", number % USERS));
        let took = Duration::from_micros(u64::from(number % 5_000));
        meter.count(Request { operation: "GetObject", kind: Kind::Read, status: 200, took, by: Some((user, key)) });
        meter.read(bucket, format!("user-{}", number % USERS), black_box(4_096));
    }
}

fn main() {
    for threads in [1, 2] {
        let meter = Meter::default();
        let begun = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| count(&meter));
            }
        });
        println!("{threads} threads: {:?} a request, its names made for it included", begun.elapsed() / REQUESTS);
    }
}
