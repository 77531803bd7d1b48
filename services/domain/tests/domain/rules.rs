//! Every rule as an example: given, when, then.

use domain::row::BodyRow;
use domain::{
    Command, DeletePrecondition, NewBody, OBJECT_BYTES_MAX, Outcome, PART_BYTES_MIN, Precondition, Rejection, Setting,
    VersionName,
};
use events::access::ObjectOwnership;
use events::bucket::Logging;
use events::bucket::Versioning::{Enabled, Suspended, Unversioned};
use events::ids::{ETag, VersionId};
use events::tags::Tags;
use testkit::commands::create_bucket_of;

use crate::fold::Fold;
use crate::given::*;

const NULL: Option<VersionName> = Some(VersionName::Null);
const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);

/// A bucket with these versioning states, one after another, then more commands.
fn given(versionings: &[events::bucket::Versioning], more: &[Command]) -> Vec<Command> {
    let switches = versionings.iter().map(|to| versioning(*to));
    [create_bucket()].into_iter().chain(switches).chain(more.iter().cloned()).collect()
}

/// The entity tag that a plain GET returns.
fn current(fold: &Fold) -> Option<ETag> {
    fold.model.current.values().next().and_then(|row| row.object.as_ref()).map(|object| object.etag)
}

#[test]
fn a_bucket_is_made_once() {
    accepted(&[], &create_bucket(), &DONE);
    rejected(&[create_bucket()], &create_bucket(), Rejection::BucketExists { yours: true });
    let mallory = create_bucket_of(bucket(), "mallory", false);
    rejected(&[create_bucket()], &mallory, Rejection::BucketExists { yours: false });
}

#[test]
fn a_bucket_goes_only_when_nothing_is_left_in_it() {
    let remove = Command::DeleteBucket { bucket: bucket() };
    rejected(&[], &remove, Rejection::NoSuchBucket);
    rejected(&given(&[], &[put(b'a')]), &remove, Rejection::BucketNotEmpty);
    accepted(&given(&[], &[put(b'a'), delete(None)]), &remove, &DONE);
    rejected(&given(&[Enabled], &[delete(None)]), &remove, Rejection::BucketNotEmpty);
    accepted(&given(&[Enabled], &[delete(None), delete(Some(id(3)))]), &remove, &DONE);
    let fold = accepted(&given(&[], &[begin(1), part(1, 1, b'a', 10)]), &remove, &DONE);
    assert!(fold.model.uploads.is_empty() && fold.model.parts.is_empty(), "open uploads go with it");
    assert!(fold.model.contents.values().all(|row| row.references == 0 && row.unreferenced.is_some()));
}

#[test]
fn a_setting_is_changed_once_and_goes_with_its_bucket() {
    let tags = |value: &str| Some([("team".to_owned(), value.to_owned())].into());
    let set = |tags| Command::SetBucketSetting { bucket: bucket(), setting: Setting::Tags(tags) };
    rejected(&[], &set(tags("art")), Rejection::NoSuchBucket);
    accepted(&given(&[], &[]), &set(tags("art")), &DONE);
    unchanged(&given(&[], &[]), &set(None), &DONE);
    unchanged(&given(&[], &[set(tags("art"))]), &set(tags("art")), &DONE);
    accepted(&given(&[], &[set(tags("art"))]), &set(tags("film")), &DONE);
    accepted(&given(&[], &[set(tags("art"))]), &set(None), &DONE);
    let remade = [set(tags("art")), Command::DeleteBucket { bucket: bucket() }, create_bucket()];
    unchanged(&given(&[], &remade), &set(None), &DONE);
}

#[test]
fn reads_are_recorded_only_for_a_bucket_that_is_there() {
    let logging = |target: &str| {
        let target_bucket = target.parse().unwrap();
        Some(Logging { target_bucket, target_prefix: "log/".into(), key_format: None })
    };
    let set = |logging| Command::SetBucketSetting { bucket: bucket(), setting: Setting::Logging(logging) };
    rejected(&given(&[], &[]), &set(logging("no-such-bucket")), Rejection::NoSuchLogTarget);
    let own = bucket().to_string();
    let fold = accepted(&given(&[], &[]), &set(logging(&own)), &DONE);
    let row = fold.model.bucket_settings.values().next().unwrap().logging.clone().unwrap();
    assert_eq!(Some(row.logging()), logging(&own));
    unchanged(&given(&[], &[set(logging(&own))]), &set(logging(&own)), &DONE);
    let fold = accepted(&given(&[], &[set(logging(&own))]), &set(None), &DONE);
    assert_eq!(fold.model.bucket_settings.values().next().unwrap().logging, None);
}

#[test]
fn tags_are_added_to_what_is_there_at_the_commit() {
    let of = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect::<Tags>();
    let set = |setting| Command::SetBucketSetting { bucket: bucket(), setting };
    let add = |names: &[&str]| set(Setting::AddTags(of(names)));
    let remove = |names: &[&str]| set(Setting::RemoveTags(names.iter().map(|name| (*name).to_owned()).collect()));
    let tags = |fold: &Fold| fold.model.bucket_settings.values().next().and_then(|row| row.tags.clone());
    let Command::CreateBucket { bucket: name, owner, acl, ownership, object_lock, location, .. } = create_bucket()
    else {
        unreachable!("it makes a bucket")
    };
    let tagged = Command::CreateBucket { bucket: name, owner, acl, ownership, object_lock, location, tags: of(&["a"]) };
    assert_eq!(tags(&accepted(&[], &tagged, &DONE)), Some(of(&["a"])));
    assert_eq!(tags(&accepted(std::slice::from_ref(&tagged), &add(&["b"]), &DONE)), Some(of(&["a", "b"])));
    assert_eq!(tags(&accepted(&[tagged.clone(), add(&["b"])], &remove(&["a", "c"]), &DONE)), Some(of(&["b"])));
    assert_eq!(tags(&accepted(std::slice::from_ref(&tagged), &remove(&["a"]), &DONE)), None);
    unchanged(std::slice::from_ref(&tagged), &add(&["a"]), &DONE);
    unchanged(&[create_bucket()], &remove(&["a"]), &DONE);
    let most: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    let most: Vec<_> = most.iter().map(String::as_str).collect();
    rejected(&[tagged], &add(&most), Rejection::TooManyTags);
    rejected(&[create_bucket(), add(&most)], &add(&["a"]), Rejection::TooManyTags);
    unchanged(&[create_bucket(), add(&most)], &add(&["0"]), &DONE);
}

#[test]
fn ownership_can_be_taken_away_where_it_was_never_said() {
    let set = |ownership| Command::SetOwnership { bucket: bucket(), ownership };
    let writer = Some(ObjectOwnership::ObjectWriter);
    let removed = |fold: &Fold| fold.model.bucket_access.values().map(|row| row.ownership_removed).collect::<Vec<_>>();
    let fold = accepted(&given(&[], &[]), &set(None), &DONE);
    assert_eq!(removed(&fold), [true]);
    unchanged(&given(&[], &[set(None)]), &set(None), &DONE);
    let fold = accepted(&given(&[], &[set(None)]), &set(writer), &DONE);
    assert_eq!(removed(&fold), [false]);
    unchanged(&given(&[], &[set(writer)]), &set(writer), &DONE);
    let fold = accepted(&given(&[], &[set(writer)]), &set(None), &DONE);
    assert_eq!(removed(&fold), [true]);
}

#[test]
fn tags_are_those_of_one_version() {
    let tags: Tags = [("team".to_owned(), "art".to_owned())].into();
    let set = |place: u128, tags: &Tags| Command::SetObjectTags {
        bucket: bucket(),
        key: key("k"),
        version: VersionId::from_u128(place << 64),
        tags: tags.clone(),
    };
    rejected(&given(&[], &[]), &set(2, &tags), Rejection::NoSuchVersion);
    let fold = accepted(&given(&[Enabled], &[put(b'a'), put(b'b')]), &set(3, &tags), &DONE);
    let tagged = |row: &domain::row::VersionRow| row.object.as_ref().unwrap().attributes.tags == tags;
    assert!(fold.model.versions.values().all(tagged), "the older one carries them");
    assert!(!fold.model.current.values().any(tagged), "the current one does not");
    let fold = accepted(&given(&[Enabled], &[put(b'a'), put(b'b')]), &set(4, &tags), &DONE);
    assert!(fold.model.current.values().all(tagged));
    unchanged(&given(&[], &[put(b'a'), set(2, &tags)]), &set(2, &tags), &DONE);
    unchanged(&given(&[], &[put(b'a')]), &set(2, &Tags::new()), &DONE);
    rejected(&given(&[Enabled], &[delete(None)]), &set(3, &tags), Rejection::NoSuchKey);
    let fold = accepted(&given(&[], &[put(b'a'), set(2, &tags)]), &put(b'b'), &stored(b'b', None, true));
    assert!(!fold.model.current.values().any(tagged), "what replaces it brings its own");
}

#[test]
fn versioning_is_never_undone() {
    rejected(&[], &versioning(Enabled), Rejection::NoSuchBucket);
    unchanged(&given(&[], &[]), &versioning(Unversioned), &DONE);
    unchanged(&given(&[Enabled], &[]), &versioning(Enabled), &DONE);
    accepted(&given(&[Enabled], &[]), &versioning(Suspended), &DONE);
    for before in [Enabled, Suspended] {
        rejected(&given(&[before], &[]), &versioning(Unversioned), Rejection::VersioningCannotBeUndone);
    }
}

#[test]
fn a_put_answers_with_the_version_that_s3_shows() {
    rejected(&[], &put(b'a'), Rejection::NoSuchBucket);
    accepted(&given(&[], &[]), &put(b'a'), &stored(b'a', None, true));
    accepted(&given(&[Enabled], &[]), &put(b'a'), &stored(b'a', Some(id(3)), true));
    accepted(&given(&[Suspended], &[]), &put(b'a'), &stored(b'a', None, true));
    accepted(&given(&[Enabled, Suspended], &[]), &put(b'a'), &stored(b'a', None, true));
    let large = put_body(b'a', OBJECT_BYTES_MAX + 1, staged(b'a', 1), Precondition::default());
    rejected(&given(&[], &[]), &large, Rejection::ObjectTooLarge { size: OBJECT_BYTES_MAX + 1 });
}

#[test]
fn a_put_replaces_the_null_version_only() {
    for (switches, more, versions) in [
        (vec![], vec![put(b'a')], 1),
        (vec![Suspended], vec![put(b'a')], 1),
        (vec![], vec![put(b'a'), versioning(Enabled)], 2),
        (vec![Enabled], vec![put(b'a')], 2),
        (vec![Enabled], vec![put(b'a'), versioning(Suspended)], 2),
        (vec![], vec![put(b'a'), versioning(Enabled), put(b'b'), versioning(Suspended)], 2),
        (vec![Suspended], vec![delete(None)], 1),
    ] {
        let mut fold = Fold::new();
        for (place, command) in (1..).zip(given(&switches, &more).iter().chain([&put(b'c')])) {
            fold.command(command, domain_context(place)).unwrap();
        }
        assert_eq!(fold.model.current.len() + fold.model.versions.len(), versions, "{switches:?} {more:?}");
        assert_eq!(current(&fold), Some(etag(b'c')));
    }
}

fn domain_context(place: u128) -> domain::Context {
    domain::Context { now: jiff::Timestamp::UNIX_EPOCH, fresh: uuid::Uuid::from_u128(place << 64) }
}

#[test]
fn preconditions_hold_of_the_current_object() {
    let (a, other) = (etag(b'a').to_string(), etag(b'b').to_string());
    let (a, other) = (a.as_str(), other.as_str());
    let (empty, there) = (given(&[], &[]), given(&[], &[put(b'a')]));
    let marked = given(&[Enabled], &[put(b'a'), delete(None)]);
    let ok = |given: &[Command], when: Precondition| {
        let fold = case(given, &put_if(b'c', when), &expected(given), 1);
        assert_eq!(current(&fold), Some(etag(b'c')));
    };
    let no = |given: &[Command], when: Precondition, why: Rejection| rejected(given, &put_if(b'c', when), why);
    for absent in [&empty, &marked] {
        no(absent, if_match(&["*"]), Rejection::NoSuchKey);
        no(absent, if_match(&[a]), Rejection::NoSuchKey);
        ok(absent, if_none_match(&["*"]));
        ok(absent, if_none_match(&[a]));
    }
    ok(&there, if_match(&["*"]));
    ok(&there, if_match(&[other, a]));
    no(&there, if_match(&[other]), Rejection::PreconditionFailed);
    no(&there, if_none_match(&["*"]), Rejection::PreconditionFailed);
    no(&there, if_none_match(&[other, a]), Rejection::PreconditionFailed);
    ok(&there, if_none_match(&[other]));
}

#[test]
fn a_delete_may_ask_for_what_it_finds() {
    let on = |matches: Option<&str>, modified: Option<i64>, size: Option<u64>| DeletePrecondition {
        matches: matches.map(|tag| tags_of(&[tag])),
        modified: modified.map(|late| context(0).now + jiff::SignedDuration::from_millis(late)),
        size,
    };
    let a = etag(b'a').to_string();
    let holding = [
        on(Some(&a), None, None),
        on(Some("*"), None, None),
        on(None, Some(999), None),
        on(Some(&a), Some(0), Some(10)),
    ];
    let failing = [
        on(Some("0"), None, None),
        on(None, Some(1000), None),
        on(None, None, Some(11)),
        on(Some(&a), Some(0), Some(11)),
        on(Some("0"), Some(0), Some(10)),
    ];
    let no = |given: &[Command], version, precondition: &DeletePrecondition| {
        rejected(given, &delete_if(version, precondition.clone()), Rejection::PreconditionFailed);
    };
    let (plain, versioned) = (given(&[], &[put(b'a')]), given(&[Enabled], &[put(b'a'), put(b'b')]));
    for precondition in &holding {
        accepted(&plain, &delete_if(None, precondition.clone()), &deleted(None, false));
        accepted(&plain, &delete_if(NULL, precondition.clone()), &deleted(NULL, false));
        // The named version counts, not the current one.
        accepted(&versioned, &delete_if(Some(id(3)), precondition.clone()), &deleted(Some(id(3)), false));
    }
    for precondition in &failing {
        no(&plain, None, precondition);
        no(&plain, NULL, precondition);
        no(&versioned, Some(id(3)), precondition);
        no(&given(&[Enabled], &[put(b'a')]), None, precondition);
        no(&given(&[Enabled, Suspended], &[put(b'a')]), None, precondition);
    }
    let fold = accepted(
        &versioned,
        &delete_if(None, on(Some(&etag(b'b').to_string()), None, None)),
        &deleted(Some(id(5)), true),
    );
    assert_eq!(fold.model.versions.len(), 3);
}

#[test]
fn a_delete_that_asks_finds_nothing_to_refuse_where_nothing_is() {
    let asking = DeletePrecondition { matches: Some(tags_of(&["0"])), ..DeletePrecondition::default() };
    for versionings in [&[][..], &[Enabled], &[Suspended]] {
        let empty = given(versionings, &[]);
        unchanged(&empty, &delete_if(None, asking.clone()), &deleted(None, false));
        unchanged(&empty, &delete_if(Some(id(9)), asking.clone()), &deleted(Some(id(9)), false));
    }
    // The newest version is a delete marker, with no entity tag and no size.
    let marked = given(&[Enabled], &[put(b'a'), delete(None)]);
    let any = DeletePrecondition { matches: Some(tags_of(&["*"])), ..DeletePrecondition::default() };
    let no_bytes = DeletePrecondition { size: Some(0), ..DeletePrecondition::default() };
    for refused in [asking, no_bytes] {
        rejected(&marked, &delete_if(None, refused.clone()), Rejection::PreconditionFailed);
        rejected(&marked, &delete_if(Some(id(4)), refused), Rejection::PreconditionFailed);
    }
    accepted(&marked, &delete_if(None, any.clone()), &deleted(Some(id(5)), true));
    accepted(&marked, &delete_if(Some(id(4)), any), &deleted(Some(id(4)), true));
}

/// The answer to a put of `c` after these commands.
fn expected(given: &[Command]) -> Result<Outcome, Rejection> {
    let versioned = given.iter().any(|command| matches!(command, Command::SetVersioning { .. }));
    stored(b'c', versioned.then(|| id(given.len() as u128 + 1)), true)
}

#[test]
fn bytes_are_stored_once() {
    let again = |n, in_use| {
        let fold = accepted(
            &given(&[], &[put(b'a')]),
            &put_body(b'a', 10, staged(b'a', n), Precondition::default()),
            &stored(b'a', None, in_use),
        );
        let references: Vec<_> = fold.model.contents.values().map(|row| row.references).collect();
        assert_eq!(references, [1]);
    };
    again(2, false);
    again(1, true); // The very shards that are in use must not be discarded.
}

#[test]
fn bytes_that_cannot_be_reached_are_stored_anew() {
    let put_again = |known| put_body(b'a', 10, instead_of(staged(b'a', 2), content_of(known)), Precondition::default());
    let fold = accepted(&given(&[], &[put(b'a')]), &put_again(1), &stored(b'a', None, true));
    let references: Vec<_> = fold.model.contents.values().map(|row| row.references).collect();
    assert_eq!(references, [0, 1], "the object moves to the new generation");
    // Another client stored them again meanwhile: its content is used.
    accepted(&given(&[], &[put(b'a')]), &put_again(7), &stored(b'a', None, false));
}

fn content_of(n: u128) -> events::ids::ContentId {
    content(b'a', n)
}

/// Bytes that were stored again have two contents. A late retry of either must not find its own shards unused,
/// whichever generation is greater, because they would be discarded.
#[test]
fn either_of_two_contents_of_the_same_bytes_may_be_put_again() {
    let anew = |n, known| put_body(b'a', 10, instead_of(staged(b'a', n), content_of(known)), Precondition::default());
    for second in [3, 1] {
        let fold = accepted(&given(&[], &[put_n(2)]), &anew(second, 2), &stored(b'a', None, true));
        assert_eq!(fold.model.contents.len(), 2);
        let both = [put_n(2), anew(second, 2)];
        for again in [put_n(2), anew(second, 2)] {
            let fold = accepted(&given(&[], &both), &again, &stored(b'a', None, true));
            assert_eq!(fold.model.contents.values().map(|row| row.references).sum::<u64>(), 1);
        }
    }
    accepted(&given(&[], &[put_n(2)]), &anew(3, 1), &stored(b'a', None, false));
}

fn put_n(n: u128) -> Command {
    put_body(b'a', 10, staged(b'a', n), Precondition::default())
}

#[test]
fn known_bytes_must_be_there() {
    let copy = |body| put_body(b'a', 10, body, Precondition::default());
    let known = copy(NewBody::Known(content(b'a', 1)));
    rejected(&given(&[], &[]), &known, Rejection::ContentGone);
    accepted(&given(&[], &[put(b'a')]), &known, &stored(b'a', None, false));
    accepted(&given(&[], &[put(b'a'), delete(None)]), &known, &stored(b'a', None, false));
    rejected(&given(&[], &[]), &copy(NewBody::Parts(upload(1))), Rejection::ContentGone);
    accepted(&given(&[], &[]), &copy(NewBody::Empty), &stored(b'a', None, false));
}

#[test]
fn a_plain_delete_removes_or_marks() {
    rejected(&[], &delete(None), Rejection::NoSuchBucket);
    unchanged(&given(&[], &[]), &delete(None), &deleted(None, false));
    let fold = accepted(&given(&[], &[put(b'a')]), &delete(None), &deleted(None, false));
    assert!(fold.model.current.is_empty() && fold.model.versions.is_empty());
    accepted(&given(&[Enabled], &[]), &delete(None), &deleted(Some(id(3)), true));
    let fold = accepted(&given(&[Enabled], &[put(b'a')]), &delete(None), &deleted(Some(id(4)), true));
    assert_eq!((current(&fold), fold.model.versions.len()), (None, 2));
    let fold = accepted(&given(&[Suspended], &[put(b'a')]), &delete(None), &deleted(NULL, true));
    assert_eq!((current(&fold), fold.model.versions.len()), (None, 1), "the null version became the marker");
}

#[test]
fn deleting_a_version_shows_the_one_before() {
    let two = [put(b'a'), put(b'b')];
    let fold = accepted(&given(&[Enabled], &two), &delete(Some(id(4))), &deleted(Some(id(4)), false));
    assert_eq!(current(&fold), Some(etag(b'a')));
    let fold = accepted(&given(&[Enabled], &two), &delete(Some(id(3))), &deleted(Some(id(3)), false));
    assert_eq!(current(&fold), Some(etag(b'b')));
    let marked = [put(b'a'), delete(None), put(b'b')];
    let fold = accepted(&given(&[Enabled], &marked), &delete(Some(id(5))), &deleted(Some(id(5)), false));
    assert_eq!(current(&fold), None, "a delete marker is newest now");
    let fold = accepted(&given(&[Enabled], &marked[..2]), &delete(Some(id(4))), &deleted(Some(id(4)), true));
    assert_eq!(current(&fold), Some(etag(b'a')), "without its marker the object is back");
    unchanged(&given(&[Enabled], &two), &delete(Some(id(99))), &deleted(Some(id(99)), false));
    unchanged(&given(&[Enabled], &two), &delete(NULL), &deleted(NULL, false));
    accepted(&given(&[], &[put(b'a')]), &delete(NULL), &deleted(NULL, false));
}

#[test]
fn the_null_version_has_no_other_name() {
    let fold = accepted(&given(&[], &[]), &put(b'a'), &stored(b'a', None, true));
    let inner = fold.model.current.values().next().unwrap().version;
    let by_id = Some(VersionName::Id(inner));
    unchanged(&given(&[], &[put(b'a')]), &delete(by_id), &deleted(by_id, false));
}

#[test]
fn version_ids_ascend_though_clocks_go_back() {
    let mut fold = Fold::new();
    for command in given(&[Enabled], &[put(b'a'), put(b'b'), put(b'c')]) {
        fold.command(&command, domain_context(7)).unwrap();
    }
    assert_eq!(current(&fold), Some(etag(b'c')));
    assert_eq!(fold.model.versions.len(), 2);
}

#[test]
fn parts_go_into_uploads_that_exist() {
    rejected(&[], &begin(1), Rejection::NoSuchBucket);
    unchanged(&given(&[], &[begin(1)]), &begin(1), &DONE);
    rejected(&given(&[], &[]), &part(1, 1, b'a', 10), Rejection::NoSuchUpload);
    accepted(&given(&[], &[begin(1)]), &part(1, 1, b'a', 10), &stored(b'a', None, true));
    let again = given(&[], &[begin(1), part(1, 1, b'a', 10)]);
    let fold = accepted(&again, &part(1, 1, b'b', 10), &stored(b'b', None, true));
    let references: Vec<_> = fold.model.contents.values().map(|row| row.references).collect();
    assert_eq!(references, [0, 1], "the part before it is given up");
    let nested = part_body(1, 1, b'a', 10, NewBody::Parts(upload(2)));
    let assembled = given(&[], &[begin(2), part(2, 1, b'a', 10), complete(2, &[(1, b'a')]), begin(1)]);
    rejected(&assembled, &nested, Rejection::ContentGone);
    let size = OBJECT_BYTES_MAX + 1;
    rejected(&given(&[], &[begin(1)]), &part(1, 1, b'a', size), Rejection::ObjectTooLarge { size });
    for gone in [abort(1), complete(1, &[(1, b'a')])] {
        let given = given(&[], &[begin(1), part(1, 1, b'a', 10), gone]);
        rejected(&given, &part(1, 2, b'b', 10), Rejection::NoSuchUpload);
        rejected(&given, &abort(1), Rejection::NoSuchUpload);
    }
}

#[test]
fn an_upload_is_completed_with_the_parts_that_were_stored() {
    let given = given(
        &[],
        &[begin(1), part(1, 1, b'a', PART_BYTES_MIN), part(1, 2, b'b', PART_BYTES_MIN - 1), part(1, 4, b'c', 1)],
    );
    for (parts, why) in [
        (&[][..], Rejection::InvalidPartOrder),
        (&[(4, b'c'), (1, b'a')], Rejection::InvalidPartOrder),
        (&[(1, b'a'), (1, b'a')], Rejection::InvalidPartOrder),
        (&[(1, b'b')], Rejection::InvalidPart(1)),
        (&[(1, b'a'), (3, b'a')], Rejection::InvalidPart(3)),
        (&[(1, b'a'), (2, b'b'), (4, b'c')], Rejection::PartTooSmall { number: 2, size: PART_BYTES_MIN - 1 }),
    ] {
        rejected(&given, &complete(1, parts), why);
    }
    for (parts, size) in [
        (&[(1, b'a'), (2, b'b')][..], 2 * PART_BYTES_MIN - 1),
        (&[(1, b'a'), (4, b'c')], PART_BYTES_MIN + 1),
        (&[(2, b'b')], PART_BYTES_MIN - 1),
    ] {
        let fold = accepted(&given, &complete(1, parts), &made_of_parts(None));
        let object = fold.model.current.values().next().unwrap().object.clone().unwrap();
        assert_eq!((object.size, object.body), (size, BodyRow::Parts(upload(1))));
        assert_eq!(fold.model.parts.len(), parts.len(), "parts that were not named are given up");
        assert_eq!(fold.model.contents.values().map(|row| row.references).sum::<u64>(), parts.len() as u64);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "an answer is compared with it")]
fn made_of_parts(version: Option<VersionName>) -> Result<Outcome, Rejection> {
    let modified = jiff::Timestamp::from_second(1_700_000_000).unwrap();
    Ok(Outcome::Stored { version, etag: assembled(), modified, staged_in_use: true })
}

#[test]
fn completing_again_answers_the_same_while_the_object_is_current() {
    let done = [begin(1), part(1, 1, b'a', 10), complete(1, &[(1, b'a')])];
    let again = complete(1, &[(1, b'a')]);
    unchanged(&given(&[], &done), &again, &made_of_parts(None));
    unchanged(&given(&[Enabled], &done), &again, &made_of_parts(Some(id(5))));
    let more = |last: Command| done.iter().cloned().chain([last]).collect::<Vec<_>>();
    rejected(&given(&[], &more(put(b'b'))), &again, Rejection::NoSuchUpload);
    rejected(&given(&[Enabled], &more(delete(None))), &again, Rejection::NoSuchUpload);
    rejected(&given(&[], &[begin(1), abort(1)]), &again, Rejection::NoSuchUpload);
}

/// An object copied onto itself with other metadata keeps its bytes. Its only reference was once released and taken as
/// two rows, the second of which did not know of the first: the parts were dropped although the object named them.
#[test]
fn a_copy_onto_itself_keeps_the_parts() {
    let made = [begin(1), part(1, 1, b'a', 10), complete(1, &[(1, b'a')])];
    let copy = put_body(b'x', 10, NewBody::Parts(upload(1)), Precondition::default());
    for (switches, references) in [(&[][..], 1), (&[Enabled], 2)] {
        let version = (!switches.is_empty()).then(|| id(6));
        let fold = accepted(&given(switches, &made), &copy, &stored(b'x', version, false));
        assert_eq!(fold.model.manifests[&upload(1)].references, references);
        assert_eq!(fold.model.parts.len(), 1);
        assert!(fold.model.contents.values().all(|row| row.references == 1));
    }
    let gone = made.iter().cloned().chain([delete(None)]).collect::<Vec<_>>();
    rejected(&given(&[], &gone), &copy, Rejection::ContentGone);
}

#[test]
fn shards_take_what_the_layout_says() {
    use events::ids::Layout::{Small, Striped};
    for (layout, size, bytes) in [
        (Small, 10, 30),
        (Striped, 4, 6),
        (Striped, 5, 12),
        (Striped, MIB, MIB / 4 * 6),
        (Striped, MIB + 1, MIB / 4 * 6 + 6),
        (Striped, 10 * MIB, 15 * MIB),
    ] {
        assert_eq!(layout.stored_bytes(size), bytes, "{layout:?} {size}");
    }
}
