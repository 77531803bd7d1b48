//! Prints how many bytes of a body one core can checksum in a second, with each algorithm.
//!
//! `cargo run --release -p s3 --example checksum_speed`

#![expect(clippy::disallowed_methods, reason = "what measures reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use s3::checksum::{Algorithm, Hasher};

const MEASURE: Duration = Duration::from_secs(1);

/// Bytes of one body.
const BODY_BYTES: u32 = 4 * 1024 * 1024;

/// Bytes of the pieces in which bodies arrive.
const PIECE_BYTES: usize = 64 * 1024;

fn main() {
    let body: Vec<u8> = (0..BODY_BYTES).map(|at| u8::try_from(at * 31 % 251).unwrap_or(0)).collect();
    for algorithm in Algorithm::ALL {
        let (begin, mut fastest) = (Instant::now(), Duration::MAX);
        while begin.elapsed() < MEASURE {
            let round = Instant::now();
            let mut hasher = Hasher::new(algorithm);
            for piece in black_box(&body).chunks(PIECE_BYTES) {
                hasher.update(piece);
            }
            black_box(hasher.finish());
            // The fastest round counts, because other programs on the machine slow most rounds.
            fastest = fastest.min(round.elapsed());
        }
        println!("{:10} {:8.0} MB/s", algorithm.name(), f64::from(BODY_BYTES) / fastest.as_secs_f64() / 1e6);
    }
}
