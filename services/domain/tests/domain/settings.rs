//! Random histories of settings: what was said last holds, of nothing else anything changes, and a replay gives the
//! same state.

use domain::model::Model;
use domain::{Context, project};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::Fold;
use crate::random::settings::{BUCKETS, Step, begin, command, history, holds, id};

fn context(place: usize) -> Context {
    let now = Timestamp::from_second(1_700_000_000 + i64::try_from(place).unwrap()).unwrap();
    Context { now, fresh: Uuid::from_u128((place as u128 + 1) << 64) }
}

/// The buckets of every history, made.
pub(crate) fn begun() -> Fold {
    let mut fold = Fold::new();
    for (place, command) in begin().iter().enumerate() {
        fold.command(command, context(place)).unwrap();
    }
    fold
}

/// Does what a step asks for. Returns the command with its answer's being good, if there was anything to ask.
pub(crate) fn take(fold: &mut Fold, place: usize, step: &Step) -> Option<(domain::Command, bool)> {
    let command = command(&fold.model, step)?;
    let answer = fold.command(&command, context(BUCKETS.len() + place));
    Some((command, answer.is_ok()))
}

/// What is said of one bucket, and what is in it.
fn of_bucket(model: &Model, bucket: usize) -> impl PartialEq + std::fmt::Debug {
    let id = id(model, bucket);
    let current: Vec<_> = model.current.iter().filter(|((of, _), _)| *of == id).map(|(_, row)| row.clone()).collect();
    let row = model.buckets.values().find(|row| row.id == id).cloned();
    (row, model.bucket_access.get(&id).cloned(), model.bucket_settings.get(&id).cloned(), model.usage.get(&id).copied(), current)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_said_last_holds(steps in history(60)) {
        let mut fold = begun();
        for (place, step) in steps.iter().enumerate() {
            let (events, was) = (fold.events.len(), fold.model.clone());
            let Some((command, accepted)) = take(&mut fold, place, step) else { continue };
            prop_assert!(!accepted || holds(&fold.model, &command), "{:?} was accepted and does not hold", command);
            let Some(event) = fold.events.get(events) else {
                prop_assert_eq!(&fold.model, &was, "something changed without an event");
                continue;
            };
            prop_assert!(accepted, "an event of a command that was refused");
            for bucket in 0..BUCKETS.len() {
                if event.fact.bucket().is_none_or(|changed| changed.as_str() != BUCKETS[bucket]) {
                    prop_assert_eq!(of_bucket(&fold.model, bucket), of_bucket(&was, bucket), "{:?}", &command);
                }
            }
        }
        let mut replayed = Model::default();
        for event in &fold.events {
            let changes = project(&replayed, event).unwrap();
            // Rows are whole and absolute: applied again they change nothing.
            changes.iter().chain(&changes).for_each(|change| replayed.apply(change.clone()));
        }
        prop_assert_eq!(&replayed, &fold.model);
    }
}
