use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::placement::{Candidate, NODE_RESERVE_BYTES, NODES_MIN};
use events::ids::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::telemetry::{HEARTBEAT_SILENCE_MAX, Heartbeat, NodeState, Trouble};

/// Nodes of a region, at most. Further ones neither join nor are remembered.
pub const NODES_MAX: usize = 1024;

/// Names remembered that have not joined, at most, where nodes can join. Those that have joined need none of these
/// places, and of those that have not, the silent ones make room.
const STRANGERS_MAX: usize = 64;

/// Silence after which a name that has not joined is forgotten.
const STRANGER_SILENCE_MAX: Duration = Duration::from_mins(1);

/// Processes remembered that claim the same name, at most. Heartbeats of further ones are ignored.
const PROCESSES_MAX: usize = 4;

/// No node's claim of free bytes counts for more than this many times the next lower one. Nobody but the node sees its
/// disk, and one that claims too much would be given all that is written.
const FREE_CLAIM_TIMES_MAX: u64 = 16;

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
    /// Of each node that ever was online: whether it is, and how often it has come to be.
    arrivals: BTreeMap<NodeId, Arrivals>,
}

/// How often a node has come online.
#[derive(Debug, Clone, Copy, Default)]
struct Arrivals {
    is_online: bool,
    count: u64,
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

    /// Whether it may be asked for what it stores. A folder that has not joined may be an empty one in the place of
    /// another, which is no reason to believe that anything is missing.
    fn may_be_asked(&self) -> bool {
        self.reachable && self.standing == Standing::Accepted
    }
}

impl Roll {
    /// The nodes that are online, each once: while one restarts, two processes of it may seem to be.
    fn online(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes.values().filter_map(|processes| processes.values().rfind(|view| view.is_online()))
    }

    /// The nodes that say they are stuck, and would be online otherwise.
    fn stuck(&self) -> impl Iterator<Item = &NodeView> {
        let is_stuck = |view: &&NodeView| view.may_be_asked() && view.is_stalled();
        self.nodes.values().filter_map(move |processes| processes.values().rfind(is_stuck))
    }

    /// Counts a node that has come online.
    fn count_arrival(&mut self, node: &NodeId) {
        let is_online = self.find(node, NodeView::is_online).is_some();
        match self.arrivals.get_mut(node) {
            Some(arrivals) => {
                let was_online = std::mem::replace(&mut arrivals.is_online, is_online);
                arrivals.count += u64::from(is_online && !was_online);
            }
            None if is_online => drop(self.arrivals.insert(node.clone(), Arrivals { is_online, count: 1 })),
            None => {}
        }
    }

    fn find(&self, node: &NodeId, which: impl Fn(&NodeView) -> bool) -> Option<&NodeView> {
        self.nodes.get(node)?.values().find(|view| which(view))
    }

    /// Decides anew who is who among the processes that claim `node`. Whether that changed anything.
    fn judge(&mut self, node: &NodeId) -> bool {
        let changed = self.judge_processes(node);
        self.count_arrival(node);
        changed
    }

    fn judge_processes(&mut self, node: &NodeId) -> bool {
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

    /// Forgets processes that fell silent while another one of their name speaks, and names that never joined some
    /// time after they fell silent.
    fn forget_silent(&mut self, now: Instant) {
        let folders = self.folders.as_ref();
        self.nodes.retain(|node, processes| {
            let is_silent = |view: &NodeView| now.duration_since(view.heard) >= STRANGER_SILENCE_MAX;
            has_joined(folders, node) || !processes.values().all(is_silent)
        });
        for processes in self.nodes.values_mut() {
            if processes.values().any(|view| view.reachable) {
                processes.retain(|_, view| view.reachable);
            } else if let Some(last) = processes.values().map(|view| view.heard).max() {
                processes.retain(|_, view| view.heard == last);
            }
        }
    }

    /// Whether there is a place for who sent this. A name or a process that is silent makes way.
    fn admits(&mut self, heartbeat: &Heartbeat) -> bool {
        let Heartbeat { node, incarnation, .. } = heartbeat;
        let joined = self.folders.as_ref().and_then(|folders| folders.get(node)).copied();
        match self.nodes.get_mut(node) {
            Some(processes) if processes.contains_key(incarnation) || processes.len() < PROCESSES_MAX => true,
            Some(processes) => {
                // Whoever claims the name with other folders keeps nobody out who has the right one.
                let is_right = |view: &NodeView| joined.is_some() && view.heartbeat.folder == joined;
                let is_right_one = joined.is_some() && heartbeat.folder == joined;
                let idle = processes.iter().find(|(_, view)| !view.reachable || is_right_one && !is_right(view));
                let idle = idle.map(|(process, _)| *process);
                idle.is_some_and(|process| processes.remove(&process).is_some())
            }
            None if self.folders.is_none() => self.nodes.len() < NODES_MAX,
            None => joined.is_some() || self.has_place_for_stranger(),
        }
    }

    /// Whether one more name that has not joined is remembered.
    fn has_place_for_stranger(&mut self) -> bool {
        let folders = self.folders.as_ref();
        let strangers = || self.nodes.iter().filter(|(node, _)| !has_joined(folders, node));
        // Where no node can join all that there are are strangers.
        let places = if self.tolerant { NODES_MAX } else { STRANGERS_MAX };
        if strangers().count() < places {
            return true;
        }
        let is_silent = |processes: &Processes| !processes.values().any(|view| view.reachable);
        let silent = strangers().find(|(_, processes)| is_silent(processes)).map(|(node, _)| node.clone());
        silent.is_some_and(|node| self.nodes.remove(&node).is_some())
    }
}

/// Whether the log knows a folder for the name; where nobody asks the log, all names are as good.
fn has_joined(folders: Option<&BTreeMap<NodeId, Uuid>>, node: &NodeId) -> bool {
    folders.is_none_or(|folders| folders.contains_key(node))
}

/// Cuts claims of free bytes down to what the others' make credible.
fn bound_claims(candidates: &mut [Candidate]) {
    let mut claims: Vec<u64> = candidates.iter().map(|candidate| candidate.free_bytes).collect();
    claims.sort_unstable();
    // From the lowest up, so that a claim is measured by what the one below it counts for.
    let mut most = claims.first().copied().unwrap_or_default();
    for claim in claims {
        let credible = most.max(NODE_RESERVE_BYTES).saturating_mul(FREE_CLAIM_TIMES_MAX);
        most = claim.min(credible);
    }
    for candidate in candidates {
        candidate.free_bytes = candidate.free_bytes.min(most);
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

    /// Takes in whether the log takes no facts about nodes yet. Then nodes that have not joined are taken by their
    /// word, as they were before there were such facts.
    pub fn tolerate(&self, tolerant: bool) {
        self.0.send_if_modified(|roll| std::mem::replace(&mut roll.tolerant, tolerant) != tolerant && roll.judge_all());
    }

    /// Takes in a heartbeat that came at `now`: the node is reachable again, whatever was thought of it. False if there
    /// is no place for one more name, or one more process of that name. Whose it is, the caller answers for.
    pub fn observe(&self, heartbeat: Heartbeat, now: Instant) -> bool {
        let mut admitted = true;
        self.0.send_if_modified(|roll| {
            admitted = roll.admits(&heartbeat);
            if !admitted {
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
        admitted
    }

    /// Takes in that a request found nobody at `node`: it is offline until its next heartbeat.
    pub fn unreachable(&self, node: &NodeId) {
        self.0.send_if_modified(|roll| {
            let views = roll.nodes.get_mut(node).into_iter().flat_map(BTreeMap::values_mut);
            let changed = views.fold(false, |changed, view| std::mem::replace(&mut view.reachable, false) | changed);
            roll.count_arrival(node);
            changed
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
            roll.forget_silent(now);
            if changed {
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
    pub(crate) async fn wait_stuck(&self, node: &NodeId) {
        // As in `wait_online`.
        let _ = self.changes().wait_for(|roll| roll.stuck().any(|view| view.heartbeat.node == *node)).await;
    }

    /// Waits until `node` says that it is stuck, and enough others are online to do without it.
    pub(crate) async fn wait_dispensable(&self, node: &NodeId) {
        let is_stuck = |roll: &Roll| roll.stuck().any(|view| view.heartbeat.node == *node);
        // As in `wait_online`.
        let _ = self.changes().wait_for(|roll| is_stuck(roll) && roll.online().count() >= NODES_MIN).await;
    }

    /// Whether `node` can be expected to say what it stores: requests reach it, and it does not say that it is stuck.
    pub fn answers(&self, node: &NodeId) -> bool {
        self.0.borrow().find(node, NodeView::may_be_asked).is_some_and(|view| !view.is_stalled())
    }

    /// How often each node that is online has come to be that. It counts, so that nobody misses a node that goes and
    /// comes again while he looks elsewhere.
    pub fn arrivals(&self) -> BTreeMap<NodeId, u64> {
        let roll = self.0.borrow();
        let online = roll.arrivals.iter().filter(|(_, arrivals)| arrivals.is_online);
        online.map(|(node, arrivals)| (node.clone(), arrivals.count)).collect()
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
        let is_heard = roll.find(node, |view| view.reachable).is_some();
        // A process that is refused would keep such a request waiting until its deadline.
        if is_heard && roll.find(node, NodeView::may_be_asked).is_none() {
            return Addressee::Nobody;
        }
        let joined = roll.folders.as_ref().and_then(|folders| folders.get(node));
        joined.map_or(Addressee::Anyone, |folder| Addressee::Folder(*folder))
    }

    /// Whether `node` runs on the host that booted as `boot_id`.
    pub(crate) fn is_on_host(&self, node: &NodeId, boot_id: Uuid) -> bool {
        let there = |view: &NodeView| view.may_be_asked() && view.heartbeat.boot_id == boot_id;
        self.0.borrow().find(node, there).is_some()
    }

    /// The nodes that are online, for placement. What they claim of their room counts as far as it is credible.
    pub fn candidates(&self) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = self.0.borrow().online().map(candidate).collect();
        bound_claims(&mut candidates);
        candidates
    }

    /// The nodes that say they are stuck, for placement where the others do not suffice.
    pub(crate) fn stuck_candidates(&self) -> Vec<Candidate> {
        self.0.borrow().stuck().map(candidate).collect()
    }
}

fn candidate(view: &NodeView) -> Candidate {
    Candidate {
        node: view.heartbeat.node.clone(),
        zone: view.heartbeat.zone.clone(),
        free_bytes: view.heartbeat.free_bytes.min(view.heartbeat.total_bytes),
    }
}

#[cfg(test)]
mod tests;
