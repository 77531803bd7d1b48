//! The table of a membership: which processes claim which name, and which of them are believed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::placement::{Candidate, NODE_RESERVE_BYTES};
use events::ids::NodeId;
use tokio::time::Instant;
use uuid::Uuid;

use super::NODES_MAX;
use crate::node::rollcall::{call_of, number_of};
use crate::node::telemetry::{FolderAge, Heartbeat, NodeState, Trouble};

/// The most unjoined names that are remembered where nodes can join. Joined nodes do not count, and a new unjoined name
/// replaces a silent one.
pub(super) const UNJOINED_MAX: usize = 64;

/// An unjoined name without a heartbeat for this long is forgotten.
pub(super) const UNJOINED_SILENCE_MAX: Duration = Duration::from_mins(1);

/// The most processes that are remembered under one name. Heartbeats of further ones are ignored.
pub(super) const PROCESSES_MAX: usize = 4;

/// A node's reported free bytes count for at most this many times the next lower report. Only the node itself sees its
/// disk, and one that reports too much would attract all writes.
const FREE_CLAIM_TIMES_MAX: u64 = 16;

/// The state of a [`Membership`].
#[derive(Debug, Default)]
pub struct NodeTable {
    /// The data folder of each node that joined; `None` if every folder is accepted.
    pub(super) folders: Option<BTreeMap<NodeId, Uuid>>,
    /// The nodes that take no new shards, whatever they report.
    pub(super) closed: BTreeSet<NodeId>,
    /// The age below which the folder of a node is a copy from before.
    pub(super) ages: BTreeMap<NodeId, FolderAge>,
    /// The sequence of the event up to which `folders` and `closed` are known.
    pub(super) at: u64,
    /// Nodes cannot join yet, so a name without a known folder is accepted.
    pub(super) accepts_unjoined: bool,
    pub(super) nodes: BTreeMap<NodeId, Processes>,
    /// The arrivals of each node that ever was online.
    pub(super) arrivals: BTreeMap<NodeId, Arrivals>,
}

/// Whether a node is online, and how often it has come online.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Arrivals {
    pub(super) is_online: bool,
    pub(super) count: u64,
}

/// The processes that claim one name, by incarnation.
pub(super) type Processes = BTreeMap<Uuid, NodeView>;

/// The state of one process that claims the name of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// The latest heartbeat of the process.
    pub heartbeat: Heartbeat,
    /// The time at which the latest heartbeat arrived.
    pub last_heartbeat: Instant,
    /// The time at which the first heartbeat arrived.
    pub first_heartbeat: Instant,
    /// Whether requests reach the process: it sent a heartbeat lately, and the last request found a responder.
    pub reachable: bool,
    /// Whether the process is accepted as the node.
    pub admission: Admission,
    /// The last answers to calls of the roll that have a name, the newest last.
    pub answers: Vec<Answer>,
}

/// An answer to a call of the roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The call, as the node repeated it.
    pub call: String,
    /// The time at which the answer arrived.
    pub at: Instant,
}

/// Whether a process is accepted as the node whose name it claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The process is the node.
    Accepted,
    /// No data folder has joined under the name yet.
    Undecided,
    /// The log knows another data folder for the name.
    Refused {
        /// The folder that the log knows.
        known: Uuid,
    },
    /// An older process serves the same folder, or a copy of it.
    Double {
        /// The incarnation of the older process.
        older: Uuid,
    },
    /// The folder is the one that joined, as it was some time ago: it was copied back.
    Outdated {
        /// How old it had become.
        known: FolderAge,
    },
}

/// The addressee of a request to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// Any process that serves under the name.
    Anyone,
    /// The process that serves from this folder.
    Folder(Uuid),
    /// No process: none of those that send heartbeats under the name is the node.
    Nobody,
}

impl NodeView {
    /// When the process answered a call of the roll, if it did of late.
    pub fn answered(&self, caller: Uuid, number: u64) -> Option<Instant> {
        let call = call_of(caller, number);
        self.answers.iter().find(|answer| answer.call == call).map(|answer| answer.at)
    }

    /// Whether the process answered any call of this caller of late, however long it took.
    pub fn has_answered(&self, caller: Uuid) -> bool {
        self.answers.iter().any(|answer| number_of(&answer.call, caller).is_some())
    }

    /// Whether the process accepts new shards.
    pub fn is_online(&self) -> bool {
        self.reachable && self.admission == Admission::Accepted && self.heartbeat.state == NodeState::Up
    }

    /// Whether the process reports that its disk has stalled.
    pub(super) fn is_stalled(&self) -> bool {
        self.reachable && self.heartbeat.trouble == Some(Trouble::Stalled)
    }

    /// Whether the process may be asked what it stores. A folder that has not joined may be an empty one instead of the
    /// node's own, and its answers must not make shards count as missing.
    pub(super) fn may_be_asked(&self) -> bool {
        self.reachable && self.admission == Admission::Accepted
    }
}

impl NodeTable {
    /// The nodes that are online, each once: during a restart two processes of a node may count as online.
    pub(super) fn online(&self) -> impl Iterator<Item = &NodeView> {
        self.nodes.values().filter_map(|processes| processes.values().rfind(|view| view.is_online()))
    }

    /// Whether a node takes new shards as far as the log knows.
    pub(super) fn is_open(&self, view: &NodeView) -> bool {
        !self.closed.contains(&view.heartbeat.node)
    }

    /// The nodes that report a stalled disk and would be online otherwise.
    pub(super) fn stalled(&self) -> impl Iterator<Item = &NodeView> {
        let is_stalled = |view: &&NodeView| view.may_be_asked() && view.is_stalled();
        self.nodes.values().filter_map(move |processes| processes.values().rfind(is_stalled))
    }

    /// Counts an arrival if the node has just come online.
    pub(super) fn count_arrival(&mut self, node: &NodeId) {
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

    pub(super) fn find(&self, node: &NodeId, which: impl Fn(&NodeView) -> bool) -> Option<&NodeView> {
        self.nodes.get(node)?.values().find(|view| which(view))
    }

    /// Decides again which process that claims `node` is the node. Returns whether a decision changed.
    pub(super) fn update_admission(&mut self, node: &NodeId) -> bool {
        let changed = self.update_processes(node);
        self.count_arrival(node);
        changed
    }

    pub(super) fn update_processes(&mut self, node: &NodeId) -> bool {
        let folders = self.folders.as_ref();
        let accepts_unjoined = self.accepts_unjoined;
        let Some(processes) = self.nodes.get_mut(node) else { return false };
        let known_age = self.ages.get(node).copied().unwrap_or_default();
        let admission = |said: &Heartbeat| match folders.map(|folders| folders.get(node)) {
            None => Admission::Accepted,
            // A process of a release that does not report its folder, under a name for which no folder is known.
            Some(None) if said.folder.is_none() || accepts_unjoined => Admission::Accepted,
            Some(None) => Admission::Undecided,
            Some(Some(known)) if said.folder != Some(*known) => Admission::Refused { known: *known },
            Some(Some(_)) => match said.age {
                Some(age) if age.is_before(known_age) => Admission::Outdated { known: known_age },
                _ => Admission::Accepted,
            },
        };
        let mut admissions: BTreeMap<Uuid, Admission> =
            processes.iter().map(|(process, view)| (*process, admission(&view.heartbeat))).collect();
        let accepted = |admissions: &BTreeMap<Uuid, Admission>, process: &Uuid| {
            admissions.get(process) == Some(&Admission::Accepted)
                && processes.get(process).is_some_and(|view| view.reachable)
        };
        // Incarnations grow with time, so every gateway finds the same older process.
        let older = processes.iter().find(|(process, _)| accepted(&admissions, process));
        if let Some((older, older_view)) = older.map(|(older, view)| (*older, view.clone())) {
            for (process, view) in processes.iter().filter(|(process, _)| **process != older) {
                // An older process that fell silent when the other started was its predecessor.
                let both_live = older_view.last_heartbeat > view.first_heartbeat;
                if both_live && accepted(&admissions, process) {
                    admissions.insert(*process, Admission::Double { older });
                }
            }
        }
        let mut changed = false;
        for (process, view) in processes {
            let admission = admissions.remove(process).unwrap_or(view.admission);
            changed |= std::mem::replace(&mut view.admission, admission) != admission;
        }
        changed
    }

    /// The same as [`Self::update_admission`] for all names.
    pub(super) fn update_all_admissions(&mut self) -> bool {
        let names: Vec<NodeId> = self.nodes.keys().cloned().collect();
        names.iter().fold(false, |changed, node| self.update_admission(node) | changed)
    }

    /// Forgets silent processes of names under which another process sends heartbeats, and unjoined names that were
    /// silent for [`UNJOINED_SILENCE_MAX`].
    pub(super) fn forget_silent(&mut self, now: Instant) {
        let folders = self.folders.as_ref();
        self.nodes.retain(|node, processes| {
            let is_silent = |view: &NodeView| now.duration_since(view.last_heartbeat) >= UNJOINED_SILENCE_MAX;
            has_joined(folders, node) || !processes.values().all(is_silent)
        });
        for processes in self.nodes.values_mut() {
            if processes.values().any(|view| view.reachable) {
                processes.retain(|_, view| view.reachable);
            } else if let Some(last) = processes.values().map(|view| view.last_heartbeat).max() {
                processes.retain(|_, view| view.last_heartbeat == last);
            }
        }
    }

    /// Whether the table has room for the sender of a heartbeat. A silent name or process is removed if that makes
    /// room.
    pub(super) fn admits(&mut self, heartbeat: &Heartbeat) -> bool {
        let Heartbeat { node, incarnation, .. } = heartbeat;
        let joined = self.folders.as_ref().and_then(|folders| folders.get(node)).copied();
        match self.nodes.get_mut(node) {
            Some(processes) if processes.contains_key(incarnation) || processes.len() < PROCESSES_MAX => true,
            Some(processes) => {
                // Processes with other folders must not keep out the one with the right folder.
                let is_right = |view: &NodeView| joined.is_some() && view.heartbeat.folder == joined;
                let is_right_one = joined.is_some() && heartbeat.folder == joined;
                let idle = processes.iter().find(|(_, view)| !view.reachable || is_right_one && !is_right(view));
                let idle = idle.map(|(process, _)| *process);
                idle.is_some_and(|process| processes.remove(&process).is_some())
            }
            None if self.folders.is_none() => self.nodes.len() < NODES_MAX,
            None => joined.is_some() || self.has_room_for_unjoined(),
        }
    }

    /// Whether the table has room for one more unjoined name; a silent one is removed if that makes room.
    pub(super) fn has_room_for_unjoined(&mut self) -> bool {
        let folders = self.folders.as_ref();
        let unjoined = || self.nodes.iter().filter(|(node, _)| !has_joined(folders, node));
        // Where nodes cannot join, all of them are unjoined.
        let limit = if self.accepts_unjoined { NODES_MAX } else { UNJOINED_MAX };
        if unjoined().count() < limit {
            return true;
        }
        let is_silent = |processes: &Processes| !processes.values().any(|view| view.reachable);
        let silent = unjoined().find(|(_, processes)| is_silent(processes)).map(|(node, _)| node.clone());
        silent.is_some_and(|node| self.nodes.remove(&node).is_some())
    }
}

/// Whether the log knows a folder for the name. Every name counts as joined if every folder is accepted.
fn has_joined(folders: Option<&BTreeMap<NodeId, Uuid>>, node: &NodeId) -> bool {
    folders.is_none_or(|folders| folders.contains_key(node))
}

/// Limits each reported number of free bytes by [`FREE_CLAIM_TIMES_MAX`].
pub(super) fn bound_claims(candidates: &mut [Candidate]) {
    let mut claims: Vec<u64> = candidates.iter().map(|candidate| candidate.free_bytes).collect();
    claims.sort_unstable();
    // In ascending order, so that each report is limited by the limited value below it.
    let mut most = claims.first().copied().unwrap_or_default();
    for claim in claims {
        let credible = most.max(NODE_RESERVE_BYTES).saturating_mul(FREE_CLAIM_TIMES_MAX);
        most = claim.min(credible);
    }
    for candidate in candidates {
        candidate.free_bytes = candidate.free_bytes.min(most);
    }
}
