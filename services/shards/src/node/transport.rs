//! The interface of what carries requests to nodes.

use std::sync::Arc;

use bytes::Bytes;
use events::ids::NodeId;
use futures_util::future::BoxFuture;

/// Carries a request to a node and returns its reply. Implemented by [`NatsTransport`](crate::NatsTransport),
/// and in memory by `testkit`.
pub trait Transport: Send + Sync + 'static {
    /// Sends a request to `node` and waits for the reply. The caller sets the deadline; a request whose future is
    /// dropped may still reach the node.
    ///
    /// # Errors
    /// If no process serves the node, or if the connection fails.
    fn request(&self, node: &NodeId, payload: Bytes) -> impl Future<Output = Result<Bytes, TransportError>> + Send;
}

/// A transport of some kind, for callers that need not know which: the gateway is the same over NATS and in memory. A request
/// costs one allocation more than with the transport itself.
#[derive(Clone)]
pub struct AnyTransport(Arc<dyn Boxed>);

impl AnyTransport {
    /// Carries requests by `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self(Arc::new(transport))
    }
}

impl Transport for AnyTransport {
    async fn request(&self, node: &NodeId, payload: Bytes) -> Result<Bytes, TransportError> {
        self.0.boxed(node, payload).await
    }
}

/// [`Transport`] as an object.
trait Boxed: Send + Sync + 'static {
    fn boxed<'a>(&'a self, node: &'a NodeId, payload: Bytes) -> BoxFuture<'a, Result<Bytes, TransportError>>;
}

impl<T: Transport> Boxed for T {
    fn boxed<'a>(&'a self, node: &'a NodeId, payload: Bytes) -> BoxFuture<'a, Result<Bytes, TransportError>> {
        Box::pin(self.request(node, payload))
    }
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
