//! Stores a content that is whole in memory: one record on each node, all sent at once.

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
use crate::cut;
use crate::discard;
use crate::incident::{Incident, IncidentKind};
use crate::lane::NodeError;
use crate::piece::STRIPE_BYTES;
use crate::protocol::Record;
use crate::store::{Inner, WriteError};
use crate::tagging::Tagging;
use crate::transport::Transport;

/// How often shards are placed before the write is given up: once, and once more around nodes that failed.
const ROUNDS_MAX: usize = 2;

pub(crate) async fn put<T: Transport>(
    store: &Arc<Inner<T>>,
    bucket: &BucketName,
    generation: Generation,
    bytes: Bytes,
) -> Result<Placement, WriteError> {
    match bytes.len() {
        0 => return Err(WriteError::Empty),
        1..=STRIPE_BYTES => {}
        _ => return Err(WriteError::TooLarge),
    }
    let layout = cut::layout(bytes.len());
    let held = match layout {
        Layout::Small => 3 * bytes.len(),
        Layout::Striped => bytes.len() + bytes.len() / 2,
    };
    let budget = store.put_budget.take(held, sleep(BUDGET_WAIT_MAX)).await.ok_or(WriteError::Busy)?;
    let tagging = Tagging::of(generation, &store.secrets)?;
    let records = cut::records(&tagging, &bytes).map_err(|_| WriteError::Internal("a stripe does not fit"))?;
    drop(bytes);
    let nodes = place(&store.candidates(&[], records.len()), generation, records.len())?;
    let mut put = Put::new(Arc::clone(store), bucket.clone(), generation, layout, nodes, budget);
    for round in 1.. {
        put.send(&records);
        if put.settle().await {
            return Ok(put.ack());
        }
        if round == ROUNDS_MAX || !put.place_again() {
            break;
        }
    }
    Err(WriteError::NodesFailed { stored: put.count(State::Stored), shards: records.len() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unsent,
    Sent,
    Stored,
    Failed,
}

/// A put under way. Dropped before it is acked, it takes back what it stored.
struct Put<T: Transport> {
    store: Arc<Inner<T>>,
    bucket: BucketName,
    generation: Generation,
    layout: Layout,
    slots: Vec<Slot>,
    failed_nodes: Vec<NodeId>,
    tried: Vec<PlacedShard>,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    acked: bool,
    budget: Option<OwnedSemaphorePermit>,
}

/// A shard of the content and its node.
struct Slot {
    node: NodeId,
    state: State,
}

/// How the shard of a slot went.
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
            acked: false,
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
                let (lane, shard, record) = (self.store.lanes.to(&slot.node), *shard, record.clone());
                let answer = async move { Answer { slot: number, shard, stored: lane.put(record).await } };
                self.answers.push(answer.boxed());
            }
        }
    }

    /// Takes answers until the content is safe, and says so, or cannot become safe any more.
    async fn settle(&mut self) -> bool {
        while !self.survives(&[State::Stored]) {
            if !self.survives(&[State::Stored, State::Sent]) {
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

    /// The placement to record. Shards that failed, now or after the ack, are reported; nodes that were given up
    /// are made to forget what they may have stored all the same.
    fn ack(mut self) -> Placement {
        self.acked = true;
        let shards = match self.layout {
            Layout::Small => &[0_u8, 4, 5][..],
            Layout::Striped => &[0, 1, 2, 3, 4, 5],
        };
        let failed = self.slots.iter().zip(shards).filter(|(slot, _)| slot.state == State::Failed);
        let failed: Vec<u8> = failed.map(|(_, shard)| *shard).collect();
        let mut strays = std::mem::take(&mut self.tried);
        let nodes = self.slots.iter().map(|slot| slot.node.clone()).collect();
        let placement = Placement { layout: self.layout, nodes };
        strays.retain(|tried| placement.node(tried.index) != Some(&tried.node));
        if !self.answers.is_empty() || !failed.is_empty() {
            self.store.settling.acked(self.generation, 1);
        }
        if !self.answers.is_empty() || !failed.is_empty() || !strays.is_empty() {
            tokio::spawn(self.see_off(placement.clone(), failed, strays));
        }
        placement
    }

    /// Takes the answers that the ack did not wait for, clears away what is not where it was recorded, and then
    /// reports what is missing: whoever repairs it may place it on a node that was given up.
    fn see_off(
        &mut self,
        placement: Placement,
        mut failed: Vec<u8>,
        strays: Vec<PlacedShard>,
    ) -> impl Future<Output = ()> + use<T> {
        let owed = Owed { bucket: self.bucket.clone(), generation: self.generation, layout: self.layout };
        let (store, mut answers) = (Arc::clone(&self.store), std::mem::take(&mut self.answers));
        let budget = self.budget.take();
        let departure = store.under_way.depart(self.generation);
        async move {
            while let Some(answer) = answers.next().await {
                if answer.stored.is_err() {
                    failed.push(answer.shard);
                }
            }
            drop(budget);
            discard::discard(&store, &owed.bucket, strays).await;
            drop(departure);
            let failed = placement.shards().filter(|(shard, _)| failed.contains(shard));
            let failed: Vec<(u8, NodeId)> = failed.map(|(shard, node)| (shard, node.clone())).collect();
            store.settling.answered(owed.generation, failed.iter().cloned());
            for (shard, node) in failed {
                store.report(owed.incident(shard, node));
            }
        }
    }

    fn survives(&self, states: &[State]) -> bool {
        let slots = self.slots.iter().filter(|slot| states.contains(&slot.state));
        survives_any_node(self.layout, slots.map(|slot| &slot.node))
    }

    fn count(&self, state: State) -> usize {
        self.slots.iter().filter(|slot| slot.state == state).count()
    }
}

impl<T: Transport> Drop for Put<T> {
    fn drop(&mut self) {
        if self.acked {
            return;
        }
        let (store, bucket) = (Arc::clone(&self.store), self.bucket.clone());
        let (mut answers, tried) = (std::mem::take(&mut self.answers), std::mem::take(&mut self.tried));
        let budget = self.budget.take();
        // Only once no shard is on its way any more: else it might arrive after its discarding.
        discard::spawn(async move {
            while answers.next().await.is_some() {}
            drop(budget);
            discard::discard(&store, &bucket, tried).await;
        });
    }
}

/// What all incidents of one write have in common.
#[derive(Debug, Clone)]
pub(crate) struct Owed {
    pub(crate) bucket: BucketName,
    pub(crate) generation: Generation,
    pub(crate) layout: Layout,
}

impl Owed {
    /// The incident of a shard that the acked content lacks.
    pub(crate) fn incident(&self, shard: u8, node: NodeId) -> Incident {
        let Self { bucket, generation, layout } = self.clone();
        Incident { bucket, sha256: None, generation, layout, shard, node, kind: IncidentKind::Unwritten }
    }
}
