//! The names of the tables and the form of their keys, which the file fixes. A change needs another
//! `PROJECTION_VERSION`.

use domain::row::{BucketId, Posting};
use events::ids::{BucketName, ContentId, Generation, ObjectKey, PartNumber, Sha256Digest, UploadId, VersionId};
use events::lease::Lease;
use redb::backends::InMemoryBackend;
use redb::{Database, ReadableDatabase, TableDefinition, TableHandle};
use uuid::Uuid;

use super::Tables;
use super::identities::{IdentityKey, Kind};
use super::key::{Key, Stored};
use super::region::RegionKey;

#[test]
fn the_tables_have_these_names_and_types_of_keys() {
    let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
    let transaction = database.begin_write().unwrap();
    Tables::write(&transaction).open_all().unwrap();
    transaction.commit().unwrap();
    let transaction = database.begin_read().unwrap();
    let mut names = Vec::new();
    macro_rules! opens {
        ($($key:ty: $($name:literal)+;)+) => {$($(
            transaction.open_table(TableDefinition::<$key, &[u8]>::new($name)).unwrap();
            names.push($name.to_owned());
        )+)+};
    }
    opens! {
        &str: "buckets" "region";
        u64: "bucket_access" "bucket_settings" "checkpoints" "quarantined" "recent" "released_buckets" "removed_names"
            "usage" "writers";
        u128: "ended" "generations" "manifests" "released_uploads";
        &[u8]: "contents" "faults";
        (u128, u16): "parts";
        (u32, u64): "growth";
        (u8, &str, u64): "postings";
        (&str, &[u8], u64): "audit_keys";
        (u64, u32): "growth_days";
        (u64, &[u8]): "current" "nulls" "unreferenced";
        (u64, &[u8], u128): "removed" "uploads" "versions";
        (u8, &str): "identities";
    }
    let mut found: Vec<_> = transaction.list_tables().unwrap().map(|table| table.name().to_owned()).collect();
    found.sort_unstable();
    names.sort_unstable();
    assert_eq!(found, names);
}

/// Asserts that a key is stored in this form, and returns what is read back of it.
fn stored<K: Key>(key: K::Ref<'_>, form: Stored<'_, K>) -> K {
    let bytes = |form: &Stored<'_, K>| <K::Stored as redb::Value>::as_bytes(form).as_ref().to_vec();
    assert_eq!(K::encode(key, |key| bytes(&key)), bytes(&form));
    K::decode(form).unwrap()
}

#[test]
fn keys_have_these_forms_and_are_read_back() {
    let (bucket, key) = (BucketId(7), ObjectKey::from_bytes(*b"photo").unwrap());
    let (version, upload) = (VersionId::from_u128(5), UploadId(Uuid::from_u128(6)));
    let (name, number): (BucketName, _) = ("bucket".parse().unwrap(), PartNumber::try_from(9).unwrap());
    let generation = Generation::from_fresh(Uuid::from_u128(0x30 << 120 | 0x08));
    let content = ContentId { sha256: Sha256Digest([0x20; 32]), generation };
    let mut content_key = [0x20; 48];
    content_key[32..].copy_from_slice(&[0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x08]);

    assert_eq!(stored::<BucketName>(&name, "bucket"), name);
    assert_eq!(stored::<BucketId>(bucket, 7), bucket);
    assert_eq!(stored::<(BucketId, ObjectKey)>((bucket, &key), (7, b"photo")), (bucket, key.clone()));
    let of_version = stored::<(BucketId, ObjectKey, VersionId)>((bucket, &key, version), (7, b"photo", 5));
    assert_eq!(of_version, (bucket, key.clone(), version));
    let of_upload = stored::<(BucketId, ObjectKey, UploadId)>((bucket, &key, upload), (7, b"photo", 6));
    assert_eq!(of_upload, (bucket, key.clone(), upload));
    assert_eq!(stored::<UploadId>(upload, 6), upload);
    assert_eq!(stored::<(UploadId, PartNumber)>((upload, number), (6, 9)), (upload, number));
    assert_eq!(stored::<ContentId>(&content, &content_key), content);
    assert!(ContentId::decode(&content_key[1..]).is_err());
    assert_eq!(stored::<Generation>(generation, 0x30 << 120 | 0x08), generation);
    assert_eq!(stored::<(u64, ContentId)>((3, &content), (3, &content_key)), (3, content));
    assert_eq!(stored::<u64>(3, 3), 3);
    let by = Posting::User("ada".parse().unwrap());
    assert_eq!(stored::<(Posting, u64)>((&by, 4), (0, "ada", 4)), (by, 4));
    let by = Posting::Key("AKIA".into());
    assert_eq!(stored::<(Posting, u64)>((&by, 4), (1, "AKIA", 4)), (by, 4));
    let about = Posting::Bucket(name.clone());
    assert_eq!(stored::<(Posting, u64)>((&about, 4), (2, "bucket", 4)), (about, 4));
    let of_key = stored::<(BucketName, ObjectKey, u64)>((&name, &key, 4), ("bucket", b"photo", 4));
    assert_eq!(of_key, (name, key, 4));
    assert_eq!(stored::<(u32, BucketId)>((4, bucket), (4, 7)), (4, bucket));
    assert_eq!(stored::<(BucketId, u32)>((bucket, 4), (7, 4)), (bucket, 4));
    assert_eq!(stored::<IdentityKey>((Kind::User, "alice"), (1, "alice")), (1, "alice".to_owned()));
    let node = RegionKey::Node("n1".parse().unwrap());
    assert!(matches!(stored::<RegionKey>(&node, "node/n1"), RegionKey::Node(name) if name.as_str() == "n1"));
    let usage = RegionKey::NodeUsage("n1".parse().unwrap());
    assert!(matches!(stored::<RegionKey>(&usage, "usage/n1"), RegionKey::NodeUsage(name) if name.as_str() == "n1"));
    let worker = RegionKey::Worker("gc".parse().unwrap());
    assert!(matches!(stored::<RegionKey>(&worker, "worker/gc"), RegionKey::Worker(_)));
    let consumer = RegionKey::Consumer("search".parse().unwrap());
    assert!(matches!(stored::<RegionKey>(&consumer, "consumer/search"), RegionKey::Consumer(_)));
    let lease = RegionKey::Lease(Lease::Gc);
    assert!(matches!(stored::<RegionKey>(&lease, "lease/gc"), RegionKey::Lease(Lease::Gc)));
    let target = RegionKey::Target("alerts".parse().unwrap());
    assert!(matches!(stored::<RegionKey>(&target, "target/alerts"), RegionKey::Target(_)));
    let link = RegionKey::Link("us-west-2".parse().unwrap());
    assert!(matches!(stored::<RegionKey>(&link, "link/us-west-2"), RegionKey::Link(_)));
    let dead = RegionKey::DeadLetter("alerts".parse().unwrap(), 7);
    assert!(matches!(
        stored::<RegionKey>(&dead, "dead/alerts/00000000000000000007"),
        RegionKey::DeadLetter(name, 7) if name.as_str() == "alerts"
    ));
    assert!(RegionKey::decode("lease/none").is_err());
    assert!(matches!(stored::<RegionKey>(&RegionKey::Cursor, "cursor"), RegionKey::Cursor));
    assert!(matches!(stored::<RegionKey>(&RegionKey::Totals, "totals"), RegionKey::Totals));
    assert!(matches!(stored::<RegionKey>(&RegionKey::Debt, "debt"), RegionKey::Debt));
    assert!(matches!(stored::<RegionKey>(&RegionKey::Keyring, "keyring"), RegionKey::Keyring));
    assert!(matches!(stored::<RegionKey>(&RegionKey::Secret, "secret"), RegionKey::Secret));
    assert!(matches!(stored::<RegionKey>(&RegionKey::Notary, "notary"), RegionKey::Notary));
}
