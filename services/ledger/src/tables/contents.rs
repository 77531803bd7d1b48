//! Contents and how often they are named.

use events::ids::{ContentId, Generation, Sha256Digest};
use redb::TableDefinition;
use uuid::Uuid;

/// Key: SHA-256 and generation, 48 bytes. Value: [`domain::row::ContentRow`].
pub(crate) const TABLE: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("contents");

/// The key of a content.
pub(crate) fn key(content: &ContentId) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&content.sha256.0);
    key[32..].copy_from_slice(content.generation.as_uuid().as_bytes());
    key
}

/// The inverse of [`key`]; `None` if the bytes are no key.
pub(crate) fn content(key: &[u8]) -> Option<ContentId> {
    let (sha256, generation) = key.split_at_checked(32)?;
    let generation = Uuid::from_slice(generation).ok()?;
    Some(ContentId { sha256: Sha256Digest(sha256.try_into().ok()?), generation: Generation::from_fresh(generation) })
}
