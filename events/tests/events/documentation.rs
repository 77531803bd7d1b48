//! The pages of reference are what the types of events say, and no other page is beside them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use events::FactKind;

use crate::files::{self, BLESS};
use crate::pages::{INDEX, index, pages};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/events")
}

fn example(kind: &FactKind) -> String {
    let name = format!("{}.json", kind.name());
    files::text("examples", &name).unwrap_or_else(|| panic!("{name} is missing; write it: {BLESS}"))
}

#[test]
fn the_pages_of_events_are_up_to_date() {
    let page = |name: &str| fs::read_to_string(folder().join(name)).unwrap_or_default();
    let pages = pages(example);
    for (name, text) in &pages {
        assert!(page(name) == *text, "docs/events/{name} is not what events/ generates; write it: {BLESS}");
    }
    let found = page(INDEX);
    assert!(
        index(&found).as_ref() == Some(&found),
        "docs/events/{INDEX} has another table of types; write it: {BLESS}"
    );
    let by_hand = [INDEX, "examples"].map(str::to_owned);
    let owned: BTreeSet<_> = pages.into_keys().chain(by_hand).collect();
    let there = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.collect::<BTreeSet<_>>(), owned, "the pages of docs/events");
}
