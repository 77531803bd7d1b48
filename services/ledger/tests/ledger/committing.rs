//! One ledger commits for all: over committers that stop, are cut off and come back, and answers that are lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::{Command, DeleteObject, ETags, Precondition, PutObject, Rejection, View};
use eventlog::{AppendError, Follow, Log, Message, ReadError, Stored, Tail};
use events::ids::{AuthType, ETag, Md5Digest, ObjectKey, Principal, ProcessId};
use events::lease::{Lease, Owner};
use events::{Fact, Origin};
use futures_util::future::join_all;
use ledger::{CommitError, Committing, Keyring, Ledger, Options, Term};
use testkit::clock::fresh;
use testkit::{Clock, MemoryLog, MemoryPeers};
use tokio::sync::watch;

use crate::linear::{Asked, Operation, Told, is_linear};
use crate::support::*;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_mins(1);

/// The time within which others go on when their committer is gone.
const FAILOVER_TIME_MAX: Duration = Duration::from_secs(2);

/// A log as one process sees it, which can be cut off from it.
#[derive(Debug, Clone)]
struct Line {
    log: MemoryLog,
    is_open: watch::Receiver<bool>,
}

impl Line {
    async fn open(&self) {
        // An error means that the test is over.
        let _ = self.is_open.clone().wait_for(|is_open| *is_open).await;
    }
}

impl Log for Line {
    async fn append(&self, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
        self.open().await;
        self.log.append(expected_last, messages).await
    }

    async fn read(&self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        self.open().await;
        self.log.read(from, events_max, bytes_max).await
    }

    async fn tail(&self) -> Result<Tail, ReadError> {
        self.open().await;
        self.log.tail().await
    }

    fn follow(&self, from: u64) -> Follow {
        let line = self.clone();
        Follow::spawn(move |sender| async move {
            let mut events = line.log.follow(from);
            while let Some(event) = events.next().await {
                line.open().await;
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        })
    }
}

/// A process that takes part.
struct Process {
    ledger: Ledger,
    id: ProcessId,
    is_open: watch::Sender<bool>,
}

/// Some processes over one log.
struct World {
    log: MemoryLog,
    peers: MemoryPeers,
    folder: Folder,
    processes: Vec<Process>,
    is_fenced: bool,
}

impl World {
    async fn new(processes: usize) -> Self {
        Self::with(processes, true).await
    }

    async fn with(processes: usize, is_fenced: bool) -> Self {
        let (log, folder) = (MemoryLog::new(), Folder::new());
        let first = open(&log, &folder.file("first"), true).await;
        let upgrade = Command::UpgradeRegion { region: region(), level: Fact::LEVEL, release: "1".into() };
        first.commit(upgrade, origin()).await.unwrap();
        first.commit(create_bucket("bucket"), origin()).await.unwrap();
        close(first).await;
        let mut world = Self { log, peers: MemoryPeers::default(), folder, processes: Vec::new(), is_fenced };
        for _ in 0..processes {
            world.start(keyring(), true).await;
        }
        world
    }

    /// Starts a process, and waits until there is a committer.
    async fn start(&mut self, keyring: Keyring, releases: bool) {
        let number = self.processes.len();
        let id = ProcessId(fresh(Clock::new().now()));
        let owner = Owner { process: id, name: format!("process {number}") };
        let (is_open, opened) = watch::channel(true);
        let committing = Committing { peers: Arc::new(self.peers.clone()), owner, is_fenced: self.is_fenced };
        let path = self.folder.file(&number.to_string());
        let options = Options { committing: Some(committing), keyring, releases, ..options(&path, false) };
        let line = Line { log: self.log.clone(), is_open: opened };
        let ledger = Ledger::open(options, Arc::new(line)).await.unwrap();
        committer(&ledger, |_| true).await;
        // It sends once it has seen that it is reached.
        let before = self.peers.asked();
        let reached = async {
            while number > 0 && self.peers.asked() <= before + 1 {
                let _ = ledger.commit(put_object("warm", 0), origin()).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap();
        self.processes.push(Process { ledger, id, is_open });
    }

    /// The place of the process that commits, as another one sees it.
    fn committing(&self) -> usize {
        let terms = self.processes.iter().filter_map(|process| process.ledger.progress().borrow().committer);
        let newest = terms.max_by_key(|term| term.epoch).unwrap();
        self.processes.iter().position(|process| process.id == newest.process).unwrap()
    }

    /// Stops a process as SIGSTOP does: nothing comes from it, and nothing reaches it.
    fn pause(&self, place: usize) {
        self.processes[place].is_open.send_replace(false);
        self.peers.cut_off(self.processes[place].id);
    }

    fn go_on(&self, place: usize) {
        self.peers.bring_back(self.processes[place].id);
        self.processes[place].is_open.send_replace(true);
    }

    fn ledger(&self, place: usize) -> &Ledger {
        &self.processes[place].ledger
    }

    /// Asserts that all have the state that the log adds up to, and ends them.
    async fn end(self) {
        for process in &self.processes {
            if process.ledger.progress().has_changed().is_ok() {
                let snapshot = process.ledger.read().await.unwrap();
                assert_same(&snapshot, &self.log).await;
                close(process.ledger.clone()).await;
            }
        }
    }
}

async fn committer(ledger: &Ledger, is_so: impl Fn(Term) -> bool) -> Term {
    let mut progress = ledger.progress();
    let known = progress.wait_for(|progress| progress.committer.is_some_and(&is_so));
    tokio::time::timeout(PATIENCE, known).await.expect("a committer").unwrap().committer.unwrap()
}

/// The keys of objects and how often the log says that each was created.
async fn created(log: &MemoryLog) -> BTreeMap<String, usize> {
    let mut created = BTreeMap::new();
    for stored in events(log).await {
        if let Fact::ObjectCreated(fact) = events::Event::decode(&stored.payload).unwrap().fact {
            *created.entry(String::from_utf8(fact.key.as_bytes().to_vec()).unwrap()).or_default() += 1;
        }
    }
    created
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_commits_for_all_and_each_shows_what_it_answers() {
    let world = World::new(3).await;
    let committing = world.committing();
    let asked = world.peers.asked();
    for place in 0..3 {
        let key = format!("of-{place}");
        let committed = world.ledger(place).commit(put_object(&key, 1), origin()).await.unwrap();
        let snapshot = world.ledger(place).latest();
        assert!(snapshot.cursor().unwrap().sequence >= committed.sequence, "it is shown where it is answered");
        let refused = world.ledger(place).commit(put_new(&key, 2), origin()).await.unwrap_err();
        assert!(matches!(refused, CommitError::Rejected(Rejection::PreconditionFailed)), "{refused}");
    }
    assert_eq!(world.peers.asked(), asked + 4, "the two others sent theirs");
    assert_eq!(world.committing(), committing);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_refused_sees_what_stands_against_it() {
    let world = World::new(3).await;
    for round in 0..200 {
        let name = format!("bucket-{round}");
        join_all((0..3).map(|place| {
            let (ledger, name) = (world.ledger(place), name.as_str());
            async move {
                let answer = ledger.commit(create_bucket(name), origin()).await;
                assert!(ledger.latest().bucket(&name.parse().unwrap()).unwrap().is_some(), "{name} after {answer:?}");
            }
        }))
        .await;
    }
    world.end().await;
}

/// Puts under fresh keys through all ledgers until it is told to stop, and returns the longest time that one took.
async fn load(world: &World, places: &[usize], stopped: watch::Receiver<bool>) -> (Vec<String>, Duration) {
    let clients = places.iter().flat_map(|place| (0..4).map(move |client| (*place, client)));
    let clients = clients.map(|(place, client)| {
        let (ledger, stopped) = (world.ledger(place).clone(), stopped.clone());
        tokio::spawn(async move {
            let (mut acked, mut longest) = (Vec::new(), Duration::ZERO);
            for n in (0..).take_while(|_| !*stopped.borrow()) {
                let (key, begun) = (format!("{place}-{client}-{n}"), Instant::now());
                ledger.commit(put_object(&key, n), origin()).await.unwrap();
                longest = longest.max(begun.elapsed());
                acked.push(key);
            }
            (acked, longest)
        })
    });
    let (mut all, mut longest) = (Vec::new(), Duration::ZERO);
    for outcome in join_all(clients).await {
        let (acked, time) = outcome.unwrap();
        all.extend(acked);
        longest = longest.max(time);
    }
    (all, longest)
}

/// Has two processes write while the third, which commits, is disturbed; asserts that all is acked and there once.
async fn survives(disturb: impl AsyncFn(&World, usize)) {
    let world = World::new(3).await;
    let committing = world.committing();
    let others: Vec<_> = (0..3).filter(|place| *place != committing).collect();
    let (stop, stopped) = watch::channel(false);
    let disturbing = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let epoch = world.ledger(others[0]).progress().borrow().committer.unwrap().epoch;
        disturb(&world, committing).await;
        committer(world.ledger(others[0]), |term| term.epoch > epoch).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.send_replace(true);
    };
    let ((acked, longest), ()) = tokio::join!(load(&world, &others, stopped), disturbing);
    world.go_on(committing);
    assert!(longest < FAILOVER_TIME_MAX, "{longest:?}");
    let created = created(&world.log).await;
    let wrong: Vec<_> = acked.iter().filter(|key| created.get(*key) != Some(&1)).collect();
    assert!(wrong.is_empty(), "lost, or there twice: {wrong:?}");
    assert!(acked.len() > 20, "{}", acked.len());
    // What it was sent reaches it late.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(self::created(&world.log).await, created, "nothing happens once more");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_go_on_when_the_committer_stops() {
    survives(async |world, place| close(world.ledger(place).clone()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_go_on_when_the_committer_is_paused_and_what_it_does_later_changes_nothing() {
    survives(async |world, place| world.pause(place)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_whose_answer_is_lost_happens_once_and_has_the_outcome_that_it_had() {
    let world = World::new(2).await;
    let committing = world.committing();
    let sender = world.ledger(1 - committing);
    world.peers.lose_answers(world.processes[committing].id, 1);
    let epoch = sender.progress().borrow().committer.unwrap().epoch;
    let committed = sender.commit(put_new("key", 1), origin()).await.expect("it is not refused for what it did");
    let domain::Outcome::Stored { staged_in_use, .. } = committed.outcome else { panic!("{committed:?}") };
    assert!(staged_in_use);
    assert_eq!(created(&world.log).await["key"], 1);
    assert_eq!(sender.progress().borrow().committer.unwrap().epoch, epoch, "the committer is there");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_committer_that_answers_nothing_and_did_it_all_is_replaced_and_nothing_happens_twice() {
    let world = World::new(2).await;
    let committing = world.committing();
    let sender = world.ledger(1 - committing);
    world.peers.lose_answers(world.processes[committing].id, usize::MAX);
    let committed = sender.commit(put_new("key", 1), origin()).await.expect("it is not refused for what it did");
    assert!(matches!(committed.outcome, domain::Outcome::Stored { staged_in_use: true, .. }));
    assert_eq!(created(&world.log).await["key"], 1);
    assert_eq!(world.committing(), 1 - committing);
    world.end().await;
}

/// A sender is told no while a paused committer has the command; then what stood against it goes away, and the committer
/// continues. Returns whether what clients saw has an order.
async fn late_command(is_fenced: bool) -> bool {
    let world = World::with(2, is_fenced).await;
    let committing = world.committing();
    let (paused, sender) = (world.ledger(committing), world.ledger(1 - committing));
    paused.commit(put_object("key", 1), origin()).await.unwrap();
    world.pause(committing);
    let refused = sender.commit(put_new("key", 2), origin()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::PreconditionFailed)), "{refused}");
    let delete = DeleteObject::new(bucket(), ObjectKey::from_bytes(&b"key"[..]).unwrap(), None);
    sender.commit(delete.into(), origin()).await.unwrap();
    world.go_on(committing);
    // It decides what it was sent before what it is asked now.
    paused.commit(put_object("other", 3), origin()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let snapshot = sender.read().await.unwrap();
    let id = snapshot.list_buckets(None, 1).unwrap()[0].1.id;
    let found = snapshot.current(id, &ObjectKey::from_bytes(&b"key"[..]).unwrap()).unwrap().map(|_| 2);
    let told = |asked, told, at| Operation { asked, told, called: at, answered: at + 1 };
    let seen = [
        told(Asked::Put(1), Told::Done, 1),
        told(Asked::PutNew(2), Told::Refused, 3),
        told(Asked::Delete, Told::Done, 5),
        told(Asked::Read, Told::Read(found), 7),
    ];
    world.end().await;
    is_linear(&seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_not_done_by_a_committer_that_was_paused() {
    assert!(late_command(true).await);
    assert!(!late_command(false).await, "without the fence it is, and the histories tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_has_nothing_committed_that_it_could_not_commit_itself() {
    let mut world = World::new(1).await;
    let Keyring::Gateway { lifecycle, maintenance, .. } = keyring() else { panic!("a gateway's keys") };
    world.start(Keyring::Maintenance { maintenance, lifecycle }, false).await;
    let (gateway, service) = (world.ledger(0), world.ledger(1));
    let system = || Origin {
        principal: Principal { kind: AuthType::System, id: "repair".into() },
        request_id: String::new(),
        address: None,
        traceparent: None,
    };
    let asked = world.peers.asked();
    let refused = service.commit(put_object("key", 1), system()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::NotAuthor)), "{refused}");
    let take = |lease| {
        let owner = Owner { process: world.processes[1].id, name: "service".into() };
        let after = u64::from(lease == Lease::Committer);
        Command::from(domain::TakeLease { region: region(), lease, owner, after })
    };
    service.commit(take(Lease::Repair), system()).await.unwrap();
    assert_eq!(world.peers.asked(), asked + 2, "both were sent");
    let refused = service.commit(take(Lease::Committer), system()).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::NotAuthor)), "{refused}");
    let row = gateway.read().await.unwrap().lease(Lease::Repair).unwrap().unwrap();
    assert_eq!(row.owner.unwrap().process, world.processes[1].id);
    world.end().await;
}

/// Histories that are checked: some with each run of the tests, and as many as somebody asks for.
fn histories() -> u32 {
    std::env::var("PLANETSTORE_HISTORIES").map_or(200, |count| count.parse().unwrap())
}

/// Histories that run at the same time.
const TOGETHER: usize = 20;

/// Clients of each process, operations of each client, and keys.
const CLIENTS: usize = 2;
const OPERATIONS: u64 = 8;
const KEYS: u64 = 2;

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn etag(value: u32) -> ETag {
    let mut md5 = [0; 16];
    md5[..4].copy_from_slice(&value.to_be_bytes());
    ETag { md5: Md5Digest(md5), parts: None }
}

fn command(key: &str, asked: Asked) -> Option<Command> {
    let put_if = |value: u32, precondition| {
        Some(Command::PutObject(Box::new(PutObject { etag: etag(value), precondition, ..put(key, value) })))
    };
    match asked {
        Asked::Put(value) => put_if(value, Precondition::default()),
        Asked::PutNew(value) => put_if(value, Precondition { matches: None, none_matches: Some(ETags::Any) }),
        Asked::Swap { from, to } => {
            let tags = ETags::These(vec![etag(from).to_string()]);
            put_if(to, Precondition { matches: Some(tags), none_matches: None })
        }
        Asked::Delete => Some(DeleteObject::new(bucket(), ObjectKey::from_bytes(key.as_bytes()).unwrap(), None).into()),
        Asked::Read => None,
    }
}

async fn run(ledger: &Ledger, key: &str, asked: Asked) -> Told {
    let Some(command) = command(key, asked) else {
        let Ok(snapshot) = ledger.read().await else { return Told::NotDone };
        let id = snapshot.list_buckets(None, 1).unwrap()[0].1.id;
        let row = snapshot.current(id, &ObjectKey::from_bytes(key.as_bytes()).unwrap()).unwrap();
        let value = |tag: ETag| u32::from_be_bytes(tag.md5.0[..4].try_into().unwrap());
        return Told::Read(row.and_then(|row| row.object).map(|object| value(object.etag)));
    };
    match ledger.commit(command, origin()).await {
        Ok(_) => Told::Done,
        Err(CommitError::Rejected(Rejection::PreconditionFailed | Rejection::NoSuchKey)) => Told::Refused,
        Err(error) if error.is_definite() => Told::NotDone,
        Err(_) => Told::Unknown,
    }
}

/// Some operations of clients of three processes, of which the one that commits is disturbed.
async fn history(seed: u64) -> Result<(), String> {
    let world = World::new(3).await;
    let mut numbers = Numbers(seed);
    let time = Arc::new(AtomicU64::new(1));
    let clients = (0..3 * CLIENTS).map(|client| {
        let (ledger, time, mut numbers) =
            (world.ledger(client % 3).clone(), Arc::clone(&time), Numbers(seed * 31 + client as u64));
        tokio::spawn(async move {
            let mut seen = Vec::new();
            for n in 0..OPERATIONS {
                let (key, value) = (numbers.below(KEYS), u32::try_from(client as u64 * 100 + n + 1).unwrap());
                let other = u32::try_from(numbers.below(6) * 100 + numbers.below(OPERATIONS) + 1).unwrap();
                let asked = match numbers.below(6) {
                    0 => Asked::Put(value),
                    1 => Asked::PutNew(value),
                    2 => Asked::Swap { from: other, to: value },
                    3 => Asked::Delete,
                    _ => Asked::Read,
                };
                let called = time.fetch_add(1, Ordering::SeqCst);
                let told = run(&ledger, &format!("k{key}"), asked).await;
                let answered = time.fetch_add(1, Ordering::SeqCst);
                seen.push((key, Operation { asked, told, called, answered }));
            }
            seen
        })
    });
    let clients: Vec<_> = clients.collect();
    tokio::time::sleep(Duration::from_micros(numbers.below(20_000))).await;
    let committing = world.committing();
    match numbers.below(4) {
        0 => close(world.ledger(committing).clone()).await,
        1 => world.peers.lose_answers(world.processes[committing].id, 1 + usize::try_from(numbers.below(5)).unwrap()),
        way => {
            world.pause(committing);
            let time = if way == 2 { 300 } else { 1_500 };
            tokio::time::sleep(Duration::from_millis(time)).await;
            world.go_on(committing);
        }
    }
    let mut seen = Vec::new();
    for client in clients {
        seen.extend(tokio::time::timeout(PATIENCE, client).await.map_err(|_| format!("seed {seed} hangs"))?.unwrap());
    }
    let live = (0..3).find(|place| world.ledger(*place).progress().has_changed().is_ok()).unwrap();
    for key in 0..KEYS {
        let called = time.fetch_add(1, Ordering::SeqCst);
        let told = run(world.ledger(live), &format!("k{key}"), Asked::Read).await;
        seen.push((key, Operation { asked: Asked::Read, told, called, answered: u64::MAX - 1 }));
        let of_key: Vec<_> = seen.iter().filter(|(of, _)| *of == key).map(|(_, operation)| *operation).collect();
        if !is_linear(&of_key) {
            return Err(format!("seed {seed}, key {key}: no order explains {of_key:#?}"));
        }
    }
    world.end().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_see_has_an_order_whatever_becomes_of_the_committer() {
    let seeds: Vec<u64> = (1..=u64::from(histories())).collect();
    for together in seeds.chunks(TOGETHER) {
        let outcomes = join_all(together.iter().map(|seed| tokio::spawn(history(*seed)))).await;
        let wrong: Vec<_> = outcomes.into_iter().filter_map(|outcome| outcome.unwrap().err()).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
