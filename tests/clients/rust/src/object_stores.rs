//! The crate `object_store`, which Polars, DataFusion, delta-rs and others use.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum, S3CopyIfNotExists};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    TagSet, UpdateVersion, WriteMultipart,
};

use crate::{MIB, Target, content};

/// The number of concurrent writers of the same object.
const WRITERS: usize = 8;

fn builder(target: &Target) -> AmazonS3Builder {
    AmazonS3Builder::new()
        .with_endpoint(&target.endpoint)
        .with_allow_http(true)
        .with_region(&target.region)
        .with_access_key_id(&target.access_key)
        .with_secret_access_key(&target.secret_key)
        .with_bucket_name(&target.bucket)
}

fn store(target: &Target) -> AmazonS3 {
    builder(target).build().expect("a store")
}

fn mode(mode: PutMode) -> PutOptions {
    PutOptions { mode, ..PutOptions::default() }
}

async fn bytes(store: &AmazonS3, path: &Path) -> Bytes {
    store.get(path).await.expect("an object").bytes().await.expect("a body")
}

/// Ranges of every kind, listings, deletions in bulk.
pub async fn reads(target: &Target) {
    let (store, path) = (store(target), Path::from("dir/a b+c%.bin"));
    let data = Bytes::from(content(1, 100_000));
    store.put(&path, PutPayload::from_bytes(data.clone())).await.expect("a put");
    assert_eq!(bytes(&store, &path).await, data);
    assert_eq!(store.get_range(&path, 5..15).await.expect("a range"), data.slice(5..15));
    assert_eq!(
        store.get_ranges(&path, &[0..3, 99_990..100_000, 7..9]).await.expect("ranges"),
        [data.slice(0..3), data.slice(99_990..), data.slice(7..9)]
    );
    // A suffix longer than the object is the whole object; Parquet readers request it without knowing the size.
    for (suffix, start) in [(10, 99_990), (262_144, 0)] {
        let options = GetOptions { range: Some(GetRange::Suffix(suffix)), ..GetOptions::default() };
        let got = store.get_opts(&path, options).await.expect("a suffix");
        assert_eq!((got.range.clone(), got.meta.size), (start..100_000, 100_000));
        assert_eq!(got.bytes().await.expect("a body"), data.slice(usize::try_from(start).expect("small")..));
    }
    let head = store.head(&path).await.expect("a head");
    let stale = GetOptions { if_none_match: head.e_tag.clone(), ..GetOptions::default() };
    assert!(matches!(store.get_opts(&path, stale).await, Err(Error::NotModified { .. })));
    let same = GetOptions { if_match: head.e_tag.clone(), range: Some((0..2).into()), ..GetOptions::default() };
    assert_eq!(store.get_opts(&path, same).await.expect("the same").bytes().await.expect("a body"), data.slice(0..2));
    assert!(matches!(store.head(&Path::from("absent")).await, Err(Error::NotFound { .. })));

    for key in ["dir/below/b", "top", "dir/c"] {
        store.put(&Path::from(key), PutPayload::from_static(b"x")).await.expect("a put");
    }
    let listed = store.list_with_delimiter(Some(&Path::from("dir"))).await.expect("a list");
    assert_eq!(listed.common_prefixes, [Path::from("dir/below")]);
    assert_eq!(listed.objects.iter().map(|meta| meta.location.to_string()).collect::<Vec<_>>().len(), 2);
    let offset = Path::from("dir/below/b");
    let after: Vec<_> =
        store.list_with_offset(None, &offset).map_ok(|meta| meta.location).try_collect().await.expect("a list");
    assert_eq!(after, [Path::from("dir/c"), Path::from("top")]);

    let all = store.list(None).map_ok(|meta| meta.location).boxed();
    let gone: Vec<_> = store.delete_stream(all).try_collect().await.expect("deletions");
    assert_eq!(gone.len(), 4);
    assert!(store.list(None).next().await.is_none());

    let mut tags = TagSet::default();
    tags.push("colour", "blue and green");
    let attributes =
        Attributes::from_iter([(Attribute::ContentType, "text/plain"), (Attribute::Metadata("a".into()), "1")]);
    let options = PutOptions { tags, attributes: attributes.clone(), ..PutOptions::default() };
    store.put_opts(&path, "tagged".into(), options).await.expect("a put with tags");
    assert_eq!(store.get(&path).await.expect("an object").attributes, attributes);

    // The second checksum that it knows, beside its default.
    let summed = builder(target).with_checksum_algorithm(Checksum::SHA256).build().expect("a store");
    summed.put(&path, PutPayload::from_bytes(data.clone())).await.expect("a put");
    assert_eq!(bytes(&summed, &path).await, data);
}

/// Create and update succeed if the object is in the expected state, and copies if it does not exist.
pub async fn conditions(target: &Target) {
    let (store, path) = (store(target), Path::from("log/00000.json"));
    let first = store.put_opts(&path, "one".into(), mode(PutMode::Create)).await.expect("the first");
    let second = store.put_opts(&path, "two".into(), mode(PutMode::Create)).await;
    assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
    let known = UpdateVersion::from(first);
    let third = store.put_opts(&path, "three".into(), mode(PutMode::Update(known.clone()))).await.expect("an update");
    let stale = store.put_opts(&path, "four".into(), mode(PutMode::Update(known))).await;
    assert!(matches!(stale, Err(Error::Precondition { .. })), "{stale:?}");
    assert_eq!(bytes(&store, &path).await, "three");
    store.delete(&path).await.expect("a deletion");
    let gone = store.put_opts(&path, "five".into(), mode(PutMode::Update(third.into()))).await;
    assert!(gone.is_err(), "there is nothing to update");

    let copies = builder(target).with_copy_if_not_exists(S3CopyIfNotExists::Multipart).build().expect("a store");
    let (from, to) = (Path::from("from"), Path::from("to"));
    copies.put(&from, "copied".into()).await.expect("a put");
    copies.copy_if_not_exists(&from, &to).await.expect("a copy");
    let again = copies.copy_if_not_exists(&from, &to).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })), "{again:?}");
    assert_eq!(bytes(&copies, &to).await, "copied");
    let moved = Path::from("moved");
    copies.rename(&to, &moved).await.expect("a rename");
    assert!(matches!(copies.head(&to).await, Err(Error::NotFound { .. })));
}

/// Exactly one of many concurrent creates succeeds, and concurrent counters lose no increment.
pub async fn races(target: &Target) {
    let store = Arc::new(store(target));
    let path = Path::from("created");
    let tries = (0..WRITERS).map(|writer| {
        let (store, path) = (Arc::clone(&store), path.clone());
        async move { store.put_opts(&path, writer.to_string().into(), mode(PutMode::Create)).await }
    });
    let outcomes: Vec<_> = stream::iter(tries).buffer_unordered(WRITERS).collect().await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::AlreadyExists { .. }))).count();
    assert_eq!((won, lost), (1, WRITERS - 1), "{outcomes:?}");

    let path = Path::from("counted");
    store.put(&path, "0".into()).await.expect("a put");
    let counters = (0..WRITERS).map(|_| {
        let (store, path) = (Arc::clone(&store), path.clone());
        async move {
            loop {
                let got = store.get(&path).await.expect("a count");
                let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
                let text = String::from_utf8(got.bytes().await.expect("a body").to_vec()).expect("digits");
                let next = text.parse::<usize>().expect("a number") + 1;
                match store.put_opts(&path, next.to_string().into(), mode(PutMode::Update(version))).await {
                    Ok(_) => return,
                    Err(Error::Precondition { .. }) => {}
                    Err(other) => panic!("neither stored nor refused: {other}"),
                }
            }
        }
    });
    stream::iter(counters).buffer_unordered(WRITERS).collect::<Vec<_>>().await;
    assert_eq!(bytes(&store, &path).await, WRITERS.to_string());
}

/// Parts of its own size, and an aborted upload.
pub async fn multipart(target: &Target) {
    let (store, path) = (store(target), Path::from("dir/large"));
    let data = content(2, 12 * MIB + 5);
    let mut writer = WriteMultipart::new(store.put_multipart(&path).await.expect("an upload"));
    for piece in data.chunks(777_777) {
        writer.wait_for_capacity(3).await.expect("room");
        writer.write(piece);
    }
    writer.finish().await.expect("a completion");
    assert_eq!(bytes(&store, &path).await, data);

    let given_up = Path::from("never");
    let mut upload = store.put_multipart(&given_up).await.expect("an upload");
    upload.put_part(content(3, 5 * MIB).into()).await.expect("a part");
    upload.abort().await.expect("an abort");
    assert!(matches!(store.head(&given_up).await, Err(Error::NotFound { .. })));
}
