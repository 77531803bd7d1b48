//! The membership: which nodes exist and which of them are online, derived from their heartbeats.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::placement::{Candidate, NODES_MIN};
use domain::row::{Duty, NodeRow};
use events::ids::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use self::table::Addressee;
use self::table::bound_claims;
pub use self::table::{Admission, Answer, NodeTable, NodeView};
use crate::node::telemetry::{FolderAge, HEARTBEAT_SILENCE_MAX, Heartbeat};

/// The most nodes of a region. Further ones neither join nor are remembered.
pub const NODES_MAX: usize = 1024;

/// The most answers to calls of the roll that are remembered of one process. Several may call at the same time.
const ANSWERS_MAX: usize = 16;

/// The storage nodes of a region and which of them are online, derived from their heartbeats.
///
/// Several processes may claim the name of one node. The one with the folder that the log knows for the name is the
/// node; the others are refused. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Membership(Arc<watch::Sender<NodeTable>>);

/// What the log knows of nodes, up to one of its events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Joined {
    /// The data folder of each node that joined.
    pub folders: BTreeMap<NodeId, Uuid>,
    /// The nodes among them that take no new shards: they are being emptied, or were removed. A full disk is none of the log's
    /// words: what the node itself says of its room is newer, and is there also if no monitor runs.
    pub closed: BTreeSet<NodeId>,
    /// How old the folders had become when their nodes were last lost.
    pub ages: BTreeMap<NodeId, FolderAge>,
    /// The sequence of that event.
    pub at: u64,
}

impl Joined {
    /// What the rows of all nodes say, as of the event `at`.
    pub fn of_rows(rows: impl IntoIterator<Item = (NodeId, NodeRow)>, at: u64) -> Self {
        let mut joined = Self { at, ..Self::default() };
        for (node, row) in rows {
            if row.duty.is != Duty::Serve {
                joined.closed.insert(node.clone());
            }
            joined.ages.insert(node.clone(), FolderAge { starts: row.starts, position: row.position });
            joined.folders.insert(node, row.folder.0);
        }
        joined
    }
}

impl Membership {
    /// A membership without nodes that accepts every data folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// A membership without nodes that accepts only the data folders given to [`Self::accept`].
    pub fn guarded() -> Self {
        let table = NodeTable { folders: Some(BTreeMap::new()), ..NodeTable::default() };
        Self(Arc::new(watch::Sender::new(table)))
    }

    /// Sets what the log knows of nodes, unless something newer is set.
    pub fn accept(&self, joined: Joined) {
        self.0.send_if_modified(|table| {
            let Joined { folders, closed, ages, at } = joined;
            if at < table.at {
                return false;
            }
            table.at = at;
            let is_changed = table.closed != closed;
            table.closed = closed;
            let are_ages_changed = table.ages != ages;
            table.ages = ages;
            if table.folders.as_ref() == Some(&folders) && !are_ages_changed {
                return is_changed;
            }
            table.folders = Some(folders);
            table.update_all_admissions() | is_changed
        });
    }

    /// The sequence of the event up to which facts about nodes are known. Ask before choosing nodes: the commit of the
    /// choice names it, so that a node that was given up since is noticed.
    pub fn known_at(&self) -> u64 {
        self.0.borrow().at
    }

    /// Sets whether unjoined nodes are accepted, as long as the log takes no facts about nodes.
    pub fn accept_unjoined(&self, accepts_unjoined: bool) {
        self.0.send_if_modified(|table| {
            std::mem::replace(&mut table.accepts_unjoined, accepts_unjoined) != accepts_unjoined
                && table.update_all_admissions()
        });
    }

    /// Applies a heartbeat that arrived at `now`; its sender becomes reachable. Returns false if there is no room for
    /// one more name, or for one more process of that name. The caller has authenticated the sender.
    pub fn observe(&self, heartbeat: Heartbeat, now: Instant) -> bool {
        let mut admitted = true;
        self.0.send_if_modified(|table| {
            admitted = table.admits(&heartbeat);
            if !admitted {
                return false;
            }
            let (node, process) = (heartbeat.node.clone(), heartbeat.incarnation);
            let processes = table.nodes.entry(node.clone()).or_default();
            let before = processes.get(&process).cloned();
            let mut answers = before.as_ref().map(|before| before.answers.clone()).unwrap_or_default();
            if let Some(call) = &heartbeat.call {
                if answers.len() >= ANSWERS_MAX {
                    answers.remove(0);
                }
                answers.push(Answer { call: call.clone(), at: now });
            }
            let view = NodeView {
                heartbeat,
                last_heartbeat: now,
                first_heartbeat: before.as_ref().map_or(now, |before| before.first_heartbeat),
                reachable: true,
                admission: before.as_ref().map_or(Admission::Undecided, |before| before.admission),
                answers,
            };
            processes.insert(process, view);
            let admission_changed = table.update_admission(&node);
            let after = table.nodes.get(&node).and_then(|processes| processes.get(&process));
            let visible = |view: Option<&NodeView>| view.map(|view| (view.is_online(), view.is_stalled()));
            admission_changed || visible(before.as_ref()) != visible(after)
        });
        admitted
    }

    /// Marks `node` as offline until its next heartbeat, because a request found no responder. Processes that are not
    /// asked for anything stay as they are: it says nothing about them.
    pub fn unreachable(&self, node: &NodeId) {
        self.0.send_if_modified(|table| {
            let views = table.nodes.get_mut(node).into_iter().flat_map(BTreeMap::values_mut);
            let views = views.filter(|view| view.may_be_asked());
            let changed = views.fold(false, |changed, view| std::mem::replace(&mut view.reachable, false) | changed);
            table.count_arrival(node);
            changed
        });
    }

    /// Marks processes without a heartbeat for [`HEARTBEAT_SILENCE_MAX`] before `now` as offline.
    pub fn sweep(&self, now: Instant) {
        self.0.send_if_modified(|table| {
            let mut changed = false;
            for view in table.nodes.values_mut().flat_map(BTreeMap::values_mut).filter(|view| view.reachable) {
                view.reachable = now.duration_since(view.last_heartbeat) < HEARTBEAT_SILENCE_MAX;
                changed |= !view.reachable;
            }
            table.forget_silent(now);
            if changed {
                table.update_all_admissions();
            }
            changed
        });
    }

    /// The number of reachable nodes whose admission is decided.
    pub fn settled(&self) -> usize {
        let is_settled = |view: &NodeView| view.reachable && view.admission != Admission::Undecided;
        self.0.borrow().nodes.values().filter(|processes| processes.values().any(is_settled)).count()
    }

    /// Every process with a recent heartbeat, and the last one of each name, in the order of the names.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.0.borrow().nodes.values().flat_map(BTreeMap::values).cloned().collect()
    }

    /// A receiver that wakes when a node comes online, goes offline or stalls, or when an admission changes.
    pub fn changes(&self) -> watch::Receiver<NodeTable> {
        self.0.subscribe()
    }

    /// Waits until `count` nodes are online. The caller sets the deadline.
    pub async fn wait_online(&self, count: usize) {
        // This cannot fail: the sender is `self`.
        let _ = self.changes().wait_for(|table| table.online().count() >= count).await;
    }

    /// Waits until `node` reports that its disk has stalled. The caller sets the deadline.
    pub(crate) async fn wait_stalled(&self, node: &NodeId) {
        // As in `wait_online`.
        let _ = self.changes().wait_for(|table| table.stalled().any(|view| view.heartbeat.node == *node)).await;
    }

    /// Waits until `node` reports that its disk has stalled, and enough other nodes are online.
    pub(crate) async fn wait_dispensable(&self, node: &NodeId) {
        let is_stalled = |table: &NodeTable| table.stalled().any(|view| view.heartbeat.node == *node);
        // As in `wait_online`.
        let _ = self.changes().wait_for(|table| is_stalled(table) && table.online().count() >= NODES_MIN).await;
    }

    /// Whether `node` is expected to answer requests: it is reachable and accepted, and its disk has not stalled.
    pub fn answers(&self, node: &NodeId) -> bool {
        self.0.borrow().find(node, NodeView::may_be_asked).is_some_and(|view| !view.is_stalled())
    }

    /// How often each node that is online has come online. By the count a caller notices a node that left and rejoined
    /// between two calls.
    pub fn arrivals(&self) -> BTreeMap<NodeId, u64> {
        let table = self.0.borrow();
        let online = table.arrivals.iter().filter(|(_, arrivals)| arrivals.is_online);
        online.map(|(node, arrivals)| (node.clone(), arrivals.count)).collect()
    }

    /// Whether `node` accepts new shards.
    pub fn is_online(&self, node: &NodeId) -> bool {
        self.0.borrow().find(node, NodeView::is_online).is_some()
    }

    /// Whether requests reach `node`.
    pub fn is_reachable(&self, node: &NodeId) -> bool {
        self.0.borrow().find(node, NodeView::may_be_asked).is_some()
    }

    /// The addressee of requests to `node`.
    pub(crate) fn addressee(&self, node: &NodeId) -> Addressee {
        let table = self.0.borrow();
        let has_process = table.find(node, |view| view.reachable).is_some();
        // A refused process would leave the request without a reply until its deadline.
        if has_process && table.find(node, NodeView::may_be_asked).is_none() {
            return Addressee::Nobody;
        }
        let joined = table.folders.as_ref().and_then(|folders| folders.get(node));
        joined.map_or(Addressee::Anyone, |folder| Addressee::Folder(*folder))
    }

    /// Whether `node` runs on the host with this boot id.
    pub(crate) fn is_on_host(&self, node: &NodeId, boot_id: Uuid) -> bool {
        let there = |view: &NodeView| view.may_be_asked() && view.heartbeat.boot_id == boot_id;
        self.0.borrow().find(node, there).is_some()
    }

    /// The nodes that are online, as candidates for placement. Implausibly large reports of free bytes are limited.
    pub fn candidates(&self) -> Vec<Candidate> {
        let table = self.0.borrow();
        let mut candidates: Vec<Candidate> = table.online().filter(|view| table.is_open(view)).map(candidate).collect();
        drop(table);
        bound_claims(&mut candidates);
        candidates
    }

    /// The nodes that requests reach and that know their disk, with the room that they have: also those that take no new
    /// shards. Implausibly large reports of free bytes are limited.
    pub fn holders(&self) -> Vec<Candidate> {
        let table = self.0.borrow();
        let holds = |view: &&NodeView| view.may_be_asked() && view.heartbeat.total_bytes > 0;
        let views = table.nodes.values().filter_map(|processes| processes.values().rfind(holds));
        let mut holders: Vec<Candidate> = views.map(candidate).collect();
        drop(table);
        bound_claims(&mut holders);
        holders
    }

    /// The nodes that report a stalled disk, as candidates for placement where the others do not suffice.
    pub(crate) fn stalled_candidates(&self) -> Vec<Candidate> {
        let table = self.0.borrow();
        table.stalled().filter(|view| table.is_open(view)).map(candidate).collect()
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
pub(crate) mod tests;
