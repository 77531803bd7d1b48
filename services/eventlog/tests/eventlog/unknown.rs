//! Appends whose answer does not arrive, through a network that loses it.

use eventlog::{AppendError, ConnectOptions, JetStreamLog, Log, Message, Sending, StreamOptions};
use tokio::task::JoinHandle;

use crate::proxy::Proxy;
use crate::support::{Fixture, SENDINGS, ids, messages, patiently, read_all, region, stored_ids};

struct Behind {
    fixture: Fixture,
    proxy: Proxy,
    log: JetStreamLog,
    /// Another way to the same log.
    direct: JetStreamLog,
}

impl Behind {
    async fn start(sending: Sending) -> Self {
        let fixture = Fixture::start().await;
        let direct = fixture.log().await;
        let proxy = Proxy::before(fixture.server.address()).await;
        let options = ConnectOptions { address: proxy.address.clone(), ..fixture.connect_options() };
        let log = JetStreamLog::open(&options, &StreamOptions::new(region())).await.unwrap().sending(sending);
        log.append(0, &messages(1)).await.unwrap();
        Self { fixture, proxy, log, direct }
    }

    fn append(&self, group: &[Message]) -> JoinHandle<Result<(), AppendError>> {
        let (log, group) = (self.log.clone(), group.to_vec());
        tokio::spawn(async move { log.append(1, &group).await })
    }

    async fn wait_for_last(&self, last: u64) {
        let mut follow = self.direct.follow(1);
        while patiently(follow.next()).await.unwrap().unwrap().sequence < last {}
    }
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_is_found_in_the_log() {
    for sending in SENDINGS {
        for count in [1, 5, 20] {
            let behind = Behind::start(sending).await;
            behind.proxy.hold_replies();
            let group = messages(count);
            let appending = behind.append(&group);
            behind.wait_for_last(1 + count as u64).await;
            assert!(!appending.is_finished());
            behind.proxy.cut();
            patiently(appending).await.unwrap().unwrap();
            assert_eq!(stored_ids(&read_all(&behind.direct).await[1..]), ids(&group));
            behind.fixture.stop().await;
        }
    }
}

#[tokio::test]
async fn an_append_that_is_lost_on_the_way_is_sent_again() {
    for sending in SENDINGS {
        let behind = Behind::start(sending).await;
        behind.proxy.hold_requests();
        let group = messages(5);
        let appending = behind.append(&group);
        patiently(behind.proxy.wait_until_held()).await;
        behind.proxy.cut();
        patiently(appending).await.unwrap().unwrap();
        assert_eq!(stored_ids(&read_all(&behind.direct).await[1..]), ids(&group));
        behind.fixture.stop().await;
    }
}

#[tokio::test]
async fn an_append_that_is_overtaken_on_the_way_is_a_conflict() {
    for sending in SENDINGS {
        for count in [1, 5, 20] {
            let behind = Behind::start(sending).await;
            behind.proxy.hold_requests();
            let appending = behind.append(&messages(count));
            patiently(behind.proxy.wait_until_held()).await;
            let foreign = messages(1);
            behind.direct.append(1, &foreign).await.unwrap();
            behind.proxy.cut();
            assert_eq!(patiently(appending).await.unwrap(), Err(AppendError::Conflict { appended: 0 }));
            assert_eq!(stored_ids(&read_all(&behind.direct).await[1..]), ids(&foreign));
            behind.fixture.stop().await;
        }
    }
}

#[tokio::test]
async fn an_append_is_refused_at_once_while_there_is_no_server() {
    let behind = Behind::start(Sending::Measured).await;
    let mut connection = behind.log.connection();
    let Behind { fixture, proxy, log, .. } = behind;
    fixture.stop().await;
    proxy.cut();
    patiently(connection.wait_for(|now| !now.connected)).await.unwrap();
    match patiently(log.append(1, &messages(2))).await {
        Err(AppendError::Unavailable { appended: 0, .. }) => {}
        other => panic!("{other:?}"),
    }
}
