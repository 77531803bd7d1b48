//! Health, metrics and status over HTTP, the commands that show them, and losing nodes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::clients::{LARGE_BYTES, both_are_there, http, put_two, s3};
use super::process::{Fixture, Serving, refuses, until};

const STATUS: &str = "/api/v1/status";

fn login(fixture: &Fixture) -> String {
    let (user, password) = fixture.credentials();
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn get(store: &Serving, path: &str) -> super::clients::Answer {
    http(&store.console, "GET", path, &[], b"")
}

#[test]
fn health_and_metrics_are_open_and_status_is_not() {
    let fixture = Fixture::new();
    let store = fixture.start();
    put_two(&store, &fixture);
    both_are_there(&store, &fixture);

    assert_eq!(get(&store, "/healthz").status, 200);
    let ready = get(&store, "/readyz");
    assert_eq!((ready.status, ready.json()), (200, serde_json::json!({"ready": true, "missing": []})));
    let metrics = get(&store, "/metrics");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{}", metrics.head);
    for name in [
        "planetstore_build_info{version=",
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "planetstore_nats_server_resident_memory_bytes ",
        "planetstore_nodes{state=\"online\"} 6",
        "planetstore_log_connected 1",
        "planetstore_log_append_seconds_bucket",
        "planetstore_objects 2",
    ] {
        assert!(metrics.text().contains(name), "{name} in {}", metrics.text());
    }
    assert!(!metrics.text().contains(&fixture.credentials().1));

    for wrong in [None, Some("Basic "), Some("Bearer x"), Some("Basic cm9vdDp3cm9uZw==")] {
        let headers: Vec<_> = wrong.map(|value| ("authorization", value)).into_iter().collect();
        for (method, path) in [("GET", STATUS), ("POST", "/api/v1/nodes/node-1/stop"), ("DELETE", STATUS)] {
            let refused = http(&store.console, method, path, &headers, b"");
            assert_eq!(refused.status, 401, "{method} {path} with {wrong:?}");
            assert!(refused.head.contains("www-authenticate: Basic"), "{}", refused.head);
        }
    }
    assert_eq!(get(&store, "/nowhere").status, 404);
    let login = login(&fixture);
    let status = http(&store.console, "GET", STATUS, &[("authorization", &login)], b"");
    assert!(status.status == 200 && status.head.contains("cache-control: no-store"), "{}", status.head);
    store.stop();
}

/// Three copies of the small one, and six shards of the large one.
const SHARDS_OF_TWO: u64 = 9;

/// The number of shards that the nodes report.
fn shards(status: &Value) -> u64 {
    status["nodes"].as_array().unwrap().iter().map(|node| node["shards"].as_u64().unwrap()).sum()
}

#[test]
fn status_counts_what_is_stored_once_and_twice() {
    let fixture = Fixture::new();
    refuses(fixture.command(&["status"]), 1, &["no store runs on", "--url"]);
    let store = fixture.start();
    put_two(&store, &fixture);
    let (code, before) = fixture.json(&["status"]);
    assert_eq!(code, Some(0));
    assert_eq!(before["stored"]["objects"], 2);
    assert_eq!(before["stored"]["buckets"], 1);
    assert_eq!(before["stored"]["logical_bytes"], (LARGE_BYTES + 4_000) as u64);
    // The region got its level and six nodes joined, before a bucket and two objects were created; services took leases.
    assert!(before["log"]["last_sequence"].as_u64() >= Some(10), "{before}");
    assert_eq!(before["ledger"]["sequence"], before["log"]["last_sequence"]);
    assert_eq!(before["nodes"].as_array().map(Vec::len), Some(6));
    assert!(shards(&before) <= SHARDS_OF_TWO, "{before}");

    let again = s3(&store, &fixture, "GET", "/bucket/large", b"").body;
    assert_eq!(s3(&store, &fixture, "PUT", "/bucket/twin", &again).status, 200);
    let (_, after) = fixture.json(&["status"]);
    assert_eq!(after["stored"]["content_bytes"], before["stored"]["content_bytes"], "stored once");
    assert_eq!(after["stored"]["shard_bytes"], before["stored"]["shard_bytes"]);
    assert!(after["stored"]["dedup_ratio"].as_f64().unwrap() > 1.9, "{after}");

    let table = fixture.command(&["status"]).output().unwrap();
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(table.contains("dedup ratio") && table.contains("node-6  online"), "{table}");
    store.stop();
}

#[test]
fn a_node_that_cannot_start_is_one_that_is_lost() {
    let fixture = Fixture::new();
    let store = fixture.start();
    put_two(&store, &fixture);
    store.stop();
    for node in ["node-3", "node-6"] {
        std::fs::write(fixture.data.join("nodes").join(node).join("node.json"), "{}").unwrap();
    }
    let store = fixture.start();
    both_are_there(&store, &fixture);
    let (code, status) = fixture.json(&["status"]);
    assert_eq!((code, status["nodes"].as_array().map(Vec::len)), (Some(0), Some(4)));
    store.stop();
}

fn state_of(status: &Value, name: &str) -> String {
    let nodes = status["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["node"] == name).unwrap()["state"].as_str().unwrap().to_owned()
}

#[test]
fn any_two_nodes_may_stop_and_everything_is_still_served() {
    let fixture = Fixture::new();
    let store = fixture.start();
    put_two(&store, &fixture);
    let without_header =
        http(&store.console, "POST", "/api/v1/nodes/node-1/stop", &[("authorization", &login(&fixture))], b"");
    assert_eq!(without_header.status, 403);
    for node in ["node-2", "node-5"] {
        let stopped = fixture.command(&["node", "stop", node]).output().unwrap();
        assert_eq!(stopped.status.code(), Some(0), "{}", String::from_utf8_lossy(&stopped.stderr));
    }
    both_are_there(&store, &fixture);
    assert_eq!(s3(&store, &fixture, "PUT", "/bucket/after", b"written to four nodes").status, 200);
    until("that both are seen to be offline", || {
        let (_, status) = fixture.json(&["status"]);
        ["node-2", "node-5"].iter().all(|node| state_of(&status, node) == "offline")
    });
    let (code, status) = fixture.json(&["status"]);
    assert_eq!((code, &status["readiness"]["ready"]), (Some(0), &Value::Bool(true)));
    refuses(fixture.command(&["node", "stop", "node-2"]), 1, &["no node of this name is running"]);
    refuses(fixture.command(&["node", "stop", "Not A Name"]), 2, &["node name"]);

    for node in ["node-1", "node-3"] {
        assert!(fixture.command(&["node", "stop", node]).output().unwrap().status.success());
    }
    until("that it is not ready", || get(&store, "/readyz").status == 503);
    let missing = get(&store, "/readyz").text();
    assert!(missing.contains("2 online; writes need 3"), "{missing}");
    assert_eq!(fixture.json(&["status"]).0, Some(5));
    store.stop();

    // Stopped nodes are started again by the next start.
    let store = fixture.start();
    both_are_there(&store, &fixture);
    assert_eq!(s3(&store, &fixture, "GET", "/bucket/after", b"").body, b"written to four nodes");
    store.stop();
}

#[test]
fn folders_of_two_nodes_may_be_deleted_while_it_runs() {
    let fixture = Fixture::new();
    let store = fixture.start();
    put_two(&store, &fixture);
    // A write is acked before its last shard, which may be missing, but two more nodes must not be.
    until("all shards", || shards(&fixture.json(&["status"]).1) == SHARDS_OF_TWO);
    for node in ["node-1", "node-4"] {
        std::fs::remove_dir_all(fixture.data.join("nodes").join(node)).unwrap();
    }
    both_are_there(&store, &fixture);
    assert_eq!(s3(&store, &fixture, "PUT", "/bucket/after", b"after").status, 200);
    assert_eq!(s3(&store, &fixture, "GET", "/bucket/after", b"").body, b"after");
    store.stop();
}
