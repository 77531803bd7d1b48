//! Receives the heartbeats of nodes. The subject identifies the sender, because the NATS server lets only that node
//! publish there. A heartbeat that names another node than its subject is refused.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::Client;
use bytes::Bytes;
use events::ids::{NodeId, RegionName};
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::meter;
use crate::node::membership::{Membership, NODES_MAX};
use crate::node::telemetry::{HEARTBEAT_INTERVAL, Heartbeat, heartbeats_subject, rollcall_subject};
use crate::node::transport::TransportError;

/// The most bytes of a heartbeat; longer ones are refused without being decoded.
const HEARTBEAT_BYTES_MAX: usize = 4096;

/// The most heartbeats under one name that are decoded within [`HEARTBEAT_INTERVAL`]. A node sends one, and one for
/// each roll call. Further ones are dropped at no cost, so that no node can crowd out the others.
const HEARTBEATS_READ_MAX: u32 = 32;

/// The most names whose heartbeats are counted within [`HEARTBEAT_INTERVAL`]; heartbeats of further names are dropped.
const NAMES_COUNTED_MAX: usize = 2 * NODES_MAX;

/// The most queued heartbeats that are received before a sweep that is due. After that the sweep runs, so that a flood
/// of heartbeats cannot hide a silent node.
const QUEUED_MAX: u32 = 64 * 1024;

/// The pause between two warnings about refused heartbeats. A metric counts all of them.
const WARNING_PAUSE: Duration = Duration::from_secs(10);

/// The reason why a heartbeat is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The subject names no node.
    #[error("its subject names no node")]
    NoName,
    /// There are too many heartbeats under this name, or too many names.
    #[error("there are too many of them")]
    TooMany,
    /// The message is longer than [`HEARTBEAT_BYTES_MAX`].
    #[error("it is longer than any heartbeat is")]
    TooLong,
    /// The message is not a heartbeat.
    #[error("it is no heartbeat")]
    NoHeartbeat,
    /// The heartbeat names another node than its subject.
    #[error("it names another node than its subject")]
    OtherNode,
    /// The table of nodes, or of processes of that name, is full.
    #[error("there are too many nodes, or too many processes of that name")]
    TableFull,
}

impl Refusal {
    /// The reason as a metrics label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoName => "no_name",
            Self::TooMany => "too_many",
            Self::TooLong => "too_long",
            Self::NoHeartbeat => "no_heartbeat",
            Self::OtherNode => "other_node",
            Self::TableFull => "no_place",
        }
    }
}

/// Starts a task that updates `membership` from the heartbeats on `client`, after a roll call that makes all nodes send
/// one at once. The task ends with the connection, or when aborted.
///
/// # Errors
/// If the subscription or the roll call fails.
pub async fn follow_nodes(
    client: Client,
    region: RegionName,
    membership: Membership,
) -> Result<JoinHandle<()>, TransportError> {
    let failed = |error: &dyn std::error::Error| TransportError::Connection(error.to_string());
    let mut heartbeats = client.subscribe(heartbeats_subject(&region)).await.map_err(|error| failed(&error))?;
    client.publish(rollcall_subject(&region), Bytes::new()).await.map_err(|error| failed(&error))?;
    let mut listener = Listener::new(membership, Instant::now());
    Ok(tokio::spawn(async move {
        let mut sweeps = interval(HEARTBEAT_INTERVAL);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                // Heartbeats come first: if this process was held up, a queued one must count before the sweep.
                heartbeat = heartbeats.next() => match heartbeat {
                    Some(message) => listener.receive(&message.subject, &message.payload, Instant::now()),
                    None => break,
                },
                _ = sweeps.tick() => listener.sweep(Instant::now()),
            }
        }
        tracing::warn!("the subscription to the nodes' heartbeats ended");
    }))
}

/// Decodes heartbeats and applies them to the membership.
#[derive(Debug)]
struct Listener {
    membership: Membership,
    /// The number of heartbeats on each subject since the last sweep.
    counts: HashMap<Box<str>, u32>,
    swept: Instant,
    /// The number of heartbeats received while a sweep was due.
    received_since_due: u32,
    warned: Option<Instant>,
}

impl Listener {
    fn new(membership: Membership, now: Instant) -> Self {
        Self { membership, counts: HashMap::new(), swept: now, received_since_due: 0, warned: None }
    }

    fn sweep(&mut self, now: Instant) {
        self.counts.clear();
        self.membership.sweep(now);
        (self.swept, self.received_since_due) = (now, 0);
    }

    fn receive(&mut self, subject: &str, payload: &[u8], now: Instant) {
        if now.duration_since(self.swept) > HEARTBEAT_INTERVAL {
            self.received_since_due += 1;
            if self.received_since_due > QUEUED_MAX {
                self.sweep(now);
            }
        }
        let Err(refusal) = self.apply(subject, payload, now) else { return };
        meter::heartbeat_refused(refusal.as_str());
        if self.warned.is_none_or(|before| now.duration_since(before) >= WARNING_PAUSE) {
            self.warned = Some(now);
            tracing::warn!(%subject, %refusal, "refused a heartbeat; further ones are counted only");
        }
    }

    fn apply(&mut self, subject: &str, payload: &[u8], now: Instant) -> Result<(), Refusal> {
        if !self.count(subject) {
            return Err(Refusal::TooMany);
        }
        let heartbeat = read(subject, payload)?;
        if self.membership.observe(heartbeat, now) { Ok(()) } else { Err(Refusal::TableFull) }
    }

    /// Counts a heartbeat on `subject`; whether it is to be decoded.
    fn count(&mut self, subject: &str) -> bool {
        if let Some(count) = self.counts.get_mut(subject) {
            *count = count.saturating_add(1);
            return *count <= HEARTBEATS_READ_MAX;
        }
        if self.counts.len() >= NAMES_COUNTED_MAX {
            return false;
        }
        self.counts.insert(subject.into(), 1);
        true
    }
}

/// Decodes a heartbeat, which must be of the node that the subject names.
fn read(subject: &str, payload: &[u8]) -> Result<Heartbeat, Refusal> {
    let name = subject.rsplit('.').next().and_then(|name| name.parse::<NodeId>().ok()).ok_or(Refusal::NoName)?;
    if payload.len() > HEARTBEAT_BYTES_MAX {
        return Err(Refusal::TooLong);
    }
    let heartbeat: Heartbeat = serde_json::from_slice(payload).map_err(|_| Refusal::NoHeartbeat)?;
    if heartbeat.node == name { Ok(heartbeat) } else { Err(Refusal::OtherNode) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::membership::tests::heartbeat as heartbeat_of_n1;
    use crate::node::telemetry::{NodeState, heartbeat_subject};

    fn node(number: usize) -> NodeId {
        format!("n{number}").parse().unwrap()
    }

    fn heartbeat(node: &NodeId) -> Heartbeat {
        Heartbeat { node: node.clone(), ..heartbeat_of_n1(NodeState::Up) }
    }

    fn subject(number: usize) -> String {
        heartbeat_subject(&"eu".parse().unwrap(), &node(number))
    }

    fn json(heartbeat: &Heartbeat) -> Vec<u8> {
        serde_json::to_vec(heartbeat).unwrap()
    }

    #[test]
    fn a_heartbeat_is_of_the_node_whose_subject_it_came_on() {
        let said = heartbeat(&node(1));
        assert_eq!(read(&subject(1), &json(&said)), Ok(said.clone()));
        assert_eq!(read(&subject(2), &json(&said)), Err(Refusal::OtherNode));
        assert_eq!(read("ps.eu.telemetry.node.N_1", &json(&said)), Err(Refusal::NoName));
        assert_eq!(read(&subject(1), b"{}"), Err(Refusal::NoHeartbeat));
        let long = Heartbeat { zone: "z".repeat(HEARTBEAT_BYTES_MAX), ..said };
        assert_eq!(read(&subject(1), &json(&long)), Err(Refusal::TooLong));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_says_nothing_about_others_nor_fills_the_table_with_names() {
        let membership = Membership::new();
        let mut listener = Listener::new(membership.clone(), Instant::now());
        let now = Instant::now();
        for number in 1..=6 {
            listener.receive(&subject(number), &json(&heartbeat(&node(number))), now);
        }
        for number in 2..2_000 {
            let failed = Heartbeat { state: NodeState::Failed, ..heartbeat(&node(number)) };
            listener.receive(&subject(1), &json(&failed), now);
        }
        assert_eq!(membership.candidates().len(), 6, "they are all still online");
        assert_eq!(membership.nodes().len(), 6, "and no name was invented");
    }

    #[tokio::test(start_paused = true)]
    async fn the_chatter_of_one_name_is_not_read_and_costs_no_other_name_anything() {
        let mut listener = Listener::new(Membership::new(), Instant::now());
        let now = Instant::now();
        for _ in 0..HEARTBEATS_READ_MAX {
            assert_eq!(listener.apply(&subject(1), &json(&heartbeat(&node(1))), now), Ok(()));
        }
        assert_eq!(listener.apply(&subject(1), b"", now), Err(Refusal::TooMany), "it is not even parsed");
        assert_eq!(listener.apply(&subject(2), &json(&heartbeat(&node(2))), now), Ok(()));
        listener.sweep(now);
        assert_eq!(listener.apply(&subject(1), &json(&heartbeat(&node(1))), now), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_does_not_keep_silence_from_being_noticed() {
        let membership = Membership::new();
        let mut listener = Listener::new(membership.clone(), Instant::now());
        listener.receive(&subject(1), &json(&heartbeat(&node(1))), Instant::now());
        let later = Instant::now() + 4 * HEARTBEAT_INTERVAL;
        (0..QUEUED_MAX).for_each(|_| listener.receive(&subject(2), b"", later));
        assert!(membership.is_online(&node(1)), "its heartbeat may be among those that wait");
        listener.receive(&subject(2), b"", later);
        assert!(!membership.is_online(&node(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_names_are_counted_than_there_are_places_for() {
        let mut listener = Listener::new(Membership::new(), Instant::now());
        (0..NAMES_COUNTED_MAX).for_each(|number| listener.receive(&subject(number), b"", Instant::now()));
        assert_eq!(listener.apply("ps.eu.telemetry.node.more", b"", Instant::now()), Err(Refusal::TooMany));
        assert_eq!(listener.counts.len(), NAMES_COUNTED_MAX);
    }
}
