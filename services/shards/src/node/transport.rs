//! The interface of what carries requests to nodes.

use bytes::Bytes;
use events::ids::NodeId;

/// Carries a request to a node and returns its reply. Implemented by [`NatsTransport`](crate::NatsTransport),
/// and by [`MemoryNodes`](crate::memory::MemoryNodes) for tests.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request to `node` and waits for the reply. The caller sets the deadline; a request whose future is
    /// dropped may still reach the node.
    ///
    /// # Errors
    /// If no process serves the node, or if the connection fails.
    fn request(&self, node: &NodeId, payload: Bytes) -> impl Future<Output = Result<Bytes, TransportError>> + Send;
}

/// The reason why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No process serves the node's subject.
    #[error("no node responds under this name")]
    NoResponders,
    /// The connection failed; the request may have reached the node.
    #[error("the connection failed: {0}")]
    Connection(String),
}
