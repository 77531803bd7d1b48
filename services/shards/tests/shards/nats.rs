//! The same over a real nats-server: nodes in memory that answer at their subjects.

use std::time::Duration;

use async_nats::Client;
use events::ids::{NodeId, RegionName, Sha256Digest};
use futures_util::StreamExt;
use shards::piece::STRIPE_BYTES;
use shards::protocol::shards_subject;
use shards::telemetry::{heartbeat_subject, rollcall_subject};
use shards::{AnyTransport, Membership, NatsTransport, ShardStore, StoredContent, Transport, follow_nodes};
use testkit::MemoryNodes;
use testkit::nats::PlainServer;
use testkit::nodes::heartbeat;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::support::{bucket, content, generation, node, secrets};

async fn connect(server: &PlainServer) -> Client {
    async_nats::connect(server.url()).await.unwrap()
}

fn region() -> RegionName {
    "eu".parse().unwrap()
}

/// Answers at one node's subjects until aborted; only a roll call makes it send a heartbeat.
async fn serve(client: Client, nodes: MemoryNodes, name: NodeId) -> JoinHandle<()> {
    let mut requests = client.subscribe(shards_subject(&region(), &name)).await.unwrap();
    let mut rollcalls = client.subscribe(rollcall_subject(&region())).await.unwrap();
    client.flush().await.unwrap();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(request) = requests.next() => {
                    let (nodes, name, client) = (nodes.clone(), name.clone(), client.clone());
                    tokio::spawn(async move {
                        let reply = nodes.request(&name, request.payload).await.unwrap();
                        client.publish(request.reply.unwrap(), reply).await.unwrap();
                    });
                }
                Some(_) = rollcalls.next() => {
                    let json = serde_json::to_vec(&heartbeat(&name)).unwrap();
                    client.publish(heartbeat_subject(&region(), &name), json.into()).await.unwrap();
                }
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contents_go_and_come_and_a_node_without_responders_is_offline_at_once() {
    let (server, nodes) = (PlainServer::start(), MemoryNodes::new(6));
    let mut served = Vec::new();
    for number in 1..=6 {
        served.push(serve(connect(&server).await, nodes.clone(), node(number)).await);
    }
    let membership = Membership::new();
    let follower = follow_nodes(connect(&server).await, region(), membership.clone()).await.unwrap();
    timeout(Duration::from_secs(10), membership.wait_online(6)).await.expect("the roll call brings all nodes");

    let clients = vec![connect(&server).await, connect(&server).await];
    let (incidents, _listening) = mpsc::channel(10);
    let transport = AnyTransport::new(NatsTransport::new(clients, region(), membership.clone()).unwrap());
    let store = ShardStore::new(transport, membership.clone(), None, secrets(), incidents);
    // Nobody renews the heartbeats, so only the requests themselves can tell who is there.
    follower.abort();
    for (number, size) in (0..).zip([1, 40_000, STRIPE_BYTES, 20 * STRIPE_BYTES + 3]) {
        write_and_read(&store, number, size).await;
    }

    served.remove(0).abort();
    let mut changes = membership.changes();
    let offline = async {
        while membership.is_online(&node(1)) {
            write_and_read(&store, 9, 500_000).await;
            tokio::select! { _ = changes.changed() => {}, () = sleep(Duration::from_millis(50)) => {} }
        }
    };
    timeout(Duration::from_secs(10), offline).await.expect("no responders, no node");
    write_and_read(&store, 10, 3 * STRIPE_BYTES).await;
}

async fn write_and_read(store: &ShardStore, number: u128, size: usize) {
    let content = content(size);
    let mut writer = store.writer(bucket(), generation(number));
    for chunk in content.chunks(100_000) {
        writer.write(content.slice_ref(chunk)).await.unwrap();
    }
    let written = writer.finish().await.unwrap();
    let (bucket, generation, placement) = (bucket(), generation(number), written.placement);
    let (sha256, size) = (Sha256Digest([7; 32]), written.size);
    let stored = StoredContent { bucket, sha256, generation, size, placement, moved: Vec::new() };
    let mut read = Vec::new();
    let mut chunks = Box::pin(store.read(stored, 0..written.size));
    while let Some(chunk) = chunks.next().await {
        read.extend_from_slice(&chunk.unwrap());
    }
    assert!(read == content, "{size}");
}
