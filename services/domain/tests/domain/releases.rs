//! Commands that end many parts change a few rows; later facts free the parts, each a bounded number.

use domain::model::Model;
use domain::row::BucketId;
use domain::{Command, FREED_AT_ONCE_MAX, Outcome, Rejection, View, project};
use events::ids::Md5Digest;

use crate::fold::Fold;
use crate::given::*;

/// The maximum number of rows that a fact may change, whatever it ends.
const CHANGES_MAX: usize = 200;

/// Parts of an upload that has many.
const PARTS: u16 = 2_000;

/// One part more than is freed at once.
const MANY: u16 = 65;

/// An upload of `parts` parts, each with its own content.
fn uploaded(fold: &mut Fold, n: u128, parts: u16) {
    does(fold, &begin(n));
    for number in 1..=parts {
        let Command::StorePart(mut store) = part_body(n, number, b'x', 5 * MIB, content_of(number)) else {
            unreachable!("it stores a part")
        };
        store.md5 = Md5Digest([b'x'; 16]);
        does(fold, &Command::StorePart(store));
    }
}

/// Content number `number`.
fn content_of(number: u16) -> domain::NewBody {
    let domain::NewBody::Staged { mut content, placement, .. } = staged(b'x', u128::from(number)) else {
        unreachable!("it is staged")
    };
    content.sha256.0[..2].copy_from_slice(&number.to_be_bytes());
    staged_on(content, placement)
}

fn does(fold: &mut Fold, command: &Command) {
    let place = fold.events.len() as u128 + 1;
    fold.command(command, context(place)).unwrap();
}

/// The rows that the last event changed.
fn changes_of_last(fold: &Fold) -> usize {
    let (last, before) = fold.events.split_last().unwrap();
    let mut model = Model::default();
    for event in before {
        crate::fold::apply(&mut model, event);
    }
    project(&model, last).unwrap().len()
}

fn references(model: &Model) -> u64 {
    model.contents.values().map(|row| row.references).sum()
}

/// Frees everything that is being released. Returns the number of facts, none of which changed more than a few rows for
/// each part.
fn free_all(fold: &mut Fold, max: u16) -> usize {
    let before = fold.events.len();
    loop {
        let (events, was) = (fold.events.len(), fold.model.clone());
        does(fold, &Command::ReleaseParts { max });
        let Some(event) = fold.events.get(events) else { return events - before };
        let changes = project(&was, event).unwrap().len();
        assert!(changes <= 3 * usize::from(max) + 8, "{changes} rows for {max} parts");
    }
}

/// An object of this many parts, under `k`.
fn object_of(parts: u16) -> Fold {
    let mut fold = Fold::new();
    does(&mut fold, &create_bucket());
    uploaded(&mut fold, 1, parts);
    let taken: Vec<_> = (1..=parts).map(|number| (number, b'x')).collect();
    does(&mut fold, &complete(1, &taken));
    fold
}

#[test]
fn ending_an_object_of_many_parts_changes_few_rows() {
    let ends = [("deleted", delete(None)), ("replaced", put(b'a'))];
    for (what, command) in ends {
        let mut fold = object_of(PARTS);
        let before = fold.model.usage.clone();
        does(&mut fold, &command);
        let changes = changes_of_last(&fold);
        assert!(changes <= CHANGES_MAX, "{what}: {changes} rows");
        assert_ne!(fold.model.usage, before, "{what}: what is used is exact at once");
        assert!(references(&fold.model) >= u64::from(PARTS), "{what}: references are not given up yet");
        let facts = free_all(&mut fold, 100);
        assert!((20..=21).contains(&facts), "{what}: {facts} facts");
        assert_eq!(references(&fold.model), u64::from(what == "replaced"), "{what}");
        assert!(fold.model.parts.is_empty() && fold.model.manifests.is_empty(), "{what}");
        assert!(fold.model.contents.values().filter(|row| row.unreferenced.is_some()).count() >= usize::from(PARTS));
    }
}

#[test]
fn giving_up_an_upload_of_many_parts_changes_few_rows() {
    let mut fold = Fold::new();
    does(&mut fold, &create_bucket());
    uploaded(&mut fold, 1, PARTS);
    does(&mut fold, &abort(1));
    assert!(changes_of_last(&fold) <= CHANGES_MAX, "{} rows", changes_of_last(&fold));
    assert_eq!(fold.model.usage.values().map(|row| row.parts_bytes).sum::<u64>(), 0, "exact at once");
    free_all(&mut fold, 100);
    assert_eq!((references(&fold.model), fold.model.parts.len()), (0, 0));
}

#[test]
fn deleting_a_bucket_of_many_uploads_changes_few_rows() {
    for (uploads, parts) in [(300, 0), (3, 500), (70, 2)] {
        let mut fold = Fold::new();
        does(&mut fold, &create_bucket());
        for n in 1..=uploads {
            uploaded(&mut fold, n, parts);
        }
        does(&mut fold, &Command::DeleteBucket { bucket: bucket() });
        assert!(changes_of_last(&fold) <= CHANGES_MAX, "{} rows", changes_of_last(&fold));
        // A new bucket of the same name has none of them.
        does(&mut fold, &create_bucket());
        let id = fold.model.buckets[&bucket()].id;
        assert_eq!(fold.model.uploads(id, usize::MAX), Ok(vec![]));
        does(&mut fold, &begin(1_000));
        does(&mut fold, &part(1_000, 1, b'a', 10));
        free_all(&mut fold, 64);
        let left: Vec<BucketId> = fold.model.uploads.keys().map(|(bucket, ..)| *bucket).collect();
        assert_eq!((left, fold.model.parts.len()), (vec![id], 1), "only the new bucket's");
        assert_eq!(references(&fold.model), 1);
    }
}

/// An object uses some parts, and many are left out: readers never see these.
#[test]
fn parts_that_an_object_does_without_are_never_its() {
    let mut fold = Fold::new();
    does(&mut fold, &create_bucket());
    uploaded(&mut fold, 1, 300);
    let taken: Vec<_> = (1..=300).step_by(3).map(|number| (number, b'x')).collect();
    does(&mut fold, &complete(1, &taken));
    assert!(changes_of_last(&fold) <= CHANGES_MAX, "{} rows", changes_of_last(&fold));
    let numbers = |fold: &Fold| {
        let Ok(parts) = fold.model.parts(upload(1));
        parts.into_iter().map(|(number, _)| number.get()).collect::<Vec<_>>()
    };
    let expected: Vec<_> = taken.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers(&fold), expected);
    does(&mut fold, &Command::ReleaseParts { max: 50 });
    assert_eq!(numbers(&fold), expected, "half way");
    free_all(&mut fold, 50);
    assert_eq!(numbers(&fold), expected);
    assert_eq!((fold.model.parts.len(), references(&fold.model)), (100, 100));
}

/// If an object ends while its unused parts are being freed, its own parts are released too.
#[test]
fn an_object_may_end_while_others_parts_of_its_upload_are_freed() {
    let mut fold = Fold::new();
    does(&mut fold, &create_bucket());
    uploaded(&mut fold, 1, 300);
    let taken: Vec<_> = (1..=300).step_by(3).map(|number| (number, b'x')).collect();
    does(&mut fold, &complete(1, &taken));
    does(&mut fold, &Command::ReleaseParts { max: 50 });
    does(&mut fold, &delete(None));
    free_all(&mut fold, 50);
    assert_eq!((fold.model.parts.len(), references(&fold.model)), (0, 0));
}

/// The fact that ends a few parts frees them, as before.
#[test]
fn few_parts_take_no_further_fact() {
    let mut fold = object_of(u16::try_from(FREED_AT_ONCE_MAX).unwrap());
    does(&mut fold, &delete(None));
    assert_eq!((fold.model.parts.len(), references(&fold.model)), (0, 0));
    assert_eq!(free_all(&mut fold, 1), 0);
}

/// A client that lost the answer retries, and an id cannot be used again while parts of its first use are left.
#[test]
fn an_upload_that_ended_is_not_begun_again_among_its_old_parts() {
    let mut fold = Fold::new();
    does(&mut fold, &create_bucket());
    uploaded(&mut fold, 1, MANY);
    does(&mut fold, &abort(1));
    does(&mut fold, &begin(1));
    let answer = fold.command(&part(1, 1, b'a', 10), context(900));
    assert_eq!(answer, Err(Rejection::NoSuchUpload));
    free_all(&mut fold, 10);
    assert_eq!(fold.command(&begin(1), context(901)), Ok(Outcome::Done));
    let Ok(parts) = fold.model.parts(upload(1));
    assert_eq!(parts, []);
}
