//! Another master key: it proves the authors of events from then on, and earlier events stay provable. And secrets that
//! are kept apart.

use std::sync::Arc;

use domain::{ChangeKey, ChangeMasterKey, Command, Identities, IdentityCommand, Rejection, View};
use eventlog::Message;
use events::ids::{EventId, MasterKeyId, UserId};
use events::user::{Created, Limits, Role};
use events::{Author, Event, Fact, chain_hash, subject};
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, CommitError, Keyring, Ledger, OpenError, Options, Reason};
use testkit::{Clock, MemoryLog};
use uuid::Uuid;

use crate::support::{Folder, close, create_bucket, events, join_in_order, options, origin, put_object, region};

/// Keys under so many master keys: of the gateways, of what follows lifecycle rules, and of who keeps contents whole.
fn keys(masters: u8) -> [AuthorKey; 3] {
    [1, 2, 3].map(|author| {
        let under = |master: u8| AuthorKey::last([author + 10 * master; AUTHOR_KEY_BYTES]);
        (1..masters).fold(under(0), |keys, master| keys.followed_by(under(master)))
    })
}

fn gateway_of([gateway, lifecycle, maintenance]: [AuthorKey; 3]) -> Keyring {
    Keyring::Gateway { gateway, lifecycle, maintenance }
}

async fn open_with(log: &MemoryLog, folder: &Folder, name: &str, keyring: Keyring) -> Result<Ledger, OpenError> {
    Ledger::open(Options { keyring, ..options(&folder.file(name), false) }, Arc::new(log.clone())).await
}

fn upgrade() -> Command {
    Command::UpgradeRegion { region: region(), level: Fact::LEVEL, release: "0.0.1".into() }
}

/// Has the region use the master key of a number.
fn rotate(number: u32) -> Command {
    let [gateway, lifecycle, maintenance] = keys(3).map(|keys| keys.check(number, &region()).unwrap());
    let key = MasterKeyId([u8::try_from(number).unwrap(); 8]);
    ChangeMasterKey { region: region(), number, key, gateway, lifecycle, maintenance }.into()
}

async fn done(ledger: &Ledger, command: Command) {
    ledger.commit(command, origin()).await.unwrap();
}

async fn stopped(ledger: &Ledger) -> String {
    let mut progress = ledger.progress();
    let failed = progress.wait_for(|progress| progress.failed.is_some()).await.unwrap();
    failed.failed.as_deref().unwrap().to_owned()
}

/// A gateway that holds the next master key as well, and is past some facts with the first one.
async fn begun(log: &MemoryLog, folder: &Folder) -> Ledger {
    let ledger = open_with(log, folder, "one", gateway_of(keys(2))).await.unwrap();
    for command in [upgrade(), create_bucket("bucket"), put_object("key", 1)] {
        done(&ledger, command).await;
    }
    ledger
}

/// Asserts that a rebuild gives the very same rows, with the keys under both master keys.
async fn assert_rebuilds(log: &MemoryLog, folder: &Folder) {
    let (one, fresh, region) = (folder.file("one"), folder.file("one.rebuilt"), region());
    let rebuilt = ledger::rebuild(log, (&region, gateway_of(keys(2))), &one, &fresh).await.unwrap();
    assert_eq!(rebuilt.difference, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_are_proven_with_the_keys_of_the_master_key_in_use_and_the_past_stays_provable() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    done(&ledger, ChangeKey { region: region(), author: Author::Gateway, number: 1 }.into()).await;
    done(&ledger, rotate(1)).await;
    done(&ledger, put_object("second", 2)).await;
    done(&ledger, ChangeKey { region: region(), author: Author::Lifecycle, number: 1 }.into()).await;
    done(&ledger, put_object("third", 3)).await;
    let [_, lifecycle, maintenance] = keys(2);
    let (lifecycle, maintenance) = (lifecycle.of_number(1).unwrap(), maintenance.of_number(0).unwrap());
    let maintenance = Keyring::Maintenance { maintenance, lifecycle: lifecycle.clone() };
    let maintenance = open_with(&log, &folder, "maintenance", maintenance).await.unwrap();
    let lifecycle = open_with(&log, &folder, "lifecycle", Keyring::Lifecycle(lifecycle)).await.unwrap();
    for ledger in [&ledger, &lifecycle, &maintenance] {
        assert_eq!(ledger.read().await.unwrap().count_quarantined().unwrap(), 0);
    }
    close(maintenance).await;
    close(lifecycle).await;
    close(ledger).await;
    let fresh = open_with(&log, &folder, "two", gateway_of(keys(3))).await.unwrap();
    assert_eq!(fresh.read().await.unwrap().totals().unwrap().keys.master_number(), 1);
    close(fresh).await;
    assert_rebuilds(&log, &folder).await;
}

/// The key of lifecycle that was in use before proves nothing afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stole_the_former_keys_proves_nothing_any_more() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    done(&ledger, rotate(1)).await;
    let stored = events(&log).await;
    let (sequence, id) = (stored.len() as u64 + 1, EventId(Uuid::from_u128(0xF000_0000)));
    let fact = Fact::RegionUpgraded(events::region::Upgraded { region: region(), level: 2, release: "0".into() });
    let previous = chain_hash(&stored.last().unwrap().payload);
    let event = Event { id, time: Clock::new().now(), sequence, previous, origin: origin(), user: None, fact };
    let (subject, payload) = (subject(&region(), &event.fact), event.encode(&region()).unwrap());
    let [_, former, _] = keys(1);
    let at = (subject.as_str(), sequence, id);
    let former = Keyring::Lifecycle(former.of_number(0).unwrap());
    let proof = ledger::proof_by(&former, &region(), at, &payload);
    log.foreign(&[Message { subject, id, proof: Some(proof), payload }]);
    done(&ledger, put_object("second", 2)).await;
    let rows = ledger.read().await.unwrap().quarantined(usize::MAX).unwrap();
    assert_eq!(rows.iter().map(|(at, row)| (*at, row.reason)).collect::<Vec<_>>(), [(sequence, Reason::Unproven)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lacks_the_master_key_in_use_stops_and_does_not_start() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = begun(&log, &folder).await;
    let lacking = open_with(&log, &folder, "lacking", gateway_of(keys(1))).await.unwrap();
    done(&ledger, rotate(1)).await;
    done(&ledger, put_object("second", 2)).await;
    let why = stopped(&lacking).await;
    assert!(why.contains("master key with number 1 is in use, and this process holds 1"), "{why}");
    lacking.stop().await;
    for name in ["lacking", "new"] {
        let why = open_with(&log, &folder, name, gateway_of(keys(1))).await.err().unwrap().to_string();
        assert!(why.contains("master key with number 1 is in use"), "{why}");
    }
    // Nothing is to be folded, and it is found all the same.
    close(ledger).await;
    let why = open_with(&log, &folder, "one", gateway_of(keys(1))).await.err().unwrap().to_string();
    assert!(why.contains("master key with number 1 is in use"), "{why}");
    // Only the newest one, or another one in its place.
    let others = [11, 12, 13].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
    let why = open_with(&log, &folder, "one", gateway_of(others)).await.err().unwrap().to_string();
    assert!(why.contains("folded with another one"), "{why}");
    let other = keys(1).map(|keys| keys.followed_by(AuthorKey::last([9; AUTHOR_KEY_BYTES])));
    for name in ["one", "third"] {
        let why = open_with(&log, &folder, name, gateway_of(other.clone())).await.err().unwrap().to_string();
        assert!(why.contains("number 1 is 0101010101010101") && why.contains("another key"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_change_the_master_key_one_does() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let one = begun(&log, &folder).await;
    let two = open_with(&log, &folder, "two", gateway_of(keys(3))).await.unwrap();
    let outcomes = join_in_order([&one, &two].map(|ledger| ledger.commit(rotate(1), origin())).into_iter()).await;
    assert!(outcomes.iter().all(Result::is_ok), "it is so, whoever did it: {outcomes:?}");
    let changed = |event: &&Event| matches!(event.fact, Fact::RegionMasterKeyChanged(_));
    let events: Vec<_> = events(&log).await.iter().map(|stored| Event::decode(&stored.payload).unwrap()).collect();
    assert_eq!(events.iter().filter(changed).count(), 1);
    let refused = two.commit(rotate(0), origin()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::MasterKeyNotNext(1))), "{refused}");
}

fn create_user(name: &str) -> Command {
    Command::Identity(Box::new(IdentityCommand::CreateUser(Created {
        user: name.parse().unwrap(),
        id: UserId::from_fresh([name.as_bytes()[0]; 32]),
        role: Role::User,
        display_name: name.into(),
        email: None,
        password: Some("v1.0101010101010101.secret".parse().unwrap()),
        limits: Limits::default(),
        disabled: false,
        replica: None,
    })))
}

/// Somebody else gets in between the secret and what it is the secret of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_and_its_fact_that_are_torn_apart_are_written_anew() {
    for after in [0, 1, 2] {
        let (folder, log) = (Folder::new(), MemoryLog::new());
        let ledger = begun(&log, &folder).await;
        let stray = Message {
            subject: "ps.test-1.object.x.deleted".into(),
            id: EventId::NONE,
            proof: None,
            payload: "garbage".into(),
        };
        log.foreign_in_next(after, vec![stray]);
        done(&ledger, create_user("ada")).await;
        done(&ledger, put_object("second", 2)).await;
        let snapshot = ledger.read().await.unwrap();
        let password = snapshot.user(&"ada".parse().unwrap()).unwrap().unwrap().password.unwrap();
        assert_eq!(password.as_str(), "v1.0101010101010101.secret");
        let texts = events(&log).await;
        let of = |noun: &str| texts.iter().filter(|stored| stored.subject.contains(noun)).count();
        assert_eq!(of(".secret."), if after == 1 { 2 } else { 1 }, "{after}");
        assert_eq!(of(".user."), 1);
        let created = texts.iter().find(|stored| stored.subject.contains(".user.")).unwrap();
        assert!(!String::from_utf8_lossy(&created.payload).contains("v1.0101"), "{after}");
        close(ledger).await;
        assert_rebuilds(&log, &folder).await;
    }
}
