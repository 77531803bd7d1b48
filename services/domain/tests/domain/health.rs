//! The owed shards of contents, and contents that get no further reference.

use std::collections::{BTreeMap, BTreeSet};

use domain::model::Model;
use domain::row::{DebtRow, PlacedShard};
use domain::{Command, Finding, NewBody, NoteHealth, Outcome, PlaceShards, Precondition, Rejection, View};
use events::Fact;
use events::content::{ContentPlaced, Fault, PlaceCause, ShardFault, ShardPlace, ShardPlaced};
use events::ids::{ContentId, Generation, Layout, NodeId, Placement, SHARDS};
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::{Fold, apply};
use crate::given::*;
use crate::random::places::join;
use crate::reclaims::reclaim;

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);
const FAULTS: [Fault; 4] = [Fault::Unwritten, Fault::Missing, Fault::Damaged, Fault::Unreadable];

fn node(number: usize) -> NodeId {
    format!("n{number}").parse().unwrap()
}

pub(crate) fn note(content: ContentId, findings: &[(u8, usize, Option<Fault>)]) -> Command {
    let finding = |(shard, number, fault): &(u8, usize, Option<Fault>)| Finding {
        shard: *shard,
        node: node(*number),
        generation: content.generation,
        fault: *fault,
    };
    let findings = findings.iter().map(finding).collect();
    Command::NoteHealth(Box::new(NoteHealth { content, findings }))
}

/// Bytes whose six shards are on six nodes.
fn striped(bytes: u8, n: u128) -> NewBody {
    let nodes = (1..=SHARDS).map(node).collect();
    let placement = Placement { layout: Layout::Striped, nodes };
    staged_on(content(bytes, n), placement)
}

pub(crate) fn put_striped(bytes: u8, n: u128) -> Command {
    put_body(bytes, 10, striped(bytes, n), Precondition::default())
}

fn known(bytes: u8, n: u128) -> Command {
    put_body(bytes, 10, NewBody::Known(content(bytes, n)), Precondition::default())
}

fn faults(fold: &Fold, content: ContentId) -> Vec<(u8, Fault)> {
    let row = fold.model.faults.get(&(content.sha256, content.generation));
    row.into_iter().flat_map(|row| &row.faults).map(|fault| (fault.shard, fault.fault)).collect()
}

const MISSING: Option<Fault> = Some(Fault::Missing);

#[test]
fn what_was_found_is_added_to_what_is_known() {
    let it = content(b'a', 1);
    let given = [create_bucket(), put_striped(b'a', 1), note(it, &[(2, 3, MISSING), (5, 6, Some(Fault::Unwritten))])];
    let fold = accepted(&given, &note(it, &[(2, 3, None), (0, 1, Some(Fault::Damaged))]), &DONE);
    assert_eq!(faults(&fold, it), [(0, Fault::Damaged), (5, Fault::Unwritten)]);
    let Some(Fact::ContentHealthChanged(fact)) = fold.events.last().map(|event| &event.fact) else { panic!("no fact") };
    assert_eq!((fact.content, fact.bucket.as_str(), fact.faults.len()), (it, "bucket", 2));
    assert_eq!((fold.model.debt.contents, fold.model.debt.unsafe_contents, fold.model.debt.shards()), (1, 1, 2));
    assert_eq!(fold.model.debt.nodes.keys().map(NodeId::as_str).collect::<Vec<_>>(), ["n1", "n6"]);
}

#[test]
fn a_content_that_is_whole_again_leaves_no_row() {
    let it = content(b'a', 1);
    let given = [create_bucket(), put_striped(b'a', 1), note(it, &[(2, 3, MISSING)])];
    let fold = accepted(&given, &note(it, &[(2, 3, None)]), &DONE);
    assert!(fold.model.faults.is_empty());
    assert_eq!(fold.model.debt, DebtRow::default());
}

#[test]
fn nothing_is_written_where_nothing_changes() {
    let it = content(b'a', 1);
    let given = [create_bucket(), put_striped(b'a', 1)];
    unchanged(&given, &note(it, &[(2, 3, None)]), &DONE);
    unchanged(&given, &note(it, &[]), &DONE);
    unchanged(&given, &note(it, &[(2, 4, MISSING)]), &DONE); // the shard is on another node
    unchanged(&given, &note(it, &[(6, 1, MISSING)]), &DONE); // there is no such shard
    rejected(&given, &note(content(b'b', 1), &[(2, 3, MISSING)]), Rejection::ContentGone);
}

#[test]
fn a_content_with_two_faults_gets_no_further_reference() {
    let it = content(b'a', 1);
    let one = [create_bucket(), put_striped(b'a', 1), note(it, &[(2, 3, MISSING)])];
    accepted(&one, &known(b'a', 1), &stored(b'a', None, false));
    accepted(&one, &put_striped(b'a', 2), &stored(b'a', None, false));

    let two = [create_bucket(), put_striped(b'a', 1), note(it, &[(2, 3, MISSING), (4, 5, MISSING)])];
    rejected(&two, &known(b'a', 1), Rejection::ContentUnsafe);
    let fold = accepted(&two, &put_striped(b'a', 2), &stored(b'a', None, true));
    assert_eq!(fold.model.contents.len(), 2, "the bytes are stored again");

    let mended = [&two[..], &[note(it, &[(4, 5, None)])]].concat();
    accepted(&mended, &known(b'a', 1), &stored(b'a', None, false));
}

#[test]
fn a_small_content_with_two_faults_gets_none_either() {
    let it = content(b'a', 1);
    let one = [create_bucket(), put(b'a'), note(it, &[(0, 1, MISSING)])];
    accepted(&one, &known(b'a', 1), &stored(b'a', None, false));
    let two = [create_bucket(), put(b'a'), note(it, &[(0, 1, MISSING), (5, 3, Some(Fault::Damaged))])];
    rejected(&two, &known(b'a', 1), Rejection::ContentUnsafe);
    rejected(
        &[&two[..], &[begin(1)]].concat(),
        &part_body(1, 1, b'a', 10, NewBody::Known(it)),
        Rejection::ContentUnsafe,
    );
}

#[test]
fn parts_are_shared_only_if_each_is_safe() {
    let (one, other) = (content(b'a', 1), content(b'b', 1));
    let parts = [
        create_bucket(),
        begin(1),
        part_body(1, 1, b'a', 5 * MIB, striped(b'a', 1)),
        part_body(1, 2, b'b', 10, striped(b'b', 1)),
        complete(1, &[(1, b'a'), (2, b'b')]),
    ];
    let copy = put_body(b'c', 5 * MIB + 10, NewBody::Parts(upload(1)), Precondition::default());
    let two = |of| note(of, &[(0, 1, MISSING), (1, 2, MISSING)]);
    accepted(&parts, &copy, &stored(b'c', None, false));
    for doubtful in [one, other] {
        rejected(&[&parts[..], &[two(doubtful)]].concat(), &copy, Rejection::ContentUnsafe);
    }
}

/// A step of a random history.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Put(u8),
    Known(u8),
    /// Findings about shards of the newest content, where they lie or on other nodes.
    Note(u8, Vec<(u8, Option<usize>, Option<Fault>)>),
    /// A shard of it is written anew on a node.
    Place(u8, u8, u8),
    /// What nothing refers to any more ends.
    Reclaim,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || 0_u8..3;
    let fault = prop::option::of(prop::sample::select(FAULTS.to_vec()));
    let finding = (0_u8..6, prop_oneof![9 => Just(None), 1 => (1_usize..7).prop_map(Some)], fault);
    prop_oneof![
        2 => bytes().prop_map(Step::Put),
        2 => bytes().prop_map(Step::Known),
        5 => (bytes(), prop::collection::vec(finding, 0..4)).prop_map(|(bytes, findings)| Step::Note(bytes, findings)),
        3 => (bytes(), 0..6_u8, 1..8_u8).prop_map(|(bytes, shard, node)| Step::Place(bytes, shard, node)),
        1 => Just(Step::Reclaim),
    ]
}

/// A random history.
pub(crate) fn history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..40)
}

/// The content that new references name.
fn newest(fold: &Fold, bytes: u8) -> Option<ContentId> {
    fold.model.newest_contents(content(bytes, 1).sha256, 1).unwrap().pop()
}

/// The command of a step at a place; nothing if there is no such content.
fn command(fold: &Fold, step: &Step, place: u128) -> Option<Command> {
    let lies = |it: &ContentId, shard: u8| fold.model.content(it).unwrap().unwrap().shard(it, shard).unwrap();
    match step {
        Step::Put(bytes) => Some(put_striped(*bytes, place)),
        Step::Known(bytes) => {
            newest(fold, *bytes).map(|it| put_body(*bytes, 10, NewBody::Known(it), Precondition::default()))
        }
        Step::Note(bytes, findings) => {
            let it = newest(fold, *bytes)?;
            let finding = |(shard, other, fault): &(u8, Option<usize>, Option<Fault>)| {
                let PlacedShard { index, node: lies_on, generation } = lies(&it, *shard);
                Finding { shard: index, node: other.map_or(lies_on, node), generation, fault: *fault }
            };
            let findings = findings.iter().map(finding).collect();
            Some(Command::NoteHealth(Box::new(NoteHealth { content: it, findings })))
        }
        Step::Place(bytes, shard, number) => {
            let it = newest(fold, *bytes)?;
            let PlacedShard { node: from, generation, .. } = lies(&it, *shard);
            let fresh = Generation::of_repair(Uuid::from_u128(place << 3), 1);
            let placed = ShardPlaced {
                shard: *shard,
                from: ShardPlace { node: from, generation },
                to: ShardPlace { node: node(usize::from(*number)), generation: fresh },
                cause: PlaceCause::NodeLost,
            };
            let contents = vec![ContentPlaced { content: it, shards: vec![placed] }];
            Some(PlaceShards { bucket: bucket(), contents, chosen_at: u64::MAX }.into())
        }
        Step::Reclaim => {
            let contents: Vec<_> = fold.model.unreferenced.iter().map(|(_, content)| *content).collect();
            Some(reclaim(&contents, u64::MAX))
        }
    }
}

/// A bucket, and nodes that shards can be written anew on.
fn begun() -> Fold {
    let mut fold = Fold::new();
    let commands = [create_bucket()].into_iter().chain((1..=7).map(join));
    for (place, command) in (1..).zip(commands) {
        fold.command(&command, context(place)).unwrap();
    }
    fold
}

/// What a history comes to, whatever is refused of it.
pub(crate) fn played(history: &[Step]) -> Fold {
    let mut fold = begun();
    for (place, step) in (10_u128..).zip(history) {
        let command = command(&fold, step, place);
        // What is refused leaves no fact.
        let _ = command.map(|command| fold.command(&command, context(place)));
    }
    fold
}

/// What should be known of a content.
#[derive(Debug, Clone, Default)]
struct Twin {
    /// The node of each shard.
    nodes: Vec<usize>,
    faults: BTreeMap<u8, Fault>,
}

impl Twin {
    /// Whether any node may be lost: four shards are left then.
    fn is_safe(&self) -> bool {
        let left: Vec<_> = (0..).zip(&self.nodes).filter(|(shard, _)| !self.faults.contains_key(shard)).collect();
        (1..8).all(|lost| left.iter().filter(|(_, node)| **node != lost).count() >= 4)
    }
}

/// What must be owed, counted from scratch.
fn owed(twins: &BTreeMap<ContentId, Twin>) -> DebtRow {
    let mut debt = DebtRow::default();
    for twin in twins.values().filter(|twin| !twin.faults.is_empty()) {
        debt.contents += 1;
        debt.unsafe_contents += u64::from(!twin.is_safe());
        for (shard, fault) in &twin.faults {
            let counts = debt.nodes.entry(node(twin.nodes[usize::from(*shard)])).or_default();
            match fault {
                Fault::Unwritten => counts.unwritten += 1,
                Fault::Missing => counts.missing += 1,
                Fault::Damaged => counts.damaged += 1,
                Fault::Unreadable => counts.unreadable += 1,
            }
        }
    }
    debt
}

/// Holds an answer against what should be known, and takes in what it says.
fn answered(
    twins: &mut BTreeMap<ContentId, Twin>,
    (it, step): (Option<ContentId>, &Step),
    (place, answer): (u128, &Result<Outcome, Rejection>),
) -> Result<(), TestCaseError> {
    match step {
        Step::Put(bytes) => {
            let is_taken = it.is_some_and(|it| twins[&it].is_safe());
            prop_assert_eq!(answer, &stored(*bytes, None, !is_taken));
            if !is_taken {
                let twin = Twin { nodes: (1..=SHARDS).collect(), faults: BTreeMap::new() };
                twins.insert(content(*bytes, place), twin);
            }
        }
        Step::Known(bytes) => {
            let is_safe = it.is_some_and(|it| twins[&it].is_safe());
            let expected = if is_safe { stored(*bytes, None, false) } else { Err(Rejection::ContentUnsafe) };
            prop_assert_eq!(answer, &expected);
        }
        Step::Note(_, findings) => {
            prop_assert_eq!(answer, &DONE);
            let (twin, mut seen) = (twins.get_mut(&it.unwrap()).unwrap(), BTreeSet::new());
            for (shard, other, fault) in findings {
                // Of several findings about a shard where it lies the first counts.
                let lies_on = twin.nodes[usize::from(*shard)];
                if other.is_none_or(|other| other == lies_on) && seen.insert(shard) {
                    match fault {
                        Some(fault) => drop(twin.faults.insert(*shard, *fault)),
                        None => drop(twin.faults.remove(shard)),
                    }
                }
            }
        }
        Step::Place(_, shard, number) => {
            let twin = twins.get_mut(&it.unwrap()).unwrap();
            let (shard, number) = (usize::from(*shard), usize::from(*number));
            let others = (0..).zip(&twin.nodes).filter(|(other, node)| *other != shard && **node == number).count();
            let Ok(Outcome::Placed { refused }) = answer else { panic!("{answer:?}") };
            prop_assert_eq!(refused.is_empty(), others < 2);
            if others < 2 {
                twin.nodes[shard] = number;
                twin.faults.remove(&u8::try_from(shard).unwrap());
            }
        }
        Step::Reclaim => {
            let Ok(Outcome::Reclaimed { contents }) = answer else { panic!("{answer:?}") };
            twins.retain(|content, _| !contents.contains(content));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The content that new references name is the newest one, and what is known of it leaves it safe.
    #[test]
    fn no_reference_goes_to_what_is_unsafe_and_debts_add_up(steps in history()) {
        let (mut fold, mut twins) = (begun(), BTreeMap::new());
        for (place, step) in (10_u128..).zip(&steps) {
            let it = match step {
                Step::Put(bytes) | Step::Known(bytes) | Step::Note(bytes, _) | Step::Place(bytes, ..) => {
                    newest(&fold, *bytes)
                }
                Step::Reclaim => None,
            };
            let Some(command) = command(&fold, step, place) else { continue };
            let answer = fold.command(&command, context(place));
            answered(&mut twins, (it, step), (place, &answer))?;
            let rows = |content: &ContentId| {
                let row = fold.model.faults.get(&(content.sha256, content.generation));
                let faults = row.into_iter().flat_map(|row| &row.faults);
                faults.map(|ShardFault { shard, fault, .. }| (*shard, *fault)).collect::<BTreeMap<u8, Fault>>()
            };
            for (content, twin) in &twins {
                prop_assert_eq!(rows(content), twin.faults.clone());
                let nodes = &fold.model.content(content).unwrap().unwrap().placement.nodes;
                prop_assert_eq!(nodes.clone(), twin.nodes.iter().map(|number| node(*number)).collect::<Vec<_>>());
            }
            prop_assert_eq!(fold.model.contents.len(), twins.len());
            prop_assert_eq!(&fold.model.debt, &owed(&twins));
        }
        let mut replayed = Model::default();
        fold.events.iter().for_each(|event| apply(&mut replayed, event));
        prop_assert_eq!(&replayed, &fold.model);
    }
}
