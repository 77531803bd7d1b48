//! What the measurements share: a private server on a folder that is given, its log, and events to append.

use std::time::Duration;

use eventlog::server::{Role, START_TIME_MAX, Server, ServerOptions};
use eventlog::{ConnectOptions, JetStreamLog, Message, StreamOptions};
use events::ids::{EventId, RegionName};
use uuid::Uuid;

const PAYLOAD_BYTES: usize = 900;

pub(crate) fn messages(count: usize) -> Vec<Message> {
    let message = |_| {
        let id = EventId(Uuid::now_v7());
        Message {
            subject: "ps.bench.object.bucket.put".into(),
            id,
            proof: None,
            payload: vec![b'.'; PAYLOAD_BYTES].into(),
        }
    };
    (0..count).map(message).collect()
}

#[allow(clippy::cast_precision_loss, reason = "a rate for people to read")]
pub(crate) fn rate(events: u64, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}

/// Starts the nats-server that the first argument names, on the folder that the second names, and opens its log.
pub(crate) async fn start() -> (Server, JetStreamLog) {
    let mut arguments = std::env::args_os().skip(1);
    let (program, folder) = (arguments.next().unwrap().into(), arguments.next().unwrap().into());
    let launcher = ["setpriv", "--pdeathsig", "KILL", "--"].map(Into::into).to_vec();
    let region: RegionName = "bench".parse().unwrap();
    let options = ServerOptions {
        folder,
        program: Some(program),
        launcher,
        start_time_max: START_TIME_MAX,
        region: region.clone(),
        nodes: Vec::new(),
        consumer_issuer: None,
    };
    let server = Server::start(options).await.unwrap();
    let connect = ConnectOptions {
        address: server.address().into(),
        ca: None,
        credentials: server.users().of(&Role::Operator).unwrap().clone(),
        name: "bench".into(),
        inbox_prefix: "_INBOX_operator.bench".into(),
    };
    let log = JetStreamLog::open(&connect, &StreamOptions::new(region)).await.unwrap();
    (server, log)
}
