//! Nodes and their data folders.

use domain::{Command, JoinNode, Rejection, View};
use events::Fact;
use events::ids::{FolderId, NodeId};
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::Fold;
use crate::given::context;

fn folder(n: u8) -> FolderId {
    FolderId(Uuid::from_u128(n.into()))
}

fn node(n: u8) -> NodeId {
    format!("n{n}").parse().unwrap()
}

fn join(name: u8, with: u8, instead_of: Option<u8>) -> Command {
    let (node, folder, replaces) = (node(name), folder(with), instead_of.map(folder));
    JoinNode { node, folder, zone: "z".into(), replaces }.into()
}

fn other(known: Option<u8>) -> Rejection {
    Rejection::OtherFolder { known: known.map(folder) }
}

#[test]
fn the_first_folder_of_a_name_joins_and_another_only_in_its_place() {
    let mut fold = Fold::new();
    let mut place = 0;
    let mut said = |fold: &mut Fold, command: Command| {
        place += 1;
        fold.command(&command, context(place)).err()
    };
    assert_eq!(said(&mut fold, join(1, 7, Some(6))), Some(other(None)), "there is nothing to replace");
    assert_eq!(said(&mut fold, join(1, 7, None)), None);
    assert_eq!(said(&mut fold, join(1, 7, None)), None, "as another gateway says at the same time");
    assert_eq!(fold.events.len(), 1);
    assert_eq!(said(&mut fold, join(1, 8, None)), Some(other(Some(7))));
    assert_eq!(said(&mut fold, join(1, 8, Some(6))), Some(other(Some(7))));
    assert_eq!(said(&mut fold, join(2, 7, None)), None, "names have nothing to do with each other");
    assert_eq!(said(&mut fold, join(1, 8, Some(7))), None);
    assert_eq!(said(&mut fold, join(1, 7, None)), Some(other(Some(8))), "what was given up does not come back");
    let row = fold.model.node(&node(1)).unwrap().unwrap();
    assert_eq!((row.folder, row.sequence, row.joined), (folder(8), 3, context(0).now));
    let Fact::NodeJoined(fact) = &fold.events[2].fact else { panic!("{:?}", fold.events[2].fact) };
    assert_eq!(fact.replaces, Some(folder(7)));
}

proptest! {
    #[test]
    fn each_fact_replaces_exactly_the_folder_that_was_known(
        steps in prop::collection::vec((0..3_u8, 0..4_u8, prop::option::of(0..4_u8)), 0..60)
    ) {
        let mut fold = Fold::new();
        for (place, (name, with, instead_of)) in (1..).zip(&steps) {
            let before = fold.model.node(&node(*name)).unwrap().map(|row| row.folder);
            let events = fold.events.len();
            let rejected = fold.command(&join(*name, *with, *instead_of), context(place)).is_err();
            let after = fold.model.node(&node(*name)).unwrap().map(|row| row.folder);
            prop_assert_eq!(rejected, after != Some(folder(*with)));
            prop_assert_eq!(fold.events.len() > events, after != before);
            if let Some(Fact::NodeJoined(fact)) = fold.events[events..].first().map(|event| &event.fact) {
                prop_assert_eq!(fact.replaces, before);
            }
        }
    }
}
