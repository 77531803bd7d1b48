//! The rules about durable consumers.

use domain::{AddConsumer, CONSUMERS_MAX, Command, IdentityRejection, Noun, Outcome, Rejection, RemoveConsumer, View};
use events::consumer::{Added, Removed};
use events::ids::{ConsumerName, DurableName};

use crate::fold::{Fold, upgrade};
use crate::random::identities::context;

fn added(name: &str, fresh: u64) -> Added {
    let consumer: ConsumerName = name.parse().unwrap();
    Added {
        durable: DurableName::new(&consumer, fresh),
        consumer,
        bucket: Some("photos".parse().unwrap()),
        types: vec!["io.planetstore.object.created.v1".into()],
        start: 7,
        login: format!("U{}", "A".repeat(55)).parse().unwrap(),
    }
}

fn add(name: &str, fresh: u64) -> Command {
    AddConsumer(added(name, fresh)).into()
}

fn remove(name: &str) -> Command {
    RemoveConsumer(Removed { consumer: name.parse().unwrap() }).into()
}

#[test]
fn a_consumer_is_added_once_and_is_another_one_when_it_is_added_again() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    assert_eq!(fold.command(&add("search", 1), context(1)), Ok(Outcome::Done));
    let row = fold.model.consumer(&"search".parse().unwrap()).unwrap().unwrap();
    assert_eq!((row.durable.as_str(), row.start), ("consumer-search-0000000000000001", 7));
    let again = fold.command(&add("search", 2), context(2));
    assert_eq!(again, Err(Rejection::Identity(IdentityRejection::Exists(Noun::Consumer))));
    assert_eq!(fold.command(&remove("search"), context(3)), Ok(Outcome::Done));
    assert_eq!(fold.model.consumers().unwrap(), []);
    let again = fold.command(&remove("search"), context(4));
    assert_eq!(again, Err(Rejection::Identity(IdentityRejection::NoSuch(Noun::Consumer))));
    assert_eq!(fold.command(&add("search", 3), context(5)), Ok(Outcome::Done));
    let row = fold.model.consumer(&"search".parse().unwrap()).unwrap().unwrap();
    assert_eq!(row.durable.as_str(), "consumer-search-0000000000000003");
}

#[test]
fn there_are_so_many_consumers_and_no_more() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    for n in 0..CONSUMERS_MAX {
        assert_eq!(fold.command(&add(&format!("c-{n}"), 1), context(n + 1)), Ok(Outcome::Done));
    }
    let too_many = IdentityRejection::TooMany { noun: Noun::Consumer, max: CONSUMERS_MAX };
    assert_eq!(fold.command(&add("more", 1), context(99)), Err(Rejection::Identity(too_many)));
    fold.command(&remove("c-0"), context(100)).unwrap();
    assert_eq!(fold.command(&add("more", 1), context(101)), Ok(Outcome::Done));
}
