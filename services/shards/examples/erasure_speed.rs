//! Prints what one core makes of a stripe: encoding, rebuilding, checksums, tags and copies, in GB of content a second.
//!
//! `cargo run --release -p shards --example erasure_speed`

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use shards::piece::{STRIPE_BYTES, UNIT_BYTES, piece_crc};
use shards::speed::{Content, encode_stripe, rebuild_two};
use uuid::Uuid;

const MEASURE: Duration = Duration::from_secs(1);

/// Stripes in one round.
const STRIPES: u32 = 4;

/// Bytes of a small content.
const SMALL_BYTES: usize = 4096;

fn main() {
    let content: Bytes = (0..STRIPE_BYTES).map(|i| u8::try_from(i * 31 % 251).unwrap_or(0)).collect();
    let mut parity = vec![0; 2 * UNIT_BYTES];
    measure("encode", || encode_stripe(&content, &mut parity));
    let pieces: Vec<&[u8]> = content.chunks(UNIT_BYTES).chain(parity.chunks(UNIT_BYTES)).collect();
    measure("rebuild two of four", || drop(black_box(rebuild_two(&pieces))));
    measure("CRC32C", || {
        for (index, piece) in (0..).zip(content.chunks(UNIT_BYTES)) {
            black_box(piece_crc(Uuid::nil(), index, None, piece));
        }
    });
    let mut copy = vec![0; STRIPE_BYTES];
    measure("copy", || black_box(&mut copy[..]).copy_from_slice(&content));
    let chunks: Vec<Bytes> = content.chunks(64 * 1024).map(|chunk| content.slice_ref(chunk)).collect();
    for (is_tagged, how) in [(false, "CRC32C alone"), (true, "tags as well")] {
        let Some(tagging) = Content::new(is_tagged) else { continue };
        if is_tagged {
            measure("tags", || tagging.tag(&content));
        }
        measure(&format!("stream to messages, {how}"), || drop(black_box(tagging.fill_stripe(&chunks))));
        measure(&format!("content to records, {how}"), || _ = black_box(tagging.encode(&content)));
        measure(&format!("4 KiB contents to records, {how}"), || {
            for at in (0..STRIPE_BYTES).step_by(SMALL_BYTES) {
                let small = content.slice(at..at + SMALL_BYTES);
                black_box(Content::new(is_tagged).map_or(0, |tagging| tagging.encode(&small)));
            }
        });
    }
}

/// Prints the speed of the fastest of many short rounds: what else runs on the machine slows most of them.
fn measure(what: &str, mut work: impl FnMut()) {
    let (begin, mut fastest) = (Instant::now(), Duration::MAX);
    while begin.elapsed() < MEASURE {
        let round = Instant::now();
        for _ in 0..STRIPES {
            work();
        }
        fastest = fastest.min(round.elapsed());
    }
    let bytes = f64::from(STRIPES) * f64::from(u32::try_from(STRIPE_BYTES).unwrap_or(u32::MAX));
    println!("{what:42} {:6.2} GB/s", bytes / fastest.as_secs_f64() / 1e9);
}
