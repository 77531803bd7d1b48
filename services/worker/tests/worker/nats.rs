//! What processes tell each other, through a real nats-server with the permissions of each role.

use std::future::ready;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use eventlog::server::{NATS_SERVER_ENV, Role, Server, ServerOptions};
use events::lease::{Lease, Term};
use futures_util::StreamExt;
use jiff::Timestamp;
use worker::{Link, Message, NatsTelemetry, Report, State, Telemetry};

use crate::world::{owner, region};

const TIME_MAX: Duration = Duration::from_mins(1);
/// The time between two tries to be heard.
const SAY_INTERVAL: Duration = Duration::from_millis(20);

fn nats_server() -> PathBuf {
    if let Some(path) = std::env::var_os(NATS_SERVER_ENV) {
        return path.into();
    }
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nats/install")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

async fn start(folder: &Path) -> Server {
    let options = ServerOptions {
        folder: folder.into(),
        program: Some(nats_server()),
        launcher: ["setpriv", "--pdeathsig", "KILL", "--"].map(Into::into).to_vec(),
        start_time_max: TIME_MAX,
        region: region(),
        nodes: Vec::new(),
        consumer_issuer: None,
    };
    Server::start(options).await.unwrap()
}

async fn client(server: &Server, role: &Role) -> async_nats::Client {
    let login = server.users().of(role).unwrap();
    let options = async_nats::ConnectOptions::with_user_and_password(login.user.clone(), login.password.to_string());
    options.custom_inbox_prefix(format!("_INBOX_{}.test", login.user)).connect(server.address()).await.unwrap()
}

/// Says it until all links have heard something, as a subscription reaches the server some time after it was made;
/// and gives back what they heard.
async fn say_until_heard(speaker: &Arc<dyn Telemetry>, message: Message, links: &mut [Link]) -> Vec<Message> {
    let mut heard = Vec::new();
    let hearing = async {
        for link in links {
            heard.push(link.heard.next().await.unwrap());
        }
    };
    let saying = async {
        let mut again = tokio::time::interval(SAY_INTERVAL);
        loop {
            again.tick().await;
            speaker.send(message.clone()).await;
        }
    };
    tokio::time::timeout(TIME_MAX, async {
        tokio::select! { () = hearing => {}, () = saying => {} }
    })
    .await
    .unwrap();
    heard
}

/// The next message other than `again`, which may have been said more than once.
async fn next(link: &mut Link, again: &Message) -> Message {
    let mut others = (&mut link.heard).filter(|message| ready(message != again));
    tokio::time::timeout(TIME_MAX, others.next()).await.unwrap().unwrap()
}

fn report(worker: &str) -> Message {
    Message::Report(Box::new(Report {
        worker: worker.parse().unwrap(),
        about: "Works.".into(),
        process: owner(3),
        state: State::Failing { why: "it is a test".into() },
        since: Timestamp::UNIX_EPOCH,
        lease: Some(Lease::Dedup),
        unit: "bytes".into(),
        done: u64::MAX,
        left: None,
        left_as_of: None,
        pace: 0.5,
        rate: None,
        failures: 7,
        last: None,
        lags: Vec::new(),
    }))
}

#[tokio::test]
async fn gateways_hear_all_and_themselves_and_nobody_speaks_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path()).await;
    let mut links = Vec::new();
    for _ in 0..2 {
        links.push(NatsTelemetry::link(client(&server, &Role::Gateway).await, region()).await.unwrap());
    }
    let lease = Lease::Nodes;
    let renewal = Message::Renewal { owner: owner(1).process, term: Term { lease, epoch: 9 } };
    let probe = Message::Probe { process: owner(1).process, lease };
    let first = links[0].telemetry.clone();
    assert!(first.connection().is_some());
    assert_eq!(say_until_heard(&first, renewal.clone(), &mut links).await, [renewal.clone(), renewal.clone()]);
    first.send(probe.clone()).await;
    for link in &mut links {
        assert_eq!(next(link, &renewal).await, probe);
    }
    let lifecycle = client(&server, &Role::Lifecycle).await;
    // On its own subject, of a worker that is not its own; and what it may not publish at all.
    let stray = serde_json::to_vec(&report("repair")).unwrap();
    lifecycle.publish("ps.test-1.telemetry.worker.lifecycle", stray.into()).await.unwrap();
    lifecycle.publish("ps.test-1.telemetry.worker.lifecycle", "no report".into()).await.unwrap();
    let speaking = NatsTelemetry::speak(lifecycle, region());
    speaking.telemetry.send(report("repair")).await;
    speaking.telemetry.send(probe).await;
    // The only one of them that is heard.
    let only = report("lifecycle");
    assert_eq!(say_until_heard(&speaking.telemetry, only.clone(), &mut links).await, [only.clone(), only]);
    server.stop().await;
}
