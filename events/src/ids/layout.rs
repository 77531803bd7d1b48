use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shards of a content: [`DATA_SHARDS`] of data, then [`PARITY_SHARDS`] of parity.
pub const SHARDS: usize = DATA_SHARDS + PARITY_SHARDS;

/// Data shards of the erasure code.
pub const DATA_SHARDS: usize = 4;

/// Parity shards of the erasure code: so many shards of a content can be lost without losing the content.
pub const PARITY_SHARDS: usize = 2;

/// Bytes of content in one full piece.
pub const UNIT_BYTES: usize = 256 * 1024;

/// Bytes of content in one full stripe: one unit for each data shard.
pub const STRIPE_BYTES: usize = DATA_SHARDS * UNIT_BYTES;

/// The largest content, in bytes, that is stored in the small layout.
pub const SMALL_BYTES_MAX: usize = 32 * 1024;

/// The layout by which a content's bytes become shards. It is recorded so that old contents can be read after the code
/// has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Layout {
    /// Reed-Solomon 4+2 with the whole content as one unit: data in shard 0, parity in shards 4 and 5.
    #[serde(rename = "rs4+2-whole")]
    Small,
    /// Reed-Solomon 4+2 in stripes of 4 x 256 KiB; the last stripe is cut into four pieces of equal length.
    #[serde(rename = "rs4+2-256k")]
    Striped,
}

impl Layout {
    /// The layout of a new content of `size` bytes.
    pub const fn for_size(size: usize) -> Self {
        if size <= SMALL_BYTES_MAX { Self::Small } else { Self::Striped }
    }

    /// The indexes of the shards that are stored, in ascending order. The data shards 1 to 3 of a small content are all
    /// zeros and are not stored.
    pub const fn shards(self) -> &'static [u8] {
        match self {
            Self::Small => &[0, 4, 5],
            Self::Striped => &[0, 1, 2, 3, 4, 5],
        }
    }

    /// The number of stored shards from which every content of this layout can be read.
    pub const fn read_quorum(self) -> usize {
        self.shards().len() - PARITY_SHARDS
    }

    /// Bytes of content in one full stripe, for a content of `size` bytes; at least 1.
    pub const fn stripe_bytes(self, size: u64) -> u64 {
        match self {
            Self::Small if size == 0 => 1,
            Self::Small => size,
            Self::Striped => STRIPE_BYTES as u64,
        }
    }

    /// Bytes of each piece of a stripe that holds `bytes` bytes of content. The last data pieces are filled up with
    /// zeros to this length.
    pub const fn piece_bytes(self, bytes: usize) -> usize {
        bytes.div_ceil(self.read_quorum())
    }

    /// The number of stripes of a content of `size` bytes, which is the number of pieces of each of its shards.
    pub const fn stripes(self, size: u64) -> u64 {
        size.div_ceil(self.stripe_bytes(size))
    }

    /// Bytes of each shard of a content of `size` bytes, without the headers of its pieces.
    pub const fn shard_bytes(self, size: u64) -> u64 {
        let (stripe, data) = (self.stripe_bytes(size), self.read_quorum() as u64);
        size / stripe * stripe.div_ceil(data) + (size % stripe).div_ceil(data)
    }

    /// Bytes of all stored shards of a content of `size` bytes together, without the headers of their pieces.
    pub const fn stored_bytes(self, size: u64) -> u64 {
        self.shard_bytes(size) * self.shards().len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_both_layouts_are_those_of_the_stored_contents() {
        assert_eq!((Layout::Small.read_quorum(), Layout::Striped.read_quorum()), (1, 4));
        let small_and_larger = [SMALL_BYTES_MAX, SMALL_BYTES_MAX + 1].map(Layout::for_size);
        assert_eq!(small_and_larger, [Layout::Small, Layout::Striped]);
        assert_eq!((Layout::Small.stripes(0), Layout::Small.stripes(9), Layout::Striped.stripes(0)), (0, 1, 0));
        let stripe = STRIPE_BYTES as u64;
        assert_eq!((Layout::Striped.stripes(stripe), Layout::Striped.stripes(stripe + 1)), (1, 2));
        assert_eq!((Layout::Small.piece_bytes(9), Layout::Striped.piece_bytes(9)), (9, 3));
        assert_eq!(Layout::Striped.shard_bytes(stripe + 5), 256 * 1024 + 2);
        assert_eq!((Layout::Small.stored_bytes(10), Layout::Striped.stored_bytes(5)), (30, 12));
    }
}
