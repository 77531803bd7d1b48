//! Appends behind a gate that is closed, because the server's disk is full or does not write.

use eventlog::{AppendError, ConnectOptions, GateKeeper, JetStreamLog, Log, Shut, StreamOptions};

use crate::proxy::Proxy;
use crate::support::{Fixture, ids, messages, patiently, read_all, region, stored_ids};

const FULL: &str = "the disk is full";

fn turned_away(appended: usize) -> Result<(), AppendError> {
    Err(AppendError::Unavailable { appended, reason: FULL.into() })
}

struct Gated {
    fixture: Fixture,
    proxy: Proxy,
    log: JetStreamLog,
    keeper: GateKeeper,
}

impl Gated {
    async fn start() -> Self {
        let fixture = Fixture::start().await;
        let proxy = Proxy::before(fixture.server.address()).await;
        let options = ConnectOptions { address: proxy.address.clone(), ..fixture.connect_options() };
        let (keeper, gate) = GateKeeper::new();
        let log = JetStreamLog::open(&options, &StreamOptions::new(region())).await.unwrap().behind(gate);
        log.append(0, &messages(1)).await.unwrap();
        Self { fixture, proxy, log, keeper }
    }
}

#[tokio::test]
async fn behind_a_closed_gate_nothing_is_appended_and_everything_read() {
    let gated = Gated::start().await;
    gated.keeper.set(Some(Shut::ToAll(FULL.into())));
    for count in [1, 20] {
        assert_eq!(patiently(gated.log.append(1, &messages(count))).await, turned_away(0));
    }
    assert_eq!(read_all(&gated.log).await.len(), 1);
    gated.keeper.set(None);
    gated.log.append(1, &messages(20)).await.unwrap();
    gated.fixture.stop().await;
}

#[tokio::test]
async fn an_append_that_a_server_took_with_it_is_known_not_to_have_happened() {
    for count in [1, 5, 20] {
        let gated = Gated::start().await;
        gated.proxy.hold_requests();
        let (log, group) = (gated.log.clone(), messages(count));
        let appending = tokio::spawn(async move { log.append(1, &group).await });
        patiently(gated.proxy.wait_until_held()).await;
        gated.keeper.set(Some(Shut::ToAll(FULL.into())));
        gated.fixture.kill_and_wait().await;
        gated.proxy.cut();
        assert_eq!(patiently(appending).await.unwrap(), turned_away(0));
        assert_eq!(read_all(&gated.log).await.len(), 1);
        gated.keeper.set(None);
        gated.log.append(1, &messages(count)).await.unwrap();
        gated.fixture.stop().await;
    }
}

#[tokio::test]
async fn an_append_that_a_server_stored_before_it_ended_is_known_to_have_happened() {
    for count in [1, 5, 20] {
        let gated = Gated::start().await;
        let direct = gated.fixture.log().await;
        gated.proxy.hold_replies();
        let (log, group) = (gated.log.clone(), messages(count));
        let sent = group.clone();
        let appending = tokio::spawn(async move { log.append(1, &sent).await });
        let mut follow = direct.follow(1);
        while patiently(follow.next()).await.unwrap().unwrap().sequence < 1 + count as u64 {}
        gated.keeper.set(Some(Shut::ToAll(FULL.into())));
        gated.fixture.kill_and_wait().await;
        gated.proxy.cut();
        patiently(appending).await.unwrap().unwrap();
        assert_eq!(stored_ids(&read_all(&gated.log).await[1..]), ids(&group));
        gated.fixture.stop().await;
    }
}

#[tokio::test]
async fn an_append_that_may_be_under_way_still_is_not_answered_for() {
    let gated = Gated::start().await;
    gated.proxy.hold_requests();
    let (log, group) = (gated.log.clone(), messages(5));
    let sent = group.clone();
    let appending = tokio::spawn(async move { log.append(1, &sent).await });
    patiently(gated.proxy.wait_until_held()).await;
    gated.keeper.set(Some(Shut::ToAll(FULL.into())));
    let mut connection = gated.log.connection();
    gated.proxy.cut();
    patiently(connection.wait_for(|now| now.connected && now.made > 1)).await.unwrap();
    assert_eq!(patiently(gated.log.append(1, &messages(1))).await, turned_away(0), "one that was not sent");
    assert!(!appending.is_finished(), "the same server may have got it");
    gated.keeper.set(None);
    patiently(appending).await.unwrap().unwrap();
    assert_eq!(stored_ids(&read_all(&gated.log).await[1..]), ids(&group));
    gated.fixture.stop().await;
}
