//! What buckets held over time is what the log says, whatever its clocks did.

use std::collections::BTreeMap;

use domain::growth::{GROWTH_HOURS, HOURS_OF_DAY, REGION, Resolution, levels};
use domain::model::Model;
use domain::row::{BucketId, GrowthRow, Writer};
use domain::{Command, DeleteObject, project};
use events::Event;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::fold::{Fold, apply};
use crate::random::steps::{Step, history};
use crate::random::world::World;

/// Rows that may be too old after an event: those of the last 90 days before a pause, of which each event drops some.
const TOO_OLD_MAX: usize = 16;

/// What every bucket and the region hold.
fn held(model: &Model) -> BTreeMap<BucketId, GrowthRow> {
    let row = |objects, versions, bytes, stored_bytes| GrowthRow {
        objects,
        versions,
        bytes,
        stored_bytes,
        ..GrowthRow::default()
    };
    let totals = model.totals;
    let all = row(totals.current, totals.objects, totals.logical_bytes, totals.stored_bytes);
    let buckets = model.buckets.values().map(|bucket| {
        let usage = model.usage.get(&bucket.id).copied().unwrap_or_default();
        (bucket.id, row(usage.current, usage.objects, usage.bytes, usage.stored_bytes))
    });
    buckets.chain([(REGION, all)]).collect()
}

/// A change of what a bucket held: the hour of the event, and what there was after it.
type Changes = BTreeMap<BucketId, Vec<(u32, GrowthRow)>>;

/// Folds events, and remembers all changes.
fn fold(events: &[Event]) -> (Model, Changes) {
    let (mut model, mut changes) = (Model::default(), Changes::new());
    let mut before = held(&model);
    for event in events {
        apply(&mut model, event);
        let after = held(&model);
        let hour = u32::try_from(event.time.as_second() / 3_600).unwrap();
        for (bucket, now) in &after {
            if before.get(bucket).copied().unwrap_or_default() != *now {
                let row = GrowthRow { sequence: event.sequence, ..*now };
                changes.entry(*bucket).or_default().push((hour, row));
            }
        }
        before = after;
    }
    (model, changes)
}

fn rows_of(model: &Model, bucket: BucketId, resolution: Resolution) -> Vec<(u32, GrowthRow)> {
    let days = model.growth_days.iter().filter(|((of, _), _)| *of == bucket).map(|((_, day), row)| (*day, *row));
    let hours = model.growth.iter().filter(|((_, of), _)| *of == bucket).map(|((hour, _), row)| (*hour, *row));
    resolution.rows(days.collect(), hours.collect())
}

/// What there was at the end of a step: the row of the last event that is not of a later one.
fn should(changes: &[(u32, GrowthRow)], of_step: u32, step: u32) -> GrowthRow {
    changes.iter().rev().find(|(hour, _)| hour / of_step <= step).map(|(_, row)| *row).unwrap_or_default()
}

fn history_of(steps: &[Step]) -> Vec<Event> {
    let (mut fold, mut world) = (Fold::new(), World::new());
    for next in steps {
        if let Some(command) = world.command(next) {
            let answer = fold.command(&command, world.context());
            world.answered(&command, &answer).unwrap();
        }
    }
    fold.events
}

/// Hours between two events. Clocks go back, and some run far ahead.
fn hours() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 0..3_i64, 3 => 10..400_i64, 2 => -30..0_i64, 1 => -3_000..-300_i64, 1 => 3_000..9_000_i64]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn growth_is_what_the_log_says(steps in history(60), jumps in prop::collection::vec(hours(), 1..40)) {
        let mut events = history_of(&steps);
        let mut hour = 470_000_i64;
        for (event, jump) in events.iter_mut().zip(jumps.iter().cycle()) {
            hour = (hour + jump).max(400_000);
            event.time = Timestamp::from_second(hour * 3_600 + 17).unwrap();
        }
        let (model, changes) = fold(&events);
        // Whatever ran ahead made days of the hours that it found too old; the end of an empty bucket does so, too.
        let newest = events.iter().map(|event| event.time.as_second() / 3_600).max().unwrap_or_default();
        let newest = u32::try_from(newest).unwrap();
        for bucket in model.buckets.values().map(|row| row.id).chain([REGION]) {
            let changes = changes.get(&bucket).cloned().unwrap_or_default();
            let (by_hour, by_day) = (rows_of(&model, bucket, Resolution::Hour), rows_of(&model, bucket, Resolution::Day));
            for (hour, _) in &changes {
                for hour in [hour - 1, *hour, hour + 1] {
                    let day = hour / HOURS_OF_DAY;
                    let found = levels(by_day.clone(), day, day);
                    prop_assert_eq!(found, [(day, should(&changes, HOURS_OF_DAY, day))], "by the day");
                    if hour >= newest.saturating_sub(GROWTH_HOURS) {
                        let found = levels(by_hour.clone(), hour, hour);
                        prop_assert_eq!(found, [(hour, should(&changes, 1, hour))], "by the hour");
                    }
                }
            }
        }
    }

    #[test]
    fn old_hours_go_faster_than_new_ones_come(steps in history(60)) {
        let mut events = history_of(&steps);
        let mut hour = 470_000_i64;
        for event in &mut events {
            hour += i64::from(GROWTH_HOURS) / 4;
            event.time = Timestamp::from_second(hour * 3_600).unwrap();
        }
        let (model, _) = fold(&events);
        let hours = || model.growth.keys().map(|(hour, _)| *hour);
        let newest = hours().max().unwrap_or_default();
        let too_old = hours().filter(|hour| hour + GROWTH_HOURS < newest).count();
        prop_assert!(too_old <= TOO_OLD_MAX, "{too_old} rows are too old at {newest}");
        // One event changes few rows for that, however much there is to drop.
        let mut again = Model::default();
        for event in &events {
            let changes = project(&again, event).unwrap();
            let of_growth = format!("{changes:?}").matches("DropGrowth").count();
            prop_assert!(of_growth <= 8, "{of_growth}");
            for change in changes {
                again.apply(change);
            }
        }
    }
}

#[test]
fn of_a_deleted_bucket_nothing_is_left_once_its_last_hour_is_too_old() {
    let (mut fold, mut world) = (Fold::new(), World::new());
    let (gone, kept) = ("gone".parse().unwrap(), "kept".parse().unwrap());
    let key = events::ids::ObjectKey::from_bytes(*b"a").unwrap();
    let put = |bucket: &events::ids::BucketName| {
        let put = testkit::commands::put_object(bucket.clone(), key.clone(), 0, domain::NewBody::Empty);
        Command::PutObject(Box::new(put))
    };
    let mut run = |days: i64, command: &Command| {
        let mut context = world.context();
        context.now = Timestamp::from_second(1_700_000_000 + days * 86_400).unwrap();
        fold.command(command, context).unwrap();
    };
    run(0, &testkit::commands::create_bucket_of(gone, "alice", false));
    run(0, &testkit::commands::create_bucket_of(kept, "alice", false));
    let (gone, kept) = ("gone".parse().unwrap(), "kept".parse().unwrap());
    for day in 0..120 {
        run(day, &put(&gone));
        run(day, &DeleteObject::new(gone.clone(), key.clone(), None).into());
    }
    run(120, &Command::DeleteBucket { bucket: gone });
    for day in 121..260 {
        run(day, &put(&kept));
        run(day, &DeleteObject::new(kept.clone(), key.clone(), None).into());
    }
    let model = &fold.model;
    let bucket = BucketId(1);
    assert_eq!(model.growth.keys().filter(|(_, of)| *of == bucket).count(), 0);
    assert_eq!(model.growth_days.keys().filter(|(of, _)| *of == bucket).count(), 0);
    assert_eq!(model.writers.keys().filter(|of| **of == bucket).count(), 0);
    assert!(model.growth_days.keys().filter(|(of, _)| *of == REGION).count() > 100, "days of the region stay");
}

#[test]
fn writes_are_counted_for_who_caused_them() {
    let mut fold = Fold::new();
    let mut world = World::new();
    let bucket: events::ids::BucketName = "bucket".parse().unwrap();
    let key = events::ids::ObjectKey::from_bytes(*b"a").unwrap();
    fold.command(&testkit::commands::create_bucket_of(bucket.clone(), "alice", false), world.context()).unwrap();
    for _ in 0..3 {
        let put = testkit::commands::put_object(bucket.clone(), key.clone(), 0, domain::NewBody::Empty);
        fold.command(&Command::PutObject(Box::new(put)), world.context()).unwrap();
    }
    fold.command(&DeleteObject::new(bucket, key, None).into(), world.context()).unwrap();
    let [row] = &fold.model.writers[&BucketId(1)].0[..] else { panic!("one writer") };
    assert_eq!((&row.writer, row.writes()), (&Writer::Key("alice".into()), 4), "an access key that nobody has");
}
