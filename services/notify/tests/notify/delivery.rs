use std::sync::atomic::Ordering;

use domain::{Command, RenameObject};
use events::ids::ObjectKey;
use testkit::commands::bucket;

use crate::given::{Names, Receiver, Store, until};

fn names(receiver: &Receiver) -> Names {
    let names = Names::default();
    names.addresses.lock().unwrap().push(receiver.address);
    names
}

fn assert_in_order(arrived: &[(String, u64)]) {
    for (at, (key, sequence)) in arrived.iter().enumerate() {
        let later = arrived[at + 1..].iter().filter(|(other, _)| other == key);
        assert!(later.clone().all(|(_, other)| other > sequence), "{key} at {sequence} came too late: {arrived:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_key_arrive_in_order_and_once_while_all_is_well() {
    let (store, receiver) = (Store::new().await, Receiver::start().await);
    store.target("t", "http://example.com/").await;
    let workers = store.send(&names(&receiver), true);
    for number in 0..600 {
        store.put(&format!("k{}", number % 20)).await;
    }
    until("every event", || receiver.arrived().len() >= 600).await;
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 600);
    assert_in_order(&arrived);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_was_down_misses_nothing_and_another_process_goes_on_where_it_is() {
    let (store, receiver) = (Store::new().await, Receiver::start().await);
    let other = Receiver::start().await;
    store.target("t", "http://example.com/").await;
    let names = names(&receiver);
    receiver.status.store(503, Ordering::Relaxed);
    let workers = store.send(&names, true);
    let mut last = 0;
    for number in 0..50 {
        last = store.put(&format!("k{}", number % 3)).await;
    }
    until("a word on what is wrong", || store.row("t").error.is_some()).await;
    assert!(store.row("t").error.unwrap().contains("503"));
    assert_eq!((receiver.arrived().len(), store.row("t").dead), (0, 0));
    receiver.status.store(200, Ordering::Relaxed);
    until("what was missed", || receiver.arrived().len() >= 50).await;
    assert_in_order(&receiver.arrived());
    until("the position", || store.row("t").position >= last).await;
    assert_eq!(store.row("t").error, None);
    workers.stop().await;

    // Another process knows no more than the log says.
    *names.addresses.lock().unwrap() = vec![other.address];
    let workers = store.send(&names, true);
    let next = store.put("k0").await;
    until("the next event", || !other.arrived().is_empty()).await;
    assert_eq!(other.arrived(), [("k0".to_owned(), next)]);
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_comes_behind_all_before_it_and_before_all_behind_it() {
    let (store, receiver) = (Store::new().await, Receiver::start().await);
    store.target("t", "http://example.com/").await;
    let key = |text: &str| ObjectKey::from_bytes(text.as_bytes()).unwrap();
    for number in 0..30 {
        store.put(&format!("k{number}")).await;
    }
    let looked_at = {
        use domain::View;
        let snapshot = store.ledger.latest();
        let id = snapshot.bucket(&bucket()).unwrap().unwrap().id;
        snapshot.current(id, &key("k3")).unwrap().map(|row| (row.version, 0))
    };
    let rename = RenameObject {
        bucket: bucket(),
        source: key("k3"),
        looked_at,
        key: key("renamed"),
        precondition: domain::Precondition::default(),
        client_token: None,
    };
    store.does(Command::from(rename)).await;
    for number in 0..30 {
        store.put(&format!("k{number}")).await;
    }
    let workers = store.send(&names(&receiver), true);
    until("every event", || receiver.arrived().len() >= 60).await;
    assert_in_order(&receiver.arrived());
    workers.stop().await;
}
