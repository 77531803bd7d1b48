use std::sync::atomic::Ordering;

use crate::given::{Names, Receiver, Store, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_an_address_inside_is_not_connected_to_whatever_others_it_has() {
    let (store, receiver) = (Store::new().await, Receiver::start().await);
    store.target("t", "http://rebinding.example.com/").await;
    let names = Names::default();
    *names.addresses.lock().unwrap() = vec!["8.8.8.8:80".parse().unwrap(), receiver.address];
    store.put("k").await;
    let workers = store.send(&names, false);
    until("the refusal", || store.row("t").error.is_some()).await;
    assert!(store.row("t").error.unwrap().contains("127.0.0.1 inside"));
    assert!(receiver.arrived().is_empty());
    assert!(names.asked.load(Ordering::Relaxed) >= 3, "a name is looked up for each connection");
    workers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_kept_is_not_looked_up_again() {
    let (store, receiver) = (Store::new().await, Receiver::start().await);
    store.target("t", "http://example.com/").await;
    let names = Names::default();
    names.addresses.lock().unwrap().push(receiver.address);
    let workers = store.send(&names, true);
    for number in 0..20 {
        store.put("k").await;
        until("the event", || receiver.arrived().len() > number).await;
    }
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    workers.stop().await;
}
