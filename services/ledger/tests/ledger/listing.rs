//! Listings against a list of everything, cut by hand.

use std::collections::BTreeSet;

use domain::row::BucketId;
use domain::{Command, DeleteObject, View};
use events::bucket::Versioning;
use events::ids::{ObjectKey, UploadId, VersionId};
use ledger::{Cost, Entry, Ledger, Page, Snapshot};
use proptest::prelude::*;
use testkit::MemoryLog;
use testkit::commands::create_upload;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::*;

type Key = Vec<u8>;

/// A line without its row: a key with the number that tells its lines apart, or a common prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Line {
    Key(Key, u128),
    Prefix(Key),
}

/// What is asked, apart from the page.
#[derive(Debug, Clone)]
struct Query {
    prefix: Key,
    delimiter: Key,
}

impl Query {
    fn common_prefix<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let rest = key.strip_prefix(self.prefix.as_slice())?;
        let found = (0..rest.len()).find(|at| !self.delimiter.is_empty() && rest[*at..].starts_with(&self.delimiter));
        found.map(|at| &key[..self.prefix.len() + at + self.delimiter.len()])
    }

    /// All lines after `after`, and within that key after `within`, of everything there is, in order.
    fn lines(&self, all: &[(Key, u128)], after: &[u8], within: Option<usize>) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let rolled = self.common_prefix(after) == Some(after) && !after.is_empty();
        for (place, (key, number)) in all.iter().enumerate() {
            let goes_on = within.is_some_and(|within| key == after && place > within);
            if !key.starts_with(&self.prefix) || (key.as_slice() <= after && !goes_on) {
                continue;
            }
            if rolled && key.starts_with(after) {
                continue;
            }
            let line = match self.common_prefix(key) {
                Some(common) => Line::Prefix(common.to_vec()),
                None => Line::Key(key.clone(), *number),
            };
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        lines
    }
}

fn line<T>(entry: &Entry<T>, number: impl Fn(&T) -> u128) -> Line {
    match entry {
        Entry::Key(key, row) => Line::Key(key.to_vec(), number(row)),
        Entry::CommonPrefix(prefix) => Line::Prefix(prefix.to_vec()),
    }
}

/// One page of one of the listings, with what its last line is called.
fn page(snapshot: &Snapshot, id: BucketId, kind: Kind, page: &Page<'_>, within: Option<u128>) -> (Vec<Line>, bool) {
    match kind {
        Kind::Objects => {
            let listed = snapshot.list_objects(id, page).unwrap();
            (listed.entries.iter().map(|entry| line(entry, |_| 0)).collect(), listed.truncated)
        }
        Kind::Versions => {
            let listed = snapshot.list_versions(id, page, within.map(VersionId::from_u128)).unwrap();
            assert_newest(snapshot, id, &listed.entries);
            (listed.entries.iter().map(|entry| line(entry, |row| row.0.version.as_u128())).collect(), listed.truncated)
        }
        Kind::Uploads => {
            let within = within.map(|id| UploadId(Uuid::from_u128(id)));
            let listed = snapshot.list_uploads(id, page, within).unwrap();
            (listed.entries.iter().map(|entry| line(entry, |row| row.0.0.as_u128())).collect(), listed.truncated)
        }
    }
}

/// Exactly the newest version of a key is marked as such.
fn assert_newest(snapshot: &Snapshot, id: BucketId, entries: &[Entry<(domain::row::VersionRow, bool)>]) {
    for entry in entries {
        if let Entry::Key(key, (row, newest)) = entry {
            let key = ObjectKey::from_bytes(key.clone()).unwrap();
            let version = domain::newest_version(snapshot_tables(snapshot), id, &key).unwrap().unwrap().version;
            assert_eq!(*newest, version == row.version, "{key}");
        }
    }
}

fn snapshot_tables(snapshot: &Snapshot) -> &ledger::Tables<ledger::ReadOnly> {
    snapshot
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Objects,
    Versions,
    Uploads,
}

/// Everything there is, in the order it is listed.
fn everything(
    snapshot: &Snapshot,
    id: BucketId,
    kind: Kind,
    keys: &BTreeSet<Key>,
    uploads: &[(Key, u128)],
) -> Vec<(Key, u128)> {
    if kind == Kind::Uploads {
        return uploads.to_vec();
    }
    let mut all = Vec::new();
    for key in keys {
        let object_key = ObjectKey::from_bytes(key.clone()).unwrap();
        let current = snapshot.current(id, &object_key).unwrap();
        if kind == Kind::Objects {
            all.extend(current.map(|_| (key.clone(), 0)));
            continue;
        }
        let mut below = VersionId::MAX;
        all.extend(current.map(|row| (key.clone(), row.version.as_u128())));
        while let Some(row) = snapshot.newest_below(id, &object_key, below).unwrap() {
            below = row.version;
            all.push((key.clone(), row.version.as_u128()));
        }
    }
    all
}

/// What lies in the bucket of a listing test.
#[derive(Debug, Clone)]
struct Content {
    versioned: bool,
    /// Keys and whether they are deleted; a key may come several times.
    objects: Vec<(Key, bool)>,
    uploads: Vec<Key>,
}

fn key() -> impl Strategy<Value = Key> {
    // Few letters, so that keys share prefixes and delimiters abound; 0xFF and the halves of a two-byte letter.
    let letter = prop::sample::select(vec![&b"a"[..], b"b", b"/", b"/", b"//", b"\xc3\xa9", b"\xc3", b"\xff"]);
    prop::collection::vec(letter, 1..6).prop_map(|letters| letters.concat())
}

fn content() -> impl Strategy<Value = Content> {
    let objects = prop::collection::vec((key(), prop::bool::weighted(0.2)), 0..40);
    (any::<bool>(), objects, prop::collection::vec(key(), 0..15)).prop_map(|(versioned, objects, uploads)| Content {
        versioned,
        objects,
        uploads,
    })
}

fn query() -> impl Strategy<Value = Query> {
    let delimiter = prop::sample::select(vec![&b""[..], b"/", b"//", b"\xc3\xa9", b"a", b"\xff", b"/a"]);
    let prefix = prop_oneof![3 => Just(Vec::new()), 2 => key()];
    (prefix, delimiter).prop_map(|(prefix, delimiter)| Query { prefix, delimiter: delimiter.to_vec() })
}

async fn fill(ledger: &Ledger, content: &Content) -> (BucketId, BTreeSet<Key>, Vec<(Key, u128)>) {
    // Buckets before and behind, for a listing must not leave its own.
    for name in ["before", "bucket", "behind"] {
        ledger.commit(create_bucket(name), origin()).await.unwrap();
        let command =
            Command::PutObject(Box::new(domain::PutObject { bucket: name.parse().unwrap(), ..put("a/b", 0) }));
        if name != "bucket" {
            ledger.commit(command, origin()).await.unwrap();
        }
    }
    if content.versioned {
        let versioning = Command::SetVersioning { bucket: bucket(), versioning: Versioning::Enabled };
        ledger.commit(versioning, origin()).await.unwrap();
    }
    let mut keys = BTreeSet::new();
    for (n, (key, deleted)) in content.objects.iter().enumerate() {
        keys.insert(key.clone());
        let object_key = ObjectKey::from_bytes(key.clone()).unwrap();
        let mut command = put("x", u32::try_from(n).unwrap());
        command.key = object_key.clone();
        let command = if *deleted {
            DeleteObject::new(bucket(), object_key, None).into()
        } else {
            Command::PutObject(Box::new(command))
        };
        ledger.commit(command, origin()).await.unwrap();
    }
    let mut uploads = Vec::new();
    for (n, key) in (1_u128..).zip(&content.uploads) {
        uploads.push((key.clone(), n * 7 % 16));
        let upload = UploadId(Uuid::from_u128(n * 7 % 16));
        let create = create_upload(bucket(), ObjectKey::from_bytes(key.clone()).unwrap(), upload);
        ledger.commit(Command::CreateUpload(Box::new(create)), origin()).await.unwrap();
    }
    uploads.sort();
    let id = ledger.read().await.unwrap().bucket(&bucket()).unwrap().unwrap().id;
    (id, keys, uploads)
}

/// Pages through a listing, and holds each page and all of them together against the list of everything.
fn check_pages(
    snapshot: &Snapshot,
    id: BucketId,
    kind: Kind,
    query: &Query,
    all: &[(Key, u128)],
    max: usize,
) -> Result<(), TestCaseError> {
    let whole = query.lines(all, b"", None);
    let (mut after, mut within, mut seen) = (Vec::new(), None, Vec::new());
    loop {
        let asked = Page { prefix: &query.prefix, delimiter: &query.delimiter, after: &after, max };
        let (lines, truncated) = page(snapshot, id, kind, &asked, within);
        prop_assert!(lines.len() <= max);
        seen.extend(lines.iter().cloned());
        prop_assert_eq!(truncated, seen.len() < whole.len(), "{:?}: page after {:?}", kind, after);
        if !truncated {
            break;
        }
        match lines.last() {
            Some(Line::Key(key, number)) => {
                after.clone_from(key);
                within = (kind != Kind::Objects).then_some(*number);
            }
            Some(Line::Prefix(prefix)) => {
                after.clone_from(prefix);
                within = None;
            }
            None => return Err(TestCaseError::fail("a page without lines before the end")),
        }
    }
    prop_assert_eq!(seen, whole);
    Ok(())
}

/// A client may go on from anywhere, not only from where a page ended.
fn check_marker(
    snapshot: &Snapshot,
    id: BucketId,
    kind: Kind,
    query: &Query,
    all: &[(Key, u128)],
    marker: &Key,
    within: bool,
) -> Result<(), TestCaseError> {
    let asked = Page { prefix: &query.prefix, delimiter: &query.delimiter, after: marker, max: 1000 };
    let place = all.iter().position(|(key, _)| key == marker).filter(|_| within && kind != Kind::Objects);
    // Within a key one goes on only where the key is listed by itself.
    let (lines, truncated) = page(snapshot, id, kind, &asked, place.map(|place| all[place].1));
    let place = place.filter(|_| query.common_prefix(marker).is_none());
    prop_assert_eq!(lines, query.lines(all, marker, place), "{:?} after {:?}", kind, marker);
    prop_assert!(!truncated);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_show_everything_once(
        content in content(),
        queries in prop::collection::vec((query(), 1_usize..9, key(), any::<bool>()), 20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (folder, log) = (Folder::new(), MemoryLog::new());
        let (snapshot, (id, keys, uploads)) = runtime.block_on(async {
            let ledger = open(&log, &folder.file("one"), true).await;
            let filled = fill(&ledger, &content).await;
            // The ledger lives on: without it there is nothing to read.
            ((ledger.read().await.unwrap(), ledger), filled)
        });
        for kind in [Kind::Objects, Kind::Versions, Kind::Uploads] {
            let all = everything(&snapshot.0, id, kind, &keys, &uploads);
            for (query, max, marker, within) in &queries {
                check_pages(&snapshot.0, id, kind, query, &all, *max)?;
                check_marker(&snapshot.0, id, kind, query, &all, marker, *within)?;
                if let Some((marker, _)) = all.get(all.len() / 2) {
                    check_marker(&snapshot.0, id, kind, query, &all, marker, *within)?;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_nothing_is_empty() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    ledger.commit(put_object("key", 1), origin()).await.unwrap();
    let snapshot = ledger.read().await.unwrap();
    let id = snapshot.bucket(&bucket()).unwrap().unwrap().id;
    let nothing = Page { prefix: b"", delimiter: b"/", after: b"", max: 0 };
    for kind in [Kind::Objects, Kind::Versions, Kind::Uploads] {
        assert_eq!(page(&snapshot, id, kind, &nothing, None), (vec![], false));
    }
}

/// What a page of a thousand takes to read: seeks and rows.
fn cost(snapshot: &Snapshot, kind: Kind, page: &Page<'_>) -> (usize, Cost) {
    let id = snapshot.bucket(&bucket()).unwrap().unwrap().id;
    match kind {
        Kind::Objects => snapshot.list_objects(id, page).map(|page| (page.entries.len(), page.cost)).unwrap(),
        _ => snapshot.list_versions(id, page, None).map(|page| (page.entries.len(), page.cost)).unwrap(),
    }
}

/// Commits many at once, so that the ledger makes batches of them; not more than it takes without refusing some.
async fn commit_all(ledger: &Ledger, commands: impl Iterator<Item = Command>) {
    const AT_ONCE: usize = 1_000;
    let mut committing = JoinSet::new();
    for command in commands {
        if committing.len() == AT_ONCE {
            committing.join_next().await.unwrap().unwrap();
        }
        let ledger = ledger.clone();
        committing.spawn(async move { ledger.commit(command, origin()).await.unwrap() });
    }
    while let Some(committed) = committing.join_next().await {
        committed.unwrap();
    }
}

/// Counted, not timed: what lies below a common prefix is passed over in one seek, however much that is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_common_prefix_costs_one_seek() {
    const FEW: u32 = 5;
    const MANY: u32 = 5_000;
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let names = [("few", FEW), ("many", MANY)]
        .into_iter()
        .flat_map(|(top, count)| (0..count).map(move |n| format!("{top}/{}/{n:05}", n % 5)));
    commit_all(&ledger, names.map(|name| put_object(&name, 1))).await;
    let snapshot = ledger.read().await.unwrap();
    for (kind, seeks) in [(Kind::Objects, 1), (Kind::Versions, 2)] {
        for prefix in [&b"few/"[..], b"many/"] {
            let asked = Page { prefix, delimiter: b"/", after: b"", max: 1000 };
            let (lines, cost) = cost(&snapshot, kind, &asked);
            // One for each of the five common prefixes, and one to see that there are no more.
            assert_eq!((lines, cost.seeks), (5, 6 * seeks), "{kind:?}");
            assert!(cost.rows <= 6 * seeks, "{kind:?}: {cost:?}");
        }
        // A page from the depth of a bucket costs what the first one does.
        for after in [&b""[..], b"many/2/00002", b"many/4"] {
            let asked = Page { prefix: b"many/", delimiter: b"", after, max: 100 };
            let (lines, cost) = cost(&snapshot, kind, &asked);
            assert_eq!(lines, 100);
            assert!(cost.seeks <= 101 * 4 && cost.rows <= 101 * 3, "{kind:?} after {after:?}: {cost:?}");
        }
    }
}

/// Versions that are not current, and delete markers, are no burden to a listing of what is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_current_costs_a_listing_nothing() {
    const VERSIONS: u32 = 2_000;
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let versioning = Command::SetVersioning { bucket: bucket(), versioning: Versioning::Enabled };
    ledger.commit(versioning, origin()).await.unwrap();
    commit_all(&ledger, (0..VERSIONS).map(|n| put_object("b", n))).await;
    let marked =
        |n| DeleteObject::new(bucket(), ObjectKey::from_bytes(format!("c{n:05}").into_bytes()).unwrap(), None).into();
    commit_all(&ledger, (0..VERSIONS).map(marked)).await;
    commit_all(&ledger, ["a", "d"].into_iter().map(|key| put_object(key, 1))).await;
    let snapshot = ledger.read().await.unwrap();
    let all = Page { prefix: b"", delimiter: b"", after: b"", max: 1000 };
    assert_eq!(cost(&snapshot, Kind::Objects, &all), (3, Cost { seeks: 1, rows: 3 }));
    let rolled = Page { delimiter: b"c", ..all };
    let (lines, cost) = cost(&snapshot, Kind::Versions, &Page { after: b"b", ..rolled });
    assert_eq!((lines, cost.seeks), (2, 3 * 2 + 2), "the markers are one common prefix");
}
