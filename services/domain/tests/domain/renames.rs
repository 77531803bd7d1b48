//! Renames of objects.

use domain::{Command, Outcome, Precondition, Rejection, RenameObject};
use events::bucket::Versioning::{Enabled, Suspended};
use events::ids::VersionId;

use crate::fold::Fold;
use crate::given::*;

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);

/// Renames the object that the second of all commands created.
fn rename(from: &str, to: &str) -> RenameObject {
    RenameObject {
        bucket: bucket(),
        source: key(from),
        looked_at: Some((VersionId::from_u128(2 << 64), 10)),
        key: key(to),
        precondition: Precondition::default(),
        client_token: None,
    }
}

fn with_token(from: &str, to: &str, token: &str) -> Command {
    RenameObject { client_token: Some(token.to_owned()), ..rename(from, to) }.into()
}

fn given(more: &[Command]) -> Vec<Command> {
    [create_bucket()].into_iter().chain(more.iter().cloned()).collect()
}

fn put_at(place: &str, bytes: u8) -> Command {
    match put(bytes) {
        Command::PutObject(mut put) => {
            put.key = key(place);
            Command::PutObject(put)
        }
        other => other,
    }
}

fn keys(fold: &Fold) -> Vec<String> {
    fold.model.current.keys().map(|(_, key)| key.to_string()).collect()
}

#[test]
fn an_object_moves_whole_and_nothing_is_counted() {
    let before = accepted(&[create_bucket()], &put(b'a'), &stored(b'a', None, true));
    let was = before.model.current.values().next().unwrap().clone();
    let fold = accepted(&given(&[put(b'a')]), &rename("k", "l").into(), &DONE);
    assert_eq!(keys(&fold), ["l"]);
    let is = fold.model.current.values().next().unwrap();
    assert_eq!((is.version, is.modified, &is.object), (was.version, was.modified, &was.object));
    assert_eq!(fold.model.contents, before.model.contents);
    assert_eq!(fold.model.usage, before.model.usage);
    assert!(fold.model.versions.is_empty() && fold.model.nulls.is_empty());
}

#[test]
fn what_was_under_the_new_key_ends() {
    let fold = accepted(&given(&[put(b'a'), put_at("l", b'b')]), &rename("k", "l").into(), &DONE);
    assert_eq!(keys(&fold), ["l"]);
    let usage = fold.model.usage.values().next().unwrap();
    assert_eq!((usage.objects, usage.bytes), (1, 10));
    let references: u64 = fold.model.contents.values().map(|row| row.references).sum();
    assert_eq!(references, 1, "the bytes of what ended are free");
}

#[test]
fn objects_of_the_same_bytes_may_replace_each_other() {
    let fold = accepted(&given(&[put(b'a'), put_at("l", b'a')]), &rename("k", "l").into(), &DONE);
    let references: u64 = fold.model.contents.values().map(|row| row.references).sum();
    assert_eq!((keys(&fold), references), (vec!["l".to_owned()], 1));
}

#[test]
fn what_is_not_there_or_changed_is_not_renamed() {
    rejected(&[], &rename("k", "l").into(), Rejection::NoSuchBucket);
    rejected(&given(&[]), &rename("k", "l").into(), Rejection::NoSuchSource(key("k")));
    rejected(&given(&[put(b'a')]), &rename("k", "k").into(), Rejection::RenamedOntoItself);
    let looked_at = |looked_at| RenameObject { looked_at, ..rename("k", "l") }.into();
    let version = VersionId::from_u128(2 << 64);
    accepted(&given(&[put(b'a')]), &looked_at(Some((version, 10))), &DONE);
    // Replaced meanwhile, appended to, or created where there was none.
    for changed in [Some((VersionId::from_u128(7), 10)), Some((version, 9)), None] {
        rejected(&given(&[put(b'a')]), &looked_at(changed), Rejection::SourceChanged);
    }
}

#[test]
fn nothing_is_renamed_where_versions_are_kept() {
    for versionings in [&[Enabled][..], &[Enabled, Suspended]] {
        let switches: Vec<_> = versionings.iter().map(|to| versioning(*to)).collect();
        let given = given(&[&[put(b'a')], switches.as_slice()].concat());
        rejected(&given, &rename("k", "l").into(), Rejection::RenameAmongVersions);
    }
}

#[test]
fn conditions_are_about_the_new_key() {
    let on = |precondition| Command::from(RenameObject { precondition, ..rename("k", "l") });
    accepted(&given(&[put(b'a')]), &on(if_none_match(&["*"])), &DONE);
    let both = given(&[put(b'a'), put_at("l", b'b')]);
    rejected(&both, &on(if_none_match(&["*"])), Rejection::PreconditionFailed);
    let (a, b) = (etag(b'a').to_string(), etag(b'b').to_string());
    accepted(&both, &on(if_match(&[&b])), &DONE);
    rejected(&both, &on(if_match(&[&a])), Rejection::PreconditionFailed);
    rejected(&given(&[put(b'a')]), &on(if_match(&["*"])), Rejection::NoSuchKey);
}

#[test]
fn asked_again_with_its_token_it_is_done_already() {
    let renamed = given(&[put(b'a'), with_token("k", "l", "t")]);
    let fold = unchanged(&renamed, &with_token("k", "l", "t"), &DONE);
    assert_eq!(keys(&fold), ["l"]);
    // Another object may be under the old key by now: it stays.
    let fold = unchanged(&[renamed.as_slice(), &[put(b'b')]].concat(), &with_token("k", "l", "t"), &DONE);
    assert_eq!(keys(&fold), ["k", "l"]);
    rejected(&renamed, &with_token("k", "l", "u"), Rejection::NoSuchSource(key("k")));
    rejected(&renamed, &rename("k", "l").into(), Rejection::NoSuchSource(key("k")));
    rejected(&renamed, &with_token("m", "l", "t"), Rejection::TokenOfAnother);
    // The object that replaced it was not renamed.
    let replaced = [renamed.as_slice(), &[put_at("l", b'c')]].concat();
    rejected(&replaced, &with_token("k", "l", "t"), Rejection::NoSuchSource(key("k")));
}
