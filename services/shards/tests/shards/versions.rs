//! Nodes of another release.

use bytes::{Bytes, BytesMut};
use events::ids::NodeId;
use shards::protocol::{ScrubCommand, other_version};
use shards::{NodeError, Transport, TransportError};
use testkit::MemoryNodes;

use super::support::{Fixture, node};

/// Nodes that answer in the next version of the protocol.
#[derive(Clone)]
struct NewerNodes(MemoryNodes);

impl Transport for NewerNodes {
    async fn request(&self, node: &NodeId, payload: Bytes) -> Result<Bytes, TransportError> {
        let mut reply = BytesMut::from(self.0.request(node, payload).await?);
        reply[0] += 1;
        Ok(reply.freeze())
    }
}

#[tokio::test]
async fn a_node_of_another_release_is_known_by_the_version_of_its_answers() {
    let nodes = MemoryNodes::new(6);
    let fixture = Fixture::over(nodes.clone(), NewerNodes(nodes), None);
    let told = fixture.store.scrub(&node(1), ScrubCommand::Status).await.unwrap_err();
    assert_eq!(told, NodeError::OtherVersion(2));
    assert!(told.to_string().contains("speaks version 2"), "{told}");
    assert_eq!(other_version(&[1, 0]), None);
    assert_eq!(other_version(&[]), None);
}
