//! Reads a whole content and verifies it against its hash.
//!
//! The checksum of a piece detects damage, but not a node that altered the piece, because the node can compute the
//! checksum of the altered bytes. The hash of the content is on the log, where no node can change it.

use std::sync::Arc;

use bytes::Bytes;
use events::ids::SHARDS;

use crate::code::encode;
use crate::code::shard_set::ShardSet;
use crate::meter;
use crate::node::transport::Transport;
use crate::read::content::ReadError;
use crate::read::fetch::Session;
use crate::store::{ShardStore, StoredContent};

impl<T: Transport> ShardStore<T> {
    /// Reads a whole content of at most [`STRIPE_BYTES`](crate::piece::STRIPE_BYTES) and verifies it with `is_right`.
    ///
    /// If the bytes are not right, a node has altered its shard. The content is then read again without one of its
    /// shards, and without two, in every combination until the bytes are right. The shards that differ are reported as
    /// damaged. So the content stays readable if as many nodes alter their shards as the code can correct.
    ///
    /// # Errors
    /// [`ReadError::Altered`] if no combination gives the right bytes, or for the other reasons of [`ReadError`].
    pub async fn read_verified(
        &self,
        content: &StoredContent,
        is_right: impl Fn(&[u8]) -> bool + Send + Sync,
    ) -> Result<Bytes, ReadError> {
        let bytes = self.read_without(content, ShardSet::EMPTY).await?;
        if is_right(&bytes) {
            return Ok(bytes);
        }
        meter::altered();
        tracing::warn!(
            bucket = %content.bucket, generation = %content.generation,
            "a content differs from what was written although the checksums of its pieces match"
        );
        for excluded in exclusions(content) {
            match self.read_without(content, excluded).await {
                Ok(bytes) if is_right(&bytes) => {
                    self.report_altered(content, &bytes).await;
                    return Ok(bytes);
                }
                // The remaining shards may not suffice; another combination may.
                Ok(_) | Err(ReadError::Lost { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ReadError::Altered)
    }

    /// Compares each shard with the right one, and reports those that differ.
    async fn report_altered(&self, content: &StoredContent, bytes: &Bytes) {
        let Ok(pieces) = encode::pieces(bytes) else { return };
        let session = Arc::new(Session::new(Arc::clone(&self.inner), content.clone()));
        for (shard, piece) in pieces {
            session.compare(shard, &piece).await;
        }
    }
}

/// The sets of shards to read the content without, in the order in which they are tried.
fn exclusions(content: &StoredContent) -> impl Iterator<Item = ShardSet> + use<> {
    let stored: ShardSet = content.shards().map(|shard| shard.index).collect();
    let all = || 0..u8::try_from(SHARDS).unwrap_or(0);
    let ones = all().map(|one| ShardSet::EMPTY.with(one));
    let twos = all().flat_map(move |one| all().skip_while(move |two| *two <= one).map(move |two| (one, two)));
    let twos = twos.map(|(one, two)| ShardSet::EMPTY.with(one).with(two));
    ones.chain(twos).filter(move |excluded| excluded.is_subset(stored))
}
