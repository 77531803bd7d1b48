//! Authenticates the pieces of a content, so that a node cannot forge them (ADR 16).

use bytes::Bytes;
use events::ids::Generation;
use identity::{PieceKey, PiecePlace, PieceSecrets, PieceTag};
use uuid::Uuid;

use crate::code::piece::Piece;
use crate::protocol::Record;

/// Makes and verifies the pieces of one generation.
#[derive(Debug, Clone)]
pub(crate) struct Tagging {
    generation: Generation,
    /// The key of the tags; `None` if the pieces have no tags.
    key: Option<PieceKey>,
}

/// The region's secret with this number, by which a generation is tagged, is not known to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSecret(pub(crate) u16);

impl Tagging {
    /// The tagging of `generation`, whose id names the secret.
    ///
    /// # Errors
    /// If `secrets` does not have that secret.
    pub(crate) fn of(generation: Generation, secrets: &PieceSecrets) -> Result<Self, NoSecret> {
        let Some(number) = generation.secret() else { return Ok(Self { generation, key: None }) };
        let key = secrets.key(number, generation.as_uuid().as_bytes());
        Ok(Self { generation, key: Some(key.ok_or(NoSecret(number))?) })
    }

    /// The id of shard `index`.
    pub(crate) fn shard(&self, index: u8) -> Uuid {
        self.generation.shard(index)
    }

    /// Whether the pieces have tags.
    pub(crate) fn is_tagged(&self) -> bool {
        self.key.is_some()
    }

    /// The tag of piece `piece` of shard `index`; `None` if the generation is not tagged.
    pub(crate) fn tag(&self, index: u8, piece: u32, bytes: &[u8]) -> Option<PieceTag> {
        Some(self.key.as_ref()?.tag(PiecePlace { shard: index, piece }, bytes))
    }

    /// The record of shard `index` of a content whose shards have one piece each.
    pub(crate) fn record(&self, index: u8, bytes: Bytes) -> Record {
        let (shard, tag) = (self.shard(index), self.tag(index, 0, &bytes));
        Record { shard, piece: Piece::with_tag(shard, 0, tag, bytes) }
    }

    /// Whether `piece` is what was stored as piece `number` of shard `index`. A tag is a stronger check than the
    /// checksum, so the checksum of a tagged piece is not verified as well.
    pub(crate) fn is_genuine(&self, index: u8, number: u32, piece: &Piece) -> bool {
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

    /// The tagging of `generation`.
    ///
    /// # Errors
    /// As for [`Tagging::of`].
    pub(crate) fn of(&mut self, generation: Generation) -> Result<Tagging, NoSecret> {
        if let Some(known) = self.known.iter().find(|known| known.generation == generation) {
            return Ok(known.clone());
        }
        let tagging = Tagging::of(generation, self.secrets)?;
        self.known.push(tagging.clone());
        Ok(tagging)
    }
}
