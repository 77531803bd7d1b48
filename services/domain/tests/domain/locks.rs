//! Object lock: examples of its rules, and that a lock is never shortened without the right to do so.

use std::collections::BTreeMap;

use domain::row::{ObjectLockRow, VersionRow};
use domain::{Command, Context, DeleteObject, Outcome, Rejection, SetLegalHold, SetRetention, Setting, VersionName};
use events::Fact;
use events::bucket::Versioning::{Enabled, Suspended};
use events::ids::VersionId;
use events::lock::RetentionMode::{Compliance, Governance};
use events::lock::{DefaultRetention, LegalHold, Lock, Period, Retention, RetentionMode};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use testkit::commands::create_locking_bucket;

use crate::fold::Fold;
use crate::given::*;

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);

fn locking_bucket() -> Command {
    create_locking_bucket(bucket())
}

/// A time that is this many seconds after the commands of examples.
fn later(seconds: i64) -> Timestamp {
    context(0).now + SignedDuration::from_secs(seconds)
}

fn retention(mode: RetentionMode, seconds: i64) -> Retention {
    Retention { mode, until: later(seconds) }
}

fn locked(mode: RetentionMode, seconds: i64) -> Lock {
    Lock { retention: Some(retention(mode, seconds)), legal_hold: None }
}

const HELD: Lock = Lock { retention: None, legal_hold: Some(LegalHold::On) };

fn put_locked(bytes: u8, lock: Lock) -> Command {
    let Command::PutObject(mut put) = put(bytes) else { unreachable!("it puts") };
    put.lock = lock;
    Command::PutObject(put)
}

fn version_of(place: u128) -> VersionId {
    let VersionName::Id(version) = id(place) else { unreachable!("it has an id") };
    version
}

fn retain(place: u128, retention: Option<Retention>, bypass_governance: bool) -> Command {
    SetRetention { bucket: bucket(), key: key("k"), version: version_of(place), retention, bypass_governance }.into()
}

fn hold(place: u128, legal_hold: LegalHold) -> Command {
    SetLegalHold { bucket: bucket(), key: key("k"), version: version_of(place), legal_hold }.into()
}

fn default_retention(mode: RetentionMode, period: Period) -> Command {
    let default_retention = Some(DefaultRetention { mode, period });
    let setting = Setting::ObjectLock(ObjectLockRow { default_retention });
    Command::SetBucketSetting { bucket: bucket(), setting }
}

fn delete_bypassing(version: Option<VersionName>) -> Command {
    DeleteObject { bypass_governance: true, ..DeleteObject::new(bucket(), key("k"), version) }.into()
}

/// The lock of the current version.
fn lock_of_current(fold: &Fold) -> Lock {
    fold.model.current.values().next().unwrap().object.as_ref().unwrap().lock
}

#[test]
fn a_bucket_that_locks_keeps_versions_for_ever() {
    let fold = accepted(&[], &locking_bucket(), &DONE);
    assert_eq!(fold.model.buckets[&bucket()].versioning, Enabled);
    rejected(&[locking_bucket()], &versioning(Suspended), Rejection::LockNeedsVersioning);
    unchanged(&[locking_bucket()], &versioning(Enabled), &DONE);
}

#[test]
fn object_lock_may_be_enabled_later_where_versions_are_kept() {
    let enable = default_retention(Governance, Period::Days(1));
    rejected(&[create_bucket()], &enable, Rejection::LockNeedsVersioning);
    rejected(&[create_bucket(), versioning(Suspended)], &enable, Rejection::LockNeedsVersioning);
    accepted(&[create_bucket(), versioning(Enabled)], &enable, &DONE);
    unchanged(&[create_bucket(), versioning(Enabled), enable.clone()], &enable, &DONE);
    rejected(&[create_bucket(), versioning(Enabled), enable], &versioning(Suspended), Rejection::LockNeedsVersioning);
}

#[test]
fn nothing_is_locked_where_nothing_can_be() {
    for lock in [HELD, locked(Governance, 1)] {
        rejected(&[create_bucket(), versioning(Enabled)], &put_locked(b'a', lock), Rejection::NoObjectLock);
    }
    let plain = [create_bucket(), versioning(Enabled), put(b'a')];
    rejected(&plain, &retain(3, Some(retention(Governance, 1)), true), Rejection::NoObjectLock);
    rejected(&plain, &hold(3, LegalHold::On), Rejection::NoObjectLock);
    let given = [locking_bucket(), delete(None)];
    rejected(&given, &retain(2, Some(retention(Governance, 1)), false), Rejection::NoSuchKey);
    rejected(&given, &hold(9, LegalHold::On), Rejection::NoSuchVersion);
}

#[test]
fn retention_ends_in_the_future() {
    for seconds in [0, -1] {
        rejected(&[locking_bucket()], &put_locked(b'a', locked(Compliance, seconds)), Rejection::RetainUntilPast);
        let given = [locking_bucket(), put(b'a')];
        rejected(&given, &retain(2, Some(retention(Compliance, seconds)), true), Rejection::RetainUntilPast);
    }
}

#[test]
fn the_default_is_for_what_says_nothing_of_retention() {
    let day = 24 * 60 * 60;
    for (period, seconds) in [(Period::Days(2), 2 * day), (Period::Years(1), 365 * day)] {
        let given = [locking_bucket(), default_retention(Compliance, period)];
        let lock_of = |command: &Command| lock_of_current(&accepted(&given, command, &stored(b'a', Some(id(3)), true)));
        assert_eq!(lock_of(&put(b'a')), locked(Compliance, seconds));
        assert_eq!(lock_of(&put_locked(b'a', locked(Governance, 1))), locked(Governance, 1));
        let both = Lock { legal_hold: Some(LegalHold::On), ..locked(Compliance, seconds) };
        assert_eq!(lock_of(&put_locked(b'a', HELD)), both);
    }
    let begun = [locking_bucket(), default_retention(Compliance, Period::Days(2)), begin(1), part(1, 1, b'a', 10)];
    let mut fold = Fold::new();
    for (place, command) in (1..).zip(begun.iter().chain([&complete(1, &[(1, b'a')])])) {
        fold.command(command, context(place)).unwrap();
    }
    assert_eq!(lock_of_current(&fold), locked(Compliance, 2 * day));
}

#[test]
fn an_upload_keeps_the_lock_it_was_begun_with() {
    let Command::CreateUpload(mut create) = begin(1) else { unreachable!("it begins") };
    create.lock = locked(Governance, 5);
    let begin_locked = Command::CreateUpload(create);
    rejected(&[create_bucket()], &begin_locked, Rejection::NoObjectLock);
    let mut fold = Fold::new();
    for (place, command) in (1..).zip([&locking_bucket(), &begin_locked, &part(1, 1, b'a', 10)]) {
        fold.command(command, context(place)).unwrap();
    }
    // Its retention may have ended when the upload is completed, which is no reason to refuse it.
    fold.command(&complete(1, &[(1, b'a')]), Context { now: later(6), ..context(4) }).unwrap();
    assert_eq!(lock_of_current(&fold), locked(Governance, 5));
}

#[test]
fn what_is_locked_stays_until_its_time_is_over() {
    let named = Some(id(2));
    let (plain, bypassing) = (delete(named), delete_bypassing(named));
    let given = |lock| [locking_bucket(), put_locked(b'a', lock)];
    for lock in [HELD, locked(Governance, 1), locked(Compliance, 1)] {
        rejected(&given(lock), &plain, Rejection::Locked);
        // A delete marker hides it, and can be removed.
        let marked = [&given(lock)[..], &[delete(None)]].concat();
        accepted(&given(lock), &delete(None), &deleted(Some(id(3)), true));
        accepted(&marked, &delete(Some(id(3))), &deleted(Some(id(3)), true));
        rejected(&marked, &plain, Rejection::Locked);
    }
    for lock in [HELD, locked(Compliance, 1), Lock { legal_hold: Some(LegalHold::On), ..locked(Governance, 1) }] {
        rejected(&given(lock), &bypassing, Rejection::Locked);
    }
    for (lock, bypassed) in [(Lock::default(), false), (locked(Governance, 1), true)] {
        let fold = accepted(&given(lock), &bypassing, &deleted(named, false));
        let Fact::ObjectDeleted(fact) = &fold.events.last().unwrap().fact else { panic!("it is deleted") };
        assert_eq!(fact.governance_bypassed, bypassed);
    }
    for mode in [Governance, Compliance] {
        let mut fold = Fold::new();
        for (place, command) in (1..).zip(given(locked(mode, 10))) {
            fold.command(&command, context(place)).unwrap();
        }
        let at = |seconds| Context { now: later(seconds), ..context(9) };
        assert_eq!(fold.command(&plain, at(9)), Err(Rejection::Locked));
        assert_eq!(fold.command(&plain, at(10)), deleted(named, false));
    }
}

#[test]
fn retention_is_lengthened_by_anybody_and_shortened_by_few() {
    let given = |mode| [locking_bucket(), put_locked(b'a', locked(mode, 10))];
    let answer = |mode, after: Option<Retention>, bypass| {
        let mut fold = Fold::new();
        for (place, command) in (1..).zip(given(mode)) {
            fold.command(&command, context(place)).unwrap();
        }
        fold.command(&retain(2, after, bypass), context(3))
    };
    for bypass in [false, true] {
        for mode in [Governance, Compliance] {
            assert_eq!(answer(mode, Some(retention(mode, 10)), bypass), DONE);
            assert_eq!(answer(mode, Some(retention(mode, 11)), bypass), DONE);
        }
        let by_governance = if bypass { DONE } else { Err(Rejection::Locked) };
        for after in
            [None, Some(retention(Governance, 9)), Some(retention(Compliance, 10)), Some(retention(Compliance, 11))]
        {
            assert_eq!(answer(Governance, after, bypass), by_governance, "{after:?}");
        }
        for after in [None, Some(retention(Compliance, 9)), Some(retention(Governance, 11))] {
            assert_eq!(answer(Compliance, after, bypass), Err(Rejection::Locked), "{after:?}");
        }
    }
    unchanged(&given(Governance), &retain(2, Some(retention(Governance, 10)), true), &DONE);
    let fold = accepted(&given(Governance), &retain(2, None, true), &DONE);
    let Fact::ObjectRetentionChanged(fact) = &fold.events.last().unwrap().fact else { panic!("it is changed") };
    assert!(fact.governance_bypassed);
    assert_eq!(lock_of_current(&fold), Lock::default());
}

#[test]
fn a_legal_hold_is_put_on_and_taken_off() {
    let given = [locking_bucket(), put(b'a')];
    let fold = accepted(&given, &hold(2, LegalHold::On), &DONE);
    assert_eq!(lock_of_current(&fold), HELD);
    let held = [&given[..], &[hold(2, LegalHold::On)]].concat();
    unchanged(&held, &hold(2, LegalHold::On), &DONE);
    let released = [&held[..], &[hold(2, LegalHold::Off)]].concat();
    accepted(&held, &hold(2, LegalHold::Off), &DONE);
    accepted(&released, &delete(Some(id(2))), &deleted(Some(id(2)), false));
}

/// The null version from before versioning is locked like any other.
#[test]
fn the_null_version_may_be_locked() {
    let given = [create_bucket(), put(b'a'), versioning(Enabled), default_retention(Governance, Period::Days(1))];
    let locked = [&given[..], &[retain(2, Some(retention(Compliance, 10)), false)]].concat();
    rejected(&locked, &delete(Some(VersionName::Null)), Rejection::Locked);
    accepted(&locked, &put(b'b'), &stored(b'b', Some(id(6)), true));
}

// Random histories

#[derive(Debug, Clone)]
enum Step {
    Put { lock: Lock },
    Upload { lock: Lock },
    Delete,
    DeleteVersion { which: Index, bypass: bool },
    Retain { which: Index, retention: Option<Retention>, bypass: bool },
    Hold { which: Index, on: bool },
    Default { retention: Option<DefaultRetention> },
    Versioning { on: bool },
    DeleteBucket,
    Clock { seconds: i64 },
}

fn any_mode() -> impl Strategy<Value = RetentionMode> {
    prop_oneof![Just(Governance), Just(Compliance)]
}

/// Times around those that the clock reaches.
fn any_retention() -> impl Strategy<Value = Retention> {
    (any_mode(), -5_i64..400).prop_map(|(mode, seconds)| retention(mode, seconds))
}

fn any_lock() -> impl Strategy<Value = Lock> {
    let legal_hold = prop_oneof![4 => Just(None), 1 => Just(Some(LegalHold::On)), 1 => Just(Some(LegalHold::Off))];
    (proptest::option::of(any_retention()), legal_hold)
        .prop_map(|(retention, legal_hold)| Lock { retention, legal_hold })
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<Index>;
    let default = (any_mode(), 1_u32..3).prop_map(|(mode, days)| DefaultRetention { mode, period: Period::Days(days) });
    prop_oneof![
        4 => any_lock().prop_map(|lock| Step::Put { lock }),
        1 => any_lock().prop_map(|lock| Step::Upload { lock }),
        1 => Just(Step::Delete),
        6 => (which(), any::<bool>()).prop_map(|(which, bypass)| Step::DeleteVersion { which, bypass }),
        6 => (which(), proptest::option::weighted(0.8, any_retention()), any::<bool>())
            .prop_map(|(which, retention, bypass)| Step::Retain { which, retention, bypass }),
        2 => (which(), any::<bool>()).prop_map(|(which, on)| Step::Hold { which, on }),
        1 => proptest::option::of(default).prop_map(|retention| Step::Default { retention }),
        1 => any::<bool>().prop_map(|on| Step::Versioning { on }),
        1 => Just(Step::DeleteBucket),
        3 => (-20_i64..60).prop_map(|seconds| Step::Clock { seconds }),
    ]
}

fn commands(step: &Step, versions: &[VersionId], place: u128) -> Vec<Command> {
    let pick = |which: &Index| (!versions.is_empty()).then(|| *which.get(versions));
    let name = VersionName::Id;
    match step {
        Step::Put { lock } => vec![put_locked(b'a', *lock)],
        Step::Upload { lock } => {
            let Command::CreateUpload(mut create) = begin(place) else { unreachable!("it begins") };
            create.lock = *lock;
            vec![Command::CreateUpload(create), part(place, 1, b'a', 10), complete(place, &[(1, b'a')])]
        }
        Step::Delete => vec![delete(None)],
        Step::DeleteVersion { which, bypass } => {
            let version = pick(which).map(name);
            let delete = DeleteObject { bypass_governance: *bypass, ..DeleteObject::new(bucket(), key("k"), version) };
            version.map(|_| delete.into()).into_iter().collect()
        }
        Step::Retain { which, retention, bypass } => {
            let set = |version| SetRetention {
                bucket: bucket(),
                key: key("k"),
                version,
                retention: *retention,
                bypass_governance: *bypass,
            };
            pick(which).map(|version| set(version).into()).into_iter().collect()
        }
        Step::Hold { which, on } => {
            let legal_hold = if *on { LegalHold::On } else { LegalHold::Off };
            let set = |version| SetLegalHold { bucket: bucket(), key: key("k"), version, legal_hold };
            pick(which).map(|version| set(version).into()).into_iter().collect()
        }
        Step::Default { retention } => {
            let setting = Setting::ObjectLock(ObjectLockRow { default_retention: *retention });
            vec![Command::SetBucketSetting { bucket: bucket(), setting }]
        }
        Step::Versioning { on } => vec![versioning(if *on { Enabled } else { Suspended })],
        Step::DeleteBucket => vec![Command::DeleteBucket { bucket: bucket() }],
        Step::Clock { .. } => vec![],
    }
}

/// Every version with its lock.
fn locks(fold: &Fold) -> BTreeMap<VersionId, Lock> {
    let rows = fold.model.current.values().chain(fold.model.versions.values());
    let lock = |row: &VersionRow| Some((row.version, row.object.as_ref()?.lock));
    rows.filter_map(lock).collect()
}

/// Whether the present state keeps the lock of a version that the log recorded before.
fn keeps(
    before: Lock,
    after: Option<Lock>,
    step: &Step,
    of: VersionId,
    asked: Option<VersionId>,
    now: Timestamp,
) -> bool {
    let released = matches!(step, Step::Hold { on: false, .. }) && asked == Some(of);
    let bypassed = matches!(step, Step::DeleteVersion { bypass: true, .. } | Step::Retain { bypass: true, .. });
    let held = before.legal_hold == Some(LegalHold::On);
    let keeps_hold = !held || released || after.is_some_and(|lock| lock.legal_hold == Some(LegalHold::On));
    let keeps_retention = match before.retention.filter(|retention| retention.until > now) {
        None => true,
        Some(Retention { mode: Governance, .. }) if bypassed && asked == Some(of) && (!held || after.is_some()) => true,
        Some(before) => after
            .and_then(|lock| lock.retention)
            .is_some_and(|after| after.mode == before.mode && after.until >= before.until),
    };
    keeps_hold && keeps_retention
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_history_shortens_a_lock(steps in proptest::collection::vec(step(), 1..50), from_the_start: bool) {
        let mut fold = Fold::new();
        let (mut place, mut clock, mut versions) = (1, 0, Vec::new());
        let create = if from_the_start { locking_bucket() } else { create_bucket() };
        fold.command(&create, context(place)).unwrap();
        for step in &steps {
            if let Step::Clock { seconds } = step {
                clock += seconds;
            }
            let asked = match step {
                Step::DeleteVersion { which, .. } | Step::Retain { which, .. } | Step::Hold { which, .. } => {
                    (!versions.is_empty()).then(|| *which.get(&versions))
                }
                _ => None,
            };
            for command in commands(step, &versions, place) {
                place += 1;
                let before = locks(&fold);
                let now = later(clock);
                let _ = fold.command(&command, Context { now, ..context(place) });
                let after = locks(&fold);
                for (version, lock) in before {
                    let held = after.get(&version).copied();
                    prop_assert!(keeps(lock, held, step, version, asked, now), "{:?} of {:?} became {:?} by {:?}", lock, version, held, step);
                }
                // Versions that no longer exist are checked too.
                versions.extend(after.keys().filter(|version| !versions.contains(version)).copied().collect::<Vec<_>>());
            }
        }
    }
}
