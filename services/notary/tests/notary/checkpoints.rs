//! What is signed, and when.

use std::time::Duration;

use events::Fact;
use events::checkpoint::CHECKPOINT_ENTRIES_MAX;
use feed::FeedError;

use crate::given::{When, World, held, public, until_idle};

/// How many checkpoints there are.
async fn checkpoints(world: &World) -> usize {
    world.facts().await.iter().filter(|fact| matches!(fact, Fact::RegionCheckpointed(_))).count()
}

#[tokio::test]
async fn the_log_is_signed_from_its_first_entry_and_an_export_of_it_is_good() {
    let mut world = World::new().await;
    world.events(30).await;
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(30).await;
    world.events(5).await;
    world.until_covered(world.last() - 1).await;
    let last = world.last();
    for (from, to) in [(1, None), (7, Some(9)), (last, None), (3, None)] {
        let report = world.verify(from, to, public(1)).await;
        assert_eq!(report.findings, [], "{from} {to:?}");
        assert!(report.covered >= to.unwrap_or(30) || from == last, "{report:?}");
    }
    assert!(!world.verify(1, None, public(2)).await.is_good());
    assert!(matches!(world.feed.export(1, Some(last + 100)).await, Err(FeedError::Beyond { .. })));
    assert!(matches!(world.feed.export(9, Some(3)).await, Err(FeedError::Beyond { .. })));
    workers.stop().await;
}

/// A checkpoint is itself an event, and must not call for the next one.
#[tokio::test]
async fn a_log_to_which_nothing_is_appended_is_signed_once() {
    let mut world = World::new().await;
    world.events(3).await;
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(3).await;
    until_idle(&workers).await;
    let before = world.last();
    // Longer than the notary takes between two looks. Nothing tells of what does not happen.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.last(), before);
    world.events(1).await;
    world.until_covered(before + 1).await;
    workers.stop().await;
}

#[tokio::test]
async fn there_is_a_checkpoint_after_so_many_entries_and_not_before() {
    let mut world = World::new().await;
    let workers = world.run(held(&[1]), When::After(20));
    world.events(10).await;
    until_idle(&workers).await;
    assert_eq!(checkpoints(&world).await, 0);
    world.events(10).await;
    world.until_covered(20).await;
    assert_eq!(checkpoints(&world).await, 1);
    workers.stop().await;
}

#[tokio::test]
async fn a_long_log_is_signed_in_ranges_each_of_which_continues_the_one_before() {
    let mut world = World::new().await;
    world.events(CHECKPOINT_ENTRIES_MAX + 20).await;
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(CHECKPOINT_ENTRIES_MAX + 20).await;
    let first = world.facts().await.into_iter().find_map(|fact| match fact {
        Fact::RegionCheckpointed(checkpoint) => Some(checkpoint),
        _ => None,
    });
    assert_eq!(first.map(|first| (first.first, first.last)), Some((1, CHECKPOINT_ENTRIES_MAX)));
    assert_eq!(world.verify(1, None, public(1)).await.findings, []);
    let page = world.feed.checkpoints(0, 100).await.unwrap();
    assert!(page.checkpoints.len() >= 2 && page.key == Some(public(1)));
    assert_eq!(
        world.feed.checkpoints(CHECKPOINT_ENTRIES_MAX, 1).await.unwrap().checkpoints[..],
        page.checkpoints[1..2]
    );
    workers.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_no_fact_is_signed_as_well_and_not_shown() {
    let mut world = World::new().await;
    world.events(2).await;
    let quarantined = world.last() + 1;
    world.foreign();
    world.events(2).await;
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(quarantined + 2).await;
    let report = world.verify(1, None, public(1)).await;
    assert_eq!((report.findings.as_slice(), report.withheld), ([].as_slice(), 1));
    workers.stop().await;
}

#[tokio::test]
async fn one_event_is_proven_once_a_checkpoint_covers_it() {
    let mut world = World::new().await;
    world.events(9).await;
    assert_eq!(world.feed.proof(4).await.unwrap(), None);
    let workers = world.run(held(&[1]), When::Soon);
    world.until_covered(9).await;
    let facts = world.ledger.facts(4, 4, usize::MAX).await.unwrap();
    let proof = world.feed.proof(4).await.unwrap().unwrap();
    assert_eq!(proof.check(Some(&facts.facts[0].bytes), Some(public(1))), Ok(()));
    assert!(matches!(world.feed.proof(10_000).await, Err(FeedError::Beyond { .. })));
    assert!(matches!(world.feed.proof(0).await, Err(FeedError::Beyond { .. })));
    workers.stop().await;
}
