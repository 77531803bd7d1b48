//! Verifies the pieces that nodes return.

use bytes::Bytes;
use events::ids::NodeId;
use uuid::Uuid;

use crate::code::geometry::Stripe;
use crate::code::piece::Piece;
use crate::code::tagging::Tagging;
use crate::meter;
use crate::read::shard_reader::Fault;

/// The shard whose pieces a node is asked for, to verify its replies.
#[derive(Debug)]
pub(crate) struct Expected {
    tagging: Tagging,
    index: u8,
    node: NodeId,
}

impl Expected {
    /// Shard `index` of the content with this `tagging`, asked of `node`.
    pub(crate) fn new(tagging: Tagging, index: u8, node: NodeId) -> Self {
        Self { tagging, index, node }
    }

    /// The shard's id.
    pub(crate) fn shard(&self) -> Uuid {
        self.tagging.shard(self.index)
    }

    /// Verifies the shard's piece in `stripe` and returns its bytes.
    ///
    /// # Errors
    /// If there is no piece, or if it is damaged or altered.
    pub(crate) fn check(&self, piece: Option<Piece>, stripe: Stripe) -> Result<Bytes, Fault> {
        let piece = piece.ok_or(Fault::Missing)?;
        if piece.bytes.len() == stripe.unit && self.tagging.is_genuine(self.index, stripe.index, &piece) {
            return Ok(piece.bytes);
        }
        if self.tagging.is_tagged() && piece.is_intact(self.shard(), stripe.index) {
            // A disk does not damage a piece so that its checksum fits.
            meter::altered();
            let (node, shard) = (&self.node, self.shard());
            tracing::warn!(%node, %shard, piece = stripe.index, "a node altered what it stores");
        }
        Err(Fault::Damaged)
    }
}
