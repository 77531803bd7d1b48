//! The rules about links to other regions.

use domain::{LINKS_MAX, LinkRejection, Outcome, Rejection, View};
use events::ids::Sealed;

use crate::fold::{Fold, upgrade};
use crate::random::identities::context;
use crate::random::links::{add, name, note, remove, reseal};

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
