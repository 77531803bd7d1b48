//! A process with the right to publish may publish anything: an entry without a proof, or one that its author may not
//! write, is passed over in every ledger alike.

use std::sync::Arc;

use domain::{ChangeKey, Command, DeleteObject, Setting, View};
use eventlog::{Message, Stored};
use events::ids::{AuthType, EventId, Principal, VersionId};
use events::lifecycle::{Expiration, Rule, TransitionMinimum};
use events::lock::{LegalHold, Lock};
use events::object::{Deleted, Delta};
use events::{Author, Event, Fact, Origin, chain_hash, quarantine_hash, subject};
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, CommitError, Keyring, Ledger, OpenError, Options, Reason, restore_tail};
use testkit::MemoryLog;
use testkit::commands::{create_locking_bucket, rule};
use uuid::Uuid;

use crate::support::*;

fn upgrade() -> Command {
    Command::UpgradeRegion { region: region(), level: Fact::LEVEL, release: "0.0.1".into() }
}

/// What follows lifecycle rules is given this key alone.
pub(crate) fn lifecycle_keyring(number: u32) -> Keyring {
    Keyring::Lifecycle(AuthorKey::last([2; AUTHOR_KEY_BYTES]).of_number(number).unwrap())
}

/// The services that keep contents whole are given these.
pub(crate) fn maintenance_keyring() -> Keyring {
    let of = |byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]).of_number(0).unwrap();
    Keyring::Maintenance { maintenance: of(3), lifecycle: of(2) }
}

pub(crate) async fn open_as(
    log: &MemoryLog,
    folder: &Folder,
    name: &str,
    keyring: Keyring,
) -> Result<Ledger, OpenError> {
    let options = Options { keyring, ..options(&folder.file(name), false) };
    Ledger::open(options, Arc::new(log.clone())).await
}

/// A gateway of a region whose events are proven, with a bucket and an object.
pub(crate) async fn begun(log: &MemoryLog, folder: &Folder) -> Ledger {
    let ledger = open(log, &folder.file("one"), false).await;
    for command in [upgrade(), create_bucket("bucket"), put_object("key", 1)] {
        ledger.commit(command, origin()).await.unwrap();
    }
    ledger
}

pub(crate) fn system() -> Origin {
    Origin { principal: Principal { kind: AuthType::System, id: "lifecycle".into() }, ..origin() }
}

/// An event that fits behind all that is there, with a proof of any author.
async fn event(log: &MemoryLog, previous_is_fact: bool, fact: Fact) -> Event {
    let stored = events(log).await;
    let hash = if previous_is_fact { chain_hash } else { quarantine_hash };
    Event {
        id: EventId(Uuid::from_u128(0xF000_0000 + stored.len() as u128)),
        time: jiff::Timestamp::now(),
        sequence: stored.len() as u64 + 1,
        previous: hash(&stored.last().unwrap().payload),
        origin: system(),
        user: None,
        fact,
    }
}

fn message(event: &Event, subject: String, proof: Option<String>) -> Message {
    Message { subject, id: event.id, proof, payload: event.encode(&region()).unwrap() }
}

fn deleted(version: VersionId, rule: Option<&str>) -> Fact {
    Fact::ObjectDeleted(Deleted {
        bucket: bucket(),
        key: put("key", 1).key,
        version_id: version,
        null_version: true,
        delete_marker: false,
        governance_bypassed: false,
        delta: Delta { objects: -1, bytes: -10 },
        lifecycle_rule: rule.map(Into::into),
        replica: None,
    })
}

pub(crate) fn level(level: u32) -> Fact {
    let release = "0.0.1".into();
    Fact::RegionUpgraded(events::region::Upgraded { region: region(), level, release })
}

pub(crate) async fn reasons(ledger: &Ledger) -> Vec<(u64, Reason)> {
    let rows = ledger.read().await.unwrap().quarantined(usize::MAX).unwrap();
    rows.into_iter().rev().map(|(sequence, row)| (sequence, row.reason)).collect()
}

/// Asserts that the ledger goes on, and that a new one and a rebuild hold the same.
pub(crate) async fn assert_goes_on(ledger: Ledger, log: &MemoryLog, folder: &Folder, expected: &[(u64, Reason)]) {
    ledger.commit(put_object("after", 9), origin()).await.unwrap();
    assert_eq!(reasons(&ledger).await, expected);
    assert_eq!(ledger.read().await.unwrap().count_quarantined().unwrap(), expected.len() as u64);
    let other = open(log, &folder.file("other"), false).await;
    assert_eq!(reasons(&other).await, expected);
    close(other).await;
    let lifecycle = open_as(log, folder, "lifecycle", lifecycle_keyring(0)).await.unwrap();
    assert_eq!(reasons(&lifecycle).await, expected);
    let maintenance = open_as(log, folder, "maintenance", maintenance_keyring()).await.unwrap();
    assert_eq!(reasons(&maintenance).await, expected);
    close(maintenance).await;
    let entries = events(log).await.len();
    let past = ledger.past(1, entries as u64).await.unwrap();
    assert_eq!((past.until, past.events.len()), (entries as u64, entries - expected.len()));
    close(lifecycle).await;
    assert_rebuilds(ledger, log, folder, "one").await;
}

fn stray(payload: &'static str) -> Message {
    Message { subject: "ps.test-1.object.x.deleted".into(), id: EventId::NONE, proof: None, payload: payload.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_passed_over() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    log.foreign(&[stray("garbage"), stray(""), Message { proof: Some("gateway.a.b".into()), ..stray("{}") }]);
    let at = |sequence| (sequence, Reason::Unproven);
    assert_goes_on(ledger, &log, &folder, &[at(4), at(5), at(6)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_passed_over_before_anything_is_proven_too() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    log.foreign(&[stray("garbage")]);
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    assert_goes_on(ledger, &log, &folder, &[(1, Reason::NoEvent)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_between_decision_and_append_is_passed_over() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    log.foreign_in_next(0, vec![stray("garbage")]);
    ledger.commit(put_object("second", 2), origin()).await.unwrap();
    assert_goes_on(ledger, &log, &folder, &[(4, Reason::Unproven)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_proves_is_no_fact_however_well_formed() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    let before: Vec<Stored> = events(&log).await;
    let forged = event(&log, true, level(Fact::LEVEL + 1)).await;
    let on_its_subject = subject(&region(), &forged.fact);
    log.foreign(&[message(&forged, on_its_subject.clone(), None)]);
    // The proof of another event, and an event with its proof once more.
    let again = event(&log, false, level(Fact::LEVEL + 1)).await;
    log.foreign(&[message(&again, on_its_subject, before[0].proof.clone()), before[2].message()]);
    let at = |sequence| (sequence, Reason::Unproven);
    assert_goes_on(ledger, &log, &folder, &[at(4), at(5), at(6)]).await;
}

/// Of what one ledger proves, the proof is good at its place, with its subject and its bytes only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_is_good_for_its_place_subject_and_bytes_only() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    ledger.commit(put_object("taken", 3), origin()).await.unwrap();
    close(ledger).await;
    let taken = events(&log).await.pop().unwrap();
    let altered = |change: &dyn Fn(&mut Message)| {
        let mut message = taken.message();
        change(&mut message);
        message
    };
    let fakes = [
        altered(&|message| message.subject = "ps.test-1.object.bucket.deleted".into()),
        altered(&|message| message.payload = [&message.payload[..], b" "].concat().into()),
        altered(&|message| message.id = EventId(Uuid::from_u128(7))),
        altered(&|message| message.proof = message.proof.as_ref().map(|proof| proof.replace("gateway", "lifecycle"))),
        altered(&|message| message.proof = message.proof.as_ref().map(|proof| format!("{proof}.x"))),
    ];
    for (n, fake) in fakes.into_iter().enumerate() {
        log.lose_tail(3);
        log.foreign(&[fake]);
        let ledger = open(&log, &folder.file(&format!("fake-{n}")), true).await;
        assert_eq!(reasons(&ledger).await, [(4, Reason::Unproven)], "{n}");
    }
    log.lose_tail(3);
    log.foreign(&[taken.message()]);
    let ledger = open(&log, &folder.file("true"), true).await;
    assert_eq!(reasons(&ledger).await, []);
}

/// The proof that the lifecycle role would give, by way of a log of its own: its ledger does not write what it may not.
async fn proven_by_lifecycle(log: &MemoryLog, previous_is_fact: bool, fact: Fact) -> Message {
    proven_by(&lifecycle_keyring(0), log, previous_is_fact, fact).await
}

/// The same of any author that is no gateway.
pub(crate) async fn proven_by(keyring: &Keyring, log: &MemoryLog, previous_is_fact: bool, fact: Fact) -> Message {
    let event = event(log, previous_is_fact, fact).await;
    let (subject, payload) = (subject(&region(), &event.fact), event.encode(&region()).unwrap());
    let proof = ledger::proof_by(keyring, &region(), (&subject, event.sequence, event.id), &payload);
    Message { subject, id: event.id, proof: Some(proof), payload }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lifecycle_writes_its_own_kinds_and_only_what_a_rule_ends() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    let id = ledger.read().await.unwrap().bucket(&bucket()).unwrap().unwrap().id;
    let version = ledger.read().await.unwrap().current(id, &put("key", 1).key).unwrap().unwrap().version;
    log.foreign(&[proven_by_lifecycle(&log, true, level(Fact::LEVEL + 7)).await]);
    log.foreign(&[proven_by_lifecycle(&log, false, deleted(version, Some("daily"))).await]);
    log.foreign(&[proven_by_lifecycle(&log, false, deleted(version, None)).await]);
    let may_not = |sequence| (sequence, Reason::MayNot(Author::Lifecycle));
    let strays = [may_not(4), may_not(5), may_not(6)];
    assert_eq!(reasons(&ledger).await, strays);
    let rule = Rule { id: "daily".into(), expiration: Some(Expiration::Days(1)), ..rule() };
    let setting = Setting::Lifecycle(Some(vec![rule]), TransitionMinimum::default());
    ledger.commit(Command::SetBucketSetting { bucket: bucket(), setting }, origin()).await.unwrap();
    log.foreign(&[proven_by_lifecycle(&log, true, deleted(version, Some("daily"))).await]);
    assert!(ledger.read().await.unwrap().current(id, &put("key", 1).key).unwrap().is_none(), "a rule ends it");
    assert_goes_on(ledger, &log, &folder, &strays).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_of_lifecycle_writes_what_it_may_and_no_more() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    let lifecycle = open_as(&log, &folder, "lifecycle", lifecycle_keyring(0)).await.unwrap();
    for command in [create_bucket("mine"), put_object("mine", 4)] {
        let refused = lifecycle.commit(command, system()).await.unwrap_err();
        assert!(matches!(refused, CommitError::Rejected(domain::Rejection::NotAuthor)), "{refused}");
    }
    let delete = DeleteObject::new(bucket(), put("key", 1).key, None);
    let refused = lifecycle.commit(delete.into(), system()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(domain::Rejection::NotDue)), "no rule ends it: {refused}");
    close(lifecycle).await;
    assert_goes_on(ledger, &log, &folder, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_by_an_event_and_the_past_stays_provable() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    let change = |author, number| Command::from(ChangeKey { region: region(), author, number });
    ledger.commit(change(Author::Gateway, 1), origin()).await.unwrap();
    ledger.commit(change(Author::Lifecycle, 1), origin()).await.unwrap();
    ledger.commit(put_object("second", 2), origin()).await.unwrap();
    let refused = ledger.commit(change(Author::Lifecycle, 3), origin()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(domain::Rejection::KeyNotNext(1))), "{refused}");
    let refused = open_as(&log, &folder, "old", lifecycle_keyring(0)).await.err().unwrap().to_string();
    assert!(refused.contains("key 1 of lifecycle is in use") && refused.contains("author-key"), "{refused}");
    let lifecycle = open_as(&log, &folder, "new", lifecycle_keyring(5)).await.unwrap();
    assert_eq!(reasons(&lifecycle).await, []);
    close(lifecycle).await;
    // What is proven with the old key is no fact any more.
    log.foreign(&[proven_by_lifecycle(&log, true, level(Fact::LEVEL)).await]);
    ledger.commit(put_object("third", 3), origin()).await.unwrap();
    assert_eq!(reasons(&ledger).await, [(7, Reason::Unproven)]);
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_with_other_keys_does_not_take_all_for_strays() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    close(begun(&log, &folder).await).await;
    let [gateway, lifecycle, maintenance] = [7, 8, 9].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
    let others = Keyring::Gateway { gateway, lifecycle, maintenance };
    for name in ["one", "new"] {
        let refused = open_as(&log, &folder, name, others.clone()).await.err().unwrap().to_string();
        assert!(refused.contains("master key"), "{refused}");
    }
}

/// What an author signed is not followed by what was decided behind something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_judged_otherwise_stops_at_the_next_event() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    ledger.commit(put_object("second", 2), origin()).await.unwrap();
    close(ledger).await;
    let all = events(&log).await;
    // The third event is damaged: to a ledger that has not seen it before, no author proves it, but the fourth shows
    // that it was a fact.
    log.lose_tail(2);
    let mut damaged = all[2].message();
    damaged.payload = [&damaged.payload[..], b" "].concat().into();
    log.foreign(&[damaged, all[3].message()]);
    let stopped = open_as(&log, &folder, "two", keyring()).await.err().unwrap().to_string();
    assert!(stopped.contains("sequence 4 does not follow"), "{stopped}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_on_the_subject_of_another_stops_a_region_that_proves_nothing() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let forged = event(&log, true, level(1)).await;
    log.foreign(&[message(&forged, "ps.test-1.object.x.deleted".into(), None)]);
    let mut progress = ledger.progress();
    let failed = progress.wait_for(|progress| progress.failed.is_some()).await.unwrap().failed.clone().unwrap();
    assert!(failed.contains("on another subject"), "{failed}");
}

#[tokio::test]
async fn a_lost_tail_comes_back_with_its_strays_and_proofs() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    log.foreign(&[stray("garbage")]);
    ledger.commit(put_object("second", 2), origin()).await.unwrap();
    close(ledger).await;
    let all = events(&log).await;
    log.lose_tail(2);
    assert_eq!(restore_tail(&log, &folder.file("one"), &region()).await.unwrap(), 3);
    for (before, after) in all.iter().zip(events(&log).await) {
        let is_stray = before.id == EventId::NONE;
        assert!(is_stray || *before == after, "{before:?} {after:?}");
        assert_eq!((&before.payload, &before.subject), (&after.payload, &after.subject));
    }
    let ledger = open(&log, &folder.file("one"), false).await;
    assert_goes_on(ledger, &log, &folder, &[(4, Reason::Unproven)]).await;
}

/// An author that proves to be the lifecycle service cannot end locked versions, at any time that it claims.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lifecycle_ends_nothing_that_is_locked() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    let make = create_locking_bucket(bucket());
    let lock = Lock { legal_hold: Some(LegalHold::On), ..Lock::default() };
    let held = Command::PutObject(Box::new(domain::PutObject { lock, ..put("key", 1) }));
    let rule = Rule {
        id: "old".into(),
        noncurrent_expiration: Some(events::lifecycle::NoncurrentExpiration { days: 1, newer_versions: None }),
        ..rule()
    };
    let setting = Setting::Lifecycle(Some(vec![rule]), TransitionMinimum::default());
    let setting = Command::SetBucketSetting { bucket: bucket(), setting };
    for command in [upgrade(), make, held, put_object("key", 2), setting] {
        ledger.commit(command, origin()).await.unwrap();
    }
    let snapshot = ledger.read().await.unwrap();
    let id = snapshot.bucket(&bucket()).unwrap().unwrap().id;
    let old = snapshot.newest_below(id, &put("key", 1).key, VersionId::MAX).unwrap().unwrap();
    let Fact::ObjectDeleted(fact) = deleted(old.version, Some("old")) else { unreachable!() };
    let fact = Fact::ObjectDeleted(Deleted { null_version: old.null, ..fact });
    log.foreign(&[proven_by_lifecycle(&log, true, fact.clone()).await]);
    let may_not = [(6, Reason::MayNot(Author::Lifecycle))];
    assert_eq!(reasons(&ledger).await, may_not);
    let release = domain::SetLegalHold {
        bucket: bucket(),
        key: put("key", 1).key,
        version: old.version,
        legal_hold: LegalHold::Off,
    };
    ledger.commit(Command::SetLegalHold(Box::new(release)), origin()).await.unwrap();
    log.foreign(&[proven_by_lifecycle(&log, true, fact).await]);
    assert!(ledger.read().await.unwrap().version(id, &put("key", 1).key, old.version).unwrap().is_none());
    assert_goes_on(ledger, &log, &folder, &may_not).await;
}
