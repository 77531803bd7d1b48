//! Samples with explicit positions in the imagined log, so that adding one moves no other.

use events::content::{self, Fault, ShardFault};
use events::ids::{ETag, FolderId, Md5Digest, PartNumber, Salt, UploadId};
use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule, TransitionMinimum};
use events::lock::{
    self, DefaultRetention, LegalHold, LegalHoldChanged, Lock, Period, Retention, RetentionChanged, RetentionMode,
};
use events::tags::Tags;
use events::upload::ReleasedFrom;
use events::{Fact, bucket, cors, key, node, object, upload};
use uuid::Uuid;

use crate::samples::{
    bucket_created, content as sample_content, object_created, object_deleted, upload_created, version,
};

/// Position, variant, fact. Each position is used once, and is at least 60.
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let term = Some(crate::shard_samples::term(events::lease::Lease::Repair));
    let others = [
        (70, "", Fact::BucketTagsChanged(bucket_tags_changed())),
        (91, "", Fact::ObjectTagsChanged(object_tags_changed())),
        (90, "", Fact::BucketCorsChanged(bucket_cors_changed())),
        (92, ".tagged", tagged(object_created())),
        (93, ".tagged", tagged(upload_created())),
        (110, "", Fact::BucketLifecycleChanged(bucket_lifecycle_changed())),
        (111, ".expired", expired(object_deleted())),
        (112, ".expired", expired(crate::samples::delete_marker_created())),
        (113, ".expired", expired(crate::samples::upload_aborted())),
        (160, "", released(ReleasedFrom::Upload { upload_id: UploadId(Uuid::from_u128(0x200)) })),
        (161, ".bucket", released(ReleasedFrom::Bucket { created: 1042 })),
        (152, ".located", located(bucket_created())),
        (180, "", node_joined(None)),
        (181, ".replaced", node_joined(Some(FolderId(Uuid::from_u128(0x5e1f_a1b2))))),
        (153, ".tagged", with_tags(bucket_created())),
        (154, ".by_storage_class", Fact::BucketLifecycleChanged(by_storage_class())),
        (130, ".held", Fact::KeyChanged(key_held())),
        (190, "", Fact::ContentHealthChanged(content_health_changed())),
        (195, ".leased", Fact::ContentHealthChanged(content::HealthChanged { term, ..content_health_changed() })),
    ];
    others
        .into_iter()
        .chain(of_locks())
        .chain(renames())
        .chain(appends())
        .chain(crate::shard_samples::facts())
        .collect()
}

fn released(from: ReleasedFrom) -> Fact {
    Fact::UploadPartsReleased(upload::PartsReleased { bucket: "photos".parse().unwrap(), from, max: 128 })
}

fn node_joined(replaces: Option<FolderId>) -> Fact {
    let folder = FolderId("3f2b8c14-9d5e-4a67-8b0c-1d2e3f405162".parse().unwrap());
    Fact::NodeJoined(node::Joined { node: "node-3".parse().unwrap(), folder, zone: "rack-2".into(), replaces })
}

/// The same bucket, created with the region's name.
fn located(fact: Fact) -> Fact {
    let Fact::BucketCreated(bucket) = fact else { unreachable!("it is made so") };
    Fact::BucketCreated(bucket::Created { location: Some("eu-west-1".parse().unwrap()), ..bucket })
}

fn content_health_changed() -> content::HealthChanged {
    let fault = |shard, node: &str, fault| ShardFault { shard, node: node.parse().unwrap(), fault };
    content::HealthChanged {
        bucket: "photos".parse().unwrap(),
        content: sample_content(),
        faults: vec![fault(0, "node-2", Fault::Missing), fault(5, "node-6", Fault::Unwritten)],
        term: None,
    }
}

fn tags() -> Tags {
    [("team".into(), "art".into()), ("cost centre".into(), "42".into())].into()
}

fn bucket_tags_changed() -> bucket::TagsChanged {
    bucket::TagsChanged { bucket: "photos".parse().unwrap(), tags: Some(tags()) }
}

fn key_held() -> key::Changed {
    let (user, access_key) = ("alice".parse().unwrap(), "PSQ2F7Z1M0C9W8K4T6N3".parse().unwrap());
    key::Changed { user, access_key, enabled: false, expires: None, by_admin: true, replica: None }
}

fn bucket_cors_changed() -> bucket::CorsChanged {
    let rule = cors::Rule {
        id: Some("the website".into()),
        allowed_origins: vec!["https://*.example.com".into()],
        allowed_methods: vec![cors::Method::Get, cors::Method::Put],
        allowed_headers: vec!["*".into()],
        expose_headers: vec!["ETag".into()],
        max_age_seconds: Some(3000),
    };
    bucket::CorsChanged { bucket: "photos".parse().unwrap(), rules: Some(vec![rule]) }
}

fn bucket_lifecycle_changed() -> bucket::LifecycleChanged {
    let logs = Rule {
        id: "old logs".into(),
        enabled: true,
        filter: Filter { is_old_form: true, prefix: Some("logs/".into()), ..Filter::default() },
        expiration: Some(Expiration::Days(30)),
        noncurrent_expiration: Some(NoncurrentExpiration { days: 7, newer_versions: Some(3) }),
        abort_uploads_after_days: Some(2),
    };
    let drafts = Rule {
        id: "drafts".into(),
        enabled: false,
        filter: Filter {
            is_old_form: false,
            prefix: None,
            tags: tags(),
            size_greater_than: Some(1_000),
            size_less_than: Some(1_000_000),
        },
        expiration: Some(Expiration::Date("2030-01-01T00:00:00Z".parse().unwrap())),
        noncurrent_expiration: None,
        abort_uploads_after_days: None,
    };
    let markers = Rule {
        id: "markers".into(),
        enabled: true,
        filter: Filter::default(),
        expiration: Some(Expiration::ExpiredObjectDeleteMarker),
        noncurrent_expiration: None,
        abort_uploads_after_days: None,
    };
    bucket::LifecycleChanged {
        bucket: "photos".parse().unwrap(),
        rules: Some(vec![logs, drafts, markers]),
        transition_minimum: TransitionMinimum::default(),
    }
}

/// The same rules, with the other minimum size for transitions.
fn by_storage_class() -> bucket::LifecycleChanged {
    bucket::LifecycleChanged {
        transition_minimum: TransitionMinimum::VariesByStorageClass,
        ..bucket_lifecycle_changed()
    }
}

/// The same bucket, created with tags.
fn with_tags(fact: Fact) -> Fact {
    let Fact::BucketCreated(bucket) = fact else { unreachable!("it is made so") };
    Fact::BucketCreated(bucket::Created { tags: tags(), ..bucket })
}

fn expired(mut fact: Fact) -> Fact {
    let rule = Some("old logs".into());
    match &mut fact {
        Fact::ObjectDeleted(deleted) => deleted.lifecycle_rule = rule,
        Fact::DeleteMarkerCreated(marker) => marker.lifecycle_rule = rule,
        Fact::UploadAborted(aborted) => aborted.lifecycle_rule = rule,
        _ => unreachable!("no rule does it"),
    }
    fact
}

fn object_tags_changed() -> object::TagsChanged {
    let Fact::ObjectCreated(object) = object_created() else { unreachable!("it is made so") };
    object::TagsChanged {
        bucket: object.bucket,
        key: object.key,
        version_id: object.version_id,
        null_version: object.null_version,
        tags: tags(),
        replica: None,
    }
}

fn tagged(mut fact: Fact) -> Fact {
    match &mut fact {
        Fact::ObjectCreated(created) => created.attributes.tags = tags(),
        Fact::UploadCreated(created) => created.attributes.tags = tags(),
        _ => unreachable!("it carries no tags"),
    }
    fact
}

fn of_locks() -> [(u8, &'static str, Fact); 8] {
    let photos = || "photos".parse().unwrap();
    let key = || "2026/11/cat.jpg".parse().unwrap();
    let until = |text: &str| text.parse().unwrap();
    let retention = Retention { mode: RetentionMode::Governance, until: until("2027-11-22T13:02:09Z") };
    let lock = Lock { retention: Some(retention), legal_hold: Some(LegalHold::On) };
    let default_retention = DefaultRetention { mode: RetentionMode::Compliance, period: Period::Days(30) };
    let Fact::BucketCreated(bucket) = bucket_created() else { unreachable!("it is made so") };
    let Fact::ObjectCreated(object) = object_created() else { unreachable!("it is made so") };
    let Fact::ObjectDeleted(gone) = object_deleted() else { unreachable!("it is made so") };
    let Fact::UploadCreated(upload) = upload_created() else { unreachable!("it is made so") };
    let retained = RetentionChanged {
        bucket: photos(),
        key: key(),
        version_id: version(0x101),
        null_version: false,
        retention: Some(Retention { mode: RetentionMode::Compliance, until: until("2028-01-01T00:00:00Z") }),
        governance_bypassed: false,
        replica: None,
    };
    let released = RetentionChanged { retention: None, governance_bypassed: true, ..retained.clone() };
    let held = LegalHoldChanged {
        bucket: photos(),
        key: key(),
        version_id: version(0x101),
        null_version: false,
        legal_hold: LegalHold::Off,
        replica: None,
    };
    let bucket_lock = lock::BucketChanged { bucket: photos(), default_retention: Some(default_retention) };
    [
        (80, "", Fact::BucketObjectLockChanged(bucket_lock)),
        (81, "", Fact::ObjectRetentionChanged(retained)),
        (82, ".bypassed", Fact::ObjectRetentionChanged(released)),
        (83, "", Fact::ObjectLegalHoldChanged(held)),
        (84, ".locked", Fact::BucketCreated(bucket::Created { object_lock: true, ..bucket })),
        (85, ".locked", Fact::ObjectCreated(object::Created { lock, ..object })),
        (86, ".locked", Fact::UploadCreated(upload::Created { lock, ..upload })),
        (87, ".bypassed", Fact::ObjectDeleted(object::Deleted { governance_bypassed: true, ..gone })),
    ]
}

fn renames() -> [(u8, &'static str, Fact); 2] {
    let renamed = object::Renamed {
        bucket: "photos".parse().unwrap(),
        key: "2026/12/cat.jpg".parse().unwrap(),
        source_key: "2026/11/cat.jpg".parse().unwrap(),
        version_id: version(0x101),
        replaces: None,
        client_token: None,
        delta: object::Delta::default(),
    };
    let replacing = object::Renamed {
        replaces: Some(version(0x102)),
        client_token: Some("5f6e3c1a-8f0e-4c59-a0a1-0f7c8e3f0b11".into()),
        delta: object::Delta { objects: -1, bytes: -4096 },
        ..renamed.clone()
    };
    [(120, "", Fact::ObjectRenamed(renamed)), (121, ".replacing", Fact::ObjectRenamed(replacing))]
}

fn appends() -> [(u8, &'static str, Fact); 2] {
    let first = object::Appended {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/log".parse().unwrap(),
        version_id: version(0x101),
        offset: 4096,
        size: 100,
        etag: ETag { md5: Md5Digest([0x3c; 16]), parts: Some(2) },
        checksum: Some(object::Checksum {
            algorithm: object::ChecksumAlgorithm::Crc64Nvme,
            kind: object::ChecksumType::FullObject,
            value: "AuUcyF784aU=".into(),
        }),
        upload_id: UploadId(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0a01)),
        part: object::AppendedPart {
            number: PartNumber::try_from(2).unwrap(),
            md5: Md5Digest([0x2b; 16]),
            body: object::Body::Known { content: sample_content() },
            checksum: None,
            salt: None,
        },
        delta: object::Delta { objects: 0, bytes: 100 },
    };
    let part = object::AppendedPart { salt: Some(Salt::from_fresh([0x5a; Salt::BYTES])), ..first.part.clone() };
    let encrypted = object::Appended { checksum: None, part, ..first.clone() };
    [(122, "", Fact::ObjectAppended(first)), (123, ".encrypted", Fact::ObjectAppended(encrypted))]
}
