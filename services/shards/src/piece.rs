use bytes::{Buf, Bytes};
use crc_fast::{CrcAlgorithm, Digest};
use uuid::Uuid;

/// Bytes of content in one full piece.
pub const UNIT_BYTES: usize = 256 * 1024;

/// Bytes of content in one full stripe: one unit for each of the four data shards.
pub const STRIPE_BYTES: usize = 4 * UNIT_BYTES;

/// Contents up to this many bytes are not cut: their data is one piece, shard 0.
pub const SMALL_BYTES_MAX: usize = 32 * 1024;

/// Pieces in one shard, at most. With full stripes that is a content of 64 GiB, twelve times what S3 allows
/// in one upload; it keeps a wrong index from making a node write far behind the end of a file.
pub const PIECES_MAX: u32 = 65_536;

/// Bytes in front of each piece, on the wire and on disk alike.
pub const PIECE_HEADER_BYTES: usize = 16;

/// Distance from one piece of a shard file to the next: piece `i` begins, header first, at `i` times this.
pub const PIECE_STRIDE_BYTES: usize = PIECE_HEADER_BYTES + UNIT_BYTES;

const MAGIC: [u8; 4] = *b"PSp1";

/// One shard's part of one stripe, with the checksum that travels and rests with it.
///
/// Its form on the wire and on disk is the same, so that a node can pass either on without touching it:
/// `"PSp1" | index u32 | length u32 | crc u32 | bytes`, integers little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which stripe of the content it belongs to.
    pub index: u32,
    /// What [`piece_crc`] gave for it when it was made.
    pub crc: u32,
    /// Its bytes, 1 to [`UNIT_BYTES`].
    pub bytes: Bytes,
}

/// Bytes that are not a piece in its wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a piece of a shard")]
pub struct NotAPiece;

/// The checksum of piece `index` of `shard`: CRC32C over the shard's uuid, the index (little-endian) and the
/// bytes. With the first two in it, a piece that is intact but lies in the wrong place is a damaged one.
///
/// Source: CRC32C (Castagnoli) as in RFC 3720, appendix B.4.
pub fn piece_crc(shard: Uuid, index: u32, bytes: &[u8]) -> u32 {
    let mut place = [0; 20];
    place[..16].copy_from_slice(shard.as_bytes());
    place[16..].copy_from_slice(&index.to_le_bytes());
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&place);
    digest.update(bytes);
    u32::try_from(digest.finalize()).unwrap_or(u32::MAX)
}

/// The header of a piece with these bytes.
pub fn piece_header(shard: Uuid, index: u32, bytes: &[u8]) -> [u8; PIECE_HEADER_BYTES] {
    header(index, bytes.len(), piece_crc(shard, index, bytes))
}

fn header(index: u32, length: usize, crc: u32) -> [u8; PIECE_HEADER_BYTES] {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let mut header = [0; PIECE_HEADER_BYTES];
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&index.to_le_bytes());
    header[8..12].copy_from_slice(&length.to_le_bytes());
    header[12..].copy_from_slice(&crc.to_le_bytes());
    header
}

impl Piece {
    /// The piece made of `bytes`, its checksum computed.
    pub fn new(shard: Uuid, index: u32, bytes: Bytes) -> Self {
        Self { index, crc: piece_crc(shard, index, &bytes), bytes }
    }

    /// Whether this is piece `index` of `shard`, every bit of it as it was made.
    pub fn is_intact(&self, shard: Uuid, index: u32) -> bool {
        self.index == index && piece_crc(shard, index, &self.bytes) == self.crc
    }

    /// The header that stands in front of its bytes.
    pub fn header(&self) -> [u8; PIECE_HEADER_BYTES] {
        header(self.index, self.bytes.len(), self.crc)
    }

    /// Bytes of its wire form.
    pub fn wire_bytes(&self) -> usize {
        PIECE_HEADER_BYTES + self.bytes.len()
    }

    /// Takes one piece off the front of `wire` without copying. The checksum is not looked at:
    /// that is [`Self::is_intact`].
    pub fn take(wire: &mut Bytes) -> Result<Self, NotAPiece> {
        if wire.len() < PIECE_HEADER_BYTES || wire[..4] != MAGIC {
            return Err(NotAPiece);
        }
        wire.advance(MAGIC.len());
        let (index, length, crc) = (wire.get_u32_le(), wire.get_u32_le(), wire.get_u32_le());
        let length = usize::try_from(length).map_err(|_| NotAPiece)?;
        if index >= PIECES_MAX || length == 0 || length > UNIT_BYTES || length > wire.len() {
            return Err(NotAPiece);
        }
        Ok(Self { index, crc, bytes: wire.split_to(length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::{BufMut, BytesMut};
    use proptest::prelude::*;

    fn wire(piece: &Piece) -> Bytes {
        let mut wire = BytesMut::new();
        wire.put_slice(&piece.header());
        wire.put_slice(&piece.bytes);
        wire.freeze()
    }

    #[test]
    fn crc_is_castagnoli_over_place_and_bytes() {
        let shard = Uuid::from_u128(7);
        let mut all = shard.as_bytes().to_vec();
        all.extend_from_slice(&3_u32.to_le_bytes());
        all.extend_from_slice(b"123456789");
        assert_eq!(piece_crc(shard, 3, b"123456789"), crc_fast::crc32_iscsi(&all));
        assert_eq!(crc_fast::crc32_iscsi(b"123456789"), 0xE306_9283, "the check value of CRC32C");
    }

    proptest! {
        #[test]
        fn wire_form_round_trips(shard: u128, index in 0..PIECES_MAX, bytes in proptest::collection::vec(any::<u8>(), 1..2000)) {
            let piece = Piece::new(Uuid::from_u128(shard), index, bytes.into());
            let mut wire = wire(&piece);
            prop_assert_eq!(wire.len(), piece.wire_bytes());
            prop_assert_eq!(Piece::take(&mut wire), Ok(piece));
            prop_assert!(wire.is_empty());
        }

        #[test]
        fn any_flipped_bit_is_found(bytes in proptest::collection::vec(any::<u8>(), 1..500), at: prop::sample::Index) {
            let shard = Uuid::from_u128(0xfeed);
            let mut wire = wire(&Piece::new(shard, 9, bytes.into())).to_vec();
            let bit = at.index(wire.len() * 8);
            wire[bit / 8] ^= 1 << (bit % 8);
            let read = Piece::take(&mut wire.into());
            prop_assert!(read.is_err() || read.is_ok_and(|piece| !piece.is_intact(shard, 9)));
        }

        #[test]
        fn a_piece_elsewhere_is_damaged(bytes in proptest::collection::vec(any::<u8>(), 1..500), other in 0..1000_u32) {
            let shard = Uuid::from_u128(0xfeed);
            let piece = Piece::new(shard, 1001, bytes.into());
            prop_assert!(piece.is_intact(shard, 1001));
            prop_assert!(!piece.is_intact(shard, other));
            prop_assert!(!piece.is_intact(Uuid::from_u128(u128::from(other)), 1001));
            let moved = Piece { index: other, ..piece };
            prop_assert!(!moved.is_intact(shard, other));
        }

        #[test]
        fn take_is_total(bytes in proptest::collection::vec(any::<u8>(), 0..100), prefix: bool) {
            let mut wire = if prefix { b"PSp1".to_vec() } else { Vec::new() };
            wire.extend(bytes);
            let _ = Piece::take(&mut wire.into());
        }
    }
}
