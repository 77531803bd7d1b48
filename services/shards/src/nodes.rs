use std::collections::BTreeMap;
use std::sync::Arc;

use domain::placement::Candidate;
use events::ids::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::telemetry::{HEARTBEAT_SILENCE_MAX, Heartbeat, NodeState, Trouble};

/// Nodes remembered, at most. Heartbeats of further ones are ignored.
pub const NODES_MAX: usize = 1024;

/// Processes remembered that claim the same name, at most. Heartbeats of further ones are ignored.
const PROCESSES_MAX: usize = 4;

/// Which storage nodes there are and which of them are online, as their heartbeats and their silence tell.
///
/// Several processes may claim the name of one node. The one with the folder that the log knows for the name is the
/// node; the others are refused. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Membership(Arc<watch::Sender<Roll>>);

/// What a membership knows.
#[derive(Debug, Default)]
pub struct Roll {
    /// The folder of each node that joined; nothing if every folder is accepted.
    folders: Option<BTreeMap<NodeId, Uuid>>,
    /// No folder can join: a name without one is taken by its word.
    tolerant: bool,
    nodes: BTreeMap<NodeId, Processes>,
}

/// The processes that claim one name, by incarnation.
type Processes = BTreeMap<Uuid, NodeView>;

/// What is known of one process that claims the name of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// Its latest heartbeat.
    pub heartbeat: Heartbeat,
    /// When that came.
    pub heard: Instant,
    /// When its first one came.
    pub heard_first: Instant,
    /// Whether requests reach it: it was heard lately, and the last request found it there.
    pub reachable: bool,
    /// Whether it is the node that it says it is.
    pub standing: Standing,
}

/// Whether a process is the node that it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Accepted,
    /// No folder has joined under its name yet.
    Undecided,
    /// The node's folder is another one.
    Refused {
        /// That folder.
        known: Uuid,
    },
    /// An older process serves from the same folder, or a copy of it.
    Double {
        /// That process.
        elder: Uuid,
    },
}

/// Whom a request is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// Whoever serves under the name.
    Anyone,
    /// The process that serves from this folder.
    Folder(Uuid),
    /// Of the processes that are heard under the name, none is the node.
    Nobody,
}

impl NodeView {
    /// Whether it can take new shards.
    pub fn is_online(&self) -> bool {
        self.reachable && self.standing == Standing::Accepted && self.heartbeat.state == NodeState::Up
    }

    /// Whether its requests have stopped getting anywhere, by its own word.
    fn is_stalled(&self) -> bool {
        self.reachable && self.heartbeat.trouble == Some(Trouble::Stalled)
    }

    /// Whether it may be asked for what it stores.
    fn may_be_asked(&self) -> bool {
        self.reachable && matches!(self.standing, Standing::Accepted | Standing::Undecided)
    }
}

impl Roll {
    /// The nodes that are online, each once: while one restarts, two processes of it may seem to be.
    fn online(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes.values().filter_map(|processes| processes.values().rfind(|view| view.is_online()))
    }

    fn find(&self, node: &NodeId, which: impl Fn(&NodeView) -> bool) -> Option<&NodeView> {
        self.nodes.get(node)?.values().find(|view| which(view))
    }

    /// Decides anew who is who among the processes that claim `node`. Whether that changed anything.
    fn judge(&mut self, node: &NodeId) -> bool {
        let folders = self.folders.as_ref();
        let tolerant = self.tolerant;
        let Some(processes) = self.nodes.get_mut(node) else { return false };
        let standing = |folder: Option<Uuid>| match folders.map(|folders| folders.get(node)) {
            None => Standing::Accepted,
            // A process of a version that does not name its folder, and a name that never had one.
            Some(None) if folder.is_none() || tolerant => Standing::Accepted,
            Some(None) => Standing::Undecided,
            Some(Some(known)) if folder == Some(*known) => Standing::Accepted,
            Some(Some(known)) => Standing::Refused { known: *known },
        };
        let mut standings: BTreeMap<Uuid, Standing> =
            processes.iter().map(|(process, view)| (*process, standing(view.heartbeat.folder))).collect();
        let accepted = |standings: &BTreeMap<Uuid, Standing>, process: &Uuid| {
            standings.get(process) == Some(&Standing::Accepted)
                && processes.get(process).is_some_and(|view| view.reachable)
        };
        // Incarnations grow with time, so every gateway finds the same elder.
        let elder = processes.iter().find(|(process, _)| accepted(&standings, process));
        if let Some((elder, of_elder)) = elder.map(|(elder, view)| (*elder, view.clone())) {
            for (process, view) in processes.iter().filter(|(process, _)| **process != elder) {
                // An elder that fell silent when the other came was its predecessor.
                let both_live = of_elder.heard > view.heard_first;
                if both_live && accepted(&standings, process) {
                    standings.insert(*process, Standing::Double { elder });
                }
            }
        }
        let mut changed = false;
        for (process, view) in processes {
            let standing = standings.remove(process).unwrap_or(view.standing);
            changed |= std::mem::replace(&mut view.standing, standing) != standing;
        }
        changed
    }

    /// As [`Self::judge`], of all names.
    fn judge_all(&mut self) -> bool {
        let names: Vec<NodeId> = self.nodes.keys().cloned().collect();
        names.iter().fold(false, |changed, node| self.judge(node) | changed)
    }

    /// Forgets processes that fell silent while another one of their name speaks.
    fn forget_silent(&mut self) {
        for processes in self.nodes.values_mut() {
            if processes.values().any(|view| view.reachable) {
                processes.retain(|_, view| view.reachable);
            } else if let Some(last) = processes.values().map(|view| view.heard).max() {
                processes.retain(|_, view| view.heard == last);
            }
        }
    }

    fn admits(&self, heartbeat: &Heartbeat) -> bool {
        match self.nodes.get(&heartbeat.node) {
            None => self.nodes.len() < NODES_MAX,
            Some(processes) => processes.contains_key(&heartbeat.incarnation) || processes.len() < PROCESSES_MAX,
        }
    }
}

impl Membership {
    /// A membership that knows no node yet, and accepts every folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// A membership that accepts no folder before [`Self::accept`] names it.
    pub fn guarded() -> Self {
        let roll = Roll { folders: Some(BTreeMap::new()), ..Roll::default() };
        Self(Arc::new(watch::Sender::new(roll)))
    }

    /// Takes in which folder each node has joined with.
    pub fn accept(&self, folders: BTreeMap<NodeId, Uuid>) {
        self.0.send_if_modified(|roll| {
            if roll.folders.as_ref() == Some(&folders) {
                return false;
            }
            roll.folders = Some(folders);
            roll.judge_all()
        });
    }

    /// Takes in whether the log takes no facts about nodes yet. Then nodes that have not joined are taken by their word,
    /// as they were before there were such facts.
    pub fn tolerate(&self, tolerant: bool) {
        self.0.send_if_modified(|roll| std::mem::replace(&mut roll.tolerant, tolerant) != tolerant && roll.judge_all());
    }

    /// Takes in a heartbeat that came at `now`: the node is reachable again, whatever was thought of it.
    pub fn observe(&self, heartbeat: Heartbeat, now: Instant) {
        self.0.send_if_modified(|roll| {
            if !roll.admits(&heartbeat) {
                return false;
            }
            let (node, process) = (heartbeat.node.clone(), heartbeat.incarnation);
            let processes = roll.nodes.entry(node.clone()).or_default();
            let before = processes.get(&process).cloned();
            let view = NodeView {
                heartbeat,
                heard: now,
                heard_first: before.as_ref().map_or(now, |before| before.heard_first),
                reachable: true,
                standing: before.as_ref().map_or(Standing::Undecided, |before| before.standing),
            };
            processes.insert(process, view);
            let judged = roll.judge(&node);
            let after = roll.nodes.get(&node).and_then(|processes| processes.get(&process));
            let told = |view: Option<&NodeView>| view.map(|view| (view.is_online(), view.is_stalled()));
            judged || told(before.as_ref()) != told(after)
        });
    }

    /// Takes in that a request found nobody at `node`: it is offline until its next heartbeat.
    pub fn unreachable(&self, node: &NodeId) {
        self.0.send_if_modified(|roll| {
            let views = roll.nodes.get_mut(node).into_iter().flat_map(BTreeMap::values_mut);
            views.fold(false, |changed, view| std::mem::replace(&mut view.reachable, false) | changed)
        });
    }

    /// Takes in that it is `now`: processes silent for [`HEARTBEAT_SILENCE_MAX`] are offline.
    pub fn sweep(&self, now: Instant) {
        self.0.send_if_modified(|roll| {
            let mut changed = false;
            for view in roll.nodes.values_mut().flat_map(BTreeMap::values_mut).filter(|view| view.reachable) {
                view.reachable = now.duration_since(view.heard) < HEARTBEAT_SILENCE_MAX;
                changed |= !view.reachable;
            }
            if changed {
                roll.forget_silent();
                roll.judge_all();
            }
            changed
        });
    }

    /// How many nodes it is known of whether they take new shards: those that are online, and those refused.
    pub fn settled(&self) -> usize {
        let is_settled = |view: &NodeView| view.reachable && view.standing != Standing::Undecided;
        self.0.borrow().nodes.values().filter(|processes| processes.values().any(is_settled)).count()
    }

    /// Every process heard of lately, and the last one of each name, in order of the names.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.0.borrow().nodes.values().flat_map(BTreeMap::values).cloned().collect()
    }

    /// A receiver that wakes when a node comes online or goes, stalls, or is judged anew.
    pub fn changes(&self) -> watch::Receiver<Roll> {
        self.0.subscribe()
    }

    /// Waits until `count` nodes are online. Give it a deadline of your own.
    pub async fn wait_online(&self, count: usize) {
        // An error would mean that the sender is gone, and it is `self`.
        let _ = self.changes().wait_for(|roll| roll.online().count() >= count).await;
    }

    /// Waits until `node` says of itself that it is stuck. Give it a deadline of your own.
    pub(crate) async fn wait_stalled(&self, node: &NodeId) {
        let stalled = |roll: &Roll| roll.find(node, NodeView::may_be_asked).is_some_and(NodeView::is_stalled);
        // As in `wait_online`.
        let _ = self.changes().wait_for(stalled).await;
    }

    /// Whether `node` takes new shards.
    pub fn is_online(&self, node: &NodeId) -> bool {
        self.0.borrow().find(node, NodeView::is_online).is_some()
    }

    /// Whether requests reach `node`.
    pub fn is_reachable(&self, node: &NodeId) -> bool {
        self.0.borrow().find(node, NodeView::may_be_asked).is_some()
    }

    /// Whom requests to `node` are meant for.
    pub(crate) fn addressee(&self, node: &NodeId) -> Addressee {
        let roll = self.0.borrow();
        let joined = roll.folders.as_ref().and_then(|folders| folders.get(node));
        let Some(folder) = joined else { return Addressee::Anyone };
        let is_heard = roll.find(node, |view| view.reachable).is_some();
        // A process that is refused would keep such a request waiting until its deadline.
        if is_heard && roll.find(node, NodeView::may_be_asked).is_none() {
            Addressee::Nobody
        } else {
            Addressee::Folder(*folder)
        }
    }

    /// Whether `node` runs on the host that booted as `boot_id`.
    pub(crate) fn is_on_host(&self, node: &NodeId, boot_id: Uuid) -> bool {
        let there = |view: &NodeView| view.may_be_asked() && view.heartbeat.boot_id == boot_id;
        self.0.borrow().find(node, there).is_some()
    }

    /// The nodes that are online, for placement.
    pub fn candidates(&self) -> Vec<Candidate> {
        let candidate = |view: &NodeView| Candidate {
            node: view.heartbeat.node.clone(),
            zone: view.heartbeat.zone.clone(),
            free_bytes: view.heartbeat.free_bytes,
        };
        self.0.borrow().online().map(candidate).collect()
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
            incarnation: Uuid::from_u128(1),
            folder: None,
            trouble: None,
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

    fn process(incarnation: u128, folder: u128) -> Heartbeat {
        let (incarnation, folder) = (Uuid::from_u128(incarnation), Some(Uuid::from_u128(folder)));
        Heartbeat { incarnation, folder, ..heartbeat(NodeState::Up) }
    }

    fn standings(membership: &Membership) -> Vec<(u128, Standing)> {
        membership.nodes().iter().map(|view| (view.heartbeat.incarnation.as_u128(), view.standing)).collect()
    }

    fn join(membership: &Membership, folder: u128) {
        membership.accept(BTreeMap::from([("n1".parse().unwrap(), Uuid::from_u128(folder))]));
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_folder_that_joined_is_the_node() {
        let (membership, now) = (Membership::guarded(), Instant::now());
        let node: NodeId = "n1".parse().unwrap();
        membership.observe(process(1, 7), now);
        assert!(!membership.is_online(&node) && membership.is_reachable(&node), "nobody has joined yet");
        assert_eq!(membership.addressee(&node), Addressee::Anyone);
        let mut changes = membership.changes();
        join(&membership, 7);
        assert!(membership.is_online(&node) && changes.has_changed().unwrap());
        changes.mark_unchanged();
        join(&membership, 7);
        assert!(!changes.has_changed().unwrap());

        // Its disk is exchanged for an empty one, and the process starts again.
        membership.unreachable(&node);
        membership.observe(process(2, 8), now);
        assert!(!membership.is_online(&node) && !membership.is_reachable(&node));
        assert_eq!(membership.addressee(&node), Addressee::Nobody);
        assert!(membership.candidates().is_empty() && changes.has_changed().unwrap());
        assert_eq!(standings(&membership)[1], (2, Standing::Refused { known: Uuid::from_u128(7) }));
        // It is told to take the place.
        join(&membership, 8);
        assert!(membership.is_online(&node));
        assert_eq!(membership.addressee(&node), Addressee::Folder(Uuid::from_u128(8)));
    }

    #[tokio::test(start_paused = true)]
    async fn two_processes_of_one_name_are_told_apart_however_their_heartbeats_alternate() {
        let (membership, start) = (Membership::guarded(), Instant::now());
        let node: NodeId = "n1".parse().unwrap();
        join(&membership, 7);
        let refused = Standing::Refused { known: Uuid::from_u128(7) };
        for second in 0..5 {
            let now = start + Duration::from_secs(second);
            for beat in [process(1, 9), process(2, 7)] {
                membership.observe(beat, now);
                membership.sweep(now);
            }
            assert!(membership.is_online(&node));
            assert_eq!(standings(&membership), [(1, refused), (2, Standing::Accepted)]);
            assert_eq!(membership.candidates().len(), 1);
        }
        // The stranger goes, and with it every trace.
        let later = start + Duration::from_secs(9);
        membership.observe(process(2, 7), later);
        membership.sweep(later);
        assert_eq!(standings(&membership), [(2, Standing::Accepted)]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_processes_with_copies_of_one_folder_the_elder_is_the_node() {
        let (membership, start) = (Membership::guarded(), Instant::now());
        join(&membership, 7);
        membership.observe(process(1, 7), start);
        // A restart looks the same until the elder speaks again.
        membership.observe(process(2, 7), start + Duration::from_millis(500));
        assert_eq!(standings(&membership), [(1, Standing::Accepted), (2, Standing::Accepted)]);
        assert_eq!(membership.candidates().len(), 1);
        membership.observe(process(1, 7), start + Duration::from_secs(1));
        let double = Standing::Double { elder: Uuid::from_u128(1) };
        assert_eq!(standings(&membership), [(1, Standing::Accepted), (2, double)]);
        let later = start + Duration::from_secs(5);
        membership.observe(process(2, 7), later);
        membership.sweep(later);
        assert_eq!(standings(&membership), [(2, Standing::Accepted)], "the elder has gone");
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_does_not_name_its_folder_is_the_node_until_one_that_does_has_joined() {
        let (membership, node) = (Membership::guarded(), "n1".parse().unwrap());
        membership.observe(heartbeat(NodeState::Up), Instant::now());
        assert!(membership.is_online(&node));
        join(&membership, 7);
        assert!(!membership.is_online(&node));
    }

    #[tokio::test(start_paused = true)]
    async fn where_no_node_can_join_all_are_taken_by_their_word_but_those_that_have() {
        let (membership, node) = (Membership::guarded(), "n1".parse().unwrap());
        membership.observe(process(1, 7), Instant::now());
        membership.tolerate(true);
        assert!(membership.is_online(&node));
        join(&membership, 8);
        assert!(!membership.is_online(&node));
        membership.accept(BTreeMap::new());
        membership.tolerate(false);
        assert!(!membership.is_online(&node));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_stuck_takes_nothing_new_until_it_says_otherwise() {
        let (membership, node) = (Membership::new(), "n1".parse().unwrap());
        membership.observe(heartbeat(NodeState::Up), Instant::now());
        let mut changes = membership.changes();
        changes.mark_unchanged();
        let stuck = Heartbeat { trouble: Some(Trouble::Stalled), ..heartbeat(NodeState::Failed) };
        membership.observe(stuck, Instant::now());
        assert!(!membership.is_online(&node) && membership.is_reachable(&node) && changes.has_changed().unwrap());
        membership.wait_stalled(&node).await;
        membership.observe(heartbeat(NodeState::Up), Instant::now());
        assert!(membership.is_online(&node));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (membership, now) = (Membership::new(), Instant::now());
        (1..=9).for_each(|incarnation| membership.observe(process(incarnation, 1), now));
        assert_eq!(membership.nodes().len(), PROCESSES_MAX);
    }
}
