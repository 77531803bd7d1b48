//! The hash of one stream.

use crate::compress::{self, BLOCK_BYTES, INITIAL, State};

/// Bytes of the length, in bits, at the end of the last block.
const LENGTH_BYTES: usize = 8;

/// The MD5 of a stream so far.
#[derive(Debug, Clone)]
pub struct Md5 {
    state: State,
    /// The bytes behind the last whole block: the first `length % 64` of these.
    tail: [u8; BLOCK_BYTES],
    length: u64,
}

impl Default for Md5 {
    fn default() -> Self {
        Self { state: INITIAL, tail: [0; BLOCK_BYTES], length: 0 }
    }
}

impl Md5 {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let blocks = self.fill_tail(bytes);
        let rest = blocks.len() - blocks.len() % BLOCK_BYTES;
        compress::one(&mut self.state, &blocks[..rest]);
        self.compressed(rest);
        self.fill_tail(&blocks[rest..]);
    }

    /// The hash of all bytes.
    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.length.wrapping_mul(8).to_le_bytes();
        self.fill_tail(&[0x80]);
        let zeros = (2 * BLOCK_BYTES - LENGTH_BYTES - self.tail_bytes()) % BLOCK_BYTES;
        self.fill_tail(&[0; BLOCK_BYTES][..zeros]);
        self.fill_tail(&bits);
        let mut hash = [0; 16];
        for (bytes, part) in hash.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&part.to_le_bytes());
        }
        hash
    }

    /// Completes a block that is begun, and returns the bytes behind it. If there are too few for a block, it takes
    /// all of them.
    pub(crate) fn fill_tail<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let held = self.tail_bytes();
        if held == 0 && bytes.len() >= BLOCK_BYTES {
            return bytes;
        }
        let (taken, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - held));
        self.tail[held..held + taken.len()].copy_from_slice(taken);
        self.length = self.length.wrapping_add(taken.len() as u64);
        if held + taken.len() < BLOCK_BYTES {
            return rest;
        }
        compress::one(&mut self.state, &self.tail);
        if rest.len() < BLOCK_BYTES { self.fill_tail(rest) } else { rest }
    }

    /// The state, to compress whole blocks into. No block may be begun, and [`Self::compressed`] has to be told.
    pub(crate) fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// Takes note of bytes that were compressed into the state.
    pub(crate) fn compressed(&mut self, bytes: usize) {
        self.length = self.length.wrapping_add(bytes as u64);
    }

    fn tail_bytes(&self) -> usize {
        usize::try_from(self.length % BLOCK_BYTES as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_md5_of_the_library(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8)) {
            use ::md5::Digest;
            let mut md5 = Md5::default();
            for chunk in &chunks {
                md5.update(chunk);
            }
            prop_assert_eq!(md5.finish(), <[u8; 16]>::from(::md5::Md5::digest(chunks.concat())));
        }
    }

    #[test]
    fn every_length_around_a_block_is_padded() {
        use ::md5::Digest;
        for length in 0..200 {
            let bytes = vec![7; length];
            let mut md5 = Md5::default();
            md5.update(&bytes);
            assert_eq!(md5.finish(), <[u8; 16]>::from(::md5::Md5::digest(&bytes)), "{length}");
        }
    }
}
