//! What the services write that keep contents whole: every ledger decides it once more.

use domain::{
    ChangeNode, Command, DeleteObject, Finding, JoinNode, Leased, MoveHorizon, NodeChange, NoteHealth, Outcome,
    PlaceShards, ReclaimContents, Rejection, TakeLease, View,
};
use events::content::{
    ContentPlaced, Fault, HealthChanged, PlaceCause, Placed, ReclaimCause, Reclaimed, ShardPlace, ShardPlaced,
};
use events::ids::{ContentId, FolderId, Generation, NodeId, ProcessId};
use events::lease::{Lease, Owner, Term};
use events::node::{Draining, Offline};
use events::region::HorizonMoved;
use events::{Author, Fact};
use jiff::{SignedDuration, Timestamp};
use ledger::{CommitError, Ledger, Reason};
use testkit::MemoryLog;
use uuid::Uuid;

use crate::quarantine::{assert_goes_on, begun, maintenance_keyring, open_as, proven_by, reasons, system};
use crate::support::*;

fn node(number: u8) -> NodeId {
    format!("n{number}").parse().unwrap()
}

fn folder_of(number: u8) -> FolderId {
    FolderId(Uuid::from_u128(number.into()))
}

fn join(number: u8) -> Command {
    JoinNode { node: node(number), folder: folder_of(number), zone: "z".into(), replaces: None }.into()
}

fn take(lease: Lease) -> Command {
    let owner = Owner { process: ProcessId(Uuid::from_u128(7)), name: "services".into() };
    TakeLease { region: region(), lease, owner, after: 0 }.into()
}

fn leased(lease: Lease, epoch: u64, command: impl Into<Command>) -> Command {
    Leased { term: Term { lease, epoch }, command: Box::new(command.into()) }.into()
}

fn fresh(n: u128) -> Generation {
    let now = Timestamp::now().as_millisecond().unsigned_abs();
    Generation::of_repair(Generation::not_before(Uuid::from_u128(n << 3), now), 0)
}

/// The content of the object under `key`.
async fn content(ledger: &Ledger) -> ContentId {
    let snapshot = ledger.read().await.unwrap();
    let id = snapshot.bucket(&bucket()).unwrap().unwrap().id;
    let object = snapshot.current(id, &put("key", 1).key).unwrap().unwrap().object.unwrap();
    match object.body {
        domain::row::BodyRow::Content(content) => content,
        other => panic!("{other:?}"),
    }
}

/// Shard 4, which lies on node 2, is written anew.
fn moved(content: ContentId, to: u8, n: u128) -> Vec<ContentPlaced> {
    let shard = ShardPlaced {
        shard: 4,
        from: ShardPlace { node: node(2), generation: content.generation },
        to: ShardPlace { node: node(to), generation: fresh(n) },
        cause: PlaceCause::Fault,
    };
    vec![ContentPlaced { content, shards: vec![shard] }]
}

/// So many hours before now, in whole milliseconds.
fn ago(hours: i64) -> Timestamp {
    let moment = Timestamp::now() - SignedDuration::from_hours(hours);
    Timestamp::from_millisecond(moment.as_millisecond()).unwrap()
}

/// A gateway's ledger with four nodes, and one of the services with all leases.
async fn with_services(log: &MemoryLog, folder: &Folder) -> (Ledger, Ledger) {
    let ledger = begun(log, folder).await;
    for number in 1..=4 {
        ledger.commit(join(number), origin()).await.unwrap();
    }
    let services = open_as(log, folder, "own", maintenance_keyring()).await.unwrap();
    for lease in [Lease::Repair, Lease::Gc, Lease::Nodes] {
        services.commit(take(lease), system()).await.unwrap();
    }
    (ledger, services)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_of_maintenance_writes_of_shards_and_nodes_and_of_nothing_else() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let (ledger, services) = with_services(&log, &folder).await;
    let it = content(&ledger).await;
    let finding = Finding { shard: 4, node: node(2), generation: it.generation, fault: Some(Fault::Missing) };
    let note = || Command::NoteHealth(Box::new(NoteHealth { content: it, findings: vec![finding.clone()] }));
    let place = || PlaceShards { bucket: bucket(), contents: moved(it, 4, 1), chosen_at: 100 };
    let offline = NodeChange::Offline { position: 5, starts: 1 };
    let offline = || ChangeNode { node: node(2), folder: folder_of(2), change: offline };
    let horizon = || MoveHorizon { region: region(), before: ago(1), upload_seconds: 3_600 };
    for (unfenced, otherwise) in [
        (note(), leased(Lease::Nodes, 1, note())),
        (place().into(), leased(Lease::Gc, 1, place())),
        (offline().into(), leased(Lease::Repair, 1, offline())),
        (horizon().into(), leased(Lease::Repair, 1, horizon())),
    ] {
        for command in [unfenced, otherwise] {
            let refused = services.commit(command, system()).await.unwrap_err();
            assert!(matches!(refused, CommitError::Rejected(Rejection::NotDue)), "without its lease: {refused}");
        }
    }
    for command in [
        leased(Lease::Repair, 1, note()),
        leased(Lease::Repair, 1, place()),
        leased(Lease::Nodes, 1, offline()),
        leased(Lease::Gc, 1, horizon()),
    ] {
        services.commit(command, system()).await.unwrap();
    }
    let gone = DeleteObject::new(bucket(), put("key", 1).key, None);
    ledger.commit(gone.into(), origin()).await.unwrap();
    let reclaim =
        ReclaimContents { bucket: bucket(), contents: vec![it], up_to: u64::MAX, cause: ReclaimCause::Unreferenced };
    let committed = services.commit(leased(Lease::Gc, 1, reclaim), system()).await.unwrap();
    assert_eq!(committed.outcome, Outcome::Reclaimed { contents: vec![it] });
    let drain = ChangeNode { node: node(1), folder: folder_of(1), change: NodeChange::Drain };
    for command in [put_object("mine", 4), drain.into(), join(5)] {
        let refused = services.commit(command, system()).await.unwrap_err();
        assert!(matches!(refused, CommitError::Rejected(Rejection::NotAuthor)), "{refused}");
    }
    close(services).await;
    assert!(ledger.read().await.unwrap().content(&it).unwrap().is_none());
    assert_goes_on(ledger, &log, &folder, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_follow_from_the_state_is_passed_over_whoever_proves_it() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let (ledger, services) = with_services(&log, &folder).await;
    close(services).await;
    let it = content(&ledger).await;
    let term = |lease, epoch| Some(Term { lease, epoch });
    let placed = |to, epoch| {
        let (bucket, contents) = (bucket(), moved(it, to, 1));
        Fact::ContentPlaced(Placed { bucket, contents, chosen_at: 100, term: term(Lease::Repair, epoch) })
    };
    let gc = term(Lease::Gc, 1);
    let faults = vec![events::content::ShardFault { shard: 4, node: node(9), fault: Fault::Missing }];
    let health = HealthChanged { bucket: bucket(), content: it, faults, term: term(Lease::Repair, 1) };
    let (folder_9, nodes) = (folder_of(9), term(Lease::Nodes, 1));
    let forged = [
        placed(5, 1), // to a node that never joined
        placed(4, 2), // in a term that never began
        Fact::ContentReclaimed(Reclaimed {
            bucket: bucket(),
            contents: vec![it],
            up_to: u64::MAX,
            cause: ReclaimCause::Unreferenced,
            term: gc,
        }),
        Fact::ContentHealthChanged(health),
        Fact::NodeOffline(Offline { node: node(4), folder: folder_9, position: 0, starts: 1, term: nodes }),
        Fact::NodeDraining(Draining { node: node(4), folder: folder_of(4) }),
        Fact::RegionHorizonMoved(HorizonMoved { region: region(), before: ago(-1), upload_seconds: 1, term: gc }),
        crate::quarantine::level(Fact::LEVEL),
    ];
    let (first, count) = (ledger.read().await.unwrap().cursor().unwrap().sequence + 1, forged.len() as u64);
    for (n, fact) in forged.into_iter().enumerate() {
        log.foreign(&[proven_by(&maintenance_keyring(), &log, n == 0, fact).await]);
    }
    let strays: Vec<_> = (first..first + count).map(|at| (at, Reason::MayNot(Author::Maintenance))).collect();
    assert_eq!(reasons(&ledger).await, strays);
    log.foreign(&[proven_by(&maintenance_keyring(), &log, false, placed(4, 1)).await]);
    let row = ledger.read().await.unwrap().content(&it).unwrap().unwrap();
    assert_eq!(row.shard(&it, 4).unwrap().node, node(4), "what follows from the state is a fact");
    assert_goes_on(ledger, &log, &folder, &strays).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contents_are_read_in_pages_by_the_names_of_their_shards_and_by_when_they_lost_their_last_reference() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let (ledger, services) = with_services(&log, &folder).await;
    close(services).await;
    let moved_one = content(&ledger).await;
    for n in 2..6 {
        ledger.commit(put_object(&format!("key-{n}"), n), origin()).await.unwrap();
    }
    let place = PlaceShards { bucket: bucket(), contents: moved(moved_one, 4, 1), chosen_at: u64::MAX };
    ledger.commit(place.into(), origin()).await.unwrap();
    let (snapshot, mut named) = (ledger.read().await.unwrap(), Vec::<(Generation, ContentId)>::new());
    loop {
        let page = snapshot.list_generations(named.last().map(|(generation, _)| *generation), 2).unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2 && page.iter().all(|named| named.row.references == 1));
        named.extend(page.into_iter().map(|named| (named.generation, named.content)));
    }
    assert_eq!(named.len(), 6, "five contents, and a shard that moved");
    assert!(named.is_sorted() && named.contains(&(moved_one.generation, moved_one)));
    assert_eq!(named.iter().filter(|(_, content)| *content == moved_one).count(), 2);

    let mut gone = Vec::new();
    for n in [4, 2, 5] {
        let key = put(&format!("key-{n}"), n).key;
        let deleted = ledger.commit(DeleteObject::new(bucket(), key, None).into(), origin()).await.unwrap();
        gone.push(deleted.sequence);
    }
    let snapshot = ledger.read().await.unwrap();
    let all = snapshot.list_unreferenced(None, u64::MAX, 9).unwrap();
    assert_eq!(all.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), gone);
    assert_eq!(snapshot.list_unreferenced(None, gone[1], 9).unwrap(), all[..2]);
    assert_eq!(snapshot.list_unreferenced(Some(all[0]), u64::MAX, 1).unwrap(), all[1..2]);
    let counted = snapshot.recount(&[3; ledger::RECOUNT_KEY_BYTES], &[], |_| true).unwrap().unwrap();
    assert!(counted.differing.is_empty() && counted.rows > 0);
    assert_goes_on(ledger, &log, &folder, &[]).await;
}
