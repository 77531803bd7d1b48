//! The erasure code: Reed-Solomon, four data and two parity pieces to a stripe.
//!
//! Source: Plank, "A tutorial on Reed-Solomon coding for fault-tolerance in RAID-like systems" (1997), as the
//! crate `reed-solomon-erasure` builds it: a Vandermonde matrix over GF(2^8) made systematic.

use std::sync::LazyLock;

use reed_solomon_erasure::galois_8::{ReedSolomon, mul_slice, mul_slice_xor};

use events::ids::{DATA_SHARDS, PARITY_SHARDS};

/// Bytes of each piece that are coded at a time: four inputs and two outputs of this size fit in the first-level cache
/// of a core.
const BLOCK_BYTES: usize = 4 * 1024;

/// The code; `None` if the library refuses these constants, which a test excludes.
static CODE: LazyLock<Option<ReedSolomon>> = LazyLock::new(|| ReedSolomon::new(DATA_SHARDS, PARITY_SHARDS).ok());

/// The pieces cannot be coded: they are too few, repeated, or of different lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pieces of a stripe do not fit each other")]
pub(crate) struct InvalidPieces;

/// Computes the parity of four data pieces into `parity`. All six have the same length.
///
/// # Errors
/// If the lengths differ.
pub(crate) fn encode(data: [&[u8]; DATA_SHARDS], parity: [&mut [u8]; PARITY_SHARDS]) -> Result<(), InvalidPieces> {
    let code = CODE.as_ref().ok_or(InvalidPieces)?;
    let length = data[0].len();
    if data.iter().any(|piece| piece.len() != length) || parity.iter().any(|piece| piece.len() != length) {
        return Err(InvalidPieces);
    }
    let [p, q] = parity;
    for (block, (p, q)) in p.chunks_mut(BLOCK_BYTES).zip(q.chunks_mut(BLOCK_BYTES)).enumerate() {
        let at = block * BLOCK_BYTES;
        let data = data.map(|piece| &piece[at..at + p.len()]);
        code.encode_sep(&data, &mut [p, q]).map_err(|_| InvalidPieces)?;
    }
    Ok(())
}

/// Computes the parity of a stripe whose only data piece is piece 0, the others being zeros.
pub(crate) fn encode_one(data: &[u8], parity: [&mut [u8]; PARITY_SHARDS]) -> Result<(), InvalidPieces> {
    let code = CODE.as_ref().ok_or(InvalidPieces)?;
    let mut parity = parity;
    code.encode_single_sep(0, data, &mut parity).map_err(|_| InvalidPieces)
}

/// A surviving piece: the index of its shard, and its bytes, or `None` if they are known to be zeros.
pub(crate) type Survivor<'a> = (u8, Option<&'a [u8]>);

/// Computes piece `wanted` of a stripe, data or parity, from any four other pieces.
///
/// # Errors
/// If the lengths differ, if an index is repeated or out of range, or if all four are zeros.
pub(crate) fn rebuild(survivors: &[Survivor<'_>; DATA_SHARDS], wanted: u8) -> Result<Vec<u8>, InvalidPieces> {
    let weights = weights(survivors.map(|(index, _)| index), wanted)?;
    let length = survivors.iter().find_map(|(_, bytes)| bytes.map(<[u8]>::len)).ok_or(InvalidPieces)?;
    if survivors.iter().flat_map(|(_, bytes)| bytes).any(|bytes| bytes.len() != length) {
        return Err(InvalidPieces);
    }
    let mut piece = vec![0; length];
    for (at, block) in piece.chunks_mut(BLOCK_BYTES).enumerate().map(|(i, block)| (i * BLOCK_BYTES, block)) {
        let mut blank = true;
        for ((_, bytes), weight) in survivors.iter().zip(weights) {
            let Some(bytes) = bytes.filter(|_| weight != 0) else { continue };
            let bytes = &bytes[at..at + block.len()];
            if blank {
                mul_slice(weight, bytes, block);
                blank = false;
            } else {
                mul_slice_xor(weight, bytes, block);
            }
        }
    }
    Ok(piece)
}

/// The factors by which the four pieces `from` are multiplied so that their sum is piece `wanted`.
///
/// The code is linear, so rebuilding from pieces that are the rows of an identity matrix yields the weights
/// themselves; that spares copying the real pieces into the shapes the library wants.
fn weights(from: [u8; DATA_SHARDS], wanted: u8) -> Result<[u8; DATA_SHARDS], InvalidPieces> {
    let code = CODE.as_ref().ok_or(InvalidPieces)?;
    let mut pieces: Vec<Option<Vec<u8>>> = vec![None; DATA_SHARDS + PARITY_SHARDS];
    for (row, index) in from.into_iter().enumerate() {
        let piece = pieces.get_mut(usize::from(index)).filter(|piece| piece.is_none()).ok_or(InvalidPieces)?;
        let mut unit = vec![0; DATA_SHARDS];
        unit[row] = 1;
        *piece = Some(unit);
    }
    code.reconstruct(&mut pieces).map_err(|_| InvalidPieces)?;
    let weights = pieces.get_mut(usize::from(wanted)).and_then(Option::take).ok_or(InvalidPieces)?;
    weights.try_into().map_err(|_| InvalidPieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stripe(data: &[Vec<u8>; 4]) -> Vec<Vec<u8>> {
        let length = data[0].len();
        let (mut p, mut q) = (vec![0; length], vec![0xff; length]);
        encode([&data[0], &data[1], &data[2], &data[3]], [&mut p, &mut q]).unwrap();
        data.iter().cloned().chain([p, q]).collect()
    }

    fn data() -> impl Strategy<Value = [Vec<u8>; 4]> {
        prop_oneof![1..40_usize, BLOCK_BYTES - 1..BLOCK_BYTES + 2, 2 * BLOCK_BYTES..2 * BLOCK_BYTES + 2]
            .prop_flat_map(|length| [(); 4].map(|()| proptest::collection::vec(any::<u8>(), length)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_four_pieces_rebuild_the_other_two(data in data()) {
            let stripe = stripe(&data);
            for (a, b) in (0..6_u8).flat_map(|a| (a + 1..6).map(move |b| (a, b))) {
                let left: Vec<Survivor<'_>> = (0..6).filter(|i| *i != a && *i != b).map(|i| (i, Some(&stripe[usize::from(i)][..]))).collect();
                let left: [Survivor<'_>; 4] = left.try_into().unwrap();
                for lost in [a, b] {
                    prop_assert_eq!(&rebuild(&left, lost).unwrap(), &stripe[usize::from(lost)]);
                }
            }
        }

        #[test]
        fn blocks_give_what_the_library_gives_at_once(data in data()) {
            let stripe = stripe(&data);
            prop_assert!(ReedSolomon::new(4, 2).unwrap().verify(&stripe).unwrap());
        }

        #[test]
        fn one_piece_of_a_small_content_is_enough(data in proptest::collection::vec(any::<u8>(), 1..9000)) {
            let (mut p, mut q) = (vec![0xff; data.len()], vec![0xff; data.len()]);
            encode_one(&data, [&mut p, &mut q]).unwrap();
            for (index, parity) in [(4, &p), (5, &q)] {
                let left = [(1, None), (2, None), (3, None), (index, Some(&parity[..]))];
                prop_assert_eq!(&rebuild(&left, 0).unwrap(), &data);
            }
            let left = [(0, Some(&data[..])), (1, None), (2, None), (3, None)];
            prop_assert_eq!(&rebuild(&left, 4).unwrap(), &p);
            prop_assert_eq!(&rebuild(&left, 5).unwrap(), &q);
        }
    }

    #[test]
    fn pieces_that_do_not_fit_are_refused() {
        let (a, b) = ([1_u8; 4], [1_u8; 5]);
        assert_eq!(rebuild(&[(0, Some(&a)), (1, Some(&a)), (2, Some(&b)), (3, None)], 5), Err(InvalidPieces));
        assert_eq!(rebuild(&[(0, Some(&a)), (0, Some(&a)), (2, None), (3, None)], 5), Err(InvalidPieces));
        assert_eq!(rebuild(&[(0, Some(&a)), (9, None), (2, None), (3, None)], 5), Err(InvalidPieces));
        assert_eq!(rebuild(&[(0, None), (1, None), (2, None), (3, None)], 5), Err(InvalidPieces));
        assert_eq!(encode([&a, &a, &a, &b], [&mut [0; 4], &mut [0; 4]]), Err(InvalidPieces));
    }
}
