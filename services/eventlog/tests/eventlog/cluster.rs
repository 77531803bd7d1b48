//! A log of three copies, and the server that may say where it ends.

use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use eventlog::{ConnectOptions, Credentials, JetStreamLog, Log, OpenError, ReadError, StreamOptions, Tail};
use rustix::process::{Pid, Signal, kill_process};
use testkit::nats;

use crate::support::*;

/// Three servers, which end with the test.
struct Cluster(Vec<(u16, Child)>);

impl Cluster {
    fn start(folder: &Path) -> Self {
        let free: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = free.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        drop(free);
        let (clients, routes) = ports.split_at(3);
        let urls: Vec<_> = routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect();
        let start = |number: usize| {
            let (store, client, route) = (folder.join(format!("{number}")), clients[number], routes[number]);
            let text = format!(
                "server_name: s{number}\nlisten: 127.0.0.1:{client}\nauthorization {{ user: test, password: test }}\n\
                 jetstream {{ store_dir: '{}' }}\n\
                 cluster {{ name: test, listen: 127.0.0.1:{route}, routes: [{}] }}\n",
                store.display(),
                urls.join(", ")
            );
            let configuration = folder.join(format!("{number}.conf"));
            std::fs::write(&configuration, text).unwrap();
            (client, nats::command().arg("-c").arg(configuration).spawn().unwrap())
        };
        Self((0..3).map(start).collect())
    }

    fn signal(&self, server: usize, signal: Signal) {
        let pid = i32::try_from(self.0[server].1.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Opens the log over a server, as soon as there is a cluster.
    async fn log(&self, server: usize) -> JetStreamLog {
        let connect = ConnectOptions {
            address: format!("127.0.0.1:{}", self.0[server].0),
            ca: None,
            credentials: Credentials { user: "test".into(), password: "test".to_owned().into() },
            name: "test".into(),
            inbox_prefix: "_INBOX_test".into(),
        };
        let mut options = StreamOptions::new(region());
        options.replicas = 3;
        loop {
            match JetStreamLog::open(&connect, &options).await {
                Ok(log) => return log,
                Err(OpenError::Connect { .. } | OpenError::JetStream { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (_, server) in &mut self.0 {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }
}

/// The number of the server that leads the stream, as `address` knows it.
async fn leader(cluster: &Cluster) -> usize {
    let options = async_nats::ConnectOptions::with_user_and_password("test".into(), "test".into());
    let client = options.connect(format!("127.0.0.1:{}", cluster.0[0].0)).await.unwrap();
    let answer = client.request(format!("$JS.API.STREAM.INFO.EVENTS_{}", region()), "".into()).await.unwrap();
    let info: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    info["cluster"]["leader"].as_str().unwrap().strip_prefix('s').unwrap().parse().unwrap()
}

async fn appended(log: &JetStreamLog, last: u64) {
    while log.append(last, &[message(100)]).await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The server that led when the others were last heard answers for ten seconds and longer; meanwhile they may have
/// elected another, and acked what it does not know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_nobody_hears_does_not_say_where_the_log_ends() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(folder.path());
    let logs = patiently(async { [cluster.log(0).await, cluster.log(1).await, cluster.log(2).await] }).await;
    patiently(appended(&logs[0], 0)).await;
    // Each of them is asked while the other two are paused: one is the leader, and answers.
    for (alone, log) in logs.iter().enumerate() {
        let others: Vec<_> = (0..3).filter(|other| *other != alone).collect();
        patiently(async { while log.tail().await.map(|tail| tail.last_sequence) != Ok(1) {} }).await;
        for other in &others {
            cluster.signal(*other, Signal::STOP);
        }
        // Longer than it may be believed, and shorter than the others would need to elect another.
        tokio::time::sleep(Duration::from_millis(3_200)).await;
        let answer = patiently(log.tail()).await;
        for other in &others {
            cluster.signal(*other, Signal::CONT);
        }
        assert!(matches!(answer, Err(ReadError::Unavailable { .. })), "{answer:?}");
    }
    // With two of three all goes on.
    cluster.signal(2, Signal::STOP);
    patiently(async { while logs[0].tail().await.map(|tail| tail.last_sequence) != Ok(1) {} }).await;
    patiently(appended(&logs[0], 1)).await;
    assert_eq!(logs[0].tail().await.map(|tail| tail.last_sequence), Ok(2));
}

/// A leader that is paused, as a machine under pressure or a migrated one is, answers what waited in its socket before it
/// hears that another leads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_paused_does_not_answer_with_the_end_it_knew() {
    const QUESTIONS: usize = 32;
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(folder.path());
    let logs = patiently(async { [cluster.log(0).await, cluster.log(1).await, cluster.log(2).await] }).await;
    patiently(appended(&logs[0], 0)).await;
    let leader = patiently(leader(&cluster)).await;
    let (old, other) = (&logs[leader], &logs[(leader + 1) % 3]);
    // Its followers' acknowledgements are under way when it stops.
    let mut last = 1;
    for _ in 0..50 {
        old.append(last, &[message(100)]).await.unwrap();
        last += 1;
    }
    cluster.signal(leader, Signal::STOP);
    let acked = async {
        // The pause may have cut an append short that the others have.
        loop {
            match other.append(last, &[message(100)]).await {
                Ok(()) => break last + 1,
                // An append whose answer was lost.
                Err(_) if other.tail().await.is_ok_and(|tail| tail.last_sequence > last) => break last + 1,
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    let last = Box::pin(patiently(acked)).await;
    let believed = |answer: &Result<Tail, ReadError>| answer.as_ref().is_ok_and(|tail| tail.last_sequence < last);
    let questions: Vec<_> = (0..QUESTIONS)
        .map(|_| {
            tokio::spawn({
                let log = old.clone();
                async move { log.tail().await }
            })
        })
        .collect();
    tokio::task::yield_now().await;
    cluster.signal(leader, Signal::CONT);
    for question in questions {
        let answer = patiently(question).await.unwrap();
        assert!(!believed(&answer), "{answer:?}");
    }
    patiently(async { while old.tail().await.map(|tail| tail.last_sequence) != Ok(last) {} }).await;
}
