use std::ops::Range;

use bytes::Bytes;
use events::ids::{BucketName, Generation, NodeId, Placement, Sha256Digest};
use futures_util::TryStreamExt;
use identity::{PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
use shards::{Incident, Membership, ReadError, ShardStore, ShortCircuit, StoredContent, Transport, WriteError};
use testkit::MemoryNodes;
use tokio::sync::mpsc;
use uuid::Uuid;

/// A store over nodes in memory.
pub(crate) struct Fixture<T: Transport = MemoryNodes> {
    pub(crate) nodes: MemoryNodes,
    pub(crate) membership: Membership,
    pub(crate) store: ShardStore<T>,
    pub(crate) incidents: mpsc::Receiver<Incident>,
}

impl Fixture {
    pub(crate) fn new(nodes: usize) -> Self {
        let nodes = MemoryNodes::new(nodes);
        Self::over(nodes.clone(), nodes, None)
    }
}

impl<T: Transport> Fixture<T> {
    pub(crate) fn over(nodes: MemoryNodes, transport: T, short: Option<ShortCircuit>) -> Self {
        let membership = nodes.membership();
        let (sender, incidents) = mpsc::channel(64);
        let store = ShardStore::new(transport, membership.clone(), short, secrets(), sender);
        Self { nodes, membership, store, incidents }
    }

    /// Stores `content` the way a gateway does: whole if it fits, else as a stream of `chunk` bytes each.
    pub(crate) async fn store(
        &self,
        number: u128,
        content: &Bytes,
        chunk: Option<usize>,
    ) -> Result<StoredContent, WriteError> {
        let (bucket, generation) = (bucket(), generation(number));
        let placement = match chunk {
            None => self.store.put(&bucket, generation, content.clone()).await?.placement,
            Some(chunk) => self.stream(number, content, chunk).await?,
        };
        let (sha256, size) = (Sha256Digest([7; 32]), content.len() as u64);
        Ok(StoredContent { bucket, sha256, generation, size, placement, moved: Vec::new() })
    }

    async fn stream(&self, number: u128, content: &Bytes, chunk: usize) -> Result<Placement, WriteError> {
        let mut writer = self.store.writer(bucket(), generation(number));
        for chunk in content.chunks(chunk) {
            writer.write(content.slice_ref(chunk)).await?;
        }
        let written = writer.finish().await?;
        assert_eq!(written.size, content.len() as u64);
        Ok(written.placement)
    }

    pub(crate) async fn read(&self, content: &StoredContent, range: Range<u64>) -> Result<Vec<u8>, ReadError> {
        let chunks: Vec<Bytes> = self.store.read(content.clone(), range).try_collect().await?;
        Ok(chunks.concat())
    }

    pub(crate) async fn read_all(&self, content: &StoredContent) -> Result<Vec<u8>, ReadError> {
        self.read(content, 0..content.size).await
    }

    /// Waits until no node holds a shard of the content any more. Give it paused time.
    pub(crate) async fn until_forgotten(&self) {
        until(|| self.all_shards(false).is_empty()).await;
    }

    pub(crate) fn all_shards(&self, durable: bool) -> Vec<Uuid> {
        let names = self.membership.nodes().into_iter().map(|view| view.heartbeat.node);
        names.flat_map(|node| self.nodes.shards(&node, durable)).collect()
    }
}

/// Waits for a condition, letting the other tasks run and paused time go on.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let checked = async {
        while !condition() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(2), checked).await.expect("the condition came true in time");
}

pub(crate) fn bucket() -> BucketName {
    "bucket".parse().unwrap()
}

/// The number of the secret by which contents are tagged.
pub(crate) const SECRET: u16 = 3;

/// What tags contents.
pub(crate) fn secrets() -> PieceSecrets {
    PieceSecrets::from_iter([(SECRET, PieceSecret::new(&[5; PIECE_SECRET_BYTES]))])
}

/// Contents of odd numbers are tagged, those of even numbers are of before there were tags.
pub(crate) fn generation(number: u128) -> Generation {
    let fresh = Uuid::from_u128(number << 3);
    if number % 2 == 1 { Generation::tagged(fresh, SECRET) } else { Generation::from_fresh(fresh) }
}

pub(crate) fn node(number: usize) -> NodeId {
    MemoryNodes::name(number)
}

/// Bytes that differ from piece to piece.
pub(crate) fn content(size: usize) -> Bytes {
    let word = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).to_le_bytes();
    (0..size.div_ceil(8)).flat_map(word).take(size).collect()
}
