//! The single steps of encoding and decoding, for benchmarks.

use bytes::Bytes;
use events::ids::Generation;
use identity::{PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
use uuid::Uuid;

use crate::code::encode;
use crate::code::erasure::{Survivor, encode, rebuild};
use crate::code::piece::UNIT_BYTES;
use crate::code::tagging::Tagging;
use crate::write::stripe_draft::StripeDraft;

/// A content with tagged or untagged pieces.
#[derive(Debug)]
pub struct Content(Tagging);

impl Content {
    /// Makes a content; never `None`, because its secret is known.
    pub fn new(is_tagged: bool) -> Option<Self> {
        let secrets = PieceSecrets::from_iter([(1, PieceSecret::new(&[7; PIECE_SECRET_BYTES]))]);
        let generation =
            if is_tagged { Generation::tagged(Uuid::nil(), 1) } else { Generation::from_fresh(Uuid::nil()) };
        Tagging::of(generation, &secrets).ok().map(Self)
    }

    /// Computes the tags of bytes, a piece after the other.
    pub fn tag(&self, bytes: &[u8]) {
        for (index, piece) in (0..).zip(bytes.chunks(UNIT_BYTES)) {
            std::hint::black_box(self.0.tag(0, index, piece));
        }
    }

    /// Encodes a stripe that arrives in chunks into the six messages to the nodes.
    pub fn fill_stripe(&self, chunks: &[Bytes]) -> Vec<Bytes> {
        let Ok(bucket) = "bucket".parse() else { return Vec::new() };
        let mut draft = StripeDraft::new(&bucket, self.0.clone());
        for chunk in chunks {
            draft.fill(&mut chunk.clone());
        }
        draft.messages(0).map(Vec::from).unwrap_or_default()
    }

    /// Encodes a content in memory into records, and returns their number.
    pub fn encode(&self, content: &Bytes) -> usize {
        encode::records(&self.0, content).map_or(0, |records| records.len())
    }
}

/// Computes the two units of parity of a full stripe.
pub fn encode_stripe(stripe: &[u8], parity: &mut [u8]) {
    let data = std::array::from_fn(|unit| &stripe[unit * UNIT_BYTES..(unit + 1) * UNIT_BYTES]);
    let (p, q) = parity.split_at_mut(UNIT_BYTES);
    // The lengths fit by construction; an error would show as an absurd speed.
    let _ = encode(data, [p, q]);
}

/// Rebuilds the first two of six pieces from the others.
pub fn rebuild_two(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let survivors: [Survivor<'_>; 4] = [2, 3, 4, 5].map(|shard: u8| (shard, Some(pieces[usize::from(shard)])));
    (0..2).flat_map(|shard| rebuild(&survivors, shard)).collect()
}
