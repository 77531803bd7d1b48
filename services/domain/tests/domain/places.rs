//! Shards that are written anew, and nodes that were given up while something was stored on them.

use domain::row::{MovedShard, NodeUsageRow, PlacedShard};
use domain::{Command, FACT_CHANGES_MAX, NodeChange, Outcome, PlaceShards, Precondition, Rejection, View, project};
use events::Fact;
use events::content::{ContentPlaced, Fault, PlaceCause, ShardPlace, ShardPlaced};
use events::ids::{ContentId, Generation, Layout, NodeId, Placement};
use uuid::Uuid;

use crate::fold::Fold;
use crate::given::*;
use crate::health::{note, put_striped};
use crate::random::places::{change, join, node};
use crate::reclaims::{horizon, reclaim};

/// A generation of repair.
fn fresh(n: u128) -> Generation {
    Generation::of_repair(Uuid::from_u128(n << 3), 1)
}

fn place_of(node_number: u8, generation: Generation) -> ShardPlace {
    ShardPlace { node: node(node_number), generation }
}

/// A shard of a content, which lies where it was uploaded to, is written anew as `fresh(n)`.
fn moved(content: ContentId, shard: u8, to: u8, n: u128) -> ShardPlaced {
    let from = place_of(shard + 1, content.generation);
    ShardPlaced { shard, from, to: place_of(to, fresh(n)), cause: PlaceCause::Fault }
}

fn place_all(contents: Vec<(ContentId, Vec<ShardPlaced>)>) -> PlaceShards {
    let contents = contents.into_iter().map(|(content, shards)| ContentPlaced { content, shards }).collect();
    PlaceShards { bucket: bucket(), contents, chosen_at: u64::MAX }
}

fn place(content: ContentId, shards: &[ShardPlaced]) -> Command {
    place_all(vec![(content, shards.to_vec())]).into()
}

/// Seven nodes joined, and a content whose six shards are on the first six.
fn stored_on_six() -> Vec<Command> {
    [create_bucket()].into_iter().chain((1..=7).map(join)).chain([put_striped(b'a', 1)]).collect()
}

fn after(given: &[Command], more: &[Command]) -> Vec<Command> {
    [given, more].concat()
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is compared with it")]
fn placed(refused: &[u128]) -> Result<Outcome, Rejection> {
    Ok(Outcome::Placed { refused: refused.iter().map(|n| fresh(*n)).collect() })
}

fn shards(fold: &Fold, content: ContentId) -> Vec<PlacedShard> {
    fold.model.content(&content).unwrap().unwrap().shards(&content).collect()
}

fn usage(fold: &Fold) -> Vec<(&str, u64)> {
    fold.model.node_usage.iter().map(|(node, NodeUsageRow { shards, .. })| (node.as_str(), *shards)).collect()
}

#[test]
fn a_shard_that_was_written_anew_lies_there_under_its_new_name_and_is_owed_no_more() {
    let it = content(b'a', 1);
    let faults = note(it, &[(2, 3, Some(Fault::Missing)), (4, 5, Some(Fault::Damaged))]);
    let given = after(&stored_on_six(), &[faults]);
    let fold = accepted(&given, &place(it, &[moved(it, 2, 7, 1)]), &placed(&[]));
    let row = fold.model.content(&it).unwrap().unwrap();
    let sequence = fold.events.last().unwrap().sequence;
    assert_eq!(row.moved, [MovedShard { shard: 2, generation: fresh(1), sequence }]);
    assert!(row.placed_by(3) == row.sequence && row.sequence < sequence && row.placed_by(2) == sequence);
    assert_eq!(row.shard(&it, 2), Some(PlacedShard { index: 2, node: node(7), generation: fresh(1) }));
    assert_eq!(row.shard(&it, 3), Some(PlacedShard { index: 3, node: node(4), generation: it.generation }));
    assert_eq!(fold.model.generation(fresh(1)).unwrap(), Some(it));
    assert_eq!(fold.model.generation(it.generation).unwrap(), Some(it), "the other shards still have it");
    assert!(fold.model.ended.is_empty());
    let debt = &fold.model.debt;
    assert_eq!((debt.contents, debt.unsafe_contents, debt.shards()), (1, 0, 1), "only shard 4 is faulty now");
    assert_eq!(debt.nodes.keys().map(NodeId::as_str).collect::<Vec<_>>(), ["n5"]);
    assert_eq!(usage(&fold), [("n1", 1), ("n2", 1), ("n4", 1), ("n5", 1), ("n6", 1), ("n7", 1)]);
    let Some(Fact::ContentPlaced(fact)) = fold.events.last().map(|event| &event.fact) else { panic!("no fact") };
    assert_eq!(fact.contents, [ContentPlaced { content: it, shards: vec![moved(it, 2, 7, 1)] }]);
}

#[test]
fn a_name_is_used_once() {
    let it = content(b'a', 1);
    let once = after(&stored_on_six(), &[place(it, &[moved(it, 2, 7, 1)])]);
    let again = ShardPlaced { from: place_of(7, fresh(1)), ..moved(it, 2, 3, 2) };
    let fold = accepted(&once, &place(it, std::slice::from_ref(&again)), &placed(&[]));
    assert_eq!(shards(&fold, it)[2], PlacedShard { index: 2, node: node(3), generation: fresh(2) });
    assert_eq!(fold.model.generation(fresh(1)).unwrap(), None);
    let ended = fold.model.ended(fresh(1)).unwrap().unwrap();
    assert_eq!((ended.bucket, ended.sequence), (bucket(), 11));

    let twice = after(&once, &[place(it, &[again])]);
    unchanged(&twice, &place(it, &[moved(it, 0, 7, 1)]), &placed(&[1])); // it ended
    unchanged(&twice, &place(it, &[moved(it, 0, 7, 2)]), &placed(&[2])); // another shard has it
    let own = ShardPlaced { to: place_of(7, it.generation), ..moved(it, 0, 7, 0) };
    unchanged(&twice, &place(it, &[own]), &Ok(Outcome::Placed { refused: vec![it.generation] }));
    let of_upload = Generation::tagged(Uuid::from_u128(9 << 3), 1);
    let unmarked = ShardPlaced { to: place_of(7, of_upload), ..moved(it, 0, 7, 0) };
    unchanged(&twice, &place(it, &[unmarked]), &Ok(Outcome::Placed { refused: vec![of_upload] }));
    let both = [moved(it, 0, 7, 3), moved(it, 1, 7, 3)];
    accepted(&twice, &place(it, &both), &placed(&[3])); // one command names it twice
    unchanged(&after(&twice, &[horizon(1)]), &place(it, &[moved(it, 0, 7, 3)]), &placed(&[3])); // it is too old
}

#[test]
fn a_shard_is_placed_only_from_where_it_lies() {
    let it = content(b'a', 1);
    let given = stored_on_six();
    for from in [place_of(4, it.generation), place_of(3, fresh(8))] {
        unchanged(&given, &place(it, &[ShardPlaced { from, ..moved(it, 2, 7, 1) }]), &placed(&[1]));
    }
    unchanged(&given, &place(content(b'b', 1), &[moved(it, 2, 7, 1)]), &placed(&[1]));
    let elsewhere = PlaceShards { bucket: "other".parse().unwrap(), ..place_all(vec![(it, vec![moved(it, 2, 7, 1)])]) };
    unchanged(&given, &elsewhere.into(), &placed(&[1]));
    let no_shard = ShardPlaced { shard: 6, ..moved(it, 2, 7, 1) };
    unchanged(&given, &place(it, &[no_shard]), &placed(&[1]));
    // What does not hold any more leaves the rest alone.
    let some = [moved(it, 0, 7, 1), ShardPlaced { from: place_of(9, it.generation), ..moved(it, 1, 7, 2) }];
    let fold = accepted(&given, &place(it, &some), &placed(&[2]));
    assert_eq!(shards(&fold, it)[1].node, node(2));
    let twice = place_all(vec![(it, vec![moved(it, 0, 7, 1)]), (it, vec![moved(it, 1, 7, 2)])]);
    accepted(&given, &twice.into(), &placed(&[2]));
}

#[test]
fn a_shard_is_placed_only_on_a_node_that_takes_it() {
    let it = content(b'a', 1);
    let given = stored_on_six();
    let to_seventh = |chosen_at| {
        let wanted = PlaceShards { chosen_at, ..place_all(vec![(it, vec![moved(it, 0, 7, 1)])]) };
        Command::from(wanted)
    };
    unchanged(&given, &place(it, &[moved(it, 0, 8, 1)]), &placed(&[1])); // it never joined
    accepted(&given, &to_seventh(8), &placed(&[]));
    unchanged(&given, &to_seventh(7), &placed(&[1])); // it joined since
    for relieved in [NodeChange::Drain, NodeChange::Remove { forced: true }] {
        unchanged(&after(&given, &[change(7, relieved)]), &to_seventh(u64::MAX), &placed(&[1]));
        let back = after(&given, &[change(7, relieved), change(7, NodeChange::Resume)]);
        accepted(&back, &to_seventh(u64::MAX), &placed(&[]));
        unchanged(&back, &to_seventh(9), &placed(&[1]));
    }
    for not_well in [NodeChange::Offline { position: 1, starts: 1 }, NodeChange::Full] {
        accepted(&after(&given, &[change(7, not_well)]), &to_seventh(8), &placed(&[]));
    }
    let second = after(&given, &[place(it, &[moved(it, 0, 2, 1)])]);
    unchanged(&second, &place(it, &[moved(it, 2, 2, 2)]), &placed(&[2])); // it has two shards of the content
    let swap = ShardPlaced { from: place_of(2, fresh(1)), ..moved(it, 0, 2, 2) };
    accepted(&second, &place(it, &[swap]), &placed(&[])); // the one that it replaces does not count
}

#[test]
fn a_shard_moves_for_even_fills_only_to_a_node_that_is_online_and_has_no_other_one() {
    let it = content(b'a', 1);
    let given = stored_on_six();
    let balanced = |shard, to, n| {
        let shard = ShardPlaced { cause: PlaceCause::Balance, ..moved(it, shard, to, n) };
        Command::from(PlaceShards { chosen_at: 8, ..place_all(vec![(it, vec![shard])]) })
    };
    accepted(&given, &balanced(0, 7, 1), &placed(&[]));
    let offline = after(&given, &[change(7, NodeChange::Offline { position: 1, starts: 1 })]);
    unchanged(&offline, &balanced(0, 7, 1), &placed(&[1])); // the shard that it has is better than one there
    accepted(&after(&offline, &[change(7, NodeChange::Online)]), &balanced(0, 7, 1), &placed(&[]));
    unchanged(&given, &balanced(0, 2, 1), &placed(&[1]));
    let repaired = after(&given, &[place(it, &[moved(it, 1, 7, 1)])]);
    unchanged(&repaired, &balanced(0, 7, 2), &placed(&[2])); // another one was written there meanwhile
    accepted(&repaired, &place(it, &[moved(it, 0, 7, 2)]), &placed(&[])); // what is lost may share a node
    let crowded = after(&repaired, &[place(it, &[moved(it, 0, 7, 2)])]);
    let from = place_of(7, fresh(2));
    let off = ShardPlaced { from, cause: PlaceCause::Balance, ..moved(it, 0, 1, 3) };
    accepted(&crowded, &place(it, &[off]), &placed(&[])); // two of it lie elsewhere
}

#[test]
fn whether_a_content_is_safe_depends_on_all_its_nodes() {
    let it = content(b'a', 1);
    let given = after(&stored_on_six(), &[note(it, &[(5, 6, Some(Fault::Missing))])]);
    let fold = accepted(&given, &place(it, &[moved(it, 0, 2, 1)]), &placed(&[]));
    let debt = &fold.model.debt;
    assert_eq!((debt.contents, debt.unsafe_contents), (1, 1), "without node 2 three shards would be left");
    let fold = accepted(&given, &place(it, &[moved(it, 5, 7, 1)]), &placed(&[]));
    assert_eq!(fold.model.debt, domain::row::DebtRow::default());
    assert!(fold.model.faults.is_empty());
}

#[test]
fn a_fact_places_no_more_shards_than_a_fact_may_change_rows() {
    let contents: Vec<_> = (1..=30).map(|n| content(b'a', n)).collect();
    let put = |n: u128| match put_striped(b'a', n) {
        Command::PutObject(mut put) => {
            put.key = key(&n.to_string());
            put.body = if n == 1 { put.body } else { instead_of(put.body, content(b'a', n - 1)) };
            Command::PutObject(put)
        }
        other => panic!("{other:?}"),
    };
    let given: Vec<_> = [create_bucket()].into_iter().chain((1..=7).map(join)).chain((1..=30).map(put)).collect();
    let to = |shard: u8| if shard < 2 { 7 } else { shard };
    let all = |it: &ContentId, from: u128| {
        (0..6_u8).map(|shard| moved(*it, shard, to(shard), from + u128::from(shard))).collect()
    };
    let wanted = place_all(contents.iter().zip((0..).step_by(6)).map(|(it, from)| (*it, all(it, from))).collect());
    let mut fold = Fold::new();
    for (place, command) in (1..).zip(&given) {
        fold.command(command, context(place)).unwrap();
    }
    let answer = fold.command(&wanted.into(), context(99)).unwrap();
    let Outcome::Placed { refused } = answer else { panic!("{answer:?}") };
    let Some(Fact::ContentPlaced(fact)) = fold.events.last().map(|event| &event.fact) else { panic!("no fact") };
    let taken: usize = fact.contents.iter().map(|content| content.shards.len()).sum();
    assert_eq!(taken + refused.len(), 180);
    assert!(taken > 80, "{taken}");
    let mut before = domain::model::Model::default();
    fold.events[..fold.events.len() - 1].iter().for_each(|event| crate::fold::apply(&mut before, event));
    let changes = project(&before, fold.events.last().unwrap()).unwrap();
    assert!(changes.iter().filter(|change| change.counts()).count() <= FACT_CHANGES_MAX);
}

#[test]
fn what_was_found_of_a_shard_before_it_was_written_anew_says_nothing_of_it() {
    let it = content(b'a', 1);
    let given = after(&stored_on_six(), &[place(it, &[moved(it, 2, 3, 1)])]);
    // The same shard, on the same node, under the name that it had.
    unchanged(&given, &note(it, &[(2, 3, Some(Fault::Damaged))]), &Ok(Outcome::Done));
    accepted(&given, &note(it, &[(3, 4, Some(Fault::Damaged))]), &Ok(Outcome::Done));
}

/// Bytes whose shards went to nodes 1 to 3, chosen when that event was known.
fn put_chosen_at(chosen_at: u64) -> Command {
    let nodes = (1..=3).map(node).collect();
    let body = staged_on(content(b'x', 1), Placement { layout: Layout::Small, nodes });
    let domain::NewBody::Staged { content, placement, instead_of, scope, .. } = body else { unreachable!("it is") };
    put_body(
        b'x',
        10,
        domain::NewBody::Staged { content, placement, chosen_at, instead_of, scope },
        Precondition::default(),
    )
}

#[test]
fn bytes_are_not_acked_onto_what_was_given_up_since_their_nodes_were_chosen() {
    let in_use = stored(b'x', None, true);
    let joined: Vec<_> = [create_bucket()].into_iter().chain((1..=4).map(join)).collect();
    accepted(&joined, &put_chosen_at(5), &in_use);
    rejected(&joined, &put_chosen_at(3), Rejection::PlacementStale); // node 3 joined as event 4
    accepted(&joined, &put_chosen_at(4), &in_use); // node 4 has none of it
    for relieved in [NodeChange::Drain, NodeChange::Remove { forced: false }] {
        let given = after(&joined, &[change(2, relieved)]);
        rejected(&given, &put_chosen_at(5), Rejection::PlacementStale);
        accepted(&given, &put_chosen_at(6), &in_use);
        accepted(&after(&joined, &[change(4, relieved)]), &put_chosen_at(5), &in_use);
    }
    for change_of in [NodeChange::Offline { position: 0, starts: 1 }, NodeChange::Full, NodeChange::Recovered] {
        accepted(&after(&joined, &[change(2, change_of)]), &put_chosen_at(5), &in_use);
    }
    // Bytes that are there already are not stored on those nodes.
    let known = after(&joined, &[put_chosen_at(5), change(2, NodeChange::Drain)]);
    let again = put_body(b'x', 10, staged(b'x', 7), Precondition::default());
    accepted(&known, &again, &stored(b'x', None, false));
}

#[test]
fn a_content_of_repair_is_none() {
    let of_repair = ContentId { generation: fresh(5), ..content(b'x', 1) };
    let nodes = (1..=3).map(node).collect();
    let body = staged_on(of_repair, Placement { layout: Layout::Small, nodes });
    let put = put_body(b'x', 10, body, Precondition::default());
    rejected(&[create_bucket()], &put, Rejection::StagedTooOld);
}

#[test]
fn what_moved_ends_with_its_content() {
    let it = content(b'a', 1);
    let given = after(&stored_on_six(), &[place(it, &[moved(it, 2, 7, 1), moved(it, 5, 7, 2)]), delete(None)]);
    let fold = accepted(&given, &reclaim(&[it], u64::MAX), &Ok(Outcome::Reclaimed { contents: vec![it] }));
    let mut ended = vec![it.generation, fresh(1), fresh(2)];
    ended.sort();
    assert_eq!(fold.model.ended.keys().copied().collect::<Vec<_>>(), ended);
    assert!(fold.model.generations.is_empty() && fold.model.node_usage.is_empty());
}
