//! What each role may do and may not, as the real server sees it.

use async_nats::client::RequestErrorKind;
use async_nats::{ConnectOptions, Event};
use eventlog::server::Role;
use eventlog::{JetStreamLog, Log, OpenError, StreamOptions};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::support::{Fixture, message, messages, node, patiently, region};

const API: &str = "$JS.API";

/// A subject that every role is refused.
const MARKER: &str = "marker.of.the.test";

/// A connection that hears what the server refuses it.
struct Client {
    client: async_nats::Client,
    refusals: mpsc::UnboundedReceiver<String>,
}

impl Client {
    async fn connect(fixture: &Fixture, role: &Role) -> Self {
        let eventlog::ConnectOptions { address, credentials, inbox_prefix, .. } = fixture.connect_options_of(role);
        let (heard, refusals) = mpsc::unbounded_channel();
        let options = ConnectOptions::with_user_and_password(credentials.user, credentials.password.to_string())
            .custom_inbox_prefix(inbox_prefix)
            .event_callback(move |event| {
                if let Event::ServerError(error) = event {
                    // The test may be over.
                    let _heard = heard.send(error.to_string());
                }
                async {}
            });
        Self { client: options.connect(address).await.unwrap(), refusals }
    }

    /// Publishes, and whether the server let it.
    async fn may_publish(&mut self, subject: &str) -> bool {
        self.client.publish(subject.to_owned(), "x".into()).await.unwrap();
        self.is_allowed(subject).await
    }

    /// Subscribes, and whether the server let it.
    async fn may_subscribe(&mut self, subject: &str) -> bool {
        let _subscription = self.client.subscribe(subject.to_owned()).await.unwrap();
        self.is_allowed(subject).await
    }

    /// Refusals come in order: one of what was asked for comes before that of the marker.
    async fn is_allowed(&mut self, subject: &str) -> bool {
        self.client.publish(MARKER, "x".into()).await.unwrap();
        let mut allowed = true;
        loop {
            let refusal = patiently(self.refusals.recv()).await.unwrap().to_lowercase();
            assert!(refusal.contains("permissions violation"), "{refusal}");
            if refusal.contains(MARKER) {
                return allowed;
            }
            assert!(refusal.contains(&subject.to_lowercase()), "{refusal} in place of {subject}");
            allowed = false;
        }
    }
}

#[tokio::test]
async fn a_node_publishes_no_event_and_is_asked_by_its_own_name_only() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    log.append(0, &messages(1)).await.unwrap();
    let mut one = Client::connect(&fixture, &Role::Node(node(1))).await;
    for subject in ["ps.test.telemetry.node.node-1", "ps.test.telemetry.damage.node-1", "ps.test.telemetry.log.node-1"]
    {
        assert!(one.may_publish(subject).await, "{subject}");
    }
    for subject in
        ["ps.test.shards.node-1", "ps.test.control.node-1", "ps.test.telemetry.rollcall", "ps.test.telemetry.recall"]
    {
        assert!(one.may_subscribe(subject).await, "{subject}");
    }
    for subject in [
        "ps.test.object.bucket.put",
        "ps.test.telemetry.node.node-2",
        "ps.test.telemetry.damage.node-2",
        "ps.test.telemetry.log.node-2",
        "ps.test.telemetry.log.gateway",
        "access.test",
        "ps.test.shards.node-2",
        "ps.test.control.node-2",
        "ps.other.telemetry.node.node-1",
        "_INBOX_gateway.x",
        "$JS.API.STREAM.INFO.EVENTS_test",
        "$JS.API.DIRECT.GET.EVENTS_test",
        "$JS.API.STREAM.DELETE.EVENTS_test",
    ] {
        assert!(!one.may_publish(subject).await, "publish {subject}");
    }
    for subject in [
        "ps.test.shards.node-2",
        "ps.test.shards.*",
        "ps.test.control.node-2",
        "ps.test.object.>",
        "_INBOX_gateway.>",
        "_INBOX_node-2.>",
        "_INBOX.>",
        ">",
    ] {
        assert!(!one.may_subscribe(subject).await, "subscribe {subject}");
    }
    assert_eq!(log.tail().await.unwrap().last_sequence, 1);
    fixture.stop().await;
}

#[tokio::test]
async fn a_node_answers_whoever_asked_it_and_nobody_else() {
    let fixture = Fixture::start().await;
    let (gateway, serving) = (fixture.client(&Role::Gateway).await, fixture.client(&Role::Node(node(1))).await);
    let mut requests = serving.subscribe("ps.test.shards.node-1").await.unwrap();
    serving.flush().await.unwrap();
    let answering = async {
        let request = requests.next().await.unwrap();
        serving.publish(request.reply.unwrap(), request.payload).await.unwrap();
    };
    // A flush says that the subscription was sent, not that the server has it.
    let asking = async {
        loop {
            match gateway.request("ps.test.shards.node-1", "a piece".into()).await {
                Err(error) if error.kind() == RequestErrorKind::NoResponders => tokio::task::yield_now().await,
                answer => break answer,
            }
        }
    };
    let (answer, ()) = patiently(futures_util::future::join(asking, answering)).await;
    assert_eq!(answer.unwrap().payload, "a piece");
    fixture.stop().await;
}

#[tokio::test]
async fn a_feed_reads_the_log_and_telemetry_and_nothing_else() {
    let fixture = Fixture::start().await;
    let events = messages(20);
    fixture.log().await.append(0, &events).await.unwrap();
    let log = JetStreamLog::open(&fixture.connect_options_of(&Role::Feed), &StreamOptions::new(region())).await;
    let log = log.unwrap();
    let mut follow = log.follow(1);
    for event in &events {
        assert_eq!(patiently(follow.next()).await.unwrap().unwrap().id, event.id);
    }
    assert_eq!(log.read(1, 10, usize::MAX).await.unwrap().len(), 10);
    assert_eq!(log.read(11, 10, usize::MAX).await.unwrap().len(), 10, "through a consumer");

    let mut feed = Client::connect(&fixture, &Role::Feed).await;
    assert!(feed.may_subscribe("ps.test.telemetry.>").await);
    for subject in [
        "ps.test.object.bucket.put",
        "ps.test.shards.node-1",
        "ps.test.control.node-1",
        "ps.test.telemetry.node.node-1",
        "_INBOX_gateway.x",
    ] {
        assert!(!feed.may_publish(subject).await, "publish {subject}");
    }
    for subject in ["ps.test.shards.node-1", "ps.test.>", "_INBOX_gateway.>", ">"] {
        assert!(!feed.may_subscribe(subject).await, "subscribe {subject}");
    }
    for what in ["STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.MSG.DELETE"] {
        assert!(!feed.may_publish(&format!("{API}.{what}.EVENTS_test")).await, "{what}");
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_gateway_appends_and_reads_and_cannot_take_anything_away() {
    let fixture = Fixture::start().await;
    let log = JetStreamLog::open(&fixture.connect_options_of(&Role::Gateway), &StreamOptions::new(region())).await;
    let log = log.unwrap();
    log.append(0, &messages(1)).await.unwrap();
    log.append(1, &messages(20)).await.unwrap();
    assert_eq!(log.read(1, 5, usize::MAX).await.unwrap().len(), 5);
    assert_eq!(log.read(6, 5, usize::MAX).await.unwrap().len(), 5, "through a consumer");
    let mut follow = log.follow(1);
    for sequence in 1..=21 {
        assert_eq!(patiently(follow.next()).await.unwrap().unwrap().sequence, sequence);
    }

    let mut gateway = Client::connect(&fixture, &Role::Gateway).await;
    let said =
        ["rollcall", "lease.repair", "worker.repair", "requests"].map(|what| format!("ps.test.telemetry.{what}"));
    for subject in
        ["ps.test.shards.node-1", "ps.test.control.node-1"].into_iter().chain(said.iter().map(String::as_str))
    {
        assert!(gateway.may_publish(subject).await, "{subject}");
    }
    for what in ["STREAM.UPDATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.MSG.DELETE", "STREAM.RESTORE"] {
        assert!(!gateway.may_publish(&format!("{API}.{what}.EVENTS_test")).await, "{what}");
    }
    for subject in ["ps.other.object.bucket.put", "ps.test.telemetry.node.node-1", "$JS.API.STREAM.CREATE.OTHER"] {
        assert!(!gateway.may_publish(subject).await, "publish {subject}");
    }
    for subject in ["ps.test.shards.node-1", "ps.test.object.>", "_INBOX_operator.>", "_INBOX_node-1.>", ">"] {
        assert!(!gateway.may_subscribe(subject).await, "subscribe {subject}");
    }
    assert_eq!(log.tail().await.unwrap().last_sequence, 21);
    fixture.stop().await;
}

#[tokio::test]
async fn maintenance_writes_of_shards_and_nodes_and_asks_nodes_and_does_nothing_else() {
    let fixture = Fixture::start().await;
    fixture.log().await.append(0, &messages(1)).await.unwrap();
    let mut maintenance = Client::connect(&fixture, &Role::Maintenance).await;
    for subject in [
        "ps.test.content.bucket.placed",
        "ps.test.content.bucket.reclaimed",
        "ps.test.content.bucket.health_changed",
        "ps.test.node.node-1.offline",
        "ps.test.region.test.horizon_moved",
        "ps.test.region.test.checkpointed",
        "ps.test.region.test.notary_key_changed",
        "ps.test.region.test.lease_taken",
        "ps.test.shards.node-1",
        "ps.test.telemetry.rollcall",
        "ps.test.telemetry.lease.gc",
        "ps.test.telemetry.worker.repair",
    ] {
        assert!(maintenance.may_publish(subject).await, "publish {subject}");
    }
    for subject in [
        "ps.test.object.bucket.created",
        "ps.test.node.node-1.joined",
        "ps.test.node.node-1.draining",
        "ps.test.node.node-1.removed",
        "ps.test.region.test.upgraded",
        "ps.test.region.test.worker_changed",
        "ps.test.control.node-1",
        "ps.test.telemetry.node.node-1",
        "ps.test.telemetry.worker.lifecycle",
        "ps.test.telemetry.requests",
        "$JS.API.STREAM.CREATE.EVENTS_test",
        "$JS.API.STREAM.PURGE.EVENTS_test",
    ] {
        assert!(!maintenance.may_publish(subject).await, "publish {subject}");
    }
    assert!(maintenance.may_subscribe("ps.test.telemetry.node.*").await);
    for subject in ["ps.test.shards.node-1", "_INBOX_gateway.>", ">"] {
        assert!(!maintenance.may_subscribe(subject).await, "subscribe {subject}");
    }
    fixture.stop().await;
}

#[tokio::test]
async fn only_an_operator_changes_the_stream() {
    let fixture = Fixture::start().await;
    let few = StreamOptions { nouns: &["object"], ..StreamOptions::new(region()) };
    let open = |role: Role, options: StreamOptions| {
        let connect = fixture.connect_options_of(&role);
        async move { JetStreamLog::open(&connect, &options).await }
    };
    let log = open(Role::Gateway, few.clone()).await.unwrap();
    log.append(0, &[message(100)]).await.unwrap();
    let refused = patiently(open(Role::Gateway, StreamOptions::new(region()))).await;
    assert!(matches!(refused, Err(OpenError::JetStream { .. })), "{refused:?}");
    open(Role::Operator, StreamOptions::new(region())).await.unwrap();
    open(Role::Gateway, StreamOptions::new(region())).await.unwrap();
    let mut operator = Client::connect(&fixture, &Role::Operator).await;
    for what in ["STREAM.DELETE", "STREAM.PURGE", "STREAM.MSG.DELETE", "STREAM.RESTORE"] {
        assert!(!operator.may_publish(&format!("{API}.{what}.EVENTS_test")).await, "{what}");
    }
    assert!(!operator.may_publish("ps.test.shards.node-1").await);
    assert!(!operator.may_subscribe("_INBOX_gateway.>").await);
    fixture.stop().await;
}

#[tokio::test]
async fn nobody_connects_without_a_password_or_with_that_of_another() {
    let fixture = Fixture::start().await;
    let address = fixture.server.address();
    assert!(async_nats::connect(address).await.is_err());
    let gateway = fixture.connect_options_of(&Role::Gateway).credentials.password;
    for (user, password) in [("gateway", ""), ("operator", gateway.as_str()), ("planetstore", "planetstore"), ("", "")]
    {
        let options = ConnectOptions::with_user_and_password(user.into(), password.into());
        assert!(options.connect(address).await.is_err(), "{user}");
    }
    fixture.stop().await;
}
