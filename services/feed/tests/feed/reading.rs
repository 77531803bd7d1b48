use domain::{Command, Precondition, RenameObject, View};
use eventlog::{Log, Message};
use events::ids::{EventId, VersionId};
use feed::FeedError;
use jiff::SignedDuration;
use ledger::Snapshot;
use testkit::commands::{create_bucket, origin};

use crate::given::*;

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_and_in_the_bytes_of_the_log() {
    let world = World::with_buckets().await;
    world.put_many(30).await;
    let (mut read, mut after) = (Vec::new(), 0);
    loop {
        let page = world.page(&format!("limit=7&after={after}")).await;
        read.extend(page.entries);
        after = page.until;
        if after >= page.last {
            break;
        }
    }
    let log = world.log.read(1, usize::MAX, usize::MAX).await.unwrap();
    assert_eq!(sequences(&read), (1..=32).collect::<Vec<_>>());
    assert!(read.iter().zip(&log).all(|(entry, stored)| entry.bytes == stored.payload));
    assert_eq!(world.page("after=32").await.entries, [], "behind the last there is nothing yet");
}

#[tokio::test]
async fn each_part_of_a_filter_counts() {
    let world = World::with_buckets().await;
    for (bucket, key) in [("first", "a/1"), ("other", "a/2"), ("first", "b/1"), ("other", "b/2")] {
        world.put(bucket, key).await;
    }
    let at = world.put("first", "a/old").await;
    let looked_at = world.ledger.latest();
    let rename = RenameObject {
        bucket: bucket("first"),
        source: key("a/old"),
        looked_at: found(&looked_at, "first", "a/old"),
        key: key("b/new"),
        precondition: Precondition::default(),
        client_token: None,
    };
    world.does(Command::RenameObject(Box::new(rename))).await;
    for (query, expected) in [
        ("bucket=other", &["a/2", "b/2"][..]),
        ("bucket=first&prefix=a/", &["a/1", "a/old", "b/new"]),
        ("prefix=b%2F", &["b/1", "b/2", "b/new"]),
        ("type=object.renamed", &["b/new"]),
        ("type=bucket", &[]),
        ("type=object&prefix=a/2&user=root", &["a/2"]),
        ("bucket=other&prefix=a/2&user=root", &["a/2"]),
        ("user=alice", &[]),
        ("user=nobody", &[]),
        ("bucket=absent", &[]),
    ] {
        assert_eq!(world.keys(query).await, expected, "{query}");
        assert_eq!(world.keys(&format!("{query}&limit=1")).await, expected, "{query}, one by one");
    }
    assert_eq!(sequences(&world.page("type=bucket.created&limit=1").await.entries), [1]);
    assert_eq!(sequences(&world.page(&format!("after={}&limit=1", at - 1)).await.entries), [at]);
}

/// The version of a key and its size, as a rename looks at it.
fn found(snapshot: &Snapshot, name: &str, text: &str) -> Option<(VersionId, u64)> {
    let bucket = snapshot.bucket(&bucket(name)).unwrap()?;
    let row = domain::newest_version(&**snapshot, bucket.id, &key(text)).unwrap()?;
    Some((row.version, row.object?.size))
}

#[tokio::test]
async fn a_time_is_where_its_first_event_is_although_a_clock_went_back() {
    let world = World::with_buckets().await;
    world.put("first", "before").await;
    world.clock.pass(SignedDuration::from_hours(1));
    let at = world.clock.now();
    world.put("first", "at").await;
    // A search that trusts the times finds a place behind these.
    world.clock.pass(SignedDuration::from_secs(-50));
    for number in 0..20 {
        world.put("first", &format!("earlier/{number:02}")).await;
    }
    world.clock.pass(SignedDuration::from_secs(60));
    world.put("first", "after").await;
    let found = world.keys(&format!("since={at}")).await;
    assert_eq!((found.len(), found[0].as_str(), found[21].as_str()), (22, "at", "after"));
    let long_ago = world.keys("since=1970-01-01T00:00:00Z").await;
    assert_eq!((long_ago.len(), long_ago[0].as_str()), (23, "before"), "a time before the first event");
    let page = world.page("since=9999-12-30T00:00:00Z").await;
    assert_eq!((page.entries.len(), page.until), (0, page.last), "a time behind the last");
    let page = world.page(&format!("since={at}&bucket=other&limit=1")).await;
    assert_eq!((page.entries.len(), page.since), (0, None), "the place was found, whatever the filter");
}

#[tokio::test]
async fn a_position_beyond_the_log_is_an_error() {
    let world = World::with_buckets().await;
    let beyond = world.try_page("after=3").await.unwrap_err();
    assert!(matches!(beyond, FeedError::Beyond { after: 3, last: 2 }), "{beyond}");
    assert!(world.try_page(&format!("after={}", u64::MAX)).await.is_err());
    assert_eq!(world.page("after=2").await.until, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_proved_is_no_event() {
    let world = World::new(false).await;
    world.does(upgrade()).await;
    world.does(create_bucket(bucket("first"))).await;
    let subject = "ps.test-1.object.first.deleted".into();
    world.log.log.foreign(&[Message { subject, id: EventId::NONE, proof: None, payload: "{}".into() }]);
    world.put("first", "key").await;
    let page = world.page("").await;
    assert_eq!((sequences(&page.entries), page.until), (vec![1, 2, 4], 4));
}

/// The projection keeps 10,000 entries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_projection_keeps_no_more_is_read_from_the_log() {
    let world = World::with_buckets().await;
    world.put_many(10_100).await;
    let asked = world.log.asked();
    assert_eq!(world.page("after=5000&limit=5").await.entries.len(), 5);
    assert_eq!(world.log.asked(), asked, "what the projection has is not asked for");
    assert_eq!(sequences(&world.page("limit=5").await.entries), [1, 2, 3, 4, 5]);
    assert!(world.log.asked() > asked);
    let page = world.page("limit=1000&bucket=absent").await;
    assert_eq!((page.entries.len(), page.until), (0, 10_102));
    world.ledger.commit(put("other", "last"), origin()).await.unwrap();
    assert_eq!(world.keys("bucket=other&type=object").await, ["last"]);
}
