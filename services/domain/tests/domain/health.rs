//! The owed shards of contents, and contents that get no further reference.

use std::collections::{BTreeMap, BTreeSet};

use domain::model::Model;
use domain::row::DebtRow;
use domain::{Command, Finding, NewBody, NoteHealth, Outcome, Precondition, Rejection, View};
use events::Fact;
use events::content::{Fault, ShardFault};
use events::ids::{ContentId, Layout, NodeId, Placement, SHARDS};
use proptest::prelude::*;

use crate::fold::{Fold, apply};
use crate::given::*;

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);
const FAULTS: [Fault; 4] = [Fault::Unwritten, Fault::Missing, Fault::Damaged, Fault::Unreadable];

fn node(number: usize) -> NodeId {
    format!("n{number}").parse().unwrap()
}

fn note(content: ContentId, findings: &[(u8, usize, Option<Fault>)]) -> Command {
    let finding = |(shard, number, fault): &(u8, usize, Option<Fault>)| Finding {
        shard: *shard,
        node: node(*number),
        fault: *fault,
    };
    let findings = findings.iter().map(finding).collect();
    Command::NoteHealth(Box::new(NoteHealth { content, findings }))
}

/// Bytes whose six shards are on six nodes.
fn striped(bytes: u8, n: u128) -> NewBody {
    let nodes = (1..=SHARDS).map(node).collect();
    let placement = Placement { layout: Layout::Striped, nodes };
    NewBody::Staged { content: content(bytes, n), placement, instead_of: None }
}

fn put_striped(bytes: u8, n: u128) -> Command {
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
    Note(u8, Vec<(u8, usize, Option<Fault>)>),
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || 0_u8..3;
    let fault = prop::option::of(prop::sample::select(FAULTS.to_vec()));
    // Most findings name the node that a shard is placed on.
    let finding = (0_u8..6, prop_oneof![9 => Just(None), 1 => (1_usize..7).prop_map(Some)], fault)
        .prop_map(|(shard, other, fault)| (shard, other.unwrap_or_else(|| usize::from(shard) + 1), fault));
    prop_oneof![
        2 => bytes().prop_map(Step::Put),
        2 => bytes().prop_map(Step::Known),
        5 => (bytes(), prop::collection::vec(finding, 0..4)).prop_map(|(bytes, findings)| Step::Note(bytes, findings)),
    ]
}

/// A random history.
pub(crate) fn history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..40)
}

/// The result of a history, in which some commands may be refused.
pub(crate) fn played(history: &[Step]) -> Fold {
    let mut fold = Fold::new();
    fold.command(&create_bucket(), context(1)).unwrap();
    for (place, step) in (2_u128..).zip(history) {
        let command = match step {
            Step::Put(bytes) => Some(put_striped(*bytes, place)),
            Step::Known(bytes) => Some(known(*bytes, place)),
            Step::Note(bytes, findings) => {
                let newest = fold.model.newest_content(content(*bytes, 1).sha256).unwrap();
                newest.map(|newest| note(newest, findings))
            }
        };
        // A refused command leaves no fact.
        let _ = command.map(|command| fold.command(&command, context(place)));
    }
    fold
}

/// The owed shards, counted from scratch.
fn owed(twin: &BTreeMap<ContentId, BTreeMap<u8, Fault>>) -> DebtRow {
    let mut debt = DebtRow::default();
    for faults in twin.values().filter(|faults| !faults.is_empty()) {
        debt.contents += 1;
        debt.unsafe_contents += u64::from(faults.len() > 1);
        for (shard, fault) in faults {
            let counts = debt.nodes.entry(node(usize::from(*shard) + 1)).or_default();
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// New references name the newest content, and it never lacks more than one shard.
    #[test]
    fn no_reference_goes_to_what_is_unsafe_and_debts_add_up(steps in history()) {
        let mut fold = Fold::new();
        fold.command(&create_bucket(), context(1)).unwrap();
        let (mut twin, mut newest) = (BTreeMap::<ContentId, BTreeMap<u8, Fault>>::new(), BTreeMap::new());
        for (place, step) in (2_u128..).zip(steps) {
            match step {
                Step::Put(bytes) => {
                    let was = newest.get(&bytes).copied();
                    let is_safe = was.is_some_and(|was| twin[&was].len() < 2);
                    let answer = fold.command(&put_striped(bytes, place), context(place));
                    prop_assert_eq!(answer, stored(bytes, None, !is_safe));
                    if !is_safe {
                        newest.insert(bytes, content(bytes, place));
                        twin.insert(content(bytes, place), BTreeMap::new());
                    }
                }
                Step::Known(bytes) => {
                    let Some(it) = newest.get(&bytes).copied() else { continue };
                    let command = put_body(bytes, 10, NewBody::Known(it), Precondition::default());
                    let expected =
                        if twin[&it].len() < 2 { stored(bytes, None, false) } else { Err(Rejection::ContentUnsafe) };
                    prop_assert_eq!(fold.command(&command, context(place)), expected);
                }
                Step::Note(bytes, findings) => {
                    let Some(it) = newest.get(&bytes).copied() else { continue };
                    prop_assert_eq!(fold.command(&note(it, &findings), context(place)), DONE);
                    let (faults, mut seen) = (twin.get_mut(&it).unwrap(), BTreeSet::new());
                    for (shard, number, fault) in findings {
                        // The first of several findings about a shard counts.
                        if number == usize::from(shard) + 1 && seen.insert(shard) {
                            match fault {
                                Some(fault) => drop(faults.insert(shard, fault)),
                                None => drop(faults.remove(&shard)),
                            }
                        }
                    }
                }
            }
            let rows = |content: &ContentId| {
                let row = fold.model.faults.get(&(content.sha256, content.generation));
                row.map(|row| row.faults.iter().map(|ShardFault { shard, fault, .. }| (*shard, *fault)).collect::<BTreeMap<u8, Fault>>())
            };
            for (content, faults) in &twin {
                prop_assert_eq!(rows(content).unwrap_or_default(), faults.clone());
            }
            prop_assert_eq!(&fold.model.debt, &owed(&twin));
        }
        let mut replayed = Model::default();
        fold.events.iter().for_each(|event| apply(&mut replayed, event));
        prop_assert_eq!(&replayed, &fold.model);
    }
}
