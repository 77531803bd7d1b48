//! Ledgers that write to one log at once, on a real nats-server: each gets its share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use eventlog::server::Server;
use eventlog::{JetStreamLog, Log};
use ledger::Ledger;
use testkit::nats;
use tokio::sync::watch;

use crate::support::*;

/// Time that all the writes of a test may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Puts of each ledger after which they know of each other.
const ACKS_FIRST: u32 = 50;

/// Puts that are acked then before the shares are compared.
const ACKS: u32 = 2_000;

async fn server(folder: &Folder) -> Server {
    let folder = folder.file("nats");
    std::fs::create_dir(&folder).unwrap();
    Server::start(nats::server_options(&folder, region())).await.unwrap()
}

async fn log(server: &Server) -> JetStreamLog {
    nats::log(server, region()).await
}

/// Writes on both ledgers; returns what each got acked, and which part of it belongs to the last [`ACKS`].
async fn acked(ledgers: [(Ledger, u32); 2]) -> ([u32; 2], [u32; 2]) {
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let now = |counts: &[AtomicU32; 2]| [0, 1].map(|place: usize| counts[place].load(Ordering::SeqCst));
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Vec::new();
    for (place, (ledger, writers)) in ledgers.into_iter().enumerate() {
        for writer in 0..writers {
            let (ledger, counts, stopped) = (ledger.clone(), Arc::clone(&counts), stopped.clone());
            tasks.push(tokio::spawn(async move {
                for n in (0..).take_while(|_| !*stopped.borrow()) {
                    ledger.commit(put_object(&format!("{place}-{writer}"), n), origin()).await.unwrap();
                    counts[place].fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
    }
    let until = async |is_so: &dyn Fn([u32; 2]) -> bool| {
        while !is_so(now(&counts)) {
            assert!(tasks.iter().all(|task| !task.is_finished()), "a writer failed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        now(&counts)
    };
    let measured = tokio::time::timeout(PATIENCE, async {
        let first = until(&|acked| acked.iter().all(|acked| *acked >= ACKS_FIRST)).await;
        let last = until(&|acked| acked.iter().sum::<u32>() >= first.iter().sum::<u32>() + ACKS).await;
        [last[0] - first[0], last[1] - first[1]]
    });
    let measured = measured.await.unwrap_or_else(|_| panic!("one starves: {:?}", now(&counts)));
    stop.send_replace(true);
    for task in tasks {
        task.await.unwrap();
    }
    (now(&counts), measured)
}

async fn shares(writers: [u32; 2]) -> [u32; 2] {
    let folder = Folder::new();
    let server = server(&folder).await;
    let logs = [log(&server).await, log(&server).await];
    let one = open(&logs[0], &folder.file("one"), false).await;
    let two = open(&logs[1], &folder.file("two"), false).await;
    one.commit(create_bucket("bucket"), origin()).await.unwrap();
    let (acked, shares) = acked([(one.clone(), writers[0]), (two.clone(), writers[1])]).await;
    let last = logs[0].tail().await.unwrap().last_sequence;
    assert_eq!(last, u64::from(acked.iter().sum::<u32>()) + 1, "each put is on the log once");
    for ledger in [one, two] {
        ledger.read().await.unwrap();
        assert_eq!(ledger.progress().borrow().cursor.sequence, last);
        close(ledger).await;
    }
    server.stop().await;
    shares
}

/// With as many writers, neither gets less than a third of what is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_of_as_many_writers_get_like_shares() {
    let shares = shares([32, 32]).await;
    assert!(shares.iter().all(|share| *share >= ACKS / 3), "{shares:?}");
}

/// The events of one writer must not keep the batches of many others from the log, nor these the one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_of_one_writer_and_one_of_many_do_not_starve_each_other() {
    let shares = shares([1, 256]).await;
    assert!(shares[0] >= 2 && shares[1] >= ACKS / 10, "{shares:?}");
}
