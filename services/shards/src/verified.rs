//! Reads a content whole, and returns it only if it is what its hash says.
//!
//! The checksum of a piece tells that it was damaged. It does not tell that a node altered it, for a node computes the
//! checksum as well as anybody. The hash of the content is where no node can change it: in the log.

use std::sync::Arc;

use bytes::Bytes;
use events::ids::SHARDS;

use crate::cut;
use crate::fetch::Session;
use crate::meter;
use crate::read::ReadError;
use crate::shard_set::ShardSet;
use crate::store::{ShardStore, StoredContent};
use crate::transport::Transport;

impl<T: Transport> ShardStore<T> {
    /// A content of at most [`STRIPE_BYTES`](crate::piece::STRIPE_BYTES), whole, and such as `is_right` says it is.
    ///
    /// If it is not, a node has altered what it stores. The content is then read without each one of its shards, and
    /// without each two, until it is right, and the shards that differ are reported as damaged. As many nodes as the
    /// code can lose may so alter what they like.
    pub async fn read_verified(
        &self,
        content: &StoredContent,
        is_right: impl Fn(&[u8]) -> bool + Send + Sync,
    ) -> Result<Bytes, ReadError> {
        let bytes = self.read_around(content, ShardSet::EMPTY).await?;
        if is_right(&bytes) {
            return Ok(bytes);
        }
        meter::altered();
        tracing::warn!(
            bucket = %content.bucket, generation = %content.generation,
            "a content differs from what was written although the checksums of its pieces match"
        );
        for avoided in detours(content) {
            match self.read_around(content, avoided).await {
                Ok(bytes) if is_right(&bytes) => {
                    self.report_altered(content, &bytes).await;
                    return Ok(bytes);
                }
                // What is left may not suffice; another choice of shards may.
                Ok(_) | Err(ReadError::Lost { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ReadError::Altered)
    }

    /// Compares each shard with what it must be, and reports those that differ.
    async fn report_altered(&self, content: &StoredContent, bytes: &Bytes) {
        let Ok(pieces) = cut::pieces(bytes) else { return };
        let session = Arc::new(Session::new(Arc::clone(&self.inner), content.clone()));
        for (shard, piece) in pieces {
            session.compare(shard, &piece).await;
        }
    }
}

/// What a content is read without, in the order in which that is tried.
fn detours(content: &StoredContent) -> impl Iterator<Item = ShardSet> + use<> {
    let stored: ShardSet = content.shards().map(|shard| shard.index).collect();
    let all = || 0..u8::try_from(SHARDS).unwrap_or(0);
    let ones = all().map(|one| ShardSet::EMPTY.with(one));
    let twos = all().flat_map(move |one| all().skip_while(move |two| *two <= one).map(move |two| (one, two)));
    let twos = twos.map(|(one, two)| ShardSet::EMPTY.with(one).with(two));
    ones.chain(twos).filter(move |avoided| avoided.is_subset(stored))
}
