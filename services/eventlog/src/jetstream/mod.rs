//! The log on a JetStream stream.

mod answer;
mod api;
mod append;
mod consume;
mod durable;
mod feed;
mod get;
mod leader;
mod mirror;
mod read;
mod resolve;
mod send;
mod side;
mod stream;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use events::ids::RegionName;
use tokio::sync::{Mutex, watch};

use crate::connection::{self, ConnectOptions, Connection};
use crate::refusals::Refusals;
use crate::{AppendError, Follow, Gate, Log, Message, NatsPeers, OpenError, ReadError, Stored, Tail};

pub use durable::{Durable, DurableState, UNACKED_EVENTS_MAX};
pub use mirror::ensure_facts;
pub use send::{BATCH_EVENTS_MIN, Sending};
pub use side::{SideLimits, SideStream};

/// The stream of the log.
#[derive(Debug, Clone)]
pub struct StreamOptions {
    /// The region whose events it keeps.
    pub region: RegionName,
    /// Servers that keep a copy: 1, or 3 in a cluster.
    pub replicas: usize,
    /// The nouns whose events it keeps: it listens to `ps.<region>.<noun>.>` of each.
    pub nouns: &'static [&'static str],
}

impl StreamOptions {
    /// The stream of all facts of a region, on one server.
    pub fn new(region: RegionName) -> Self {
        Self { region, replicas: 1, nouns: events::SUBJECT_NOUNS }
    }
}

/// The log on a JetStream stream, over a connection of its own.
#[derive(Debug, Clone)]
pub struct JetStreamLog {
    client: async_nats::Client,
    connection: watch::Receiver<Connection>,
    refusals: Refusals,
    stream: Arc<str>,
    batches: Arc<AtomicU64>,
    sending: Sending,
    gate: Gate,
    /// The place at which the last read stopped.
    place: Arc<Mutex<Option<read::ReadPosition>>>,
    /// The leader that last answered where the log ends.
    leader: Arc<leader::Leader>,
}

impl JetStreamLog {
    /// Connects and makes sure of the stream: creates it if it is absent, else compares its settings.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(connect: &ConnectOptions, options: &StreamOptions) -> Result<Self, OpenError> {
        let (client, connection, refusals) = connection::connect(connect).await?;
        let stream = stream::ensure(&client, &connect.address, options).await?;
        let (batches, sending, gate, place, leader) = Default::default();
        let stream = stream.into();
        Ok(Self { client, connection, refusals, stream, batches, sending, gate, place, leader })
    }

    /// Returns whether the connection stands, for readiness.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// The stream's name.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The other processes that append to the log, over the same connection: whoever cannot append cannot be asked either.
    #[must_use]
    pub fn peers(&self, region: RegionName) -> NatsPeers {
        NatsPeers::new(self.client.clone(), region)
    }

    /// Puts the log behind the gate of its private server: while the gate is closed, appends are refused at once, and
    /// an append of unknown outcome is resolved when the server has restarted.
    #[must_use]
    pub fn behind(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// The server process of the connection.
    fn server(&self) -> String {
        self.client.server_info().server_id
    }

    /// The same log with another way to send several events, for measurements.
    #[must_use]
    pub fn sending(mut self, sending: Sending) -> Self {
        self.sending = sending;
        self
    }
}

impl Log for JetStreamLog {
    async fn append(&self, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
        append::append(self, expected_last, messages).await
    }

    async fn read(&self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        read::read(self, from, events_max, bytes_max).await
    }

    async fn tail(&self) -> Result<Tail, ReadError> {
        stream::tail(&self.client, &self.stream, &self.leader).await
    }

    fn follow(&self, from: u64) -> Follow {
        let log = self.clone();
        Follow::spawn(move |sender| feed::feed(log, from.max(1), sender))
    }

    fn is_short_of_room(&self) -> bool {
        self.gate.is_shut()
    }
}
