//! The steps that every byte goes through, one by one, to be measured.

use bytes::Bytes;
use events::ids::Generation;
use uuid::Uuid;

use crate::code::{Survivor, encode, rebuild};
use crate::cut;
use crate::fill::StripeDraft;
use crate::piece::UNIT_BYTES;

fn generation() -> Generation {
    Generation::from_fresh(Uuid::nil())
}

/// Computes the two units of parity of a full stripe.
pub fn encode_stripe(stripe: &[u8], parity: &mut [u8]) {
    let data = std::array::from_fn(|unit| &stripe[unit * UNIT_BYTES..(unit + 1) * UNIT_BYTES]);
    let (p, q) = parity.split_at_mut(UNIT_BYTES);
    // The lengths fit by construction; a misfit would show as an absurd speed.
    let _ = encode(data, [p, q]);
}

/// Rebuilds the first two of six pieces from the others.
pub fn rebuild_two(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let survivors: [Survivor<'_>; 4] = [2, 3, 4, 5].map(|shard: u8| (shard, Some(pieces[usize::from(shard)])));
    (0..2).flat_map(|shard| rebuild(&survivors, shard)).collect()
}

/// Brings a stripe that arrives in chunks into the six messages to the nodes.
pub fn fill_stripe(chunks: &[Bytes]) -> Vec<Bytes> {
    let Ok(bucket) = "bucket".parse() else { return Vec::new() };
    let mut draft = StripeDraft::new(&bucket, generation());
    for chunk in chunks {
        draft.fill(&mut chunk.clone());
    }
    draft.messages(0).map(Vec::from).unwrap_or_default()
}

/// Cuts a content in memory into its records; returns how many.
pub fn cut_stripe(content: &Bytes) -> usize {
    cut::records(generation(), content).map_or(0, |records| records.len())
}
