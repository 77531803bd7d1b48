//! What the worker writes to the log, with a real ledger.

use std::sync::Arc;
use std::time::Duration;

use domain::row::{self, Condition};
use domain::{ChangeNode, JoinNode, NodeChange, View};
use events::ids::{FolderId, ProcessId};
use events::lease::Owner;
use events::node::Failure;
use futures_util::future::BoxFuture;
use health::{NodeMonitor, Roll, Watch};
use ledger::Ledger;
use shards::Membership;
use shards::telemetry::{Heartbeat, NodeState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use testkit::MemoryLog;
use testkit::commands::origin;
use testkit::ledgers;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;
use worker::{Failpoint, Failpoints, Workers};

use super::region::{AGE, NODES, heartbeat, name};

/// How long is waited for what must come.
const TIME_MAX: Duration = Duration::from_mins(1);

/// The roll over a connection that always stands. It is asked what it heard once a tick.
#[derive(Default)]
struct Connected {
    called: AtomicU64,
    ticks: watch::Sender<u32>,
}

impl Roll for Connected {
    fn caller(&self) -> Uuid {
        Uuid::from_u128(77)
    }

    fn call(&self, number: u64) -> BoxFuture<'_, ()> {
        self.called.store(number, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }

    fn heard(&self) -> u64 {
        self.ticks.send_modify(|ticks| *ticks += 1);
        self.called.load(Ordering::Relaxed)
    }

    fn connection(&self) -> Option<u64> {
        Some(1)
    }
}

type Says = Arc<dyn Fn(usize) -> Option<Heartbeat> + Send + Sync>;

/// A region with a monitor, until it is dropped.
struct Monitored {
    ledger: Ledger,
    log: MemoryLog,
    says: watch::Sender<Says>,
    membership: Membership,
    roll: Arc<Connected>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    workers: Workers,
    _folder: tempfile::TempDir,
}

impl Drop for Monitored {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Monitored {
    async fn start() -> Self {
        Self::start_with(Failpoints::none()).await
    }

    async fn start_with(failpoints: Failpoints) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = MemoryLog::new();
        let ledger = ledgers::open(&log, &folder.path().join("projection"), false).await;
        let level = domain::Command::UpgradeRegion {
            region: ledgers::region(),
            level: events::Fact::LEVEL,
            release: "test".into(),
        };
        ledger.commit(level, origin()).await.unwrap();
        for node in 1..=NODES {
            let folder = FolderId(heartbeat(node).folder.unwrap());
            let join = JoinNode { node: name(node), folder, zone: "z".into(), replaces: None };
            ledger.commit(join.into(), origin()).await.unwrap();
        }
        let says: Says = Arc::new(|node| Some(heartbeat(node)));
        let (says, said) = watch::channel(says);
        let membership = Membership::new();
        let speaking = tokio::spawn({
            let membership = membership.clone();
            async move {
                let mut seconds = tokio::time::interval(Duration::from_secs(1));
                loop {
                    seconds.tick().await;
                    let says = Arc::clone(&said.borrow());
                    for heard in (1..=NODES).filter_map(|node| says(node)) {
                        membership.observe(heard, Instant::now());
                    }
                }
            }
        });
        let (workers, watching, roll) = monitor(&ledger, &membership, failpoints);
        Self { ledger, log, says, membership, roll, tasks: vec![speaking, watching], workers, _folder: folder }
    }

    /// Ends the monitor where it is, as a kill does, and starts another one.
    async fn kill_and_restart(&mut self) {
        self.workers.stop().await;
        let (workers, watching, roll) = monitor(&self.ledger, &self.membership, Failpoints::none());
        (self.workers, self.roll) = (workers, roll);
        self.tasks.push(watching);
    }

    fn say(&self, says: impl Fn(usize) -> Option<Heartbeat> + Send + Sync + 'static) {
        self.says.send_replace(Arc::new(says));
    }

    /// Waits until the nodes were looked at as often as they are in so many seconds.
    async fn looks(&self, seconds: u32) {
        let mut ticks = self.roll.ticks.subscribe();
        let looks = seconds * u32::try_from(Duration::from_secs(1).as_millis() / health::TICK.as_millis()).unwrap();
        let end = *ticks.borrow() + looks;
        let looked = tokio::time::timeout(TIME_MAX, ticks.wait_for(|ticks| *ticks >= end)).await;
        assert!(looked.is_ok_and(|looked| looked.is_ok()), "nobody looks at the nodes");
    }

    /// Waits until the log says something of a node, and how long that took.
    async fn until(&self, node: usize, holds: impl Fn(&row::NodeRow) -> bool) -> Duration {
        let (begun, mut progress) = (std::time::Instant::now(), self.ledger.progress());
        loop {
            progress.mark_unchanged();
            let row = self.ledger.latest().node(&name(node)).unwrap().unwrap();
            if holds(&row) {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < TIME_MAX, "{row:?}");
            let _changed = tokio::time::timeout(Duration::from_secs(1), progress.changed()).await;
        }
    }

    fn sequence(&self) -> u64 {
        self.ledger.progress().borrow().cursor.sequence
    }
}

/// A process that watches the nodes of a membership, and writes what it finds.
fn monitor(
    ledger: &Ledger,
    membership: &Membership,
    failpoints: Failpoints,
) -> (Workers, tokio::task::JoinHandle<()>, Arc<Connected>) {
    let roll = Arc::new(Connected::default());
    let watch = Watch::new(ledger.clone(), membership.clone(), Arc::clone(&roll) as Arc<dyn Roll>);
    let owner = Owner { process: ProcessId(Uuid::nil()), name: "test".into() };
    let now = testkit::Clock::new().sources().now;
    let options = worker::Options { region: ledgers::region(), owner, now, link: None, failpoints };
    let workers = Workers::start(options, Arc::new(ledger.clone()));
    workers.add(NodeMonitor::new(ledger.clone(), &watch)).unwrap();
    let watching = tokio::spawn(async move {
        let never = watch.run().await;
        match never {}
    });
    (workers, watching, roll)
}

#[tokio::test]
async fn what_is_found_is_on_the_log_within_five_seconds_and_once() {
    let region = Monitored::start().await;
    let speaks = Arc::new(AtomicBool::new(true));
    let heard = Arc::clone(&speaks);
    // It is heard for some seconds first, as every node: else its age counts for nothing.
    region.looks(5).await;
    let before = region.sequence();
    region.say(move |node| (node != 2 || heard.load(Ordering::Relaxed)).then(|| heartbeat(node)));
    speaks.store(false, Ordering::Relaxed);
    let offline = row::Presence::Offline { position: AGE.position, starts: AGE.starts };
    let took = region.until(2, |row| row.presence.is == offline).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    speaks.store(true, Ordering::Relaxed);
    region.until(2, |row| row.presence.is == row::Presence::Online).await;
    assert_eq!(region.sequence(), before + 2, "nothing else was said, of nobody");
}

#[tokio::test]
async fn a_monitor_says_nothing_of_silent_nodes_while_the_log_does_not_answer() {
    let region = Monitored::start().await;
    region.looks(3).await;
    let before = region.sequence();
    // Its server is cut off from the others: it hears itself, and neither the nodes nor the log.
    region.log.refuse_reads(usize::MAX);
    region.say(|_| None);
    region.looks(8).await;
    region.say(|node| Some(heartbeat(node)));
    region.log.refuse_reads(0);
    region.looks(4).await;
    assert_eq!(region.sequence(), before, "nobody was offline");
    region.say(|node| (node != 2).then(|| heartbeat(node)));
    region.until(2, |row| row.presence.is != row::Presence::Online).await;
    assert_eq!(region.sequence(), before + 1, "and then it listens as before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_is_killed_what_it_found_is_said_once() {
    let points: Vec<_> = Failpoint::ALL.iter().filter(|point| point.as_str().starts_with("health.")).collect();
    assert_eq!(points.len(), 2, "are its points still named after it?");
    for point in points {
        let (failpoints, mut held) = Failpoints::holding(*point, 1);
        let mut region = Monitored::start_with(failpoints).await;
        region.looks(3).await;
        let before = region.sequence();
        region.say(|node| (node != 2).then(|| heartbeat(node)));
        let reached = tokio::time::timeout(TIME_MAX, held.reached()).await;
        assert!(reached.is_ok(), "it never came to {point}");
        region.kill_and_restart().await;
        region.until(2, |row| row.presence.is != row::Presence::Online).await;
        // As long as the next one takes to find the same.
        region.looks(5).await;
        assert_eq!(region.sequence(), before + 1, "{point}");
    }
}

#[tokio::test]
async fn a_disk_that_failed_is_failing_and_recovers_and_nothing_is_said_of_a_removed_node() {
    let region = Monitored::start().await;
    let remove = |node: usize| ChangeNode {
        node: name(node),
        folder: FolderId(heartbeat(node).folder.unwrap()),
        change: NodeChange::Remove { forced: false },
    };
    region.ledger.commit(remove(6).into(), origin()).await.unwrap();
    let failed = |node| Heartbeat { state: NodeState::Failed, ..heartbeat(node) };
    region.say(move |node| match node {
        1 => Some(failed(1)),
        6 => None,
        _ => Some(heartbeat(node)),
    });
    region.until(1, |row| row.condition.is == Condition::Failing(Failure::Errors)).await;
    region.looks(5).await;
    let of_removed = region.ledger.latest().node(&name(6)).unwrap().unwrap();
    assert_eq!(of_removed.presence.is, row::Presence::Online, "it was given up as it was");
    region.say(|node| Some(heartbeat(node)));
    region.until(1, |row| row.condition.is == Condition::Healthy).await;
}
