//! A stripe under construction, in the messages in which it will be sent.

use bytes::{Buf, Bytes, BytesMut};
use events::ids::{BucketName, DATA_SHARDS, Layout, SHARDS};

use crate::code::erasure::{self, InvalidPieces};
use crate::code::piece::{STRIPE_BYTES, UNIT_BYTES};
use crate::code::tagging::Tagging;
use crate::protocol::PieceDraft;

/// The data pieces of a stripe so far. Content is copied into them once, on arrival.
pub(crate) struct StripeDraft {
    bucket: BucketName,
    tagging: Tagging,
    pieces: Vec<PieceDraft>,
    filled: usize,
}

impl StripeDraft {
    pub(crate) fn new(bucket: &BucketName, tagging: Tagging) -> Self {
        Self { bucket: bucket.clone(), tagging, pieces: Vec::with_capacity(SHARDS), filled: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.filled == STRIPE_BYTES
    }

    /// Takes bytes from the front of `bytes` until the stripe is full.
    pub(crate) fn fill(&mut self, bytes: &mut Bytes) {
        while !bytes.is_empty() && !self.is_full() {
            let room = match self.pieces.last() {
                Some(piece) if piece.piece().len() < UNIT_BYTES => UNIT_BYTES - piece.piece().len(),
                _ => {
                    self.pieces.push(self.draft(self.pieces.len(), UNIT_BYTES));
                    UNIT_BYTES
                }
            };
            let taken = room.min(bytes.len());
            if let Some(piece) = self.pieces.last_mut() {
                piece.extend(&bytes[..taken]);
            }
            bytes.advance(taken);
            self.filled += taken;
        }
    }

    /// All bytes so far in one buffer, for a content that fits in one stripe.
    pub(crate) fn into_bytes(self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.filled);
        self.pieces.iter().for_each(|piece| bytes.extend_from_slice(piece.piece()));
        bytes.freeze()
    }

    /// The messages for the six shards of this stripe, number `index` of its content. A stripe that is not full is the
    /// last one of its content, and is split again into four equal pieces.
    pub(crate) fn messages(mut self, index: u32) -> Result<[Bytes; SHARDS], InvalidPieces> {
        let unit = Layout::Striped.piece_bytes(self.filled);
        if !self.is_full() {
            self.split_again(unit);
        }
        for shard in DATA_SHARDS..SHARDS {
            let mut parity = self.draft(shard, unit);
            parity.resize(unit);
            self.pieces.push(parity);
        }
        let (data, parity) = self.pieces.split_at_mut_checked(DATA_SHARDS).ok_or(InvalidPieces)?;
        let [p, q] = parity else { return Err(InvalidPieces) };
        erasure::encode(std::array::from_fn(|shard| data[shard].piece()), [p.piece_mut(), q.piece_mut()])?;
        let finish = |(shard, piece): (u8, PieceDraft)| {
            let tag = self.tagging.tag(shard, index, piece.piece());
            piece.finish(index, tag)
        };
        let messages: Vec<Bytes> = (0..).zip(self.pieces).map(finish).collect();
        messages.try_into().map_err(|_| InvalidPieces)
    }

    fn draft(&self, shard: usize, capacity: usize) -> PieceDraft {
        let shard = u8::try_from(shard).unwrap_or(u8::MAX);
        PieceDraft::new(self.tagging.shard(shard), &self.bucket, capacity)
    }

    fn split_again(&mut self, unit: usize) {
        let old = std::mem::take(&mut self.pieces);
        let mut rest = old.iter().map(PieceDraft::piece);
        let mut source: &[u8] = rest.next().unwrap_or_default();
        for shard in 0..DATA_SHARDS {
            let mut piece = self.draft(shard, unit);
            while piece.piece().len() < unit {
                if source.is_empty() {
                    match rest.next() {
                        Some(next) => source = next,
                        None => break,
                    }
                }
                let (taken, left) = source.split_at(source.len().min(unit - piece.piece().len()));
                piece.extend(taken);
                source = left;
            }
            piece.resize(unit);
            self.pieces.push(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::encode;
    use crate::protocol::Request;
    use events::ids::Generation;
    use identity::{PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn tagging(is_tagged: bool) -> Tagging {
        let (fresh, secret) = (Uuid::from_u128(64), PieceSecret::new(&[1; PIECE_SECRET_BYTES]));
        let generation = if is_tagged { Generation::tagged(fresh, 2) } else { Generation::from_fresh(fresh) };
        Tagging::of(generation, &PieceSecrets::from_iter([(2, secret)])).unwrap()
    }

    fn filled(content: &Bytes, chunk: usize, tagging: Tagging) -> StripeDraft {
        let mut draft = StripeDraft::new(&"bucket".parse().unwrap(), tagging);
        for chunk in content.chunks(chunk) {
            let mut chunk = Bytes::copy_from_slice(chunk);
            draft.fill(&mut chunk);
            assert!(chunk.is_empty());
        }
        draft
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn a_stripe_filled_in_any_chunks_is_cut_as_one_in_memory(
            size in prop_oneof![40_000..STRIPE_BYTES, (1..5_usize, 0..3_usize).prop_map(|(n, d)| (n * UNIT_BYTES + d - 1).min(STRIPE_BYTES))],
            chunk in 1000..300_000_usize, is_tagged: bool,
        ) {
            let content: Bytes = (0..size).map(|i| u8::try_from(i * i % 253).unwrap()).collect();
            let expected = encode::records(&tagging(is_tagged), &content).unwrap();
            let messages = filled(&content, chunk, tagging(is_tagged)).messages(0).unwrap();
            for ((_, record), message) in expected.into_iter().zip(messages) {
                let bucket = "bucket".parse().unwrap();
                let expected = Request::Piece { shard: record.shard, bucket, piece: record.piece }.encode();
                prop_assert!(expected == message);
            }
            prop_assert!(filled(&content, chunk, tagging(is_tagged)).into_bytes() == content);
        }
    }

    #[test]
    fn what_does_not_fit_is_left() {
        let mut draft = filled(&Bytes::from(vec![1; STRIPE_BYTES - 1]), 100_000, tagging(false));
        let mut more = Bytes::from_static(b"two bytes and more");
        draft.fill(&mut more);
        assert!(draft.is_full() && *more == *b"wo bytes and more");
    }
}
