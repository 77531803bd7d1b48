use std::collections::BTreeMap;
use std::sync::Arc;

use domain::placement::Candidate;
use events::ids::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::telemetry::{HEARTBEAT_SILENCE_MAX, Heartbeat, NodeState};

/// Nodes remembered, at most. Heartbeats of further ones are ignored.
pub const NODES_MAX: usize = 1024;

/// Which storage nodes there are and which of them are online, as their heartbeats and their silence tell.
///
/// Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Membership(Arc<watch::Sender<BTreeMap<NodeId, NodeView>>>);

/// What is known of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its latest heartbeat.
    pub heartbeat: Heartbeat,
    /// When that came.
    pub heard: Instant,
    /// Whether requests reach it: it was heard lately, and the last request found it there.
    pub reachable: bool,
}

impl NodeView {
    /// Whether it can take new shards.
    pub fn is_online(&self) -> bool {
        self.reachable && self.heartbeat.state == NodeState::Up
    }
}

impl Membership {
    /// A membership that knows no node yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a heartbeat that came at `now`: the node is reachable again, whatever was thought of it.
    pub fn observe(&self, heartbeat: Heartbeat, now: Instant) {
        self.0.send_if_modified(|nodes| {
            if nodes.len() >= NODES_MAX && !nodes.contains_key(&heartbeat.node) {
                return false;
            }
            let was_online = nodes.get(&heartbeat.node).is_some_and(NodeView::is_online);
            let view = NodeView { heartbeat, heard: now, reachable: true };
            let is_online = view.is_online();
            nodes.insert(view.heartbeat.node.clone(), view);
            was_online != is_online
        });
    }

    /// Takes in that a request found nobody at `node`: it is offline until its next heartbeat.
    pub fn unreachable(&self, node: &NodeId) {
        self.0.send_if_modified(|nodes| {
            nodes.get_mut(node).is_some_and(|view| std::mem::replace(&mut view.reachable, false))
        });
    }

    /// Takes in that it is `now`: nodes silent for [`HEARTBEAT_SILENCE_MAX`] are offline.
    pub fn sweep(&self, now: Instant) {
        self.0.send_if_modified(|nodes| {
            let mut changed = false;
            for view in nodes.values_mut().filter(|view| view.reachable) {
                view.reachable = now.duration_since(view.heard) < HEARTBEAT_SILENCE_MAX;
                changed |= !view.reachable;
            }
            changed
        });
    }

    /// Every node ever heard of, in order of the names.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.0.borrow().values().cloned().collect()
    }

    /// A receiver that wakes when a node comes online or goes.
    pub fn changes(&self) -> watch::Receiver<BTreeMap<NodeId, NodeView>> {
        self.0.subscribe()
    }

    /// Waits until `count` nodes are online. Give it a deadline of your own.
    pub async fn wait_online(&self, count: usize) {
        let enough =
            |nodes: &BTreeMap<NodeId, NodeView>| nodes.values().filter(|view| view.is_online()).count() >= count;
        // An error would mean that the sender is gone, and it is `self`.
        let _ = self.changes().wait_for(enough).await;
    }

    /// Whether `node` takes new shards.
    pub fn is_online(&self, node: &NodeId) -> bool {
        self.0.borrow().get(node).is_some_and(NodeView::is_online)
    }

    /// Whether requests reach `node`.
    pub fn is_reachable(&self, node: &NodeId) -> bool {
        self.0.borrow().get(node).is_some_and(|view| view.reachable)
    }

    /// Whether `node` runs on the host that booted as `boot_id`.
    pub(crate) fn is_on_host(&self, node: &NodeId, boot_id: Uuid) -> bool {
        self.0.borrow().get(node).is_some_and(|view| view.heartbeat.boot_id == boot_id)
    }

    /// The nodes that are online, for placement.
    pub fn candidates(&self) -> Vec<Candidate> {
        let candidate = |view: &NodeView| Candidate {
            node: view.heartbeat.node.clone(),
            zone: view.heartbeat.zone.clone(),
            free_bytes: view.heartbeat.free_bytes,
        };
        self.0.borrow().values().filter(|view| view.is_online()).map(candidate).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn heartbeat(state: NodeState) -> Heartbeat {
        Heartbeat {
            node: "n1".parse().unwrap(),
            zone: "z".into(),
            boot_id: Uuid::from_u128(1),
            free_bytes: 1,
            total_bytes: 2,
            stored_bytes: 1,
            shards: 0,
            state,
            incarnation: Uuid::nil(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_missing_responders_take_a_node_offline_and_a_heartbeat_brings_it_back() {
        let (membership, start) = (Membership::new(), Instant::now());
        let node: NodeId = "n1".parse().unwrap();
        let mut changes = membership.changes();
        membership.observe(heartbeat(NodeState::Up), start);
        assert!(membership.is_online(&node) && changes.has_changed().unwrap());
        changes.mark_unchanged();

        membership.observe(heartbeat(NodeState::Up), start + Duration::from_secs(1));
        membership.sweep(start + Duration::from_millis(3999));
        assert!(membership.is_online(&node) && !changes.has_changed().unwrap(), "nothing changed");
        membership.sweep(start + Duration::from_secs(4));
        assert!(!membership.is_online(&node) && changes.has_changed().unwrap());

        membership.observe(heartbeat(NodeState::Up), start + Duration::from_secs(5));
        membership.wait_online(1).await;
        membership.unreachable(&node);
        assert!(!membership.is_online(&node) && membership.candidates().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_with_a_failed_disk_takes_nothing_but_may_be_asked() {
        let (membership, node) = (Membership::new(), "n1".parse().unwrap());
        membership.observe(heartbeat(NodeState::Failed), Instant::now());
        assert!(!membership.is_online(&node) && membership.is_reachable(&node));
        assert!(membership.candidates().is_empty());
    }
}
