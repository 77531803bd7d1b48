//! The storage nodes that joined.

use domain::{JoinNode, Rejection, View};
use events::ids::{FolderId, NodeId};
use ledger::CommitError;
use testkit::MemoryLog;
use uuid::Uuid;

use crate::support::*;

fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

fn folder(n: u128) -> FolderId {
    FolderId(Uuid::from_u128(n))
}

fn join(name: &str, with: u128, replaces: Option<u128>) -> domain::Command {
    JoinNode { node: node(name), folder: folder(with), zone: "z".into(), replaces: replaces.map(folder) }.into()
}

#[tokio::test]
async fn nodes_are_listed_with_their_folders_and_survive_a_start() {
    let (log, place) = (MemoryLog::new(), Folder::new());
    let file = place.file("state");
    let ledger = open(&log, &file, true).await;
    for command in [create_bucket("bucket"), join("n2", 2, None), join("n10", 3, None), join("n2", 4, Some(2))] {
        ledger.commit(command, origin()).await.unwrap();
    }
    let refused = ledger.commit(join("n2", 5, Some(2)), origin()).await.unwrap_err();
    let known = Some(folder(4));
    assert!(matches!(refused, CommitError::Rejected(Rejection::OtherFolder { known: found }) if found == known));
    close(ledger).await;
    let ledger = open(&log, &file, true).await;
    let listed = ledger.latest().list_nodes().unwrap();
    let listed: Vec<_> = listed.into_iter().map(|(name, row)| (name, row.folder, row.sequence)).collect();
    assert_eq!(listed, [(node("n10"), folder(3), 3), (node("n2"), folder(4), 4)]);
    assert_eq!(ledger.latest().node(&node("n1")).unwrap(), None);
}

#[tokio::test]
async fn the_nodes_that_contents_were_placed_on_are_known() {
    let (log, place) = (MemoryLog::new(), Folder::new());
    let ledger = open(&log, &place.file("state"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    assert!(!ledger.latest().names_node(&node("n1"), 10).unwrap());
    ledger.commit(put_object("a", 1), origin()).await.unwrap();
    let snapshot = ledger.latest();
    assert!(snapshot.names_node(&node("n1"), 10).unwrap());
    assert!(!snapshot.names_node(&node("n10"), 10).unwrap());
    assert!(!snapshot.names_node(&node("n1"), 0).unwrap(), "it looks no further than it is told");
}
