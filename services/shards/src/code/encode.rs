//! Encodes a content that is in memory into shards of one piece each.

use bytes::{Bytes, BytesMut};
use events::ids::{Layout, PARITY_SHARDS};

use crate::code::erasure::{self, InvalidPieces};
use crate::code::tagging::Tagging;
use crate::protocol::Record;

/// The records of a content of at most one stripe, each with the index of its shard, in ascending order.
pub(crate) fn records(tagging: &Tagging, bytes: &Bytes) -> Result<Vec<(u8, Record)>, InvalidPieces> {
    Ok(pieces(bytes)?.into_iter().map(|(index, piece)| (index, tagging.record(index, piece))).collect())
}

/// The only piece of each shard of a content of at most one stripe, with the index of the shard, in ascending order.
pub(crate) fn pieces(bytes: &Bytes) -> Result<Vec<(u8, Bytes)>, InvalidPieces> {
    match Layout::for_size(bytes.len()) {
        Layout::Small => small(bytes),
        Layout::Striped => stripe(bytes),
    }
}

fn small(bytes: &Bytes) -> Result<Vec<(u8, Bytes)>, InvalidPieces> {
    let mut parity = BytesMut::zeroed(PARITY_SHARDS * bytes.len());
    let (p, q) = parity.split_at_mut(bytes.len());
    erasure::encode_one(bytes, [p, q])?;
    let mut p = parity.freeze();
    let q = p.split_off(bytes.len());
    Ok(indexed(Layout::Small, [bytes.clone(), p, q]))
}

fn stripe(bytes: &Bytes) -> Result<Vec<(u8, Bytes)>, InvalidPieces> {
    let unit = Layout::Striped.piece_bytes(bytes.len());
    let data = [0, 1, 2, 3].map(|i| padded(bytes, i * unit, unit));
    let mut parity = BytesMut::zeroed(PARITY_SHARDS * unit);
    let (p, q) = parity.split_at_mut(unit);
    erasure::encode([&data[0], &data[1], &data[2], &data[3]], [p, q])?;
    let mut p = parity.freeze();
    let q = p.split_off(unit);
    Ok(indexed(Layout::Striped, data.into_iter().chain([p, q])))
}

/// Pairs the pieces of a stripe with the indexes of their shards.
fn indexed(layout: Layout, pieces: impl IntoIterator<Item = Bytes>) -> Vec<(u8, Bytes)> {
    layout.shards().iter().copied().zip(pieces).collect()
}

/// The `unit` bytes of the content from `from`: a slice if the content has that many, else a copy filled up with zeros.
fn padded(bytes: &Bytes, from: usize, unit: usize) -> Bytes {
    let (from, to) = (from.min(bytes.len()), (from + unit).min(bytes.len()));
    let slice = bytes.slice(from..to);
    if slice.len() == unit {
        return slice;
    }
    let mut piece = BytesMut::zeroed(unit);
    piece[..slice.len()].copy_from_slice(&slice);
    piece.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
    use events::ids::Generation;
    use identity::PieceSecrets;
    use uuid::Uuid;

    #[test]
    fn data_pieces_in_order_are_the_content_and_all_pieces_are_equally_long() {
        let sizes = [1, 2, 3, 5, SMALL_BYTES_MAX, SMALL_BYTES_MAX + 1, UNIT_BYTES + 1, STRIPE_BYTES - 1, STRIPE_BYTES];
        for size in sizes {
            let bytes: Bytes = (0..size).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect();
            let tagging = Tagging::of(Generation::from_fresh(Uuid::from_u128(8)), &PieceSecrets::default()).unwrap();
            let records = records(&tagging, &bytes).unwrap();
            let (indexes, records): (Vec<u8>, Vec<Record>) = records.into_iter().unzip();
            assert_eq!(indexes, Layout::for_size(size).shards());
            let unit = records[0].piece.bytes.len();
            assert!(records.iter().all(|record| record.piece.bytes.len() == unit), "{size}");
            let data: Vec<u8> =
                records[..indexes.len() - 2].iter().flat_map(|record| record.piece.bytes.to_vec()).collect();
            assert_eq!(data[..size], bytes, "{size}");
            assert!(data[size..].iter().all(|byte| *byte == 0) && data.len() < size + 4, "{size}");
        }
    }
}
