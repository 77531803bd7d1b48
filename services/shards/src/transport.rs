use bytes::Bytes;
use events::ids::NodeId;

/// Carries a request to a node and brings its answer. Implemented by [`NatsTransport`](crate::NatsTransport),
/// and by [`MemoryNodes`](crate::memory::MemoryNodes) for tests.
pub trait Transport: Send + Sync + 'static {
    /// Asks `node`. Callers set the deadline; a request whose future is dropped may still reach the node.
    fn request(&self, node: &NodeId, payload: Bytes) -> impl Future<Output = Result<Bytes, TransportError>> + Send;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nobody serves the node's subject: the node is gone.
    #[error("no node responds under this name")]
    NoResponders,
    /// The connection failed; whether the request reached the node is not known.
    #[error("the connection failed: {0}")]
    Connection(String),
}
