//! The transport over core NATS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use events::ids::{NodeId, RegionName};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::node::membership::{Addressee, Membership};
use crate::node::own::OwnNodes;
use crate::node::transport::{Transport, TransportError};
use crate::protocol::{FOLDER_HEADER, shards_subject};

/// How often a connection is checked for a reconnect.
const RECONNECT_LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Requests over core NATS, spread over one or more connections. They must be separate from the connection of the log,
/// which bytes of shards would hold up. Requests to nodes of the same process do not take them.
#[derive(Debug)]
pub struct NatsTransport {
    connections: Vec<Connection>,
    next: AtomicUsize,
    region: RegionName,
    membership: Membership,
    own_nodes: OwnNodes,
}

/// A client, and the number of times it has connected.
#[derive(Debug)]
struct Connection {
    client: Client,
    connects: watch::Receiver<u64>,
    watcher: AbortHandle,
}

impl Connection {
    fn new(client: Client) -> Self {
        let statistics = client.statistics();
        let connected = move || statistics.connects.load(Ordering::Relaxed);
        let (sender, connects) = watch::channel(connected());
        let watcher = tokio::spawn(async move {
            let mut looks = interval(RECONNECT_LOOK_INTERVAL);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                looks.tick().await;
                let now = connected();
                sender.send_if_modified(|seen| std::mem::replace(seen, now) != now);
            }
        });
        Self { client, connects, watcher: watcher.abort_handle() }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

/// The error of a transport without any connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no NATS connection was given for the shards")]
pub struct NoClients;

impl NatsTransport {
    /// A transport over these connections to the nodes of `region` that `membership` knows. Must be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// If `clients` is empty.
    pub fn new(clients: Vec<Client>, region: RegionName, membership: Membership) -> Result<Self, NoClients> {
        if clients.is_empty() {
            return Err(NoClients);
        }
        let connections = clients.into_iter().map(Connection::new).collect();
        Ok(Self { connections, next: AtomicUsize::new(0), region, membership, own_nodes: OwnNodes::default() })
    }

    /// The same, with requests to `nodes`, which this process serves, that do not go over NATS.
    #[must_use]
    pub fn with_own_nodes(self, nodes: OwnNodes) -> Self {
        Self { own_nodes: nodes, ..self }
    }
}

impl Transport for NatsTransport {
    async fn request(&self, node: &NodeId, payload: Bytes) -> Result<Bytes, TransportError> {
        // The log names the folder, so that a process of this name with another folder is asked no more than over NATS.
        if let Addressee::Folder(folder) = self.membership.addressee(node)
            && let Some(answer) = self.own_nodes.request(node, folder, &payload).await
        {
            return answer.map_err(|why| TransportError::Connection(why.to_string()));
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let connection = &self.connections[index];
        let mut connects = connection.connects.clone();
        loop {
            connects.mark_unchanged();
            let request = Request::new().payload(payload.clone()).timeout(None);
            let request = match self.membership.addressee(node) {
                Addressee::Anyone => request,
                Addressee::Folder(folder) => request.headers(addressed_to(folder)),
                Addressee::Nobody => return Err(TransportError::NoResponders),
            };
            let subject = shards_subject(&self.region, node);
            let answer = tokio::select! {
                answer = connection.client.send_request(subject, request) => answer,
                // The reply was sent to the connection before the reconnect. Every request is safe to repeat.
                Ok(()) = connects.changed() => continue,
            };
            return match answer {
                Ok(message) => Ok(message.payload),
                Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(TransportError::NoResponders),
                Err(error) => Err(TransportError::Connection(error.to_string())),
            };
        }
    }
}

fn addressed_to(folder: Uuid) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut text = Uuid::encode_buffer();
    headers.insert(FOLDER_HEADER, &*folder.hyphenated().encode_lower(&mut text));
    headers
}
