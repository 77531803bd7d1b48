//! Nodes that answer, and not as they should.

use std::time::Duration;

use domain::row::{Condition, Duty};
use events::ids::NodeId;
use events::node::Failure;
use shards::Joined;
use shards::telemetry::{DiskReport, Heartbeat, Latency, NodeState, Trouble};
use uuid::Uuid;

use super::region::{NODES, Region, heartbeat};

const SLOW: Condition = Condition::Failing(Failure::Latency);
const BROKEN: Condition = Condition::Failing(Failure::Errors);

fn of_disk(node: usize, of: usize, disk: DiskReport) -> Heartbeat {
    let said = heartbeat(node);
    if node == of { Heartbeat { disk: Some(disk), ..said } } else { said }
}

fn syncs(ms: u32) -> DiskReport {
    DiskReport { sync: Some(Latency { p50_us: ms * 1_000, p99_us: ms * 2_000 }), ..DiskReport::default() }
}

/// The seconds after which a node was something else, each counted from the one before.
fn conditions(region: &Region, node: usize) -> Vec<(f64, Condition)> {
    let mut conditions: Vec<(f64, Condition)> = Vec::new();
    for (at, _, opinion) in region.changes.iter().filter(|(_, of, _)| *of == node) {
        if conditions.last().map_or(Condition::Healthy, |(_, last)| *last) != opinion.condition {
            conditions.push((*at, opinion.condition));
        }
    }
    conditions
}

#[test]
fn a_node_whose_answers_take_five_seconds_is_failing_within_a_minute_and_well_a_while_later() {
    let mut region = Region::new();
    region.pass_well(30);
    region.answers_after[4] = Some(Duration::from_secs(5));
    region.pass_well(60);
    assert_eq!(region.opinion(4).condition, SLOW);
    assert_eq!(region.is_online(4), Some(true), "it is there");
    assert!((1..=NODES).filter(|node| *node != 4).all(|node| region.opinion(node).condition == Condition::Healthy));
    region.answers_after[4] = Some(Duration::from_millis(3));
    let better = region.seconds();
    region.pass_well(120);
    let changes = conditions(&region, 4);
    assert_eq!(changes.iter().map(|(_, is)| *is).collect::<Vec<_>>(), [SLOW, Condition::Healthy]);
    assert!((55.0..80.0).contains(&(changes[1].0 - better)), "{changes:?}");
}

#[test]
fn a_node_that_was_slow_before_anybody_watched_it_is_failing_too() {
    let mut region = Region::new();
    // Each answer comes when the next call has been made already.
    region.answers_after[4] = Some(Duration::from_millis(5_200));
    region.pass_well(60);
    assert_eq!(region.opinion(4).condition, SLOW);
    assert_eq!(region.opinion(3).condition, Condition::Healthy);
}

#[test]
fn a_node_whose_disk_is_slow_is_failing_and_one_on_a_slow_machine_is_not() {
    for (own, others, is_failing) in
        [(400, 2, true), (400, 200, false), (90, 2, false), (5_000, 900, true), (5_000, 5_000, false)]
    {
        let mut region = Region::new();
        region.pass(70, |node| Some(of_disk(node, node, syncs(if node == 2 { own } else { others }))));
        assert_eq!(region.opinion(2).condition == SLOW, is_failing, "{own} ms among {others} ms");
        assert_eq!(region.opinion(1).condition, Condition::Healthy);
    }
}

#[test]
fn a_node_that_waits_for_its_disk_is_failing() {
    let mut region = Region::new();
    region.pass(70, |node| {
        let said = of_disk(node, node, syncs(2));
        if node != 2 {
            return Some(said);
        }
        Some(Heartbeat { state: NodeState::Failed, trouble: Some(Trouble::Stalled), ..said })
    });
    assert_eq!(region.opinion(2).condition, SLOW);
}

#[test]
fn a_moment_of_slowness_is_no_event() {
    let mut region = Region::new();
    region.pass_well(30);
    for _ in 0..20 {
        region.answers_after[4] = Some(Duration::from_secs(4));
        region.pass_well(12);
        region.answers_after[4] = Some(Duration::from_millis(2));
        region.pass_well(20);
    }
    assert_eq!(conditions(&region, 4), []);
}

#[test]
fn slowness_that_comes_and_goes_is_said_ever_more_rarely() {
    let mut region = Region::new();
    for _ in 0..30 {
        region.answers_after[4] = Some(Duration::from_secs(4));
        region.pass_well(40);
        region.answers_after[4] = Some(Duration::from_millis(2));
        region.pass_well(80);
    }
    let changes = conditions(&region, 4);
    assert!(changes.len() <= 4, "{changes:?}");
}

#[test]
fn a_monitor_that_lost_nats_calls_nobody_slow() {
    let mut region = Region::new();
    region.pass_well(12);
    for number in 0..60 {
        region.connection = (number % 3 != 0).then_some(number);
        region.pass_well(4);
    }
    assert!((1..=NODES).all(|node| conditions(&region, node).is_empty()), "{:?}", region.changes);
}

#[test]
fn a_node_of_an_earlier_release_that_answers_no_call_by_its_name_is_not_slow() {
    let mut region = Region::new();
    region.answers_after[4] = None;
    region.pass_well(300);
    assert_eq!(conditions(&region, 4), []);
}

#[test]
fn a_node_that_goes_back_to_an_earlier_release_is_not_slow() {
    let mut region = Region::new();
    region.pass_well(60);
    region.answers_after[4] = None;
    // What is on its way is of the process before.
    region.pass_well(1);
    let before =
        |node| Heartbeat { incarnation: Uuid::from_u128(if node == 4 { 50 } else { node as u128 }), ..heartbeat(node) };
    region.pass(300, |node| Some(before(node)));
    assert_eq!(conditions(&region, 4), []);
}

#[test]
fn errors_without_end_are_no_overflow() {
    let mut region = Region::new();
    for second in 0..20 {
        let errors = if second % 2 == 0 { u64::MAX } else { 0 };
        let disk = DiskReport { read_errors: errors, write_errors: errors, ..syncs(2) };
        region.pass(1, |node| Some(of_disk(node, 6, disk)));
    }
    assert_eq!(region.opinion(6).condition, BROKEN);
}

#[test]
fn a_disk_that_failed_is_said_in_seconds_and_the_next_process_is_believed_soon() {
    let mut region = Region::new();
    region.pass_well(10);
    let failed = region.seconds();
    let says = |node| {
        let said = heartbeat(node);
        if node == 5 { Heartbeat { state: NodeState::Failed, ..said } } else { said }
    };
    region.pass(30, |node| Some(says(node)));
    let again = |node| Heartbeat { incarnation: Uuid::from_u128(99 + node as u128), ..heartbeat(node) };
    region.pass(30, |node| Some(again(node)));
    let changes = conditions(&region, 5);
    assert_eq!(changes.iter().map(|(_, is)| *is).collect::<Vec<_>>(), [BROKEN, Condition::Healthy]);
    assert!(changes[0].0 - failed < 5.0, "{changes:?}");
}

#[test]
fn errors_of_a_disk_are_said_when_they_are_many_within_a_minute() {
    for (every, is_failing) in [(1, true), (10, true), (20, false), (60, false)] {
        let mut region = Region::new();
        region.pass(10, |node| Some(of_disk(node, 6, DiskReport { read_errors: 7, ..syncs(2) })));
        for second in 0..300_u64 {
            let errors = DiskReport { read_errors: 7 + second / every, ..syncs(2) };
            region.pass(1, |node| Some(of_disk(node, 6, errors)));
        }
        assert_eq!(region.opinion(6).condition == BROKEN, is_failing, "one each {every} s");
        assert!(conditions(&region, 6).len() <= 1);
    }
}

#[test]
fn errors_from_before_it_was_heard_here_do_not_count() {
    let mut region = Region::new();
    let many = |incarnation: u128| {
        move |node| {
            let said = of_disk(node, 6, DiskReport { read_errors: 1_000, ..syncs(2) });
            Some(Heartbeat { incarnation: Uuid::from_u128(incarnation + node as u128), ..said })
        }
    };
    region.pass(60, many(0));
    region.pass(60, many(50));
    assert_eq!(conditions(&region, 6), []);
}

#[test]
fn a_full_disk_is_full_until_there_is_more_room_than_it_lacked() {
    const MIB: u64 = 1 << 20;
    let mut region = Region::new();
    let mut with = |mib: u64, seconds| {
        region.pass(seconds, |node| {
            let said = heartbeat(node);
            Some(if node == 1 { Heartbeat { free_bytes: mib * MIB, ..said } } else { said })
        });
        region.opinion(1).condition
    };
    assert_eq!(with(256, 30), Condition::Healthy);
    assert_eq!(with(255, 10), Condition::Full);
    assert_eq!(with(300, 60), Condition::Full, "it would be full again at once");
    assert_eq!(with(320, 10), Condition::Healthy);
}

#[test]
fn only_what_operators_say_keeps_new_shards_from_a_node() {
    let mut region = Region::new();
    // A monitor that is gone wrote that it is full: its disk may have room again.
    region.row(2).condition.is = Condition::Full;
    region.row(3).duty.is = Duty::Drain;
    region.row(4).duty.is = Duty::Removed;
    let joined = Joined::of_rows(region.joined, 5);
    assert_eq!(joined.closed.iter().map(NodeId::as_str).collect::<Vec<_>>(), ["n3", "n4"]);
}

#[test]
fn a_node_that_is_full_and_slow_is_full_and_then_slow() {
    let mut region = Region::new();
    region.answers_after[1] = Some(Duration::from_secs(5));
    region.pass(60, |node| Some(if node == 1 { Heartbeat { free_bytes: 0, ..heartbeat(1) } } else { heartbeat(node) }));
    assert_eq!(region.opinion(1).condition, Condition::Full);
    region.pass_well(10);
    assert_eq!(region.opinion(1).condition, SLOW);
}
