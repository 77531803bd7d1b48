//! The rules about links to other regions.

use domain::{BOUNDS_OF_USER_MAX, Command, LINKS_MAX, LinkCommand, LinkRejection, Outcome, Rejection, View};
use events::ids::{BucketName, Sealed};
use events::replica::STATED_BUCKETS_MAX;
use jiff::{SignedDuration, Timestamp};

use crate::fold::{Fold, upgrade};
use crate::random::identities::context;
use crate::random::links::{add, bound, bucket, moved, name, note, remove, reseal};

/// A secret that is sealed with the only master key that there was.
fn sealed(text: &str) -> Sealed {
    format!("v1.73b3c5257e8f8d18.{text}").parse().unwrap()
}

#[test]
fn a_link_is_added_once_and_is_another_one_when_it_is_added_again() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    assert_eq!(fold.command(&add("us-west-2", sealed("c2VjcmV0")), context(1)), Ok(Outcome::Done));
    let first = fold.model.link(&"us-west-2".parse().unwrap()).unwrap().unwrap();
    assert_eq!(first.secret, sealed("c2VjcmV0"));
    assert_eq!(
        fold.command(&add("us-west-2", sealed("c2VjcmV0")), context(2)),
        Err(Rejection::Link(LinkRejection::Exists))
    );
    assert_eq!(fold.command(&remove("us-west-2"), context(3)), Ok(Outcome::Done));
    assert_eq!(fold.model.links().unwrap(), []);
    let none = LinkRejection::NoSuch("us-west-2".parse().unwrap());
    assert_eq!(fold.command(&remove("us-west-2"), context(4)), Err(Rejection::Link(none)));
    assert_eq!(fold.command(&add("us-west-2", sealed("c2VjcmV0")), context(5)), Ok(Outcome::Done));
    assert_ne!(fold.model.link(&"us-west-2".parse().unwrap()).unwrap().unwrap().id, first.id);
}

#[test]
fn there_are_so_many_links_and_no_more() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    for n in 0..LINKS_MAX {
        assert_eq!(
            fold.command(&add(&name(u8::try_from(n).unwrap()), sealed("c2VjcmV0")), context(1)),
            Ok(Outcome::Done)
        );
    }
    assert_eq!(
        fold.command(&add("more", sealed("c2VjcmV0")), context(2)),
        Err(Rejection::Link(LinkRejection::TooMany))
    );
}

#[test]
fn a_key_is_sealed_again_unless_it_changed_meanwhile() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    fold.command(&add("us-west-2", sealed("c2VjcmV0")), context(1)).unwrap();
    let link = || "us-west-2".parse().unwrap();
    fold.command(&reseal("us-west-2", sealed("b3RoZXI"), sealed("bmV3")), context(2)).unwrap();
    assert_eq!(fold.model.link(&link()).unwrap().unwrap().secret, sealed("c2VjcmV0"));
    fold.command(&reseal("us-west-2", sealed("c2VjcmV0"), sealed("bmV3")), context(3)).unwrap();
    assert_eq!(fold.model.link(&link()).unwrap().unwrap().secret, sealed("bmV3"));
}

#[test]
fn where_a_region_is_with_identities_is_noted_of_the_link_that_it_is_about() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    fold.command(&add("us-west-2", sealed("c2VjcmV0")), context(1)).unwrap();
    let row = |fold: &Fold| fold.model.link(&"us-west-2".parse().unwrap()).unwrap().unwrap();
    let added = row(&fold).id;
    assert_eq!(row(&fold).identities_sent, None);
    assert_eq!(fold.command(&note("us-west-2", added, added), context(2)), Ok(Outcome::Done));
    let again = Err(Rejection::Link(LinkRejection::NotShared));
    assert_eq!(fold.command(&note("us-west-2", added, added), context(3)), again, "it goes forwards only");
    assert_eq!(fold.command(&note("us-west-2", added, added + 1), context(4)), Ok(Outcome::Done));
    assert_eq!(row(&fold).identities_sent, Some(added + 1));
    let none = Err(Rejection::Link(LinkRejection::NoSuch("us-west-2".parse().unwrap())));
    assert_eq!(fold.command(&note("us-west-2", added + 9, added + 2), context(5)), none, "another link of the name");
}

fn photos() -> BucketName {
    "photos".parse().unwrap()
}

#[test]
fn what_a_region_says_of_how_much_is_here_goes_forwards_and_is_remembered() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    let row = |fold: &Fold| fold.model.bound(&"us-1".parse().unwrap(), &"ada".parse().unwrap()).unwrap().unwrap();
    let second = |second| Timestamp::from_second(second).unwrap();
    fold.command(&bound("us-1", 4, &photos()), context(1)).unwrap();
    let first = row(&fold);
    assert_eq!((first.before, first.before_of(&first.buckets[0])), (second(4), Some(second(4))));
    assert_eq!(first.buckets[0].id, None, "there is no such bucket");
    fold.command(&bound("us-1", 2, &photos()), context(2)).unwrap();
    assert_eq!(row(&fold), first, "it said more before");
    fold.command(&bound("us-1", 4, &photos()), context(3)).unwrap();
    assert_eq!(row(&fold), first, "and the same");
    // A bucket waits, and the region has forgotten since when.
    fold.command(&bound("us-1", 9, &photos()), context(4)).unwrap();
    let waits = row(&fold);
    assert_eq!((waits.before, waits.before_of(&waits.buckets[0])), (second(9), Some(second(4))));
    fold.command(&bound("us-1", 11, &photos()), context(5)).unwrap();
    let waits = row(&fold);
    assert_eq!((waits.before, waits.before_of(&waits.buckets[0])), (second(11), Some(second(4))));
    // Another user speaks for nobody else.
    fold.command(&moved("us-1", "eve", (200, 200), vec![bucket(&photos(), 2)]), context(6)).unwrap();
    assert_eq!(row(&fold), waits);
    assert_eq!(fold.model.bounds().unwrap().len(), 2);
}

#[test]
fn a_clock_that_was_set_back_takes_back_what_it_said() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    let row = |fold: &Fold| fold.model.bound(&"us-1".parse().unwrap(), &"ada".parse().unwrap()).unwrap().unwrap();
    let second = |second| Timestamp::from_second(second).unwrap();
    let (here, waits) = (|| vec![bucket(&photos(), 4)], || vec![bucket(&photos(), 9)]);
    fold.command(&moved("us-1", "ada", (100, 20), here()), context(1)).unwrap();
    // What is written after the clock was set back may have any time from 50 on, and is behind 20 in the log.
    fold.command(&moved("us-1", "ada", (50, 30), here()), context(2)).unwrap();
    assert_eq!((row(&fold).before, row(&fold).up_to), (second(50), 30), "a false bound is left");
    // What comes late is known by the log, whatever its time.
    let latest = row(&fold);
    fold.command(&moved("us-1", "ada", (100, 20), here()), context(3)).unwrap();
    assert_eq!(row(&fold), latest);
    // Of a bucket that waits nothing is remembered from before the clock was set back.
    fold.command(&moved("us-1", "ada", (40, 31), waits()), context(4)).unwrap();
    assert_eq!(row(&fold).before_of(&row(&fold).buckets[0]), None);
    // At the same place in the log the time may go either way.
    fold.command(&moved("us-1", "ada", (60, 31), here()), context(5)).unwrap();
    assert_eq!(row(&fold).before_of(&row(&fold).buckets[0]), Some(second(60)));
}

#[test]
fn nobody_promises_what_cannot_be_or_fills_the_state() {
    let mut fold = Fold::new();
    fold.command(&upgrade(), context(0)).unwrap();
    let ahead = LinkCommand::MoveBound {
        link: "us-1".parse().unwrap(),
        user: "ada".parse().unwrap(),
        before: context(1).now + SignedDuration::from_hours(25),
        up_to: 1,
        buckets: Vec::new(),
    };
    assert_eq!(fold.command(&Command::from(ahead), context(1)), Err(Rejection::ReplicaAhead));
    let too_many = Err(Rejection::Link(LinkRejection::TooManyBounds));
    let buckets = vec![bucket(&photos(), 2); STATED_BUCKETS_MAX + 1];
    assert_eq!(fold.command(&moved("us-1", "ada", (2, 2), buckets), context(2)), too_many);
    for n in 0..BOUNDS_OF_USER_MAX {
        fold.command(&bound(&name(u8::try_from(n).unwrap()), 2, &photos()), context(3)).unwrap();
    }
    assert_eq!(fold.command(&bound("more", 2, &photos()), context(4)), too_many);
    assert_eq!(fold.command(&bound(&name(0), 4, &photos()), context(5)), Ok(Outcome::Done));
}
