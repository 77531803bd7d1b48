//! Helpers for examples of rules: given these commands, when this one comes, then this is the answer.

use domain::{
    Command, CompleteUpload, Context, DedupScope, DeleteObject, DeletePrecondition, ETags, NewBody, Outcome,
    Precondition, PutObject, Rejection, StorePart, VersionName,
};
use events::bucket::Versioning;
use events::ids::{
    ContentId, ETag, Generation, Md5Digest, ObjectKey, PartNumber, Placement, Sha256Digest, UploadId, VersionId,
};
use jiff::Timestamp;
use testkit::commands::{self, create_upload, put_object};
use uuid::Uuid;

pub(crate) use testkit::commands::bucket;

use crate::fold::Fold;

pub(crate) const MIB: u64 = 1024 * 1024;

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::from_bytes(text.as_bytes()).unwrap()
}

pub(crate) fn upload(n: u128) -> UploadId {
    UploadId(Uuid::from_u128(n))
}

/// The entity tag of bytes named by a letter.
pub(crate) fn etag(bytes: u8) -> ETag {
    ETag { md5: Md5Digest([bytes; 16]), parts: None }
}

/// The `n`th generation of the content named by a letter. No other content has it.
pub(crate) fn content(bytes: u8, n: u128) -> ContentId {
    let uuid = Uuid::from_u128(n << 16 | u128::from(bytes) << 3);
    ContentId { sha256: Sha256Digest([bytes; 32]), generation: Generation::from_fresh(uuid) }
}

pub(crate) fn staged(bytes: u8, n: u128) -> NewBody {
    commands::staged(content(bytes, n))
}

/// A content whose shards are on some nodes.
pub(crate) fn staged_on(content: ContentId, placement: Placement) -> NewBody {
    NewBody::Staged { content, placement, chosen_at: u64::MAX, instead_of: None, scope: DedupScope::Region }
}

/// The same, except that a content must not be used in its place.
pub(crate) fn instead_of(body: NewBody, known: ContentId) -> NewBody {
    let NewBody::Staged { content, placement, chosen_at, scope, .. } = body else { panic!("{body:?} is not staged") };
    NewBody::Staged { content, placement, chosen_at, instead_of: Some(known), scope }
}

/// The id of the version that the command at a position created, counted from 1.
pub(crate) fn id(place: u128) -> VersionName {
    VersionName::Id(VersionId::from_u128(place << 64))
}

pub(crate) fn context(place: u128) -> Context {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    Context { now, fresh: Uuid::from_u128(place << 64) }
}

pub(crate) fn create_bucket() -> Command {
    commands::create_bucket(bucket())
}

pub(crate) fn versioning(versioning: Versioning) -> Command {
    Command::SetVersioning { bucket: bucket(), versioning }
}

/// Stores bytes named by a letter under `k`.
pub(crate) fn put(bytes: u8) -> Command {
    put_body(bytes, 10, staged(bytes, 1), Precondition::default())
}

pub(crate) fn put_if(bytes: u8, precondition: Precondition) -> Command {
    put_body(bytes, 10, staged(bytes, 1), precondition)
}

pub(crate) fn put_body(bytes: u8, size: u64, body: NewBody, precondition: Precondition) -> Command {
    let put = put_object(bucket(), key("k"), size, body);
    Command::PutObject(Box::new(PutObject { etag: etag(bytes), precondition, ..put }))
}

pub(crate) fn if_match(tags: &[&str]) -> Precondition {
    Precondition { matches: Some(tags_of(tags)), none_matches: None }
}

pub(crate) fn if_none_match(tags: &[&str]) -> Precondition {
    Precondition { matches: None, none_matches: Some(tags_of(tags)) }
}

pub(crate) fn tags_of(tags: &[&str]) -> ETags {
    if tags == ["*"] { ETags::Any } else { ETags::These(tags.iter().map(|&tag| tag.to_owned()).collect()) }
}

pub(crate) fn delete(version: Option<VersionName>) -> Command {
    DeleteObject::new(bucket(), key("k"), version).into()
}

pub(crate) fn delete_if(version: Option<VersionName>, precondition: DeletePrecondition) -> Command {
    DeleteObject { precondition, ..DeleteObject::new(bucket(), key("k"), version) }.into()
}

pub(crate) fn begin(n: u128) -> Command {
    Command::CreateUpload(Box::new(create_upload(bucket(), key("k"), upload(n))))
}

pub(crate) fn part(n: u128, number: u16, bytes: u8, size: u64) -> Command {
    part_body(n, number, bytes, size, staged(bytes, 1))
}

pub(crate) fn part_body(n: u128, number: u16, bytes: u8, size: u64, body: NewBody) -> Command {
    let (number, md5) = (PartNumber::try_from(number).unwrap(), Md5Digest([bytes; 16]));
    let (bucket, key, upload) = (bucket(), key("k"), upload(n));
    Command::StorePart(Box::new(StorePart { bucket, key, upload, number, size, md5, body, checksum: None, salt: None }))
}

pub(crate) fn complete(n: u128, parts: &[(u16, u8)]) -> Command {
    let parts = parts.iter().map(|(number, md5)| (PartNumber::try_from(*number).unwrap(), Md5Digest([*md5; 16])));
    Command::CompleteUpload(Box::new(CompleteUpload {
        bucket: bucket(),
        key: key("k"),
        upload: upload(n),
        parts: parts.collect(),
        etag: assembled(),
        checksum: None,
        precondition: Precondition::default(),
    }))
}

/// The entity tag of every assembled object here.
pub(crate) fn assembled() -> ETag {
    ETag { md5: Md5Digest([b'*'; 16]), parts: Some(1) }
}

pub(crate) fn abort(n: u128) -> Command {
    Command::AbortUpload { bucket: bucket(), key: key("k"), upload: upload(n) }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is compared with it")]
pub(crate) fn stored(bytes: u8, version: Option<VersionName>, staged_in_use: bool) -> Result<Outcome, Rejection> {
    Ok(Outcome::Stored { version, etag: etag(bytes), modified: context(0).now, staged_in_use })
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is compared with it")]
pub(crate) fn deleted(version: Option<VersionName>, delete_marker: bool) -> Result<Outcome, Rejection> {
    Ok(Outcome::Deleted { version, delete_marker })
}

/// Executes the commands `given`; the answer to `when` must be `then`, and all of them take `events` events.
#[track_caller]
pub(crate) fn case(given: &[Command], when: &Command, then: &Result<Outcome, Rejection>, events: usize) -> Fold {
    let mut fold = Fold::new();
    for (place, command) in (1..).zip(given) {
        fold.command(command, context(place)).unwrap();
    }
    let before = fold.events.len();
    let answer = fold.command(when, context(given.len() as u128 + 1));
    assert_eq!(answer, *then);
    assert_eq!(fold.events.len() - before, events, "events written");
    fold
}

#[track_caller]
pub(crate) fn accepted(given: &[Command], when: &Command, then: &Result<Outcome, Rejection>) -> Fold {
    case(given, when, then, 1)
}

#[track_caller]
pub(crate) fn unchanged(given: &[Command], when: &Command, then: &Result<Outcome, Rejection>) -> Fold {
    case(given, when, then, 0)
}

#[track_caller]
pub(crate) fn rejected(given: &[Command], when: &Command, why: Rejection) {
    case(given, when, &Err(why), 0);
}
