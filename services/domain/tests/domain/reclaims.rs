//! Contents that nothing refers to, and what is too old to be named.

use domain::row::{DebtRow, TotalsRow};
use domain::{
    Command, DedupScope, ENDED_FORGOTTEN_MAX, FACT_CHANGES_MAX, MoveHorizon, NewBody, Outcome, Precondition, PutObject,
    RECLAIMED_MAX, ReclaimContents, Rejection, View, project,
};
use events::Fact;
use events::content::{Fault, ReclaimCause};
use events::ids::{ContentId, Generation};
use jiff::Timestamp;
use uuid::Uuid;

use crate::fold::{Fold, region};
use crate::given::*;
use crate::health::{note, put_striped};

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);

pub(crate) fn reclaim(contents: &[ContentId], up_to: u64) -> Command {
    ReclaimContents { bucket: bucket(), contents: contents.to_vec(), up_to, cause: ReclaimCause::Unreferenced }.into()
}

/// Moves the horizon to so many milliseconds after 1970.
pub(crate) fn horizon(milliseconds: i64) -> Command {
    let before = Timestamp::from_millisecond(milliseconds).unwrap();
    MoveHorizon { region: region(), before, upload_seconds: 60 }.into()
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is compared with it")]
fn reclaimed(contents: &[ContentId]) -> Result<Outcome, Rejection> {
    Ok(Outcome::Reclaimed { contents: contents.to_vec() })
}

/// Bytes that a letter stands for are stored and deleted. The delete is the third event.
fn deleted_content() -> Vec<Command> {
    vec![create_bucket(), put_striped(b'a', 1), delete(None)]
}

#[test]
fn a_content_that_nothing_refers_to_ends_with_all_that_was_kept_of_it() {
    let it = content(b'a', 1);
    let given = [&deleted_content()[..], &[note(it, &[(2, 3, Some(Fault::Missing))])]].concat();
    let fold = accepted(&given, &reclaim(&[it], 3), &reclaimed(&[it]));
    assert!(fold.model.contents.is_empty() && fold.model.faults.is_empty() && fold.model.unreferenced.is_empty());
    assert_eq!(fold.model.debt, DebtRow::default());
    let growth_from = fold.model.totals.growth_from;
    assert_eq!(fold.model.totals, TotalsRow { growth_from, ..TotalsRow::default() });
    let ended = fold.model.ended(it.generation).unwrap().unwrap();
    assert_eq!((ended.bucket, ended.sequence, fold.model.ended.len()), (bucket(), 5, 1));
    let Some(Fact::ContentReclaimed(fact)) = fold.events.last().map(|event| &event.fact) else { panic!("no fact") };
    assert_eq!((fact.contents.as_slice(), fact.up_to), ([it].as_slice(), 3));
}

#[test]
fn what_is_referred_to_or_was_until_lately_or_lies_elsewhere_is_left_out() {
    let (it, other) = (content(b'a', 1), content(b'b', 1));
    unchanged(&deleted_content(), &reclaim(&[it], 2), &reclaimed(&[]));
    unchanged(&deleted_content()[..2], &reclaim(&[it], u64::MAX), &reclaimed(&[]));
    unchanged(&deleted_content(), &reclaim(&[other], u64::MAX), &reclaimed(&[]));
    let elsewhere = ReclaimContents {
        bucket: "other".parse().unwrap(),
        contents: vec![it],
        up_to: u64::MAX,
        cause: ReclaimCause::Unreferenced,
    };
    unchanged(&deleted_content(), &elsewhere.into(), &reclaimed(&[]));
    let again = [&deleted_content()[..], &[put_striped(b'a', 1)]].concat();
    unchanged(&again, &reclaim(&[it], u64::MAX), &reclaimed(&[]));
    let twice = [&again[..], &[delete(None)]].concat();
    unchanged(&twice, &reclaim(&[it], 4), &reclaimed(&[])); // the last one went with event 5
    accepted(&twice, &reclaim(&[other, it, it], 5), &reclaimed(&[it]));
}

#[test]
fn what_ended_is_stored_again_under_another_name_only() {
    let gone = [&deleted_content()[..], &[reclaim(&[content(b'a', 1)], 3)]].concat();
    rejected(&gone, &put_striped(b'a', 1), Rejection::StagedTooOld);
    let known = put_body(b'a', 10, NewBody::Known(content(b'a', 1)), Precondition::default());
    rejected(&gone, &known, Rejection::ContentGone);
    rejected(&gone, &note(content(b'a', 1), &[]), Rejection::ContentGone);
    accepted(&gone, &put_striped(b'a', 2), &stored(b'a', None, true));
    // Nor does any other content get the name of one that is there.
    let there = content(b'a', 1);
    let thief = ContentId { generation: there.generation, ..content(b'b', 1) };
    let NewBody::Staged { placement, .. } = staged(b'b', 1) else { unreachable!("it is staged") };
    let put = put_body(b'b', 10, staged_on(thief, placement), Precondition::default());
    rejected(&deleted_content()[..2], &put, Rejection::StagedTooOld);
}

/// Many contents of one bucket, which nothing refers to.
fn many(count: u128) -> (Fold, Vec<ContentId>) {
    let mut fold = Fold::new();
    fold.command(&create_bucket(), context(1)).unwrap();
    for n in 1..=count {
        let body = if n == 1 { staged(b'a', n) } else { instead_of(staged(b'a', n), content(b'a', n - 1)) };
        fold.command(&put_body(b'a', 10, body, Precondition::default()), context(n + 1)).unwrap();
    }
    fold.command(&delete(None), context(count + 2)).unwrap();
    (fold, (1..=count).map(|n| content(b'a', n)).collect())
}

#[test]
fn a_fact_ends_a_bounded_number_of_contents() {
    let (mut fold, contents) = many(100);
    let answer = fold.command(&reclaim(&contents, u64::MAX), context(200)).unwrap();
    assert_eq!(answer, Outcome::Reclaimed { contents: contents[..RECLAIMED_MAX].to_vec() });
    let mut before = domain::model::Model::default();
    fold.events[..fold.events.len() - 1].iter().for_each(|event| crate::fold::apply(&mut before, event));
    let changes = project(&before, fold.events.last().unwrap()).unwrap();
    assert!(changes.iter().filter(|change| change.counts()).count() <= FACT_CHANGES_MAX);
    assert_eq!(fold.model.totals.contents, 52);
}

#[test]
fn names_below_the_horizon_are_forgotten_some_at_a_time() {
    let count = ENDED_FORGOTTEN_MAX + 40;
    let (mut fold, contents) = many(count as u128);
    let mut place = 10_000;
    let mut next = || {
        place += 1;
        context(place)
    };
    while fold.model.totals.contents > 0 {
        fold.command(&reclaim(&contents, u64::MAX), next()).unwrap();
    }
    assert_eq!(fold.model.ended.len(), count);
    fold.command(&horizon(1), next()).unwrap();
    assert_eq!(fold.model.ended.len(), 40);
    fold.command(&horizon(1), next()).unwrap();
    assert!(fold.model.ended.is_empty());
    let events = fold.events.len();
    fold.command(&horizon(1), next()).unwrap();
    assert_eq!(fold.events.len(), events, "there is nothing left to do");
}

/// Bytes whose upload began so many milliseconds after 1970.
fn put_begun_at(milliseconds: u64) -> Command {
    let uuid = Generation::not_before(Uuid::from_u128(8), milliseconds);
    let content = ContentId { generation: Generation::tagged(uuid, 1), ..content(b'x', 1) };
    let NewBody::Staged { placement, .. } = staged(b'x', 1) else { unreachable!("it is staged") };
    put_body(b'x', 10, staged_on(content, placement), Precondition::default())
}

#[test]
fn what_was_uploaded_before_the_horizon_is_not_named() {
    let given = [create_bucket(), horizon(5_000)];
    rejected(&given, &put_begun_at(4_999), Rejection::StagedTooOld);
    let fold = accepted(&given, &put_begun_at(5_000), &stored(b'x', None, true));
    assert_eq!((fold.model.totals.horizon, fold.model.totals.upload_time), (5_000, 60_000));
    // What is there may be referred to, however old it is.
    let older = [create_bucket(), put_begun_at(4_000), horizon(5_000)];
    accepted(&older, &put_begun_at(4_000), &stored(b'x', None, true));
    accepted(&older, &put_begun_at(6_000), &stored(b'x', None, false));
}

#[test]
fn the_horizon_goes_forward_and_not_beyond_the_present() {
    let given = [create_bucket(), horizon(5_000)];
    unchanged(&given, &horizon(5_000), &DONE);
    let fold = unchanged(&given, &horizon(4_000), &DONE);
    assert_eq!(fold.model.totals.horizon, 5_000);
    accepted(&given, &horizon(5_001), &DONE);
    let now = context(1).now.as_millisecond();
    accepted(&given, &horizon(now), &DONE);
    rejected(&given, &horizon(now + 1), Rejection::HorizonAhead);
}

fn put_in(name: &str, n: u128, scope: DedupScope) -> Command {
    let NewBody::Staged { content, placement, chosen_at, instead_of, .. } = staged(b'a', n) else {
        unreachable!("it is staged")
    };
    let body = NewBody::Staged { content, placement, chosen_at, instead_of, scope };
    let Command::PutObject(put) = put_body(b'a', 10, body, Precondition::default()) else { unreachable!("it puts") };
    Command::PutObject(Box::new(PutObject { bucket: name.parse().unwrap(), ..*put }))
}

#[test]
fn bytes_are_looked_for_within_the_scope_of_deduplication() {
    let other = |bucket: &str| match create_bucket() {
        Command::CreateBucket { owner, acl, ownership, object_lock, location, tags, .. } => {
            let bucket = bucket.parse().unwrap();
            Command::CreateBucket { bucket, owner, acl, ownership, object_lock, location, tags }
        }
        other => panic!("{other:?}"),
    };
    let given = [create_bucket(), other("other"), put_in("bucket", 1, DedupScope::Off)];
    for (name, scope, is_stored) in [
        ("bucket", DedupScope::Region, false),
        ("other", DedupScope::Region, false),
        ("bucket", DedupScope::Bucket, false),
        ("other", DedupScope::Bucket, true),
        ("bucket", DedupScope::Off, true),
    ] {
        let fold = accepted(&given, &put_in(name, 2, scope), &stored(b'a', None, is_stored));
        assert_eq!(fold.model.contents.len(), if is_stored { 2 } else { 1 }, "{name} {scope:?}");
    }
    // Whoever looks in one bucket finds its own among the newer ones of others.
    let both = [&given[..], &[put_in("other", 2, DedupScope::Bucket)]].concat();
    accepted(&both, &put_in("bucket", 3, DedupScope::Bucket), &stored(b'a', None, false));
    // A later bucket of the name is another one.
    let deleted = [&given[..], &[delete(None), Command::DeleteBucket { bucket: bucket() }, create_bucket()]].concat();
    accepted(&deleted, &put_in("bucket", 2, DedupScope::Bucket), &stored(b'a', None, true));
    accepted(&deleted, &put_in("bucket", 2, DedupScope::Region), &stored(b'a', None, false));
}
