//! The compression function, for benchmarks.

use crate::compress;

/// The most streams that are compressed at once.
pub const LANES_MAX: usize = compress::LANES_MAX;

/// Compresses whole blocks of one stream.
pub fn one(state: &mut [u32; 4], bytes: &[u8]) {
    compress::one(state, bytes);
}

/// Compresses the first `blocks` blocks of each of up to [`LANES_MAX`] streams.
pub fn many(states: &mut [[u32; 4]], bytes: &[&[u8]], blocks: usize) {
    compress::many(fearless_simd::Level::new(), states, bytes, blocks);
}
