//! What is held of each node, tick by tick: pure, without a clock of its own.

mod errors;
mod hearing;
mod latency;
mod presence;
mod room;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::row::{self, Condition, Duty, NodeRow};
use events::ids::{FolderId, NodeId};
use events::node::Failure;
use shards::telemetry::{FolderAge, HEARTBEAT_SILENCE_MAX, Heartbeat, Trouble};
use shards::{Admission, NodeView};
use tokio::time::Instant;
use uuid::Uuid;

use errors::ErrorsRule;
use hearing::{Counts, Hearing};
use latency::{LatencyRule, Measures, STALLED, WINDOW, WINDOW_TICKS};
use presence::PresenceRule;
use room::RoomRule;

/// How often it is looked at what was heard.
pub const TICK: Duration = Duration::from_millis(500);

/// So many seconds in ticks.
const fn ticks(seconds: u32) -> u32 {
    seconds * 2
}

/// What is seen at a tick.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The moment, by a clock that goes forward only.
    pub now: Instant,
    /// Which connection to NATS there is, if one is.
    pub connection: Option<u64>,
    /// The greatest number of an own call of the roll that this process heard.
    pub heard: u64,
    /// The nodes that joined, as the log has them.
    pub joined: &'a [(NodeId, NodeRow)],
    /// Whoever spoke under the names of nodes.
    pub views: &'a [NodeView],
    /// The name under which this process calls the roll.
    pub caller: Uuid,
}

/// What is held of a node with the folder that joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// The folder.
    pub folder: FolderId,
    /// Whether the node is there; `None` while nobody knows.
    pub presence: Option<Presence>,
    /// How it serves, as far as it was heard.
    pub condition: Condition,
    /// A process serves from an older copy of the folder, of this age.
    pub outdated: Option<FolderAge>,
    /// The node does not say how old its folder is, though that is known: an older copy of it would not be noticed.
    pub is_ageless: bool,
}

/// Whether a node is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Online,
    /// It is not. The age is the greatest that its folder is known to have had.
    Offline(FolderAge),
}

/// The rules, and what they remember.
#[derive(Debug)]
pub struct Rules {
    hearing: Hearing,
    tick: u32,
    /// The call of this window, and when it was made.
    call: Option<(u64, Instant)>,
    calls: u64,
    /// Whether all ticks of this window counted.
    is_window_heard: bool,
    nodes: BTreeMap<NodeId, NodeRules>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { hearing: Hearing::new(), tick: 0, call: None, calls: 0, is_window_heard: false, nodes: BTreeMap::new() }
    }
}

impl Rules {
    /// A tick. Returns the number of the call of the roll that is to be made now, if one is.
    pub fn tick(&mut self, seen: Seen<'_>) -> Option<u64> {
        self.tick += 1;
        let counts = self.hearing.tick(seen.now, seen.connection, seen.heard);
        self.is_window_heard &= counts == Counts::AsSilence;
        let joined: BTreeSet<&NodeId> = seen.joined.iter().map(|(name, _)| name).collect();
        self.nodes.retain(|name, _| joined.contains(name));
        let views = by_name(seen.views);
        for (name, row) in seen.joined {
            let is_known = self.nodes.get(name).is_some_and(|rules| rules.folder == row.folder);
            if !is_known {
                self.nodes.insert(name.clone(), NodeRules::new(row));
            }
            if let Some(rules) = self.nodes.get_mut(name) {
                rules.tick(self.tick, counts, row, views.get(name).map_or(&[], Vec::as_slice));
            }
        }
        let ends_window = self.tick.is_multiple_of(WINDOW_TICKS);
        if ends_window {
            self.compare(&seen, &views);
        }
        let is_in_doubt = self.nodes.values().any(|rules| rules.presence.is_in_doubt());
        if !ends_window && !is_in_doubt && !self.hearing.is_unsure() {
            return None;
        }
        self.calls += 1;
        self.hearing.calls();
        if ends_window {
            (self.call, self.is_window_heard) = (Some((self.calls, seen.now)), true);
        }
        Some(self.calls)
    }

    /// What is held of each node now.
    pub fn opinions(&self) -> BTreeMap<NodeId, Opinion> {
        self.nodes.iter().map(|(name, rules)| (name.clone(), rules.opinion())).collect()
    }

    /// Whether this process would not hear a node that spoke.
    pub fn is_deaf(&self) -> bool {
        self.hearing.is_deaf()
    }

    /// Compares how long each node took in the window that ends. In one in which this process did not hear itself all
    /// the time, everybody seems slow.
    fn compare(&mut self, seen: &Seen<'_>, views: &BTreeMap<&NodeId, Vec<&NodeView>>) {
        let Some((call, at)) = self.call.filter(|_| self.is_window_heard) else { return };
        let heard = self.nodes.iter_mut().filter(|(_, rules)| rules.presence.is_heard());
        let measured: Vec<(&mut NodeRules, Measures)> = heard
            .filter_map(|(name, rules)| {
                let view = rules.view(views.get(name)?)?;
                let process = view.heartbeat.incarnation;
                let answered = view.answered(seen.caller, call).map(|when| when.saturating_duration_since(at));
                // It may never have answered in time: it may have been slow before this process began to listen.
                if view.has_answered(seen.caller) {
                    rules.answered_by = Some(process);
                }
                // Whoever did not answer yet takes at least so long; a process of an earlier release never does.
                let can_answer = rules.answered_by == Some(process);
                let took = answered.or_else(|| can_answer.then(|| seen.now.saturating_duration_since(at)));
                let measures = measures(&view.heartbeat, took.map(|took| took.min(WINDOW)));
                Some((rules, measures))
            })
            .collect();
        let all: Vec<Measures> = measured.iter().map(|(_, measures)| *measures).collect();
        for (rules, own) in measured {
            rules.latency.window(&own, &all);
        }
    }
}

/// What is known of a node's latency: of its way, by the answer to a call, and of its disk, by what it says.
fn measures(said: &Heartbeat, answered: Option<Duration>) -> Measures {
    let disk = said.disk.unwrap_or_default();
    let median = |latency: shards::telemetry::Latency| Duration::from_micros(latency.p50_us.into());
    let is_stalled = said.trouble == Some(Trouble::Stalled);
    let sync = if is_stalled { Some(STALLED) } else { disk.sync.map(median) };
    Measures([answered, sync, disk.read.map(median)])
}

/// What is held of one node, and why.
#[derive(Debug)]
struct NodeRules {
    folder: FolderId,
    presence: PresenceRule,
    is_online: Option<bool>,
    room: RoomRule,
    errors: ErrorsRule,
    latency: LatencyRule,
    /// The greatest age of the folder that the log or a heartbeat told.
    age: FolderAge,
    /// The last heartbeat that was taken in.
    last: Option<Instant>,
    outdated: Option<FolderAge>,
    is_ageless: bool,
    /// The process that answered a call last, so it knows how to.
    answered_by: Option<Uuid>,
    /// The events that said what the log holds of it.
    told: (u64, u64),
}

impl NodeRules {
    fn new(row: &NodeRow) -> Self {
        Self {
            folder: row.folder,
            presence: PresenceRule::default(),
            is_online: None,
            room: RoomRule::new(row.condition.is == Condition::Full),
            errors: ErrorsRule::new(row.condition.is == Condition::Failing(Failure::Errors)),
            latency: LatencyRule::new(row.condition.is == Condition::Failing(Failure::Latency)),
            age: known_age(row),
            last: None,
            outdated: None,
            is_ageless: false,
            answered_by: None,
            told: (row.presence.sequence, row.condition.sequence),
        }
    }

    /// A tick. `views`: whoever spoke under the name of the node.
    fn tick(&mut self, tick: u32, counts: Counts, row: &NodeRow, views: &[&NodeView]) {
        self.hear_log(tick, row);
        self.outdated = self.find_outdated(views);
        let view = self.view(views);
        self.is_ageless =
            self.age != FolderAge::default() && view.is_some_and(|view| view.reachable && view.heartbeat.age.is_none());
        let new = view.filter(|view| self.last.is_none_or(|last| view.last_heartbeat > last));
        if let Some(view) = new {
            self.last = Some(view.last_heartbeat);
            if is_past_doubt(view) {
                self.age = self.age.max(view.heartbeat.age.unwrap_or_default());
            }
        }
        self.is_online = self.presence.tick(tick, counts, new.is_some());
        if let Some(view) = view.filter(|_| self.presence.is_heard()) {
            let Heartbeat { free_bytes, total_bytes, .. } = view.heartbeat;
            self.room.tick(free_bytes, total_bytes);
            self.errors.tick(tick, &view.heartbeat);
        }
    }

    /// Takes in what another process wrote of the node, and by that begins anew: two that disagree must not write against
    /// each other. What this process wrote itself is what it holds already.
    fn hear_log(&mut self, tick: u32, row: &NodeRow) {
        self.age = self.age.max(known_age(row));
        let told = (row.presence.sequence, row.condition.sequence);
        let (presence, condition) = self.told;
        self.told = told;
        if presence != told.0 {
            self.presence.told(tick, row.presence.is == row::Presence::Online);
        }
        if condition == told.1 {
            return;
        }
        let is = row.condition.is;
        // A full node may be failing as well, of which the log says nothing meanwhile.
        if self.room.is_full() != (is == Condition::Full) {
            self.room = RoomRule::new(is == Condition::Full);
        }
        let (errors, latency) = (is == Condition::Failing(Failure::Errors), is == Condition::Failing(Failure::Latency));
        if is != Condition::Full && self.condition() != is {
            self.errors = ErrorsRule::new(errors);
            self.latency = LatencyRule::new(latency);
        }
    }

    /// The process that serves from the node's folder; of several the one that was heard last.
    fn view<'a>(&self, views: &[&'a NodeView]) -> Option<&'a NodeView> {
        let own = self.of_folder(views);
        own.filter(|view| !is_before(view, self.age)).max_by_key(|view| view.last_heartbeat)
    }

    /// The processes that serve from the node's folder, but for those that serve from it, or from a copy of it, while an
    /// older process does.
    fn of_folder<'a>(&self, views: &[&'a NodeView]) -> impl Iterator<Item = &'a NodeView> {
        let is_own = |view: &&NodeView| {
            view.heartbeat.folder == Some(self.folder.0) && !matches!(view.admission, Admission::Double { .. })
        };
        views.iter().copied().filter(is_own)
    }

    /// The age of an older copy that a process serves from, where no process serves from the newer one.
    fn find_outdated(&self, views: &[&NodeView]) -> Option<FolderAge> {
        let reachable = || self.of_folder(views).filter(|view| view.reachable);
        if reachable().any(|view| !is_before(view, self.age)) {
            return None;
        }
        reachable().find_map(|view| view.heartbeat.age)
    }

    fn condition(&self) -> Condition {
        if self.room.is_full() {
            Condition::Full
        } else if self.errors.is_failing() {
            Condition::Failing(Failure::Errors)
        } else if self.latency.is_failing() {
            Condition::Failing(Failure::Latency)
        } else {
            Condition::Healthy
        }
    }

    fn opinion(&self) -> Opinion {
        let presence =
            self.is_online.map(|is_online| if is_online { Presence::Online } else { Presence::Offline(self.age) });
        Opinion {
            folder: self.folder,
            presence,
            condition: self.condition(),
            outdated: self.outdated,
            is_ageless: self.is_ageless,
        }
    }
}

/// The processes under each name.
fn by_name(views: &[NodeView]) -> BTreeMap<&NodeId, Vec<&NodeView>> {
    let mut names: BTreeMap<&NodeId, Vec<&NodeView>> = BTreeMap::new();
    for view in views {
        names.entry(&view.heartbeat.node).or_default().push(view);
    }
    names
}

/// Whether a process is known to be the node. One that has begun to speak may serve from a copy of the folder, whose age
/// must not be taken for that of the folder itself: if the node is alive, it speaks within this time.
fn is_past_doubt(view: &NodeView) -> bool {
    let heard_for = view.last_heartbeat.saturating_duration_since(view.first_heartbeat);
    view.admission == Admission::Accepted && heard_for >= HEARTBEAT_SILENCE_MAX
}

/// Whether a process serves from a copy of its folder from before. A release that does not say how old its folder is
/// is taken as it was.
fn is_before(view: &NodeView, age: FolderAge) -> bool {
    view.heartbeat.age.is_some_and(|own| own.is_before(age))
}

/// How old the log says the folder had become.
fn known_age(row: &NodeRow) -> FolderAge {
    FolderAge { starts: row.starts, position: row.position }
}

/// Whether the monitor says anything of a node.
pub(crate) fn is_watched(row: &NodeRow) -> bool {
    row.duty.is != Duty::Removed
}
