//! The operations in docs/s3-compatibility.md, compared with those that exist.

use std::collections::{BTreeMap, BTreeSet};

use s3::Operation;

/// `| GetObject | works | ... |`
fn rows() -> BTreeMap<String, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/s3-compatibility.md");
    let document = std::fs::read_to_string(path).unwrap();
    let cells = document.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
    });
    cells.filter(|(_, state)| ["works", "partial", "501"].contains(&state.as_str())).collect()
}

#[test]
fn the_table_of_operations_is_true() {
    let rows = rows();
    let built: BTreeSet<&str> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    let said: BTreeSet<&str> =
        rows.iter().filter(|(_, state)| *state != "501").map(|(name, _)| name.as_str()).collect();
    let unsaid: Vec<_> = built.difference(&said).collect();
    assert!(unsaid.is_empty(), "built, and not said to be so in docs/s3-compatibility.md: {unsaid:?}");
    let wrong: Vec<_> = said.difference(&built).collect();
    assert!(wrong.is_empty(), "said to be built, and not: {wrong:?}");
}
