//! The random histories together reach every kind of fact, so that they test every arm of `project`.

use std::collections::BTreeSet;

use domain::Command;
use events::Fact;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::fold::{Fold, upgrade};
use crate::health;
use crate::random::world::World;
use crate::random::{identities, settings, steps};

/// The number of histories of each suite.
const HISTORIES: usize = 150;

/// The same histories in every run.
fn histories<S: Strategy>(strategy: &S) -> impl Iterator<Item = S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..HISTORIES).map(move |_| strategy.new_tree(&mut runner).unwrap().current())
}

/// The kinds of fact in histories of objects, identities, settings and shards, with a separate fold for each.
fn reached() -> BTreeSet<&'static str> {
    let mut folds = Vec::new();
    for history in histories(&steps::history(60)) {
        let (mut fold, mut world) = (Fold::new(), World::new());
        for step in &history {
            let Some(command) = world.command(step) else { continue };
            let answer = fold.command(&command, world.context());
            world.answered(&command, &answer).unwrap();
        }
        folds.push(fold);
    }
    for history in histories(&identities::history()) {
        let mut fold = Fold::new();
        fold.command(&upgrade(), identities::context(0)).unwrap();
        for (place, command) in history.into_iter().enumerate() {
            // A refused command leaves no fact.
            let _ = fold.command(&Command::Identity(Box::new(command)), identities::context(place));
        }
        folds.push(fold);
    }
    for history in histories(&settings::history(60)) {
        let mut fold = crate::settings::begun();
        for (place, step) in history.iter().enumerate() {
            crate::settings::take(&mut fold, place, step);
        }
        folds.push(fold);
    }
    folds.extend(histories(&health::history()).map(|history| health::played(&history)));
    folds.iter().flat_map(|fold| &fold.events).map(|event| event.fact.kind().event_type).collect()
}

#[test]
fn random_histories_reach_every_kind_of_fact() {
    let reached = reached();
    let missed: Vec<_> =
        Fact::KINDS.iter().map(|kind| kind.event_type).filter(|kind| !reached.contains(kind)).collect();
    assert!(
        missed.is_empty(),
        "no history comes to {missed:?}: add a step for each to `random/steps.rs` (objects), `random/identities.rs` \
         or `random/settings.rs` (what is said of buckets, objects and the region)"
    );
}
