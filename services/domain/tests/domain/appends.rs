//! Appends to objects.

use domain::row::{BodyRow, ObjectRow, PartRow};
use domain::{AppendObject, Command, NewBody, OBJECT_BYTES_MAX, Outcome, PARTS_MAX, Precondition, Rejection};
use events::Fact;
use events::bucket::Versioning::{Enabled, Suspended};
use events::encryption::{Encryption, Method};
use events::ids::{ETag, Md5Digest, Salt, VersionId};
use events::quota::{Quota, Resource};

use crate::fold::Fold;
use crate::given::*;

/// The entity tag after an append.
fn whole(parts: u16) -> ETag {
    ETag { md5: Md5Digest([b'+'; 16]), parts: Some(parts) }
}

/// Appends seven bytes, named by a letter, to the object under `k`.
fn append(offset: u64, bytes: u8) -> AppendObject {
    AppendObject {
        bucket: bucket(),
        key: key("k"),
        version: None,
        offset,
        size: 7,
        md5: etag(bytes).md5,
        body: staged(bytes, u128::from(bytes)),
        checksum: None,
        salt: None,
        whole_md5: whole(1).md5,
        whole_checksum: None,
        upload: upload(1000 + u128::from(offset)),
        precondition: Precondition::default(),
    }
}

fn longer(offset: u64, bytes: u8) -> Command {
    append(offset, bytes).into()
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is compared with it")]
fn appended(parts: u16, staged_in_use: bool) -> Result<Outcome, Rejection> {
    Ok(Outcome::Stored { version: None, etag: whole(parts), modified: context(0).now, staged_in_use })
}

fn given(more: &[Command]) -> Vec<Command> {
    [create_bucket()].into_iter().chain(more.iter().cloned()).collect()
}

fn object(fold: &Fold, place: &str) -> ObjectRow {
    let row = fold.model.current.iter().find(|((_, found), _)| *found == key(place)).unwrap().1;
    row.object.clone().unwrap()
}

fn parts(fold: &Fold, place: &str) -> Vec<(u16, PartRow)> {
    let BodyRow::Parts(upload) = object(fold, place).body else { panic!("it lies in no parts") };
    let parts = fold.model.parts.iter().filter(|((of, _), _)| *of == upload);
    parts.map(|((_, number), part)| (number.get(), part.clone())).collect()
}

fn sizes(fold: &Fold, place: &str) -> Vec<(u16, u64)> {
    parts(fold, place).into_iter().map(|(number, part)| (number, part.size)).collect()
}

fn references(fold: &Fold) -> u64 {
    fold.model.contents.values().map(|row| row.references).sum()
}

/// A copy of the present object under `k`.
fn copy(fold: &Fold, place: &str) -> Command {
    let from = object(fold, "k");
    let body = match from.body {
        BodyRow::Empty => NewBody::Empty,
        BodyRow::Content(content) => NewBody::Known(content),
        BodyRow::Parts(upload) => NewBody::Parts(upload),
    };
    let Command::PutObject(mut put) = put_body(b'z', from.size, body, Precondition::default()) else { unreachable!() };
    put.key = key(place);
    put.etag = from.etag;
    Command::PutObject(put)
}

fn fold_of(commands: &[Command]) -> Fold {
    let mut fold = Fold::new();
    for (place, command) in (1..).zip(commands) {
        fold.command(command, context(place)).unwrap();
    }
    fold
}

#[test]
fn an_object_gets_longer_and_keeps_what_was_said_of_it() {
    let before = fold_of(&given(&[put(b'a')]));
    let fold = accepted(&given(&[put(b'a')]), &longer(10, b'b'), &appended(2, true));
    let (was, is) = (object(&before, "k"), object(&fold, "k"));
    assert_eq!((is.size, is.etag), (17, whole(2)));
    assert_eq!((&is.attributes, &is.owner, &is.acl), (&was.attributes, &was.owner, &was.acl));
    assert_eq!(sizes(&fold, "k"), [(1, 10), (2, 7)]);
    let usage = fold.model.usage.values().next().unwrap();
    assert_eq!((usage.objects, usage.bytes, usage.parts_bytes), (1, 17, 0));
    assert_eq!(references(&fold), 2);
    let versions = |fold: &Fold| fold.model.current.values().map(|row| row.version).collect::<Vec<_>>();
    assert_eq!(versions(&fold), versions(&before));
}

#[test]
fn a_fact_holds_nothing_but_the_part_that_came() {
    let mut fold = fold_of(&given(&[put(b'a')]));
    let mut lengths = Vec::new();
    for n in 0..50_u64 {
        fold.command(&longer(10 + 7 * n, b'b'), context(10 + u128::from(n))).unwrap();
        let event = fold.events.last().unwrap();
        assert!(matches!(event.fact, Fact::ObjectAppended(_)));
        lengths.push(event.encode(&crate::fold::region()).unwrap().len());
    }
    assert!(lengths[49] < lengths[1] + 20, "{lengths:?}");
    assert_eq!(sizes(&fold, "k").len(), 51);
    // All of them in one manifest, to which only its object refers.
    assert_eq!(fold.model.manifests.len(), 1);
}

#[test]
fn of_two_who_append_at_one_offset_one_is_too_late() {
    let taken = given(&[put(b'a'), longer(10, b'b')]);
    rejected(&taken, &longer(10, b'c'), Rejection::WrongOffset);
    let fold = accepted(&taken, &longer(17, b'c'), &appended(3, true));
    assert_eq!(sizes(&fold, "k"), [(1, 10), (2, 7), (3, 7)]);
}

#[test]
fn what_does_not_end_there_or_is_not_there_is_refused() {
    rejected(&[], &longer(0, b'a'), Rejection::NoSuchBucket);
    for offset in [0, 1, 10] {
        rejected(&given(&[]), &longer(offset, b'a'), Rejection::WrongOffset);
    }
    for offset in [0, 9, 11, u64::MAX] {
        rejected(&given(&[put(b'a')]), &longer(offset, b'b'), Rejection::WrongOffset);
    }
    let nothing = AppendObject { size: 0, body: NewBody::Empty, ..append(10, b'b') };
    rejected(&given(&[put(b'a')]), &nothing.into(), Rejection::NothingToAppend);
    let another = AppendObject { version: Some(VersionId::from_u128(7)), ..append(10, b'b') };
    rejected(&given(&[put(b'a')]), &another.into(), Rejection::SourceChanged);
    let huge = AppendObject { size: OBJECT_BYTES_MAX, ..append(10, b'b') };
    let size = OBJECT_BYTES_MAX + 10;
    rejected(&given(&[put(b'a')]), &huge.into(), Rejection::ObjectTooLarge { size });
    let nested = AppendObject { body: NewBody::Parts(upload(1)), ..append(10, b'b') };
    rejected(&given(&[put(b'a')]), &nested.into(), Rejection::ContentGone);
}

#[test]
fn an_empty_object_takes_its_first_bytes() {
    let empty = put_body(b'e', 0, NewBody::Empty, Precondition::default());
    let fold = accepted(&given(&[empty]), &longer(0, b'a'), &appended(1, true));
    assert_eq!(sizes(&fold, "k"), [(1, 7)]);
}

#[test]
fn nothing_is_appended_where_versions_are_kept() {
    for versionings in [&[Enabled][..], &[Enabled, Suspended]] {
        let switches: Vec<_> = versionings.iter().map(|to| versioning(*to)).collect();
        let given = given(&[&[put(b'a')], switches.as_slice()].concat());
        rejected(&given, &longer(10, b'b'), Rejection::AppendAmongVersions);
    }
}

#[test]
fn conditions_are_about_the_object() {
    let on = |precondition| Command::from(AppendObject { precondition, ..append(10, b'b') });
    let given = given(&[put(b'a')]);
    accepted(&given, &on(if_match(&[&etag(b'a').to_string()])), &appended(2, true));
    rejected(&given, &on(if_match(&[&etag(b'b').to_string()])), Rejection::PreconditionFailed);
    rejected(&given, &on(if_none_match(&["*"])), Rejection::PreconditionFailed);
}

#[test]
fn a_quota_counts_what_is_added() {
    let quota = |bytes| {
        let quota = Quota { bytes: Some(bytes), objects: Some(1) };
        Command::SetQuota { bucket: bucket(), quota }
    };
    let limit = 16;
    let over = Rejection::QuotaExceeded { resource: Resource::Bytes, limit };
    rejected(&given(&[put(b'a'), quota(limit)]), &longer(10, b'b'), over);
    accepted(&given(&[put(b'a'), quota(1000)]), &longer(10, b'b'), &appended(2, true));
}

#[test]
fn bytes_that_are_known_are_stored_once() {
    let fold = accepted(&given(&[put(b'a')]), &longer(10, b'a'), &appended(2, false));
    assert_eq!((fold.model.contents.len(), references(&fold)), (1, 2));
    let gone = fold_of(&given(&[put(b'a'), longer(10, b'a'), delete(None)]));
    assert_eq!(references(&gone), 0);
    assert!(gone.model.parts.is_empty() && gone.model.manifests.is_empty());
}

#[test]
fn a_copy_does_not_grow_with_its_source() {
    let mut commands = given(&[put(b'a'), longer(10, b'b')]);
    commands.push(copy(&fold_of(&commands), "copy"));
    let fold = accepted(&commands, &longer(17, b'c'), &appended(3, true));
    assert_eq!(sizes(&fold, "copy"), [(1, 10), (2, 7)]);
    assert_eq!(sizes(&fold, "k"), [(1, 10), (2, 7), (3, 7)]);
    assert_eq!(references(&fold), 5);
    // By now each has parts of its own, which are removed with it.
    commands.extend([longer(17, b'c'), delete(None)]);
    let fold = fold_of(&commands);
    assert_eq!((references(&fold), sizes(&fold, "copy")), (2, vec![(1, 10), (2, 7)]));
}

#[test]
fn a_copy_of_parts_that_grew_meanwhile_is_refused() {
    let looked_at = given(&[put(b'a'), longer(10, b'b')]);
    let late = copy(&fold_of(&looked_at), "copy");
    rejected(&[looked_at, vec![longer(17, b'c')]].concat(), &late, Rejection::SourceChanged);
}

#[test]
fn parts_of_an_upload_get_one_more() {
    let uploaded =
        given(&[begin(1), part(1, 3, b'a', 5 * MIB), part(1, 7, b'b', 10), complete(1, &[(3, b'a'), (7, b'b')])]);
    let fold = accepted(&uploaded, &longer(5 * MIB + 10, b'c'), &appended(3, true));
    assert_eq!(sizes(&fold, "k"), [(3, 5 * MIB), (7, 10), (8, 7)]);
    assert_eq!(object(&fold, "k").body, BodyRow::Parts(upload(1)));
}

#[test]
fn where_no_number_is_left_the_parts_are_numbered_anew() {
    let uploaded = given(&[begin(1), part(1, PARTS_MAX, b'a', 10), complete(1, &[(PARTS_MAX, b'a')])]);
    let fold = accepted(&uploaded, &longer(10, b'c'), &appended(2, true));
    assert_eq!(sizes(&fold, "k"), [(1, 10), (2, 7)]);
    assert_eq!((fold.model.manifests.len(), references(&fold)), (1, 2));
}

#[test]
fn there_are_no_more_parts_than_a_limit() {
    let mut fold = fold_of(&given(&[put(b'a')]));
    for n in 1..u64::from(PARTS_MAX) {
        fold.command(&longer(10 + 7 * (n - 1), b'b'), context(10 + u128::from(n))).unwrap();
    }
    assert_eq!(fold.model.manifests.values().next().unwrap().parts, PARTS_MAX);
    let offset = object(&fold, "k").size;
    let answer = fold.command(&longer(offset, b'b'), context(20_000));
    assert_eq!(answer, Err(Rejection::TooManyParts));
}

#[test]
fn the_salt_of_what_was_there_goes_with_its_part() {
    let (first, second) = (Salt::from_fresh([1; Salt::BYTES]), Salt::from_fresh([2; Salt::BYTES]));
    let Command::PutObject(mut put) = put(b'a') else { unreachable!() };
    put.encryption =
        Some(Encryption { method: Method::SseS3, key: "sealed".parse().unwrap(), salt: Some(first.clone()) });
    let append = AppendObject { salt: Some(second.clone()), ..append(10, b'b') };
    let fold = accepted(&given(&[Command::PutObject(put)]), &append.into(), &appended(2, true));
    let salts: Vec<_> = parts(&fold, "k").into_iter().map(|(_, part)| part.salt).collect();
    assert_eq!(salts, [Some(first), Some(second)]);
    let encryption = object(&fold, "k").encryption.unwrap();
    assert_eq!((encryption.method, encryption.salt), (Method::SseS3, None));
    // Ciphertext is longer than the bytes that clients count.
    let stored: Vec<_> = fold.model.contents.values().map(|row| row.size).collect();
    assert_eq!(stored, [10, 7].map(events::encryption::stored_bytes));
}
