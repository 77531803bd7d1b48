//! Requests to nodes of the same process, which need no network: the bytes of a shard go from the gateway's buffer to
//! the node's disk without a copy.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use events::ids::NodeId;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// The most requests that wait until a node accepts them. It does so at once, or answers that it is busy.
const WAITING_MAX: usize = 64;

/// The nodes that this process serves, by name and data folder. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct OwnNodes(Arc<RwLock<HashMap<Place, mpsc::Sender<OwnRequest>>>>);

/// A node's name and the id of its data folder.
type Place = (NodeId, Uuid);

/// A request to a node of the same process, in the form in which NATS would carry it.
#[derive(Debug)]
pub struct OwnRequest {
    /// The message.
    pub payload: Bytes,
    /// The channel for the reply. If it is dropped, the outcome is unknown.
    pub reply: oneshot::Sender<Bytes>,
}

/// The requests to one node of this process. While it exists, they do not go over NATS.
#[derive(Debug)]
pub struct OwnRequests {
    nodes: OwnNodes,
    place: Place,
    requests: mpsc::Receiver<OwnRequest>,
}

impl OwnNodes {
    /// Takes requests to `node`, which this process serves from the data folder with the id `folder`.
    pub fn serve(&self, node: &NodeId, folder: Uuid) -> OwnRequests {
        let (sender, requests) = mpsc::channel(WAITING_MAX);
        let place = (node.clone(), folder);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(place.clone(), sender);
        OwnRequests { nodes: self.clone(), place, requests }
    }

    /// Sends a request to `node` with the data folder `folder`. `None` if this process does not serve it, or no longer:
    /// then the request did not reach it.
    ///
    /// # Errors
    /// If the node ended without a reply; the outcome is unknown.
    pub(crate) async fn request(&self, node: &NodeId, folder: Uuid, payload: &Bytes) -> Option<Result<Bytes, NoReply>> {
        let sender = {
            let nodes = self.0.read().unwrap_or_else(PoisonError::into_inner);
            nodes.get(&(node.clone(), folder))?.clone()
        };
        let (reply, answer) = oneshot::channel();
        sender.send(OwnRequest { payload: payload.clone(), reply }).await.ok()?;
        Some(answer.await.map_err(|_| NoReply))
    }
}

/// A node of this process ended before it replied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node stopped before it replied")]
pub(crate) struct NoReply;

impl OwnRequests {
    /// The next request; `None` after [`Self::close`], once all that were sent before are taken.
    pub async fn next(&mut self) -> Option<OwnRequest> {
        self.requests.recv().await
    }

    /// Takes no more requests: further ones go over NATS, where nobody may respond.
    pub fn close(&mut self) {
        self.requests.close();
    }
}

impl Drop for OwnRequests {
    fn drop(&mut self) {
        self.requests.close();
        let mut nodes = self.nodes.0.write().unwrap_or_else(PoisonError::into_inner);
        // A node that was started again under the same name has replaced the channel, which is open.
        if nodes.get(&self.place).is_some_and(mpsc::Sender::is_closed) {
            nodes.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        ("n1".parse().unwrap(), Uuid::from_u128(1))
    }

    #[tokio::test]
    async fn a_request_reaches_the_node_that_serves_this_folder_and_no_other() {
        let ((node, folder), nodes, payload) = (place(), OwnNodes::default(), Bytes::from_static(b"payload"));
        assert_eq!(nodes.request(&node, folder, &payload).await, None, "nobody serves it");
        let mut requests = nodes.serve(&node, folder);
        assert_eq!(nodes.request(&node, Uuid::from_u128(2), &payload).await, None, "another folder");
        assert_eq!(nodes.request(&"n2".parse().unwrap(), folder, &payload).await, None, "another node");
        let asked = tokio::spawn({
            let (nodes, node, payload) = (nodes.clone(), node.clone(), payload.clone());
            async move { nodes.request(&node, folder, &payload).await }
        });
        let request = requests.next().await.unwrap();
        assert_eq!(request.payload.as_ptr(), payload.as_ptr(), "the bytes are not copied");
        request.reply.send(Bytes::from_static(b"reply")).unwrap();
        assert_eq!(asked.await.unwrap(), Some(Ok(Bytes::from_static(b"reply"))));
    }

    #[tokio::test]
    async fn a_node_that_ends_is_not_asked_and_leaves_nobody_waiting() {
        let ((node, folder), nodes) = (place(), OwnNodes::default());
        let mut requests = nodes.serve(&node, folder);
        let asked = tokio::spawn({
            let (nodes, node) = (nodes.clone(), node.clone());
            async move { nodes.request(&node, folder, &Bytes::new()).await }
        });
        let taken = requests.next().await.unwrap();
        requests.close();
        assert_eq!(nodes.request(&node, folder, &Bytes::new()).await, None, "it takes no more");
        drop(taken);
        assert_eq!(asked.await.unwrap(), Some(Err(NoReply)));
        let again = nodes.serve(&node, folder);
        drop(requests);
        assert_eq!(nodes.0.read().unwrap().len(), 1, "the node that was started again stays");
        drop(again);
        assert!(nodes.0.read().unwrap().is_empty());
    }
}
