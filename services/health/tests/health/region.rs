//! Six nodes that speak as a test says, and the rules that listen, in a time of their own.

use std::time::Duration;

use domain::row::{self, Condition, Duty, NodeRow, Since};
use events::ids::{FolderId, NodeId};
use health::{Opinion, Presence, Rules, Seen, TICK};
use jiff::Timestamp;
use shards::telemetry::{DiskReport, FolderAge, Heartbeat, Latency, NodeState};
use shards::{Joined, Membership};
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) const NODES: usize = 6;

const CALLER: Uuid = Uuid::from_u128(77);

/// The age that the folder of every node has at the begin.
pub(crate) const AGE: FolderAge = FolderAge { starts: 3, position: 9 };

pub(crate) fn name(node: usize) -> NodeId {
    format!("n{node}").parse().unwrap()
}

/// What a healthy node says.
pub(crate) fn heartbeat(node: usize) -> Heartbeat {
    let latency = Some(Latency { p50_us: 900, p99_us: 5_000 });
    Heartbeat {
        node: name(node),
        zone: "z".into(),
        boot_id: Uuid::nil(),
        free_bytes: 1 << 40,
        total_bytes: 2 << 40,
        stored_bytes: 0,
        shards: 0,
        state: NodeState::Up,
        incarnation: Uuid::from_u128(node as u128),
        folder: Some(folder(node).0),
        trouble: None,
        disk: Some(DiskReport { sync: latency, read: latency, ..DiskReport::default() }),
        age: Some(AGE),
        call: None,
    }
}

fn folder(node: usize) -> FolderId {
    FolderId(Uuid::from_u128(100 + node as u128))
}

fn since<T>(is: T) -> Since<T> {
    Since { is, sequence: 1, time: Timestamp::UNIX_EPOCH }
}

/// The nodes, and what is between them and the rules.
pub(crate) struct Region {
    pub(crate) rules: Rules,
    pub(crate) joined: Vec<(NodeId, NodeRow)>,
    /// How long each node takes to answer a call of the roll; `None` if it does not know how to.
    pub(crate) answers_after: Vec<Option<Duration>>,
    pub(crate) connection: Option<u64>,
    /// Whether this process hears itself.
    pub(crate) hears_itself: bool,
    now: Instant,
    begun: Instant,
    ticks: u32,
    calls: u64,
    heard: u64,
    membership: Membership,
    /// A further process under the name of a node, which speaks between the others.
    pub(crate) beside: Option<Heartbeat>,
    /// Answers that are on their way: when they come, of whom, to which call.
    coming: Vec<(Instant, usize, u64)>,
    /// What was held of each node, whenever that changed: the second, and the node.
    pub(crate) changes: Vec<(f64, usize, Opinion)>,
}

impl Region {
    pub(crate) fn new() -> Self {
        let row = |node| NodeRow {
            folder: folder(node),
            zone: "z".into(),
            joined: Timestamp::UNIX_EPOCH,
            sequence: 1,
            changed: 1,
            presence: since(row::Presence::Online),
            duty: since(Duty::Serve),
            condition: since(Condition::Healthy),
            starts: AGE.starts,
            position: AGE.position,
            replaced: 0,
            strays_confirmed: since(0),
        };
        let now = Instant::now();
        Self {
            rules: Rules::default(),
            joined: (1..=NODES).map(|node| (name(node), row(node))).collect(),
            answers_after: vec![Some(Duration::from_millis(2)); NODES + 1],
            connection: Some(1),
            hears_itself: true,
            now,
            begun: now,
            ticks: 0,
            calls: 0,
            heard: 0,
            membership: Membership::guarded(),
            beside: None,
            coming: Vec::new(),
            changes: Vec::new(),
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.now.duration_since(self.begun).as_secs_f64()
    }

    pub(crate) fn row(&mut self, node: usize) -> &mut NodeRow {
        &mut self.joined[node - 1].1
    }

    /// Lets seconds pass, in each of which every node says what `says` has for it.
    pub(crate) fn pass(&mut self, seconds: u32, says: impl Fn(usize) -> Option<Heartbeat>) {
        for _ in 0..seconds * 2 {
            self.tick(&says);
        }
    }

    /// The same, and everybody is well.
    pub(crate) fn pass_well(&mut self, seconds: u32) {
        self.pass(seconds, |node| Some(heartbeat(node)));
    }

    /// This process is stopped, and nothing that is said meanwhile is read before its next tick.
    pub(crate) fn stop(&mut self, time: Duration) {
        self.now += time;
    }

    fn tick(&mut self, says: &impl Fn(usize) -> Option<Heartbeat>) {
        self.ticks += 1;
        self.now += TICK;
        // What the log says reaches this process at once.
        self.membership.accept(Joined::of_rows(self.joined.clone(), u64::from(self.ticks)));
        // The nodes speak each second, a moment before a tick, and at each call.
        let speaks = self.ticks.is_multiple_of(2);
        let reaches = self.connection.is_some();
        let (come, coming) = self.coming.drain(..).partition(|(at, ..)| *at <= self.now);
        self.coming = coming;
        let come: Vec<(Instant, usize, u64)> = come;
        for (at, node, call) in come.into_iter().filter(|_| reaches) {
            let call = Some(format!("{}.{call}", CALLER.simple()));
            let said = says(node).map(|said| Heartbeat { call, ..said });
            if let Some(said) = said {
                self.hear(said, at);
            }
        }
        let at = self.now - Duration::from_millis(10);
        for node in (1..=NODES).filter(|_| speaks && reaches) {
            if let Some(said) = says(node) {
                self.hear(said, at);
            }
        }
        if let Some(said) = self.beside.clone().filter(|_| !speaks && reaches) {
            self.hear(said, at);
        }
        if speaks {
            self.membership.sweep(self.now);
        }
        if self.hears_itself && reaches {
            self.heard = self.calls;
        }
        let views = self.membership.nodes();
        let before = self.rules.opinions();
        let call = self.rules.tick(Seen {
            now: self.now,
            connection: self.connection,
            heard: self.heard,
            caller: CALLER,
            joined: &self.joined,
            views: &views,
        });
        for (number, (node, opinion)) in (1..).zip(self.rules.opinions()) {
            if before.get(&node) != Some(&opinion) {
                self.changes.push((self.seconds(), number, opinion));
            }
        }
        let Some(call) = call.filter(|_| reaches && self.hears_itself) else { return };
        self.calls = call;
        for (node, after) in (1..=NODES).filter_map(|node| Some((node, self.answers_after[node]?))) {
            self.coming.push((self.now + after, node, call));
        }
    }

    fn hear(&self, said: Heartbeat, at: Instant) {
        assert!(self.membership.observe(said, at), "there is room for them");
    }

    pub(crate) fn opinion(&self, node: usize) -> Opinion {
        self.rules.opinions()[&name(node)].clone()
    }

    pub(crate) fn is_online(&self, node: usize) -> Option<bool> {
        self.opinion(node).presence.map(|presence| presence == Presence::Online)
    }

    /// How often a node came and went: when, and whether it came.
    pub(crate) fn presences(&self, node: usize) -> Vec<(f64, bool)> {
        let of_node = self.changes.iter().filter(|(_, of, _)| *of == node);
        let mut presences: Vec<(f64, bool)> = Vec::new();
        for (at, _, opinion) in of_node {
            let Some(presence) = opinion.presence else { continue };
            let is_online = presence == Presence::Online;
            if presences.last().is_none_or(|(_, last)| *last != is_online) {
                presences.push((*at, is_online));
            }
        }
        presences
    }
}
