//! Quotas: no write ever exceeds them, and each warning is given once.

use domain::{Command, DeleteObject, Rejection, View, admit, room};
use events::Fact;
use events::bucket::Versioning;
use events::quota::{Quota, Resource, WARNING_PERCENT};
use proptest::prelude::*;

use crate::fold::Fold;
use crate::given::{
    MIB, abort, begin, bucket, complete, context, create_bucket, key, part, put_body, staged, versioning,
};

#[derive(Debug, Clone)]
enum Step {
    Put { key: u8, size: u64 },
    Delete { key: u8 },
    Quota { bytes: Option<u64>, objects: Option<u64> },
    Versioning(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3_u8, 0..60_u64).prop_map(|(key, size)| Step::Put { key, size }),
        2 => (0..3_u8).prop_map(|key| Step::Delete { key }),
        2 => (prop::option::of(0..200_u64), prop::option::of(0..6_u64))
            .prop_map(|(bytes, objects)| Step::Quota { bytes, objects }),
        1 => any::<bool>().prop_map(Step::Versioning),
    ];
    prop::collection::vec(step, 1..50)
}

fn named(n: u8) -> events::ids::ObjectKey {
    key(&format!("k{n}"))
}

fn command(step: &Step, place: u128) -> Command {
    match step {
        Step::Put { key, size } => {
            let letter = u8::try_from(place % 251).unwrap();
            let Command::PutObject(mut put) =
                put_body(letter, *size, staged(letter, place), domain::Precondition::default())
            else {
                unreachable!("it is made so")
            };
            put.key = named(*key);
            Command::PutObject(put)
        }
        Step::Delete { key } => DeleteObject::new(bucket(), named(*key), None).into(),
        Step::Quota { bytes, objects } => {
            Command::SetQuota { bucket: bucket(), quota: Quota { bytes: *bytes, objects: *objects } }
        }
        Step::Versioning(on) => versioning(if *on { Versioning::Enabled } else { Versioning::Suspended }),
    }
}

fn usage(fold: &Fold) -> domain::row::UsageRow {
    let id = fold.model.bucket(&bucket()).unwrap().unwrap().id;
    fold.model.usage(id).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_write_exceeds_a_quota_and_nothing_else_is_refused(steps in steps()) {
        let mut fold = Fold::new();
        fold.command(&create_bucket(), context(1)).unwrap();
        for (place, step) in (2..).zip(&steps) {
            let before = usage(&fold);
            let asked = if let Step::Put { key, size } = step {
                let admitted = admit(&fold.model, &bucket(), &named(*key), *size, context(place)).is_ok();
                let room = room(&fold.model, &bucket(), &named(*key), context(place));
                let fits = room.is_ok_and(|room| room.is_none_or(|room| *size <= room));
                prop_assert_eq!(fits, admitted, "what there is room for is admitted");
                Some(admitted)
            } else {
                None
            };
            let answer = fold.command(&command(step, place), context(place));
            let after = usage(&fold);
            if let Some(admitted) = asked {
                prop_assert_eq!(admitted, answer.is_ok(), "what is admitted is what is committed");
            }
            match &answer {
                Err(Rejection::QuotaExceeded { .. }) => prop_assert_eq!(after, before),
                Err(other) => prop_assert!(false, "{other}"),
                Ok(_) => {
                    let within = |used: u64, was: u64, limit: Option<u64>| used <= was || limit.is_none_or(|l| used <= l);
                    prop_assert!(within(after.bytes, before.bytes, after.quota.bytes));
                    prop_assert!(within(after.objects, before.objects, after.quota.objects));
                }
            }
        }
    }

    #[test]
    fn a_warning_is_out_exactly_while_it_is_due(steps in steps()) {
        let mut fold = Fold::new();
        fold.command(&create_bucket(), context(1)).unwrap();
        for (place, step) in (2..).zip(&steps) {
            let (events, before) = (fold.events.len(), usage(&fold));
            let answer = fold.command(&command(step, place), context(place));
            let after = usage(&fold);
            let due = |used: u64, limit: Option<u64>| limit.is_some_and(|limit| used * 100 >= limit * WARNING_PERCENT);
            let bytes = due(after.bytes, after.quota.bytes);
            let objects = due(after.objects, after.quota.objects);
            prop_assert!((!after.warned_of_bytes || bytes) && (!after.warned_of_objects || objects));
            if answer.is_ok() && fold.events.len() > events && !matches!(step, Step::Delete { .. } | Step::Versioning(_)) {
                prop_assert_eq!((after.warned_of_bytes, after.warned_of_objects), (bytes, objects));
            }
            let warnings = fold.events[events..].iter().filter(|e| matches!(e.fact, Fact::QuotaThresholdReached(_)));
            let new = usize::from(after.warned_of_bytes && !before.warned_of_bytes)
                + usize::from(after.warned_of_objects && !before.warned_of_objects);
            prop_assert_eq!(warnings.count(), new);
        }
    }
}

#[test]
fn parts_count_from_the_moment_they_are_stored() {
    let mut fold = Fold::new();
    let quota = Quota { bytes: Some(16 * MIB), objects: None };
    let commands = [
        create_bucket(),
        Command::SetQuota { bucket: bucket(), quota },
        begin(1),
        part(1, 1, b'a', 5 * MIB),
        part(1, 2, b'b', 6 * MIB),
        begin(2),
    ];
    for (place, command) in (1..).zip(&commands) {
        fold.command(command, context(place)).unwrap();
    }
    assert_eq!((usage(&fold).bytes, usage(&fold).parts_bytes), (0, 11 * MIB));
    let exceeded = Err(Rejection::QuotaExceeded { resource: Resource::Bytes, limit: 16 * MIB });
    assert_eq!(fold.command(&part(2, 1, b'c', 6 * MIB), context(7)), exceeded, "parts of all uploads count");
    assert!(fold.command(&part(1, 2, b'c', 11 * MIB), context(8)).is_ok(), "the part it replaces goes");
    fold.command(&part(1, 2, b'b', 6 * MIB), context(9)).unwrap();
    fold.command(&part(2, 1, b'd', 5 * MIB), context(10)).unwrap();
    fold.command(&complete(1, &[(1, b'a')]), context(11)).unwrap();
    assert_eq!((usage(&fold).bytes, usage(&fold).parts_bytes), (5 * MIB, 5 * MIB), "what was not taken is gone");
    fold.command(&abort(2), context(12)).unwrap();
    assert_eq!((usage(&fold).bytes, usage(&fold).parts_bytes), (5 * MIB, 0));
}
