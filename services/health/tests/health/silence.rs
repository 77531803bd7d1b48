//! Nodes that are not heard, and monitors that do not hear.

use std::time::Duration;

use domain::row;
use health::Presence;
use shards::telemetry::FolderAge;

use super::region::{AGE, NODES, Region, heartbeat};

/// All nodes speak but one.
fn but(silent: usize) -> impl Fn(usize) -> Option<shards::telemetry::Heartbeat> {
    move |node| (node != silent).then(|| heartbeat(node))
}

#[test]
fn a_node_that_falls_silent_is_offline_between_three_and_four_seconds_later_and_no_other_is() {
    let mut region = Region::new();
    region.pass_well(10);
    assert!((1..=NODES).all(|node| region.is_online(node) == Some(true)));
    let last = region.seconds();
    region.pass(2, but(3));
    assert_eq!(region.is_online(3), Some(true), "it may be late");
    region.pass(2, but(3));
    assert_eq!(region.opinion(3).presence, Some(Presence::Offline(AGE)));
    let (at, is_online) = *region.presences(3).last().unwrap();
    assert!(!is_online && (3.0..4.0).contains(&(at - last)), "{at} {last}");
    region.pass(600, but(3));
    assert!((1..=NODES).filter(|node| *node != 3).all(|node| region.is_online(node) == Some(true)));
    assert_eq!(region.presences(3).len(), 2, "it is said once");
}

#[test]
fn what_is_said_of_a_lost_node_is_how_old_its_folder_was() {
    let mut region = Region::new();
    let older = FolderAge { starts: 4, position: 700 };
    region.pass(10, |node| Some(shards::telemetry::Heartbeat { age: Some(older), ..heartbeat(node) }));
    region.pass(5, but(2));
    assert_eq!(region.opinion(2).presence, Some(Presence::Offline(older)));
}

#[test]
fn a_node_that_a_new_monitor_never_heard_is_offline_too() {
    let mut region = Region::new();
    region.pass(5, but(6));
    assert_eq!(region.opinion(6).presence, Some(Presence::Offline(AGE)), "as old as the log says");
    assert_eq!(region.is_online(1), Some(true));
}

#[test]
fn a_node_that_comes_back_is_online_after_two_seconds() {
    let mut region = Region::new();
    region.pass_well(5);
    region.pass(60, but(1));
    let back = region.seconds();
    region.pass_well(10);
    let (at, is_online) = *region.presences(1).last().unwrap();
    assert!(is_online && (2.0..=3.5).contains(&(at - back)), "{at} {back}");
}

#[test]
fn a_restart_of_less_than_three_seconds_is_no_event() {
    let mut region = Region::new();
    region.pass_well(5);
    for _ in 0..20 {
        region.pass(2, but(4));
        region.pass_well(5);
    }
    assert_eq!(region.presences(4).len(), 1);
}

#[test]
fn a_node_that_comes_and_goes_does_not_fill_the_log() {
    for (up, down, most) in [(3, 4, 4), (5, 4, 6), (20, 5, 10), (1, 3, 2), (2, 30, 4)] {
        let mut region = Region::new();
        region.pass_well(5);
        let rounds = 600 / (up + down);
        for _ in 0..rounds {
            region.pass(down, but(5));
            region.pass_well(up);
        }
        let presences = region.presences(5);
        assert!(presences.len() <= most, "up {up} s, down {down} s: {} of {rounds} {presences:?}", presences.len());
        // In the end it is what it is.
        region.pass_well(70);
        assert_eq!(region.is_online(5), Some(true));
    }
}

#[test]
fn a_heartbeat_that_is_late_now_and_then_does_not_keep_a_node_offline() {
    let mut region = Region::new();
    region.pass_well(5);
    // Lost several times, so that it has to be heard for a while.
    for _ in 0..5 {
        region.pass(5, but(2));
        region.pass_well(40);
    }
    region.answers_after[2] = None;
    region.pass(5, but(2));
    assert_eq!(region.is_online(2), Some(false));
    // Of three heartbeats one is missing: for a second and a half nothing comes.
    for second in 0..90 {
        region.pass(1, |node| (node != 2 || second % 3 != 0).then(|| heartbeat(node)));
    }
    assert_eq!(region.is_online(2), Some(true), "{:?}", region.presences(2));
}

#[test]
fn a_loss_that_another_process_wrote_counts_as_one() {
    let mut region = Region::new();
    region.pass_well(10);
    let mut back = Vec::new();
    for sequence in 50..55 {
        let row = region.row(2);
        (row.presence.is, row.presence.sequence) = (row::Presence::Offline { position: 9, starts: 3 }, sequence);
        let lost = region.seconds();
        region.pass_well(70);
        let (at, is_online) = *region.presences(2).last().unwrap();
        assert!(is_online);
        back.push(at - lost);
        let row = region.row(2);
        (row.presence.is, row.presence.sequence) = (row::Presence::Online, sequence + 1_000);
        region.pass_well(1);
    }
    assert!(back.windows(2).all(|two| two[1] > two[0] * 1.5), "{back:?}");
}

#[test]
fn a_monitor_without_nats_says_nothing_of_anybody() {
    let mut region = Region::new();
    region.pass_well(10);
    region.connection = None;
    region.pass_well(600);
    assert!((1..=NODES).all(|node| region.is_online(node) == Some(true)));
    region.connection = Some(2);
    region.pass_well(60);
    assert!((1..=NODES).all(|node| region.presences(node).len() == 1));
}

#[test]
fn a_node_that_was_lost_while_the_monitor_had_no_nats_is_found_soon_after() {
    let mut region = Region::new();
    region.pass_well(10);
    region.connection = None;
    region.pass_well(60);
    region.connection = Some(2);
    region.pass(5, but(2));
    assert_eq!(region.is_online(2), Some(false));
    assert_eq!(region.is_online(1), Some(true));
}

#[test]
fn a_monitor_whose_connection_comes_and_goes_says_nothing_of_anybody() {
    let mut region = Region::new();
    region.pass_well(10);
    for number in 0..300 {
        region.connection = (number % 2 == 0).then_some(number);
        region.pass_well(2);
    }
    assert!((1..=NODES).all(|node| region.presences(node).len() == 1), "{:?}", region.changes);
}

#[test]
fn a_monitor_that_does_not_hear_itself_says_nothing_of_anybody() {
    let mut region = Region::new();
    region.pass_well(10);
    region.hears_itself = false;
    region.pass(600, |_| None);
    assert!((1..=NODES).all(|node| region.is_online(node) == Some(true)), "its connection stands, and nothing comes");
    assert!(region.rules.is_deaf());
}

#[test]
fn a_monitor_that_was_stopped_says_nothing_of_anybody_when_it_continues() {
    for seconds in [2, 4, 60, 3_600, 86_400] {
        let mut region = Region::new();
        region.pass_well(10);
        region.stop(Duration::from_secs(seconds));
        region.pass_well(10);
        assert!((1..=NODES).all(|node| region.presences(node).len() == 1), "{seconds} s");
        region.pass(5, but(1));
        assert_eq!(region.is_online(1), Some(false), "and then it listens as before");
    }
}

#[test]
fn all_nodes_may_be_lost_at_once() {
    let mut region = Region::new();
    region.pass_well(10);
    region.pass(5, |_| None);
    assert!((1..=NODES).all(|node| region.is_online(node) == Some(false)));
}

#[test]
fn what_another_process_wrote_is_not_contradicted_at_once() {
    let mut region = Region::new();
    region.pass_well(30);
    let row = region.row(2);
    (row.presence.is, row.presence.sequence) = (row::Presence::Offline { position: 9, starts: 3 }, 50);
    region.pass_well(1);
    assert_eq!(region.is_online(2), Some(false), "its owner knows something");
    region.pass_well(3);
    assert_eq!(region.is_online(2), Some(true), "it is heard here all the same");
}
