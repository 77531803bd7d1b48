//! Listening to the nodes. Whose heartbeat it is, the subject says: the server lets only that node publish there. What
//! stands in it is the sender's word, and a word about another node is none.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::Client;
use bytes::Bytes;
use events::ids::{NodeId, RegionName};
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::meter;
use crate::nodes::{Membership, NODES_MAX};
use crate::telemetry::{HEARTBEAT_INTERVAL, Heartbeat, heartbeats_subject, rollcall_subject};
use crate::transport::TransportError;

/// Bytes of a heartbeat, at most; longer ones are refused unread.
const HEARTBEAT_BYTES_MAX: usize = 4096;

/// Heartbeats under one name that are read within [`HEARTBEAT_INTERVAL`]. A node sends one, and one for each roll
/// call; what goes beyond is dropped before it costs anything, so that no node's chatter drowns the others'.
const HEARTBEATS_READ_MAX: u32 = 32;

/// Names whose heartbeats are counted within [`HEARTBEAT_INTERVAL`]; those of further ones are dropped unread.
const NAMES_COUNTED_MAX: usize = 2 * NODES_MAX;

/// Heartbeats that may have waited here when a sweep was due. Once so many were taken it is not put off any longer, so
/// that no flood of them keeps silence from being noticed.
const WAITING_MAX: u32 = 64 * 1024;

/// Pause between two warnings about heartbeats that were refused. All of them are counted.
const WARNING_PAUSE: Duration = Duration::from_secs(10);

/// Why a heartbeat is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Its subject names no node.
    #[error("its subject names no node")]
    NoName,
    /// There are too many under this name, or too many names.
    #[error("there are too many of them")]
    TooMany,
    /// It is too long.
    #[error("it is longer than any heartbeat is")]
    TooLong,
    /// It is no heartbeat.
    #[error("it is no heartbeat")]
    NoHeartbeat,
    /// It speaks of another node than its subject does.
    #[error("it names another node than its subject")]
    OtherNode,
    /// No more nodes, or processes of that name, are remembered.
    #[error("there are too many nodes, or too many processes of that name")]
    NoPlace,
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
            Self::NoPlace => "no_place",
        }
    }
}

/// Keeps `membership` up to date from the heartbeats on `client`, after a roll call that makes the nodes known
/// at once. The task ends with the connection, or when aborted.
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
                // First, so that nobody counts as silent whose word waits here because this process was held up.
                heartbeat = heartbeats.next() => match heartbeat {
                    Some(message) => listener.hear(&message.subject, &message.payload, Instant::now()),
                    None => break,
                },
                _ = sweeps.tick() => listener.sweep(Instant::now()),
            }
        }
        tracing::warn!("the subscription to the nodes' heartbeats ended");
    }))
}

/// Takes heartbeats in.
#[derive(Debug)]
struct Listener {
    membership: Membership,
    /// How many came on each subject since the last sweep.
    counts: HashMap<Box<str>, u32>,
    swept: Instant,
    /// How many were taken while a sweep was due.
    taken_since_due: u32,
    warned: Option<Instant>,
}

impl Listener {
    fn new(membership: Membership, now: Instant) -> Self {
        Self { membership, counts: HashMap::new(), swept: now, taken_since_due: 0, warned: None }
    }

    fn sweep(&mut self, now: Instant) {
        self.counts.clear();
        self.membership.sweep(now);
        (self.swept, self.taken_since_due) = (now, 0);
    }

    fn hear(&mut self, subject: &str, payload: &[u8], now: Instant) {
        if now.duration_since(self.swept) > HEARTBEAT_INTERVAL {
            self.taken_since_due += 1;
            if self.taken_since_due > WAITING_MAX {
                self.sweep(now);
            }
        }
        let Err(refusal) = self.take_in(subject, payload, now) else { return };
        meter::heartbeat_refused(refusal.as_str());
        if self.warned.is_none_or(|before| now.duration_since(before) >= WARNING_PAUSE) {
            self.warned = Some(now);
            tracing::warn!(%subject, %refusal, "refused a heartbeat; further ones are counted only");
        }
    }

    fn take_in(&mut self, subject: &str, payload: &[u8], now: Instant) -> Result<(), Refusal> {
        if !self.count(subject) {
            return Err(Refusal::TooMany);
        }
        let heartbeat = read(subject, payload)?;
        if self.membership.observe(heartbeat, now) { Ok(()) } else { Err(Refusal::NoPlace) }
    }

    /// Whether one more heartbeat on `subject` is read.
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

/// The heartbeat of the node whose subject this is.
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
    use crate::memory::heartbeat;
    use crate::telemetry::{NodeState, heartbeat_subject};

    fn node(number: usize) -> NodeId {
        format!("n{number}").parse().unwrap()
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
            listener.hear(&subject(number), &json(&heartbeat(&node(number))), now);
        }
        for number in 2..2_000 {
            let failed = Heartbeat { state: NodeState::Failed, ..heartbeat(&node(number)) };
            listener.hear(&subject(1), &json(&failed), now);
        }
        assert_eq!(membership.candidates().len(), 6, "they are all still online");
        assert_eq!(membership.nodes().len(), 6, "and no name was invented");
    }

    #[tokio::test(start_paused = true)]
    async fn the_chatter_of_one_name_is_not_read_and_costs_no_other_name_anything() {
        let mut listener = Listener::new(Membership::new(), Instant::now());
        let now = Instant::now();
        for _ in 0..HEARTBEATS_READ_MAX {
            assert_eq!(listener.take_in(&subject(1), &json(&heartbeat(&node(1))), now), Ok(()));
        }
        assert_eq!(listener.take_in(&subject(1), b"", now), Err(Refusal::TooMany), "it is not even parsed");
        assert_eq!(listener.take_in(&subject(2), &json(&heartbeat(&node(2))), now), Ok(()));
        listener.sweep(now);
        assert_eq!(listener.take_in(&subject(1), &json(&heartbeat(&node(1))), now), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_does_not_keep_silence_from_being_noticed() {
        let membership = Membership::new();
        let mut listener = Listener::new(membership.clone(), Instant::now());
        listener.hear(&subject(1), &json(&heartbeat(&node(1))), Instant::now());
        let later = Instant::now() + 4 * HEARTBEAT_INTERVAL;
        (0..WAITING_MAX).for_each(|_| listener.hear(&subject(2), b"", later));
        assert!(membership.is_online(&node(1)), "its heartbeat may be among those that wait");
        listener.hear(&subject(2), b"", later);
        assert!(!membership.is_online(&node(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_names_are_counted_than_there_are_places_for() {
        let mut listener = Listener::new(Membership::new(), Instant::now());
        (0..NAMES_COUNTED_MAX).for_each(|number| listener.hear(&subject(number), b"", Instant::now()));
        assert_eq!(listener.take_in("ps.eu.telemetry.node.more", b"", Instant::now()), Err(Refusal::TooMany));
        assert_eq!(listener.counts.len(), NAMES_COUNTED_MAX);
    }
}
