//! Which nodes are online, which are asked, and which process is the node.

use std::time::Duration;

use domain::placement::NODE_RESERVE_BYTES;

use super::table::{PROCESSES_MAX, UNJOINED_MAX, UNJOINED_SILENCE_MAX};
use super::*;
use crate::node::rollcall::call_of;
use crate::node::telemetry::{NodeState, Trouble};

pub(crate) fn heartbeat(state: NodeState) -> Heartbeat {
    Heartbeat {
        node: "n1".parse().unwrap(),
        zone: "z".into(),
        boot_id: Uuid::from_u128(1),
        free_bytes: 1,
        total_bytes: 2,
        stored_bytes: 1,
        shards: 0,
        state,
        incarnation: Uuid::from_u128(1),
        folder: None,
        trouble: None,
        disk: None,
        age: None,
        call: None,
    }
}

#[tokio::test(start_paused = true)]
async fn silence_and_missing_responders_take_a_node_offline_and_a_heartbeat_brings_it_back() {
    let (membership, start) = (Membership::new(), Instant::now());
    let node: NodeId = "n1".parse().unwrap();
    let mut changes = membership.changes();
    membership.observe(heartbeat(NodeState::Up), start);
    assert!(membership.is_online(&node) && changes.has_changed().unwrap());
    changes.mark_unchanged();

    membership.observe(heartbeat(NodeState::Up), start + Duration::from_secs(1));
    membership.sweep(start + Duration::from_millis(3999));
    assert!(membership.is_online(&node) && !changes.has_changed().unwrap(), "nothing changed");
    membership.sweep(start + Duration::from_secs(4));
    assert!(!membership.is_online(&node) && changes.has_changed().unwrap());

    membership.observe(heartbeat(NodeState::Up), start + Duration::from_secs(5));
    membership.wait_online(1).await;
    membership.unreachable(&node);
    assert!(!membership.is_online(&node) && membership.candidates().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_with_a_failed_disk_takes_nothing_but_may_be_asked() {
    let (membership, node) = (Membership::new(), "n1".parse().unwrap());
    membership.observe(heartbeat(NodeState::Failed), Instant::now());
    assert!(!membership.is_online(&node) && membership.is_reachable(&node));
    assert!(membership.candidates().is_empty());
}

fn process(incarnation: u128, folder: u128) -> Heartbeat {
    let (incarnation, folder) = (Uuid::from_u128(incarnation), Some(Uuid::from_u128(folder)));
    Heartbeat { incarnation, folder, ..heartbeat(NodeState::Up) }
}

fn admissions(membership: &Membership) -> Vec<(u128, Admission)> {
    membership.nodes().iter().map(|view| (view.heartbeat.incarnation.as_u128(), view.admission)).collect()
}

fn join(membership: &Membership, folder: u128) {
    membership
        .accept(Joined { folders: [("n1".parse().unwrap(), Uuid::from_u128(folder))].into(), ..Joined::default() });
}

#[tokio::test(start_paused = true)]
async fn only_the_folder_that_joined_is_the_node() {
    let (membership, now) = (Membership::guarded(), Instant::now());
    let node: NodeId = "n1".parse().unwrap();
    assert_eq!(membership.addressee(&node), Addressee::Anyone);
    membership.observe(process(1, 7), now);
    assert!(!membership.is_online(&node) && !membership.is_reachable(&node), "nobody has joined yet");
    assert_eq!(membership.addressee(&node), Addressee::Nobody, "and its folder may be an empty one");
    let mut changes = membership.changes();
    join(&membership, 7);
    assert!(membership.is_online(&node) && changes.has_changed().unwrap());
    changes.mark_unchanged();
    join(&membership, 7);
    assert!(!changes.has_changed().unwrap());

    // Its disk is exchanged for an empty one, and the process starts again.
    membership.unreachable(&node);
    membership.observe(process(2, 8), now);
    assert!(!membership.is_online(&node) && !membership.is_reachable(&node));
    assert_eq!(membership.addressee(&node), Addressee::Nobody);
    assert!(membership.candidates().is_empty() && changes.has_changed().unwrap());
    assert_eq!(admissions(&membership)[1], (2, Admission::Refused { known: Uuid::from_u128(7) }));
    // The log replaces the folder.
    join(&membership, 8);
    assert!(membership.is_online(&node));
    assert_eq!(membership.addressee(&node), Addressee::Folder(Uuid::from_u128(8)));
}

#[tokio::test(start_paused = true)]
async fn two_processes_of_one_name_are_told_apart_however_their_heartbeats_alternate() {
    let (membership, start) = (Membership::guarded(), Instant::now());
    let node: NodeId = "n1".parse().unwrap();
    join(&membership, 7);
    let refused = Admission::Refused { known: Uuid::from_u128(7) };
    for second in 0..5 {
        let now = start + Duration::from_secs(second);
        for beat in [process(1, 9), process(2, 7)] {
            membership.observe(beat, now);
            membership.sweep(now);
        }
        assert!(membership.is_online(&node));
        assert_eq!(admissions(&membership), [(1, refused), (2, Admission::Accepted)]);
        assert_eq!(membership.candidates().len(), 1);
    }
    // The stranger goes, and with it every trace.
    let later = start + Duration::from_secs(9);
    membership.observe(process(2, 7), later);
    membership.sweep(later);
    assert_eq!(admissions(&membership), [(2, Admission::Accepted)]);
}

#[tokio::test(start_paused = true)]
async fn of_two_processes_with_copies_of_one_folder_the_elder_is_the_node() {
    let (membership, start) = (Membership::guarded(), Instant::now());
    join(&membership, 7);
    membership.observe(process(1, 7), start);
    // A restart looks the same until the older process sends a heartbeat again.
    membership.observe(process(2, 7), start + Duration::from_millis(500));
    assert_eq!(admissions(&membership), [(1, Admission::Accepted), (2, Admission::Accepted)]);
    assert_eq!(membership.candidates().len(), 1);
    membership.observe(process(1, 7), start + Duration::from_secs(1));
    let double = Admission::Double { older: Uuid::from_u128(1) };
    assert_eq!(admissions(&membership), [(1, Admission::Accepted), (2, double)]);
    let later = start + Duration::from_secs(5);
    membership.observe(process(2, 7), later);
    membership.sweep(later);
    assert_eq!(admissions(&membership), [(2, Admission::Accepted)], "the older process has gone");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_does_not_name_its_folder_is_the_node_until_one_that_does_has_joined() {
    let (membership, node) = (Membership::guarded(), "n1".parse().unwrap());
    membership.observe(heartbeat(NodeState::Up), Instant::now());
    assert!(membership.is_online(&node));
    join(&membership, 7);
    assert!(!membership.is_online(&node));
}

#[tokio::test(start_paused = true)]
async fn where_no_node_can_join_all_are_taken_by_their_word_but_those_that_have() {
    let (membership, node) = (Membership::guarded(), "n1".parse().unwrap());
    membership.observe(process(1, 7), Instant::now());
    membership.accept_unjoined(true);
    assert!(membership.is_online(&node));
    join(&membership, 8);
    assert!(!membership.is_online(&node));
    membership.accept(Joined::default());
    membership.accept_unjoined(false);
    assert!(!membership.is_online(&node));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_stuck_takes_nothing_new_until_it_says_otherwise() {
    let (membership, node) = (Membership::new(), "n1".parse().unwrap());
    membership.observe(heartbeat(NodeState::Up), Instant::now());
    let mut changes = membership.changes();
    changes.mark_unchanged();
    let stalled = Heartbeat { trouble: Some(Trouble::Stalled), ..heartbeat(NodeState::Failed) };
    membership.observe(stalled, Instant::now());
    assert!(!membership.is_online(&node) && membership.is_reachable(&node) && changes.has_changed().unwrap());
    membership.wait_stalled(&node).await;
    assert!(!membership.answers(&node));
    membership.observe(heartbeat(NodeState::Up), Instant::now());
    assert!(membership.is_online(&node));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_goes_and_comes_again_is_counted() {
    let (membership, node, now) = (Membership::guarded(), "n1".parse::<NodeId>().unwrap(), Instant::now());
    let arrivals = || membership.arrivals().into_values().collect::<Vec<_>>();
    membership.observe(process(1, 7), now);
    assert_eq!(arrivals(), [0; 0], "it has not joined");
    join(&membership, 7);
    membership.observe(process(1, 7), now);
    assert_eq!(arrivals(), [1]);
    membership.unreachable(&node);
    assert_eq!(arrivals(), [0; 0]);
    membership.observe(process(1, 7), now);
    membership.sweep(now + HEARTBEAT_SILENCE_MAX);
    membership.observe(process(1, 7), now + HEARTBEAT_SILENCE_MAX);
    assert_eq!(arrivals(), [3]);
    let stalled = Heartbeat { state: NodeState::Failed, trouble: Some(Trouble::Stalled), ..process(1, 7) };
    membership.observe(stalled, now);
    membership.observe(process(1, 7), now);
    assert_eq!(arrivals(), [4]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_node_is_waited_for_where_too_few_are_left() {
    let (membership, now) = (Membership::new(), Instant::now());
    let named = |name: &str, stalled: bool| Heartbeat {
        node: name.parse().unwrap(),
        state: if stalled { NodeState::Failed } else { NodeState::Up },
        trouble: stalled.then_some(Trouble::Stalled),
        ..heartbeat(NodeState::Up)
    };
    for (name, stalled) in [("n1", true), ("n2", false), ("n3", false)] {
        membership.observe(named(name, stalled), now);
    }
    let (node, second) = ("n1".parse().unwrap(), Duration::from_secs(1));
    assert!(tokio::time::timeout(second, membership.wait_dispensable(&node)).await.is_err());
    let stalled = membership.stalled_candidates();
    assert_eq!(stalled.iter().map(|candidate| &candidate.node).collect::<Vec<_>>(), [&node]);
    membership.observe(named("n4", false), now);
    membership.wait_dispensable(&node).await;
}

fn named(name: usize, incarnation: u128) -> Heartbeat {
    Heartbeat { node: format!("x{name}").parse().unwrap(), ..process(incarnation, 3) }
}

#[tokio::test(start_paused = true)]
async fn invented_names_fill_no_place_of_those_that_joined_and_are_forgotten() {
    let (membership, start) = (Membership::guarded(), Instant::now());
    join(&membership, 7);
    let taken: Vec<bool> = (0..1_100).map(|name| membership.observe(named(name, 1), start)).collect();
    assert_eq!(taken.iter().filter(|taken| **taken).count(), UNJOINED_MAX);
    assert!(membership.observe(process(1, 7), start), "the node that joined has a place of its own");
    assert_eq!(membership.candidates().len(), 1);

    // A stranger who speaks takes the place of one who fell silent.
    membership.sweep(start + HEARTBEAT_SILENCE_MAX);
    assert!(membership.observe(named(2_000, 1), start + HEARTBEAT_SILENCE_MAX));
    assert_eq!(membership.nodes().len(), UNJOINED_MAX + 1);
    membership.sweep(start + UNJOINED_SILENCE_MAX);
    let left: Vec<_> = membership.nodes().into_iter().map(|view| view.heartbeat.node.to_string()).collect();
    assert_eq!(left, ["n1", "x2000"], "what joined is shown though it is silent");
}

#[tokio::test(start_paused = true)]
async fn where_no_node_can_join_there_are_places_for_all_and_the_silent_are_forgotten() {
    let (membership, start) = (Membership::guarded(), Instant::now());
    membership.accept_unjoined(true);
    assert!((0..NODES_MAX).all(|name| membership.observe(named(name, 1), start)));
    assert!(!membership.observe(named(NODES_MAX, 1), start));
    membership.sweep(start + UNJOINED_SILENCE_MAX);
    assert!(membership.nodes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn processes_with_other_folders_keep_the_node_out_of_no_place() {
    let (membership, now) = (Membership::guarded(), Instant::now());
    join(&membership, 7);
    for incarnation in 1..=9 {
        assert_eq!(membership.observe(process(incarnation, 8), now), incarnation <= 4);
    }
    assert!(membership.observe(process(10, 7), now) && membership.is_online(&"n1".parse().unwrap()));
    assert_eq!(membership.nodes().len(), PROCESSES_MAX);
}

#[test]
fn a_claim_of_room_counts_as_far_as_the_next_one_makes_it_credible() {
    const GIB: u64 = 1 << 30;
    let counted = |claims: &[u64]| {
        let candidate =
            |free_bytes: &u64| Candidate { node: "n".parse().unwrap(), zone: "z".into(), free_bytes: *free_bytes };
        let mut candidates: Vec<_> = claims.iter().map(candidate).collect();
        bound_claims(&mut candidates);
        candidates.iter().map(|candidate| candidate.free_bytes).collect::<Vec<_>>()
    };
    assert_eq!(counted(&[GIB, u64::MAX, 2 * GIB]), [GIB, 32 * GIB, 2 * GIB]);
    assert_eq!(counted(&[10 * GIB, 100 * GIB, GIB]), [10 * GIB, 100 * GIB, GIB], "disks may differ");
    assert_eq!(counted(&[]), [0; 0]);
    // New disks beside full ones still have room.
    let beside_full = counted(&[0, 0, 0, 9000 * GIB, 9000 * GIB, 9000 * GIB]);
    assert!(beside_full[3..].iter().all(|free| *free > NODE_RESERVE_BYTES && *free == beside_full[5]));
}

#[test]
fn no_node_has_more_room_than_its_disk() {
    let membership = Membership::new();
    membership.observe(Heartbeat { free_bytes: u64::MAX, ..heartbeat(NodeState::Up) }, Instant::now());
    assert_eq!(membership.candidates()[0].free_bytes, 2);
}

#[test]
fn what_is_remembered_is_bounded() {
    let (membership, now) = (Membership::new(), Instant::now());
    for incarnation in 1..=9 {
        membership.observe(process(incarnation, 1), now);
    }
    assert_eq!(membership.nodes().len(), PROCESSES_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_was_copied_back_from_before_is_refused() {
    let (membership, now) = (Membership::guarded(), Instant::now());
    let node: NodeId = "n1".parse().unwrap();
    let with = |incarnation, starts, position| Heartbeat {
        age: Some(FolderAge { starts, position }),
        ..process(incarnation, 7)
    };
    join(&membership, 7);
    membership.observe(with(1, 3, 70), now);
    assert!(membership.is_online(&node));
    let known = FolderAge { starts: 3, position: 70 };
    let lost = |at| Joined {
        folders: [(node.clone(), Uuid::from_u128(7))].into(),
        ages: [(node.clone(), known)].into(),
        at,
        ..Joined::default()
    };
    membership.accept(lost(1));
    assert!(membership.is_online(&node), "it is as old as that itself");
    membership.sweep(now + Duration::from_secs(9));
    membership.observe(with(2, 3, 69), now + Duration::from_secs(9));
    assert_eq!(membership.nodes().last().unwrap().admission, Admission::Outdated { known });
    assert!(!membership.is_online(&node) && !membership.is_reachable(&node));
    assert_eq!(membership.addressee(&node), Addressee::Nobody, "it is asked for nothing");
    membership.sweep(now + Duration::from_secs(20));
    membership.observe(with(3, 4, 70), now + Duration::from_secs(20));
    assert!(membership.is_online(&node), "the folder itself is back");
    // What is known before it speaks again counts at once.
    let older = Joined { ages: [(node.clone(), FolderAge { starts: 9, position: 90 })].into(), ..lost(2) };
    membership.accept(older);
    assert!(!membership.is_online(&node));
}

#[tokio::test(start_paused = true)]
async fn answers_to_calls_are_remembered_beside_those_to_others() {
    let (membership, now) = (Membership::new(), Instant::now());
    let (caller, other) = (Uuid::from_u128(5), Uuid::from_u128(6));
    let answer = |caller: Uuid, number: u64| Heartbeat { call: Some(call_of(caller, number)), ..process(1, 7) };
    membership.observe(answer(caller, 4), now);
    membership.observe(answer(other, 4), now + Duration::from_millis(10));
    membership.observe(process(1, 7), now + Duration::from_millis(20));
    let view = membership.nodes().remove(0);
    assert_eq!(view.answered(caller, 4), Some(now));
    assert_eq!(view.answered(caller, 5), None);
    for number in 0..ANSWERS_MAX as u64 {
        assert!(membership.observe(answer(other, 100 + number), now));
    }
    assert_eq!(membership.nodes()[0].answered(caller, 4), None, "it was long ago");
    assert_eq!(membership.nodes()[0].answers.len(), ANSWERS_MAX);
}
