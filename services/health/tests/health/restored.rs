//! Data folders that are older than they were.

use domain::row;
use health::Presence;
use shards::telemetry::{FolderAge, Heartbeat};
use uuid::Uuid;

use super::region::{AGE, Region, heartbeat};

fn with_age(node: usize, of: usize, age: Option<FolderAge>, incarnation: u128) -> Heartbeat {
    let said = heartbeat(node);
    if node == of { Heartbeat { age, incarnation: Uuid::from_u128(incarnation), ..said } } else { said }
}

#[test]
fn a_folder_that_comes_back_older_than_it_was_stays_offline() {
    for (age, is_online) in [
        (FolderAge { starts: 3, position: 8 }, false),
        (FolderAge { starts: 2, position: 9 }, false),
        (FolderAge { starts: 1, position: 0 }, false),
        // Cut off for a while, or started again.
        (FolderAge { starts: 3, position: 9 }, true),
        (FolderAge { starts: 4, position: 9 }, true),
        (FolderAge { starts: 4, position: 10 }, true),
    ] {
        let mut region = Region::new();
        region.pass_well(5);
        region.pass(10, |node| (node != 3).then(|| heartbeat(node)));
        region.pass(30, |node| Some(with_age(node, 3, Some(age), 50)));
        assert_eq!(region.is_online(3), Some(is_online), "{age:?}");
        assert_eq!(region.opinion(3).outdated, (!is_online).then_some(age));
        assert_eq!(region.opinion(2).outdated, None);
    }
}

#[test]
fn what_the_log_says_of_its_age_counts_for_a_monitor_that_never_heard_it() {
    let mut region = Region::new();
    let row = region.row(3);
    row.presence.is = row::Presence::Offline { position: 9, starts: 3 };
    let age = FolderAge { starts: 3, position: 8 };
    region.pass(30, |node| Some(with_age(node, 3, Some(age), 50)));
    assert_eq!(region.opinion(3).presence, Some(Presence::Offline(AGE)));
    assert_eq!(region.opinion(3).outdated, Some(age));
}

#[test]
fn a_copy_that_takes_the_place_within_a_moment_makes_the_node_offline() {
    let mut region = Region::new();
    let newer = FolderAge { starts: 3, position: 70 };
    region.pass(10, |node| Some(with_age(node, 3, Some(newer), 3)));
    assert_eq!(region.is_online(3), Some(true));
    let copy = FolderAge { starts: 4, position: 12 };
    region.pass(5, |node| Some(with_age(node, 3, Some(copy), 50)));
    let known = FolderAge { starts: 3, position: 70 };
    assert_eq!(region.opinion(3).presence, Some(Presence::Offline(known)), "so that everybody refuses it");
}

#[test]
fn a_copy_that_runs_beside_the_node_for_a_while_does_not_make_it_older() {
    for seconds in [1, 2, 5, 30] {
        let mut region = Region::new();
        region.pass_well(10);
        // It began to serve from the copy, and was started once more often by that.
        let age = Some(FolderAge { starts: 4, position: 9 });
        region.beside = Some(with_age(3, 3, age, 50));
        region.pass_well(seconds);
        region.beside = None;
        region.pass_well(30);
        assert_eq!(region.is_online(3), Some(true), "beside for {seconds} s");
        assert_eq!(region.opinion(3).outdated, None, "beside for {seconds} s");
        assert_eq!(region.presences(3).len(), 1, "beside for {seconds} s");
        region.pass(5, |node| (node != 3).then(|| heartbeat(node)));
        assert_eq!(region.opinion(3).presence, Some(Presence::Offline(AGE)), "it is as old as it was");
    }
}

#[test]
fn a_restart_makes_a_folder_older_once_nobody_can_doubt_it() {
    let mut region = Region::new();
    region.pass_well(10);
    let newer = FolderAge { starts: 4, position: 9 };
    region.pass(5, |node| Some(with_age(node, 3, Some(newer), 50)));
    region.pass(5, |node| (node != 3).then(|| heartbeat(node)));
    assert_eq!(region.opinion(3).presence, Some(Presence::Offline(newer)));
}

#[test]
fn a_node_that_does_not_say_its_age_is_taken_as_it_was_and_that_is_said() {
    let mut region = Region::new();
    region.pass(10, |node| Some(with_age(node, 3, None, 3)));
    assert_eq!(region.is_online(3), Some(true));
    assert!(region.opinion(3).is_ageless && !region.opinion(2).is_ageless);
    let mut region = Region::new();
    let row = region.row(3);
    (row.starts, row.position) = (0, 0);
    region.pass(10, |node| Some(with_age(node, 3, None, 3)));
    assert!(!region.opinion(3).is_ageless, "nobody ever knew it");
}

#[test]
fn a_process_with_another_folder_is_no_sign_of_the_node() {
    let mut region = Region::new();
    region.pass_well(5);
    let strange = |node| {
        let said = heartbeat(node);
        if node == 3 { Heartbeat { folder: Some(Uuid::from_u128(9)), ..said } } else { said }
    };
    region.pass(10, |node| Some(strange(node)));
    assert_eq!(region.is_online(3), Some(false));
}
