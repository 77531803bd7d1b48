//! Measures MD5 of one stream and of several side by side, in MB/s of all streams together; the best of seven runs.

#![allow(clippy::cast_precision_loss, reason = "small counts")]

use std::time::Instant;

use md5::Digest;
use md5batch::speed::{LANES_MAX, many, one};

const BYTES: usize = 1 << 20;

fn megabytes_per_second(bytes: usize, mut run: impl FnMut()) -> f64 {
    let seconds = (0..7).map(|_| {
        let begun = Instant::now();
        (0..8).for_each(|_| run());
        begun.elapsed().as_secs_f64()
    });
    (8 * bytes) as f64 / 1e6 / seconds.fold(f64::MAX, f64::min)
}

fn main() {
    let streams: Vec<Vec<u8>> =
        (0..16_u8).map(|stream| (0..BYTES).map(|i| i.to_le_bytes()[0] ^ stream).collect()).collect();
    let streams: Vec<&[u8]> = streams.iter().map(|stream| &stream[..]).collect();
    let mut states = [[1; 4]; LANES_MAX];
    println!(
        "the md-5 crate: {:.0}",
        megabytes_per_second(BYTES, || {
            std::hint::black_box(md5::Md5::digest(streams[0]));
        })
    );
    println!("one stream: {:.0}", megabytes_per_second(BYTES, || one(&mut states[0], streams[0])));
    for count in [1, 2, 3, 4, 6, 8, 9, 12, 16] {
        let speed = megabytes_per_second(count * BYTES, || {
            many(&mut states[..count], &streams[..count], BYTES / 64);
        });
        println!("{count} side by side: {speed:.0}");
    }
    std::hint::black_box(states);
}
