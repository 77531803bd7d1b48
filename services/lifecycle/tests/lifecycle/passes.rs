//! Walks through a bucket.

use domain::Command;
use domain::lifecycle::Day;
use events::Fact;
use events::bucket::Versioning;
use events::lifecycle::{NoncurrentExpiration, Rule};
use testkit::Clock;

use crate::given::*;

/// Versions on a page of a walk, as in `walk`.
const PAGE_ENTRIES: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn newer_versions_are_counted_from_page_to_page() {
    let store = Store::new(Clock::new());
    let ledger = store.open("state", true).await;
    does(&ledger, create_bucket()).await;
    does(&ledger, Command::SetVersioning { bucket: bucket(), versioning: Versioning::Enabled }).await;
    for key in ["a", "a"].into_iter().chain(["k"; PAGE_ENTRIES + 100]).chain(["l", "l"]) {
        does(&ledger, put(key)).await;
    }
    let kept = PAGE_ENTRIES + 50;
    let newer_versions = Some(u32::try_from(kept).unwrap());
    let noncurrent_expiration = Some(NoncurrentExpiration { days: 1, newer_versions });
    does(&ledger, rules(vec![Rule { noncurrent_expiration, ..rule() }])).await;
    let _following = follow(&ledger, &store.clock, Day::of_seconds(1).unwrap());
    let wanted = [vec!["a", "(a)", "k"], vec!["(k)"; kept], vec!["l", "(l)"]].concat();
    until(&ledger, "the end of the oldest", |versions| versions == wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_may_follow_the_same_rules() {
    const OBJECTS: usize = PAGE_ENTRIES + 10;
    let store = Store::new(Clock::new());
    let (one, other) = (store.open("one", false).await, store.open("other", false).await);
    does(&one, create_bucket()).await;
    for object in 0..OBJECTS {
        does(&one, put(&object.to_string())).await;
    }
    does(&one, rules(vec![days(1)])).await;
    let day = Day::of_seconds(1).unwrap();
    let _both = (follow(&one, &store.clock, day), follow(&other, &store.clock, day));
    until(&one, "the end of all", <[_]>::is_empty).await;
    until(&other, "the end of all", <[_]>::is_empty).await;
    let ended = store.facts().await.into_iter().filter(|fact| matches!(fact, Fact::ObjectDeleted(_))).count();
    assert_eq!(ended, OBJECTS, "each ended once");
}
