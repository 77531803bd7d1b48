use std::ops::Deref;

use bytes::{Buf, Bytes};
use crc_fast::{CrcAlgorithm, Digest};
use events::ids::Generation;
pub use events::ids::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use identity::{PIECE_TAG_BYTES, PieceTag};
use uuid::Uuid;

/// The most pieces of one shard. With full stripes that is a content of 64 GiB, twelve times what S3 allows in one
/// upload. The limit keeps a wrong index from making a node write far beyond the end of a file.
pub const PIECES_MAX: u32 = 65_536;

/// Bytes of a header without a tag.
const PLAIN_HEADER_BYTES: usize = 16;

/// The most bytes of the header of a piece, on the wire and on disk.
pub const PIECE_HEADER_BYTES_MAX: usize = PLAIN_HEADER_BYTES + PIECE_TAG_BYTES;

/// The greatest distance, in bytes, from one piece of a shard file to the next.
pub const PIECE_STRIDE_BYTES_MAX: usize = PIECE_HEADER_BYTES_MAX + UNIT_BYTES;

/// Bytes of the magic number at the start of every header.
const MAGIC_BYTES: usize = 4;

/// The format of the pieces of a shard, on the wire and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// With a checksum: `"PSp1" | index u32 | length u32 | crc u32 | bytes`.
    Plain,
    /// With a checksum, and a tag that no node can make: `"PSp2" | index u32 | length u32 | crc u32 | tag | bytes`.
    Tagged,
}

impl Form {
    /// The format of the pieces of a shard. It follows from the shard's id, which is on the log, so that no node can
    /// pass off one format as the other.
    pub fn of(shard: Uuid) -> Self {
        if Generation::is_tagged(shard) { Self::Tagged } else { Self::Plain }
    }

    /// Bytes of the header of a piece.
    pub const fn header_bytes(self) -> usize {
        match self {
            Self::Plain => PLAIN_HEADER_BYTES,
            Self::Tagged => PIECE_HEADER_BYTES_MAX,
        }
    }

    /// The distance, in bytes, from one piece of a shard file to the next.
    pub const fn stride_bytes(self) -> usize {
        self.header_bytes() + UNIT_BYTES
    }

    /// The offset, in bytes, of the header of piece `index` in a shard file.
    pub const fn offset(self, index: u32) -> u64 {
        index as u64 * self.stride_bytes() as u64
    }

    const fn magic(self) -> [u8; MAGIC_BYTES] {
        match self {
            Self::Plain => *b"PSp1",
            Self::Tagged => *b"PSp2",
        }
    }

    /// The format whose magic number `wire` starts with.
    fn of_magic(wire: &[u8]) -> Option<Self> {
        [Self::Plain, Self::Tagged].into_iter().find(|form| wire.starts_with(&form.magic()))
    }
}

/// One shard's part of one stripe, with its checksum and perhaps its tag.
///
/// Its format is the same on the wire and on disk ([`Form`], integers little-endian), so that a node can pass it on
/// without converting it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The number of the stripe that the piece belongs to.
    pub index: u32,
    /// The checksum that [`piece_crc`] gave for the piece when it was made.
    pub crc: u32,
    /// The tag that proves to gateways that a gateway made the piece. Nodes store it without interpreting it.
    pub tag: Option<PieceTag>,
    /// The bytes of the piece, 1 to [`UNIT_BYTES`] of them.
    pub bytes: Bytes,
}

/// The error of bytes that are not a piece in its wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a piece of a shard")]
pub struct NotAPiece;

/// The header in front of a piece's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceHeader {
    bytes: [u8; PIECE_HEADER_BYTES_MAX],
    form: Form,
}

impl Deref for PieceHeader {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.form.header_bytes()]
    }
}

/// The checksum of piece `index` of `shard`: CRC32C over the shard's UUID, the index (little-endian), the tag if there
/// is one, and the bytes. The first two make a misplaced piece fail the check although its bytes are intact.
///
/// Source: CRC32C (Castagnoli) as in RFC 3720, appendix B.4.
pub fn piece_crc(shard: Uuid, index: u32, tag: Option<&PieceTag>, bytes: &[u8]) -> u32 {
    let mut place = [0; 20];
    place[..16].copy_from_slice(shard.as_bytes());
    place[16..].copy_from_slice(&index.to_le_bytes());
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&place);
    digest.update(tag.map_or(&[], PieceTag::as_slice));
    digest.update(bytes);
    u32::try_from(digest.finalize()).unwrap_or(u32::MAX)
}

/// Makes the header of a piece with this tag and these bytes.
pub fn piece_header(shard: Uuid, index: u32, tag: Option<&PieceTag>, bytes: &[u8]) -> PieceHeader {
    header(index, bytes.len(), piece_crc(shard, index, tag, bytes), tag)
}

fn header(index: u32, length: usize, crc: u32, tag: Option<&PieceTag>) -> PieceHeader {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let form = if tag.is_some() { Form::Tagged } else { Form::Plain };
    let mut bytes = [0; PIECE_HEADER_BYTES_MAX];
    bytes[..4].copy_from_slice(&form.magic());
    bytes[4..8].copy_from_slice(&index.to_le_bytes());
    bytes[8..12].copy_from_slice(&length.to_le_bytes());
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes[PLAIN_HEADER_BYTES..].copy_from_slice(tag.unwrap_or(&[0; PIECE_TAG_BYTES]));
    PieceHeader { bytes, form }
}

impl Piece {
    /// Makes a piece without a tag and computes its checksum.
    pub fn new(shard: Uuid, index: u32, bytes: Bytes) -> Self {
        Self::with_tag(shard, index, None, bytes)
    }

    /// Makes a piece, with a tag if `tag` is given, and computes its checksum.
    pub fn with_tag(shard: Uuid, index: u32, tag: Option<PieceTag>, bytes: Bytes) -> Self {
        Self { index, crc: piece_crc(shard, index, tag.as_ref(), &bytes), tag, bytes }
    }

    /// The format of the piece.
    pub fn form(&self) -> Form {
        if self.tag.is_some() { Form::Tagged } else { Form::Plain }
    }

    /// Whether this is piece `index` of `shard` in the right format, with a checksum that matches. A tag is not
    /// verified.
    pub fn is_intact(&self, shard: Uuid, index: u32) -> bool {
        self.index == index
            && self.form() == Form::of(shard)
            && piece_crc(shard, index, self.tag.as_ref(), &self.bytes) == self.crc
    }

    /// The header of the piece.
    pub fn header(&self) -> PieceHeader {
        header(self.index, self.bytes.len(), self.crc, self.tag.as_ref())
    }

    /// Bytes of the piece in its wire format.
    pub fn wire_bytes(&self) -> usize {
        self.form().header_bytes() + self.bytes.len()
    }

    /// Takes one piece off the front of `wire` without copying it. Neither the checksum nor the tag is verified.
    ///
    /// # Errors
    /// If `wire` does not start with a whole piece whose index and length are within the limits.
    pub fn take(wire: &mut Bytes) -> Result<Self, NotAPiece> {
        let form = Form::of_magic(wire).filter(|form| wire.len() >= form.header_bytes()).ok_or(NotAPiece)?;
        wire.advance(MAGIC_BYTES);
        let (index, length, crc) = (wire.get_u32_le(), wire.get_u32_le(), wire.get_u32_le());
        let tag = (form == Form::Tagged).then(|| {
            let mut tag = PieceTag::default();
            wire.copy_to_slice(&mut tag);
            tag
        });
        let length = usize::try_from(length).map_err(|_| NotAPiece)?;
        if index >= PIECES_MAX || length == 0 || length > UNIT_BYTES || length > wire.len() {
            return Err(NotAPiece);
        }
        Ok(Self { index, crc, tag, bytes: wire.split_to(length) })
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

    /// The id of a shard whose pieces have tags or not.
    fn shard(is_tagged: bool) -> Uuid {
        let fresh = Uuid::from_u128(0xfeed_0000);
        if is_tagged { Generation::tagged(fresh, 3).shard(1) } else { Generation::from_fresh(fresh).shard(1) }
    }

    #[test]
    fn a_piece_in_the_other_form_is_damaged() {
        let bytes = Bytes::from_static(b"bytes");
        for is_tagged in [false, true] {
            let (shard, tag) = (shard(is_tagged), is_tagged.then_some([7; PIECE_TAG_BYTES]));
            assert!(Piece::with_tag(shard, 2, tag, bytes.clone()).is_intact(shard, 2));
            let other = if is_tagged { None } else { Some([7; PIECE_TAG_BYTES]) };
            assert!(!Piece::with_tag(shard, 2, other, bytes.clone()).is_intact(shard, 2));
        }
    }

    #[test]
    fn headers_are_those_of_the_files_there_are() {
        let bytes = Bytes::from_static(b"abc");
        let header = Piece::new(Uuid::from_u128(1), 2, bytes.clone()).header();
        let tagged = Piece::with_tag(Uuid::from_u128(1), 2, Some([9; PIECE_TAG_BYTES]), bytes).header();
        assert_eq!((&header[..12], header.len()), (&b"PSp1\x02\0\0\0\x03\0\0\0"[..], 16));
        assert_eq!((&tagged[..12], tagged.len()), (&b"PSp2\x02\0\0\0\x03\0\0\0"[..], 32));
        assert_eq!(tagged[16..], [9; PIECE_TAG_BYTES]);
        assert_eq!((Form::Plain.stride_bytes(), Form::Tagged.stride_bytes()), (262_160, 262_176));
    }

    #[test]
    fn crc_is_castagnoli_over_place_and_bytes() {
        let shard = Uuid::from_u128(7);
        let mut all = shard.as_bytes().to_vec();
        all.extend_from_slice(&3_u32.to_le_bytes());
        all.extend_from_slice(b"123456789");
        assert_eq!(piece_crc(shard, 3, None, b"123456789"), crc_fast::crc32_iscsi(&all));
        assert_eq!(crc_fast::crc32_iscsi(b"123456789"), 0xE306_9283, "the check value of CRC32C");
    }

    proptest! {
        #[test]
        fn wire_form_round_trips(
            shard: u128, index in 0..PIECES_MAX, tag: Option<PieceTag>,
            bytes in proptest::collection::vec(any::<u8>(), 1..2000),
        ) {
            let piece = Piece::with_tag(Uuid::from_u128(shard), index, tag, bytes.into());
            let mut wire = wire(&piece);
            prop_assert_eq!(wire.len(), piece.wire_bytes());
            prop_assert_eq!(Piece::take(&mut wire), Ok(piece));
            prop_assert!(wire.is_empty());
        }

        #[test]
        fn any_flipped_bit_is_found(
            bytes in proptest::collection::vec(any::<u8>(), 1..500), tag: Option<PieceTag>, at: prop::sample::Index,
        ) {
            let shard = shard(tag.is_some());
            let mut wire = wire(&Piece::with_tag(shard, 9, tag, bytes.into())).to_vec();
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
        fn take_is_total(bytes in proptest::collection::vec(any::<u8>(), 0..100), magic in 0..3_usize) {
            let mut wire = [&b"PSp1"[..], b"PSp2", b""][magic].to_vec();
            wire.extend(bytes);
            let _ = Piece::take(&mut wire.into());
        }
    }
}
