//! Requests between the processes that append to one log, beside the log. Nothing of them is stored.

use std::fmt;

use async_nats::client::RequestErrorKind;
use async_nats::connection::State;
use bytes::Bytes;
use events::ids::{ProcessId, RegionName};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

/// The reason why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// No process serves under that id: nobody has the request.
    #[error("no process answers under that id")]
    Nobody,
    /// The request may have arrived, and may still.
    #[error("{0}")]
    Unanswered(String),
}

/// Sends the answer to a request.
type Answer = Box<dyn FnOnce(Bytes) -> BoxFuture<'static, ()> + Send>;

/// A request that came.
pub struct Asked {
    /// Its bytes, which anyone with the right to publish may have sent.
    pub bytes: Bytes,
    answer: Answer,
}

impl Asked {
    /// A request that is answered by a function; for who implements [`Peers`].
    pub fn new(bytes: Bytes, answer: impl FnOnce(Bytes) -> BoxFuture<'static, ()> + Send + 'static) -> Self {
        Self { bytes, answer: Box::new(answer) }
    }

    /// Answers it. The answer may be lost.
    pub async fn answer(self, bytes: Bytes) {
        (self.answer)(bytes).await;
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The way to the other processes that append to the log. Requests from one process to another arrive in the order in
/// which they were sent, or not at all.
pub trait Peers: fmt::Debug + Send + Sync + 'static {
    /// Whether anything can be sent now.
    fn is_connected(&self) -> bool;

    /// Asks a process. This has no time limit, and may be dropped while it waits.
    fn ask(&self, to: ProcessId, bytes: Bytes) -> BoxFuture<'_, Result<Bytes, PeerError>>;

    /// The requests to this process, from now on and for as long as they are polled.
    fn serve(&self, id: ProcessId) -> BoxFuture<'_, Result<BoxStream<'static, Asked>, PeerError>>;
}

/// The other processes, over a connection to a NATS server.
#[derive(Debug, Clone)]
pub struct NatsPeers {
    client: async_nats::Client,
    region: RegionName,
}

impl NatsPeers {
    pub(crate) fn new(client: async_nats::Client, region: RegionName) -> Self {
        Self { client, region }
    }

    /// The subject of the requests to a process.
    fn subject(&self, id: ProcessId) -> String {
        format!("ps.{}.commit.{id}", self.region)
    }
}

impl Peers for NatsPeers {
    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    fn ask(&self, to: ProcessId, bytes: Bytes) -> BoxFuture<'_, Result<Bytes, PeerError>> {
        let request = async_nats::Request::new().payload(bytes).timeout(None);
        Box::pin(async move {
            match self.client.send_request(self.subject(to), request).await {
                Ok(message) => Ok(message.payload),
                Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(PeerError::Nobody),
                Err(error) => Err(PeerError::Unanswered(error.to_string())),
            }
        })
    }

    fn serve(&self, id: ProcessId) -> BoxFuture<'_, Result<BoxStream<'static, Asked>, PeerError>> {
        Box::pin(async move {
            let subscribed = self.client.subscribe(self.subject(id)).await;
            let requests = subscribed.map_err(|error| PeerError::Unanswered(error.to_string()))?;
            let client = self.client.clone();
            let asked = requests.filter_map(move |message| {
                let client = client.clone();
                // Nobody waits for an answer to a message without a subject for it.
                std::future::ready(message.reply.map(|reply| {
                    Asked::new(message.payload, move |bytes| {
                        Box::pin(async move {
                            if let Err(error) = client.publish(reply, bytes).await {
                                tracing::debug!(%error, "an answer to another process was not sent");
                            }
                        })
                    })
                }))
            });
            Ok(asked.boxed())
        })
    }
}
