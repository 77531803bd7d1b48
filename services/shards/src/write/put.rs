//! Stores a content that is whole in memory: one record for each shard, all sent at once.

use std::sync::Arc;

use bytes::Bytes;
use domain::durability::survives_any_node;
use domain::placement::{place, place_rest};
use domain::row::PlacedShard;
use events::ids::{BucketName, Generation, Layout, NodeId, Placement};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use crate::budget::BUDGET_WAIT_MAX;
use crate::code::encode;
use crate::code::piece::STRIPE_BYTES;
use crate::code::tagging::Tagging;
use crate::inspect::{Incident, IncidentKind};
use crate::node::client::NodeError;
use crate::node::transport::Transport;
use crate::protocol::Record;
use crate::store::{Inner, WriteError};
use crate::write::discard;
use crate::write::writer::Written;

/// The most placements of one write: the first one, and one that replaces nodes that failed.
const ROUNDS_MAX: usize = 2;

/// Stores a content of at most one stripe. Returns its placement once a quorum of its shards is durable.
pub(crate) async fn put<T: Transport>(
    store: &Arc<Inner<T>>,
    bucket: &BucketName,
    generation: Generation,
    bytes: Bytes,
) -> Result<Written, WriteError> {
    match bytes.len() {
        0 => return Err(WriteError::Empty),
        1..=STRIPE_BYTES => {}
        _ => return Err(WriteError::TooLarge),
    }
    let layout = Layout::for_size(bytes.len());
    let held = usize::try_from(layout.stored_bytes(bytes.len() as u64)).unwrap_or(usize::MAX);
    let budget = store.put_budget.take(held, sleep(BUDGET_WAIT_MAX)).await.ok_or(WriteError::Busy)?;
    let tagging = Tagging::of(generation, &store.secrets)?;
    let records = encode::records(&tagging, &bytes).map_err(|_| WriteError::Internal("a stripe does not fit"))?;
    let size = bytes.len() as u64;
    drop(bytes);
    // Before the choice: whoever takes a shard later was chosen on a newer state.
    let chosen_at = store.membership.known_at();
    let nodes = place(&store.candidates(&[], records.len()), generation, records.len())?;
    let mut put = Put::new(Arc::clone(store), bucket.clone(), generation, layout, nodes, budget);
    for round in 1.. {
        put.send(&records);
        if put.wait_for_quorum().await {
            return Ok(Written { placement: put.into_placement(), size, chosen_at });
        }
        if round == ROUNDS_MAX || !put.place_again() {
            break;
        }
    }
    Err(WriteError::NodesFailed { stored: put.count(State::Stored), shards: records.len() })
}

/// The state of one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unsent,
    Sent,
    Stored,
    Failed,
}

/// A write in progress. If it is dropped before it has a quorum, it discards its shards in the background.
struct Put<T: Transport> {
    store: Arc<Inner<T>>,
    bucket: BucketName,
    generation: Generation,
    layout: Layout,
    slots: Vec<Slot>,
    failed_nodes: Vec<NodeId>,
    tried: Vec<PlacedShard>,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    has_quorum: bool,
    budget: Option<OwnedSemaphorePermit>,
}

/// A shard of the content and its node.
struct Slot {
    node: NodeId,
    state: State,
}

/// The result of sending the shard of a slot.
struct Answer {
    slot: usize,
    shard: u8,
    stored: Result<(), NodeError>,
}

impl<T: Transport> Put<T> {
    fn new(
        store: Arc<Inner<T>>,
        bucket: BucketName,
        generation: Generation,
        layout: Layout,
        nodes: Vec<NodeId>,
        budget: OwnedSemaphorePermit,
    ) -> Self {
        let slots = nodes.into_iter().map(|node| Slot { node, state: State::Unsent }).collect();
        let (failed_nodes, tried, answers) = (Vec::new(), Vec::new(), FuturesUnordered::new());
        Self {
            store,
            bucket,
            generation,
            layout,
            slots,
            failed_nodes,
            tried,
            answers,
            has_quorum: false,
            budget: Some(budget),
        }
    }

    /// Sends the shards that are not sent yet.
    fn send(&mut self, records: &[(u8, Record)]) {
        for (number, (slot, (shard, record))) in self.slots.iter_mut().zip(records).enumerate() {
            if slot.state == State::Unsent {
                slot.state = State::Sent;
                let (index, node, generation) = (*shard, slot.node.clone(), self.generation);
                self.tried.push(PlacedShard { index, node, generation });
                let (client, shard, record) = (self.store.clients.get(&slot.node), *shard, record.clone());
                let answer = async move { Answer { slot: number, shard, stored: client.put(record).await } };
                self.answers.push(answer.boxed());
            }
        }
    }

    /// Waits until a quorum of the shards is durable. Returns false once too many have failed for a quorum.
    async fn wait_for_quorum(&mut self) -> bool {
        while !self.is_quorum(&[State::Stored]) {
            if !self.is_quorum(&[State::Stored, State::Sent]) {
                return false;
            }
            let Some(answer) = self.answers.next().await else { return false };
            let slot = &mut self.slots[answer.slot];
            slot.state = if answer.stored.is_ok() { State::Stored } else { State::Failed };
            if let Err(error) = answer.stored {
                tracing::info!(node = %slot.node, shard = answer.shard, %error, "a node did not take a shard");
                self.failed_nodes.push(slot.node.clone());
            }
        }
        true
    }

    /// Places the failed shards on nodes that have not failed; false if there are too few.
    fn place_again(&mut self) -> bool {
        let kept: Vec<Option<NodeId>> =
            self.slots.iter().map(|slot| (slot.state != State::Failed).then(|| slot.node.clone())).collect();
        let candidates = self.store.candidates(&self.failed_nodes, self.slots.len());
        let Ok(nodes) = place_rest(&candidates, self.generation, &kept) else { return false };
        for (slot, node) in self.slots.iter_mut().zip(nodes) {
            if slot.state == State::Failed {
                *slot = Slot { node, state: State::Unsent };
            }
        }
        true
    }

    /// The placement to record. Shards that have failed, or fail later, are reported. Nodes that were replaced are
    /// asked to discard what they may have stored nevertheless.
    fn into_placement(mut self) -> Placement {
        self.has_quorum = true;
        let shards = self.layout.shards();
        let failed = self.slots.iter().zip(shards).filter(|(slot, _)| slot.state == State::Failed);
        let failed: Vec<u8> = failed.map(|(_, shard)| *shard).collect();
        let mut replaced = std::mem::take(&mut self.tried);
        let nodes = self.slots.iter().map(|slot| slot.node.clone()).collect();
        let placement = Placement { layout: self.layout, nodes };
        replaced.retain(|tried| placement.node(tried.index) != Some(&tried.node));
        if !self.answers.is_empty() || !failed.is_empty() {
            self.store.pending_writes.quorum_reached(self.generation, 1);
        }
        if !self.answers.is_empty() || !failed.is_empty() || !replaced.is_empty() {
            tokio::spawn(self.finish_in_background(placement.clone(), failed, replaced));
        }
        placement
    }

    /// Waits for the shards that the quorum did not need, discards shards on replaced nodes, and then reports missing
    /// ones. The order matters: a repair may place a missing shard on a node that was replaced.
    fn finish_in_background(
        &mut self,
        placement: Placement,
        mut failed: Vec<u8>,
        replaced: Vec<PlacedShard>,
    ) -> impl Future<Output = ()> + use<T> {
        let context = WriteContext { bucket: self.bucket.clone(), generation: self.generation, layout: self.layout };
        let (store, mut answers) = (Arc::clone(&self.store), std::mem::take(&mut self.answers));
        let budget = self.budget.take();
        let in_flight = store.in_flight.begin(self.generation);
        async move {
            while let Some(answer) = answers.next().await {
                if answer.stored.is_err() {
                    failed.push(answer.shard);
                }
            }
            drop(budget);
            discard::discard(&store, &context.bucket, replaced).await;
            drop(in_flight);
            let failed = placement.shards().filter(|(shard, _)| failed.contains(shard));
            let failed: Vec<(u8, NodeId)> = failed.map(|(shard, node)| (shard, node.clone())).collect();
            store.pending_writes.shards_finished(context.generation, failed.iter().cloned());
            for (shard, node) in failed {
                store.report(context.incident(shard, node));
            }
        }
    }

    /// Whether the shards in these states are enough for a quorum.
    fn is_quorum(&self, states: &[State]) -> bool {
        let slots = self.slots.iter().filter(|slot| states.contains(&slot.state));
        survives_any_node(self.layout, slots.map(|slot| &slot.node))
    }

    fn count(&self, state: State) -> usize {
        self.slots.iter().filter(|slot| slot.state == state).count()
    }
}

impl<T: Transport> Drop for Put<T> {
    fn drop(&mut self) {
        if self.has_quorum {
            return;
        }
        let (store, bucket) = (Arc::clone(&self.store), self.bucket.clone());
        let (mut answers, tried) = (std::mem::take(&mut self.answers), std::mem::take(&mut self.tried));
        let budget = self.budget.take();
        // A shard that is still in flight could arrive after the request to discard it, so wait for all of them.
        discard::spawn(async move {
            while answers.next().await.is_some() {}
            drop(budget);
            discard::discard(&store, &bucket, tried).await;
        });
    }
}

/// The fields that all incidents of one write share.
#[derive(Debug, Clone)]
pub(crate) struct WriteContext {
    pub(crate) bucket: BucketName,
    pub(crate) generation: Generation,
    pub(crate) layout: Layout,
}

impl WriteContext {
    /// The incident of a shard that the acknowledged content lacks.
    pub(crate) fn incident(&self, shard: u8, node: NodeId) -> Incident {
        let Self { bucket, generation, layout } = self.clone();
        let (shard_generation, kind) = (generation, IncidentKind::Unwritten);
        Incident { bucket, sha256: None, generation, layout, shard, shard_generation, node, kind }
    }
}
