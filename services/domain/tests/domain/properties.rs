//! Random histories: the answers are S3's, and the state is the sum of its events.

use domain::model::Model;
use domain::{Command, Outcome, project};
use events::Fact;
use events::object::Delta;
use proptest::prelude::*;

use crate::fold::{Fold, apply};
use crate::invariants::{check, check_released, usage};
use crate::random::steps::{BUCKETS, Step, history};
use crate::random::world::World;

/// The change in usage that a fact records.
fn delta(fact: &Fact) -> Delta {
    match fact {
        Fact::ObjectCreated(fact) => fact.delta,
        Fact::ObjectAppended(fact) => fact.delta,
        Fact::ObjectDeleted(fact) => fact.delta,
        Fact::DeleteMarkerCreated(fact) => fact.delta,
        _ => Delta::default(),
    }
}

/// Executes one step and checks everything. Returns whether there was anything to do.
fn step(fold: &mut Fold, world: &mut World, step: &Step) -> Result<bool, TestCaseError> {
    let Some(command) = world.command(step) else { return Ok(false) };
    let (events, before, was) = (fold.events.len(), usage(&world.naive, None), fold.model.clone());
    let answer = fold.command(&command, world.context());
    world.answered(&command, &answer).map_err(|why| TestCaseError::fail(format!("{command:?}: {why}")))?;
    check(&fold.model, world).map_err(|why| TestCaseError::fail(format!("after {command:?}: {why}")))?;

    let after = usage(&world.naive, None);
    let change = |before: u64, after: u64| after.cast_signed() - before.cast_signed();
    let changed = Delta { objects: change(before.objects, after.objects), bytes: change(before.bytes, after.bytes) };
    prop_assert_eq!(fold.events.get(events).map_or_else(Delta::default, |event| delta(&event.fact)), changed);
    if fold.events.len() == events {
        prop_assert_eq!(&fold.model, &was, "something changed without an event");
    } else {
        prop_assert!(answer.is_ok(), "an event of a command that was refused");
    }
    Ok(true)
}

/// Frees everything that is being released, a few parts at a time.
fn free_all(fold: &mut Fold, world: &mut World) {
    loop {
        let events = fold.events.len();
        fold.command(&Command::ReleaseParts { max: 7 }, world.context()).unwrap();
        if fold.events.len() == events {
            break;
        }
        assert!(fold.events.len() < 100_000, "nothing comes of releasing");
    }
}

/// Ends all contents to which nothing refers.
fn reclaim_all(fold: &mut Fold, world: &mut World) {
    for bucket in BUCKETS {
        loop {
            let command = world.reclaim(&bucket.parse().unwrap(), u64::MAX);
            let answer = fold.command(&command, world.context());
            world.answered(&command, &answer).unwrap();
            if answer == Ok(Outcome::Reclaimed { contents: Vec::new() }) {
                break;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_and_state_are_what_s3_says(steps in history(60)) {
        let (mut fold, mut world) = (Fold::new(), World::new());
        for next in &steps {
            step(&mut fold, &mut world, next)?;
        }
        free_all(&mut fold, &mut world);
        reclaim_all(&mut fold, &mut world);
        check_released(&fold.model, &world).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn a_replay_gives_the_same_state_however_it_is_cut(steps in history(40), cut: prop::sample::Index) {
        let (mut fold, mut world) = (Fold::new(), World::new());
        for next in &steps {
            if let Some(command) = world.command(next) {
                let answer = fold.command(&command, world.context());
                world.answered(&command, &answer).map_err(TestCaseError::fail)?;
            }
        }
        let mut replayed = Model::default();
        let mut halfway = Model::default();
        let cut = cut.index(fold.events.len());
        for (place, event) in fold.events.iter().enumerate() {
            apply(&mut replayed, event);
            if place == cut {
                halfway = replayed.clone();
            }
        }
        prop_assert_eq!(&replayed, &fold.model);
        fold.events[cut + 1..].iter().for_each(|event| apply(&mut halfway, event));
        prop_assert_eq!(&halfway, &fold.model);
    }

    /// Rows are complete, so a list of changes may be applied any number of times.
    #[test]
    fn changes_may_be_applied_again(steps in history(40)) {
        let (mut fold, mut world) = (Fold::new(), World::new());
        for next in &steps {
            if let Some(command) = world.command(next) {
                let answer = fold.command(&command, world.context());
                world.answered(&command, &answer).map_err(TestCaseError::fail)?;
            }
        }
        let mut twice = Model::default();
        for event in &fold.events {
            let changes = project(&twice, event).unwrap();
            for change in changes.iter().chain(&changes) {
                twice.apply(change.clone());
            }
        }
        prop_assert_eq!(&twice, &fold.model);
    }
}

/// The histories are useful only if they reach many states: most rejections occur.
#[test]
fn random_histories_reach_most_rejections() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut refused = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let steps = history(60).new_tree(&mut runner).unwrap().current();
        let (mut fold, mut world) = (Fold::new(), World::new());
        for next in &steps {
            let Some(command) = world.command(next) else { continue };
            let answer = fold.command(&command, world.context());
            world.answered(&command, &answer).unwrap();
            if let Err(rejection) = answer {
                let text = format!("{rejection:?}");
                refused.insert(text.split([' ', '(']).next().unwrap_or_default().to_owned());
            }
        }
    }
    // All but ObjectTooLarge, SourceChanged and TooManyParts, which are rare here.
    let wanted = [
        "AppendAmongVersions",
        "BucketExists",
        "BucketNotEmpty",
        "ContentGone",
        "InvalidPart",
        "InvalidPartOrder",
        "NoSuchBucket",
        "NoSuchKey",
        "NoSuchUpload",
        "NothingToAppend",
        "PartTooSmall",
        "PreconditionFailed",
        "StagedTooOld",
        "VersioningCannotBeUndone",
        "WrongOffset",
    ];
    let missed: Vec<_> = wanted.into_iter().filter(|rejection| !refused.contains(*rejection)).collect();
    assert!(missed.is_empty(), "no history comes to {missed:?}");
}
