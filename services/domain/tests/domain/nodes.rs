//! Nodes and their data folders.

use domain::row::{Condition, Duty, NodeRow, Presence};
use domain::{ChangeNode, Command, JoinNode, NodeChange, Outcome, Rejection, View};
use events::Fact;
use events::ids::{FolderId, NodeId};
use events::node::Failure;
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::Fold;
use crate::given::{accepted, context, create_bucket, delete, put, rejected, unchanged};
use crate::reclaims::reclaim;

fn folder(n: u8) -> FolderId {
    FolderId(Uuid::from_u128(n.into()))
}

fn node(n: u8) -> NodeId {
    format!("n{n}").parse().unwrap()
}

fn join(name: u8, with: u8, instead_of: Option<u8>) -> Command {
    let (node, folder, replaces) = (node(name), folder(with), instead_of.map(folder));
    JoinNode { node, folder, zone: "z".into(), replaces }.into()
}

fn other(known: Option<u8>) -> Rejection {
    Rejection::OtherFolder { known: known.map(folder) }
}

#[test]
fn the_first_folder_of_a_name_joins_and_another_only_in_its_place() {
    let mut fold = Fold::new();
    let mut place = 0;
    let mut said = |fold: &mut Fold, command: Command| {
        place += 1;
        fold.command(&command, context(place)).err()
    };
    assert_eq!(said(&mut fold, join(1, 7, Some(6))), Some(other(None)), "there is nothing to replace");
    assert_eq!(said(&mut fold, join(1, 7, None)), None);
    assert_eq!(said(&mut fold, join(1, 7, None)), None, "as another gateway says at the same time");
    assert_eq!(fold.events.len(), 1);
    assert_eq!(said(&mut fold, join(1, 8, None)), Some(other(Some(7))));
    assert_eq!(said(&mut fold, join(1, 8, Some(6))), Some(other(Some(7))));
    assert_eq!(said(&mut fold, join(2, 7, None)), None, "names have nothing to do with each other");
    assert_eq!(said(&mut fold, join(1, 8, Some(7))), None);
    assert_eq!(said(&mut fold, join(1, 7, None)), Some(other(Some(8))), "what was given up does not come back");
    let row = fold.model.node(&node(1)).unwrap().unwrap();
    assert_eq!((row.folder, row.sequence, row.joined), (folder(8), 3, context(0).now));
    let Fact::NodeJoined(fact) = &fold.events[2].fact else { panic!("{:?}", fold.events[2].fact) };
    assert_eq!(fact.replaces, Some(folder(7)));
}

fn change(name: u8, change: NodeChange) -> Command {
    ChangeNode { node: node(name), folder: folder(name), change }.into()
}

/// What is known of node 1, which joined with folder 1 as the first event.
fn row(fold: &Fold) -> NodeRow {
    fold.model.node(&node(1)).unwrap().unwrap()
}

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);
const OFFLINE: NodeChange = NodeChange::Offline { position: 9, starts: 2 };

#[test]
fn what_is_said_of_a_node_is_said_once_and_holds_until_the_opposite_is() {
    let joined = join(1, 1, None);
    for (said, opposite) in [
        (OFFLINE, NodeChange::Online),
        (NodeChange::Drain, NodeChange::Resume),
        (NodeChange::Remove { forced: false }, NodeChange::Resume),
        (NodeChange::Full, NodeChange::Recovered),
        (NodeChange::Failing(Failure::Errors), NodeChange::Recovered),
    ] {
        let (given, back) = ([joined.clone()], change(1, opposite));
        unchanged(&given, &back, &DONE);
        let before = row(&accepted(&given, &change(1, said), &DONE));
        let given = [joined.clone(), change(1, said)];
        unchanged(&given, &change(1, said), &DONE);
        let after = row(&accepted(&given, &back, &DONE));
        let states = |row: &NodeRow| (row.presence.is, row.duty.is, row.condition.is);
        assert_eq!(states(&after), (Presence::Online, Duty::Serve, Condition::Healthy));
        assert_ne!(states(&before), states(&after));
    }
}

#[test]
fn presence_duty_and_condition_are_told_apart() {
    let given = [
        join(1, 1, None),
        change(1, NodeChange::Drain),
        change(1, OFFLINE),
        change(1, NodeChange::Failing(Failure::Errors)),
        change(1, NodeChange::Online),
    ];
    let row = row(&accepted(&given, &change(1, NodeChange::Failing(Failure::Latency)), &DONE));
    assert_eq!((row.presence.is, row.presence.sequence), (Presence::Online, 5));
    assert_eq!((row.duty.is, row.duty.sequence, row.changed), (Duty::Drain, 2, 2));
    assert_eq!((row.condition.is, row.condition.sequence), (Condition::Failing(Failure::Latency), 6));
    assert!(!row.takes_shards());
    let offline = self::row(&accepted(&given[..2], &given[2], &DONE));
    assert_eq!(offline.presence.is, Presence::Offline { position: 9, starts: 2 });
}

#[test]
fn what_is_said_of_a_folder_is_not_said_of_the_one_that_took_its_place() {
    rejected(&[], &change(1, OFFLINE), Rejection::NoSuchNode);
    let replaced = [join(1, 1, None), change(1, NodeChange::Drain), change(1, OFFLINE), join(1, 2, Some(1))];
    let row = row(&accepted(&replaced[..3], &replaced[3], &DONE));
    assert_eq!((row.presence.is, row.duty.is, row.changed), (Presence::Online, Duty::Serve, 4));
    assert!(row.gave_up(3) && !row.gave_up(4) && !row.gave_up(5), "what was placed before lay on the former folder");
    let first = self::row(&accepted(&[], &replaced[0], &DONE));
    assert!(!first.gave_up(0), "a store from before nodes joined");
    for late in [OFFLINE, NodeChange::Drain, NodeChange::Remove { forced: true }] {
        rejected(&replaced, &change(1, late), other(Some(2)));
    }
}

#[test]
fn strays_are_confirmed_of_one_folder_and_by_their_number() {
    let confirm = |shards| change(1, NodeChange::ConfirmStrays { shards });
    let given = [join(1, 1, None), confirm(7)];
    let confirmed = |fold: &Fold| (row(fold).strays_confirmed.is, row(fold).strays_confirmed.sequence);
    assert_eq!(confirmed(&accepted(&given[..1], &given[1], &DONE)), (7, 2));
    // It is said of what is there at that time, so it may be said again.
    assert_eq!(confirmed(&accepted(&given, &confirm(7), &DONE)), (7, 3));
    assert_eq!(confirmed(&accepted(&given, &confirm(5), &DONE)), (5, 3));
    assert_eq!(confirmed(&accepted(&given, &join(1, 2, Some(1)), &DONE)), (0, 3));
}

#[test]
fn a_node_with_shards_is_removed_only_by_force() {
    let remove = |forced| change(1, NodeChange::Remove { forced });
    let given = [create_bucket(), join(1, 1, None), put(b'a')];
    rejected(&given, &remove(false), Rejection::NodeInUse { shards: 1 });
    let fold = accepted(&given, &remove(true), &DONE);
    let Some(Fact::NodeRemoved(fact)) = fold.events.last().map(|event| &event.fact) else { panic!("no fact") };
    assert!(fact.forced && row(&fold).gave_up(u64::MAX));
    rejected(&[&given[..], &[remove(true)]].concat(), &change(1, NodeChange::Drain), Rejection::NodeRemoved);
    // Once its contents are gone there is nothing to force.
    let it = crate::given::content(b'a', 1);
    let emptied = [&given[..], &[delete(None), reclaim(&[it], u64::MAX)]].concat();
    let fold = accepted(&emptied, &remove(true), &DONE);
    let Some(Fact::NodeRemoved(fact)) = fold.events.last().map(|event| &event.fact) else { panic!("no fact") };
    assert!(!fact.forced);
}

proptest! {
    #[test]
    fn each_fact_replaces_exactly_the_folder_that_was_known(
        steps in prop::collection::vec((0..3_u8, 0..4_u8, prop::option::of(0..4_u8)), 0..60)
    ) {
        let mut fold = Fold::new();
        for (place, (name, with, instead_of)) in (1..).zip(&steps) {
            let before = fold.model.node(&node(*name)).unwrap().map(|row| row.folder);
            let events = fold.events.len();
            let rejected = fold.command(&join(*name, *with, *instead_of), context(place)).is_err();
            let after = fold.model.node(&node(*name)).unwrap().map(|row| row.folder);
            prop_assert_eq!(rejected, after != Some(folder(*with)));
            prop_assert_eq!(fold.events.len() > events, after != before);
            if let Some(Fact::NodeJoined(fact)) = fold.events[events..].first().map(|event| &event.fact) {
                prop_assert_eq!(fact.replaces, before);
            }
        }
    }
}
