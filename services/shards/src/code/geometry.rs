//! Which bytes of a content lie in which stripe and piece.

use std::ops::Range;

use events::ids::{DATA_SHARDS, Layout};

/// The stripes and pieces of a content of a given layout and size.
///
/// - Small: one stripe whose unit is the whole content. Its bytes are shard 0; shards 1 to 3 are zeros that
///   are not stored.
/// - Striped: stripes of [`STRIPE_BYTES`](events::ids::STRIPE_BYTES), each of four units of
///   [`UNIT_BYTES`](events::ids::UNIT_BYTES). The last stripe, of the `r` bytes that are left, has units of `ceil(r /
///   4)` bytes, so its four data pieces together are up to three bytes longer than `r`: those bytes are zero.
///
/// All six pieces of a stripe are one unit long. The bytes of a content are its data pieces in order, truncated to its
/// size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    layout: Layout,
    size: u64,
}

/// One stripe of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stripe {
    /// The number of the stripe, which is the index of its pieces.
    pub(crate) index: u32,
    /// Bytes of each piece of the stripe.
    pub(crate) unit: usize,
    /// Bytes of content in the stripe.
    pub(crate) bytes: usize,
}

/// How far one part of a read may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// To the end of the stripe.
    Stripe,
    /// To the end of the piece.
    Piece,
    /// This many bytes, but no further than to the end of the piece.
    Slice(usize),
}

/// A part of a stripe; the range counts bytes from the start of the stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) stripe: Stripe,
    pub(crate) range: Range<usize>,
}

impl Geometry {
    pub(crate) fn new(layout: Layout, size: u64) -> Self {
        Self { layout, size }
    }

    /// The number of stripes, which is the number of pieces of each shard.
    pub(crate) fn stripes(&self) -> u64 {
        self.layout.stripes(self.size)
    }

    /// Stripe `index`; `None` if the content ends before it or has too many stripes.
    pub(crate) fn stripe(&self, index: u64) -> Option<Stripe> {
        let number = u32::try_from(index).ok().filter(|_| index < self.stripes())?;
        let full = self.layout.stripe_bytes(self.size);
        let bytes = usize::try_from((self.size - index * full).min(full)).ok()?;
        Some(Stripe { index: number, unit: self.layout.piece_bytes(bytes), bytes })
    }

    /// The first part of `range`, as far as `extent` reaches; `None` if the range is empty.
    pub(crate) fn first_part(self, range: Range<u64>, extent: Extent) -> Option<Part> {
        let mut part = self.parts(range).next()?;
        let (start, unit) = (part.range.start, part.stripe.unit.max(1));
        let piece_end = (start / unit + 1) * unit;
        let end = match extent {
            Extent::Stripe => part.range.end,
            Extent::Piece => piece_end,
            Extent::Slice(bytes) => piece_end.min(start + bytes),
        };
        part.range.end = part.range.end.min(end);
        Some(part)
    }

    /// The parts of the stripes that `range` overlaps, in order.
    pub(crate) fn parts(self, range: Range<u64>) -> impl Iterator<Item = Part> {
        let stripe_bytes = self.layout.stripe_bytes(self.size);
        let end = range.end.min(self.size);
        let indexes = if range.start < end { range.start / stripe_bytes..end.div_ceil(stripe_bytes) } else { 0..0 };
        indexes.filter_map(move |index| {
            let stripe = self.stripe(index)?;
            let base = index * stripe_bytes;
            let from = usize::try_from(range.start.saturating_sub(base)).ok()?;
            let to = usize::try_from(end - base).unwrap_or(usize::MAX).min(stripe.bytes);
            Some(Part { stripe, range: from..to })
        })
    }
}

impl Part {
    /// The number of bytes in the part.
    pub(crate) fn bytes(&self) -> usize {
        self.range.len()
    }

    /// The number of bytes of the pieces that the part overlaps.
    pub(crate) fn fetched_bytes(&self) -> usize {
        self.pieces().count() * self.stripe.unit
    }

    /// The data pieces that the part overlaps, each with the range of its bytes that are in the part.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (u8, Range<usize>)> + use<> {
        let (range, unit) = (self.range.clone(), self.stripe.unit.max(1));
        (0_u8..).take(DATA_SHARDS).filter_map(move |piece| {
            let base = usize::from(piece) * unit;
            let from = range.start.max(base);
            let to = range.end.min(base + unit);
            (from < to).then(|| (piece, from - base..to - base))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::piece::{STRIPE_BYTES, UNIT_BYTES};
    use proptest::prelude::*;

    fn sizes() -> impl Strategy<Value = u64> {
        let stripe = STRIPE_BYTES as u64;
        prop_oneof![1..10_u64, 1..5 * stripe, (1..5_u64, 0..5_u64).prop_map(move |(n, d)| n * stripe + d - 2)]
    }

    #[test]
    fn the_last_stripe_is_cut_in_four() {
        let stripe = |size, index| Geometry::new(Layout::Striped, size).stripe(index);
        let unit = |size, index| stripe(size, index).map(|stripe| stripe.unit);
        assert_eq!([1, 2, 4, 5, 8].map(|size| unit(size, 0)), [1, 1, 1, 2, 2].map(Some));
        assert_eq!(unit(1 << 20, 0), Some(UNIT_BYTES));
        assert_eq!(unit(1 << 20, 1), None);
        assert_eq!(unit((1 << 20) + 1, 1), Some(1));
        assert_eq!(Geometry::new(Layout::Striped, 0).stripes(), 0);
    }

    proptest! {
        #[test]
        fn parts_and_pieces_cover_the_range_once_and_in_order(size in sizes(), small: bool, from: prop::sample::Index, to: prop::sample::Index) {
            let layout = if small { Layout::Small } else { Layout::Striped };
            let geometry = Geometry::new(layout, size);
            let at = |index: prop::sample::Index| index.index(usize::try_from(size).unwrap() + 1) as u64;
            let range = at(from).min(at(to))..at(from).max(at(to));
            let stripe_bytes = if small { size } else { STRIPE_BYTES as u64 };
            let mut next = range.start;
            for part in geometry.parts(range.clone()) {
                for (piece, within) in part.pieces() {
                    prop_assert!(within.end <= part.stripe.unit);
                    let base = u64::from(part.stripe.index) * stripe_bytes + (usize::from(piece) * part.stripe.unit) as u64;
                    prop_assert_eq!(base + within.start as u64, next);
                    next = base + within.end as u64;
                    prop_assert!(!small || piece == 0);
                }
            }
            prop_assert_eq!(next, range.end);
        }

        #[test]
        fn parts_of_any_extent_cover_the_range_once_and_in_order(
            size in sizes(), small: bool, from: prop::sample::Index, to: prop::sample::Index,
            extents in prop::collection::vec(prop_oneof![
                Just(Extent::Stripe), Just(Extent::Piece), (1..UNIT_BYTES).prop_map(Extent::Slice)], 1..5),
        ) {
            let geometry = Geometry::new(if small { Layout::Small } else { Layout::Striped }, size);
            let at = |index: prop::sample::Index| index.index(usize::try_from(size).unwrap() + 1) as u64;
            let range = at(from).min(at(to))..at(from).max(at(to));
            let stripe_bytes = if small { size } else { STRIPE_BYTES as u64 };
            let mut next = range.start;
            // The smallest slices would need too many iterations.
            for extent in extents.into_iter().chain([Extent::Piece, Extent::Stripe]).cycle().take(2_000) {
                let Some(part) = geometry.first_part(next..range.end, extent) else { break };
                prop_assert_eq!(u64::from(part.stripe.index) * stripe_bytes + part.range.start as u64, next);
                prop_assert!(part.bytes() > 0 && part.bytes() <= part.fetched_bytes());
                prop_assert!(extent == Extent::Stripe || part.pieces().count() == 1);
                next += part.bytes() as u64;
            }
            prop_assert_eq!(next, range.end);
        }

        #[test]
        fn stripes_add_up_to_the_content(size in sizes()) {
            let geometry = Geometry::new(Layout::Striped, size);
            let stripes: Vec<_> = (0..geometry.stripes()).map(|i| geometry.stripe(i).unwrap()).collect();
            prop_assert_eq!(stripes.iter().map(|stripe| stripe.bytes as u64).sum::<u64>(), size);
            let units: u64 = stripes.iter().map(|stripe| stripe.unit as u64).sum();
            prop_assert_eq!(Layout::Striped.shard_bytes(size), units);
            prop_assert!(units * 4 - size < 4);
        }
    }
}
