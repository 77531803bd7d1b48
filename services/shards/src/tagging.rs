//! What tells the pieces of a content from those that a node made up (ADR 16).

use bytes::Bytes;
use events::ids::{Generation, NodeId};
use identity::{PieceKey, PiecePlace, PieceSecrets, PieceTag};
use uuid::Uuid;

use crate::geometry::Stripe;
use crate::meter;
use crate::obtain::Fault;
use crate::piece::Piece;
use crate::protocol::Record;

/// How the pieces of one generation are made and known again.
#[derive(Debug, Clone)]
pub(crate) struct Tagging {
    generation: Generation,
    /// What tags them, if they are tagged.
    key: Option<PieceKey>,
}

/// The secret is not here by which a generation is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSecret(pub(crate) u16);

impl Tagging {
    /// That of `generation`, whose name says which secret it takes.
    pub(crate) fn of(generation: Generation, secrets: &PieceSecrets) -> Result<Self, NoSecret> {
        let Some(number) = generation.secret() else { return Ok(Self { generation, key: None }) };
        let key = secrets.key(number, generation.as_uuid().as_bytes());
        Ok(Self { generation, key: Some(key.ok_or(NoSecret(number))?) })
    }

    /// The id of shard `index`.
    pub(crate) fn shard(&self, index: u8) -> Uuid {
        self.generation.shard(index)
    }

    /// The tag of piece `piece` of shard `index`, if there is to be one.
    pub(crate) fn tag(&self, index: u8, piece: u32, bytes: &[u8]) -> Option<PieceTag> {
        Some(self.key.as_ref()?.tag(PiecePlace { shard: index, piece }, bytes))
    }

    /// Shard `index` of a content whose shards have one piece each.
    pub(crate) fn record(&self, index: u8, bytes: Bytes) -> Record {
        let (shard, tag) = (self.shard(index), self.tag(index, 0, &bytes));
        Record { shard, piece: Piece::with_tag(shard, 0, tag, bytes) }
    }

    /// Whether this is what was stored as that piece of shard `index`. A tag is a better checksum, so a piece that must
    /// have one is not summed up as well.
    fn is_genuine(&self, index: u8, number: u32, piece: &Piece) -> bool {
        let Some(key) = &self.key else { return piece.is_intact(self.shard(index), number) };
        let place = PiecePlace { shard: index, piece: number };
        piece.index == number && piece.tag.is_some_and(|tag| key.is_tag(&tag, place, &piece.bytes))
    }
}

/// The taggings of one content's shards, each derived once: all have the same generation, unless some moved.
pub(crate) struct Taggings<'a> {
    secrets: &'a PieceSecrets,
    known: Vec<Tagging>,
}

impl<'a> Taggings<'a> {
    pub(crate) fn new(secrets: &'a PieceSecrets) -> Self {
        Self { secrets, known: Vec::new() }
    }

    pub(crate) fn of(&mut self, generation: Generation) -> Result<Tagging, NoSecret> {
        if let Some(known) = self.known.iter().find(|known| known.generation == generation) {
            return Ok(known.clone());
        }
        let tagging = Tagging::of(generation, self.secrets)?;
        self.known.push(tagging.clone());
        Ok(tagging)
    }
}

/// What is expected of the answers about one shard.
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

    /// The bytes of what should be the shard's piece in `stripe`.
    pub(crate) fn check(&self, piece: Option<Piece>, stripe: Stripe) -> Result<Bytes, Fault> {
        let piece = piece.ok_or(Fault::Missing)?;
        if piece.bytes.len() == stripe.unit && self.tagging.is_genuine(self.index, stripe.index, &piece) {
            return Ok(piece.bytes);
        }
        if self.tagging.key.is_some() && piece.is_intact(self.shard(), stripe.index) {
            // A disk does not damage a piece so that its checksum fits.
            meter::altered();
            let (node, shard) = (&self.node, self.shard());
            tracing::warn!(%node, %shard, piece = stripe.index, "a node altered what it stores");
        }
        Err(Fault::Damaged)
    }
}
