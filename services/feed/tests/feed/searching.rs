use feed::FeedError;
use ledger::AuditQuery;

use crate::given::*;

#[tokio::test]
async fn the_newest_events_about_a_key_are_found_page_by_page() {
    let world = World::with_buckets().await;
    let mut about = Vec::new();
    for number in 0..20 {
        about.push(world.put("first", "it").await);
        world.put("first", &format!("it/{number}")).await;
        world.put("other", "it").await;
    }
    about.reverse();
    let query =
        AuditQuery { bucket: Some(bucket("first")), key: Some(key("it")), newest_first: true, ..AuditQuery::default() };
    let (mut found, mut last) = (Vec::new(), world.feed.last().await.unwrap());
    while last > 0 {
        let page = world.feed.look_for::<FeedError>(&query, 1..=last, 7, |_| Ok(true)).await.unwrap();
        assert!(page.entries.len() <= 7);
        found.extend(sequences(&page.entries));
        last = page.until - 1;
    }
    assert_eq!(found, about);
}

#[tokio::test]
async fn without_an_index_all_of_the_log_is_looked_at_from_either_end() {
    let world = World::with_buckets().await;
    world.put_many(700).await;
    for newest_first in [false, true] {
        let query = AuditQuery { newest_first, ..AuditQuery::default() };
        let found = world.feed.look_for::<FeedError>(&query, 3..=650, 1_000, |_| Ok(true)).await.unwrap();
        let mut all: Vec<_> = (3..=650).collect();
        if newest_first {
            all.reverse();
        }
        assert_eq!((sequences(&found.entries), found.until), (all, if newest_first { 3 } else { 650 }));
    }
}
