//! A content in memory, cut into shards of one piece each.

use bytes::{Bytes, BytesMut};
use events::ids::Layout;

use crate::code::{self, Misfit};
use crate::geometry::DATA_SHARDS;
use crate::piece::SMALL_BYTES_MAX;
use crate::protocol::Record;
use crate::tagging::Tagging;

/// How a content of `size` bytes is laid out.
pub(crate) fn layout(size: usize) -> Layout {
    if size <= SMALL_BYTES_MAX { Layout::Small } else { Layout::Striped }
}

/// The records of a content of at most one stripe, each with its shard's index, in order of that.
pub(crate) fn records(tagging: &Tagging, bytes: &Bytes) -> Result<Vec<(u8, Record)>, Misfit> {
    Ok(pieces(bytes)?.into_iter().map(|(index, piece)| (index, tagging.record(index, piece))).collect())
}

/// The only piece of each shard of such a content.
pub(crate) fn pieces(bytes: &Bytes) -> Result<Vec<(u8, Bytes)>, Misfit> {
    match layout(bytes.len()) {
        Layout::Small => small(bytes),
        Layout::Striped => stripe(bytes),
    }
}

fn small(bytes: &Bytes) -> Result<Vec<(u8, Bytes)>, Misfit> {
    let mut parity = BytesMut::zeroed(2 * bytes.len());
    let (p, q) = parity.split_at_mut(bytes.len());
    code::encode_one(bytes, [p, q])?;
    let mut p = parity.freeze();
    let q = p.split_off(bytes.len());
    Ok(vec![(0, bytes.clone()), (4, p), (5, q)])
}

fn stripe(bytes: &Bytes) -> Result<Vec<(u8, Bytes)>, Misfit> {
    let unit = bytes.len().div_ceil(DATA_SHARDS);
    let data = [0, 1, 2, 3].map(|i| padded(bytes, i * unit, unit));
    let mut parity = BytesMut::zeroed(2 * unit);
    let (p, q) = parity.split_at_mut(unit);
    code::encode([&data[0], &data[1], &data[2], &data[3]], [p, q])?;
    let mut p = parity.freeze();
    let q = p.split_off(unit);
    Ok((0_u8..).zip(data.into_iter().chain([p, q])).collect())
}

/// The `unit` bytes from `from`, a slice of the content where it has so many, else a copy filled up with zeros.
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
    use crate::piece::{STRIPE_BYTES, UNIT_BYTES};
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
            assert_eq!(indexes, if size <= SMALL_BYTES_MAX { vec![0, 4, 5] } else { vec![0, 1, 2, 3, 4, 5] });
            let unit = records[0].piece.bytes.len();
            assert!(records.iter().all(|record| record.piece.bytes.len() == unit), "{size}");
            let data: Vec<u8> =
                records[..indexes.len() - 2].iter().flat_map(|record| record.piece.bytes.to_vec()).collect();
            assert_eq!(data[..size], bytes, "{size}");
            assert!(data[size..].iter().all(|byte| *byte == 0) && data.len() < size + 4, "{size}");
        }
    }
}
