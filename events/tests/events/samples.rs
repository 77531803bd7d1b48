//! The events of `schemas/examples`: fixed values, one per type, and the objects with every optional field.
//!
//! The files are frozen. When a fact gets a new field, its sample gets the field's default and the file stays.

use std::collections::BTreeMap;

use events::ids::{
    AuthType, ContentId, ETag, EventId, Generation, Layout, Md5Digest, PartNumber, Placement, Principal, RegionName,
    Sha256Digest, UploadId, VersionId,
};
use events::lock::Lock;
use events::object::{Attributes, Body, Checksum, ChecksumAlgorithm, ChecksumType, Delta, Operation};
use events::{Event, Fact, Origin, bucket, object, upload};
use uuid::Uuid;

/// One frozen example.
pub(crate) struct Sample {
    /// Its file in `schemas/examples`.
    pub(crate) file_name: String,
    /// The event in the file.
    pub(crate) event: Event,
}

/// The region of every example.
pub(crate) fn region() -> RegionName {
    "eu-1".parse().unwrap()
}

/// Every example, in the order of an imagined log.
pub(crate) fn samples() -> Vec<Sample> {
    let facts = [
        ("", bucket_created()),
        ("", versioning_changed()),
        ("", object_created()),
        (".full", object_created_in_full()),
        ("", delete_marker_created()),
        ("", object_deleted()),
        ("", upload_created()),
        (".full", upload_created_in_full()),
        ("", part_stored()),
        (".full", part_stored_in_full()),
        ("", upload_aborted()),
        ("", bucket_deleted()),
    ];
    let facts = facts.into_iter().chain(crate::identity_samples::facts());
    let placed = (1..).zip(facts).map(|(place, (variant, fact))| (place, variant, fact));
    let sample = |(place, variant, fact): (u8, &str, Fact)| Sample {
        file_name: format!("{}{variant}.json", fact.kind().name()),
        event: event(place, fact, variant == ".full"),
    };
    let placed = placed.chain(crate::placed_samples::facts()).chain(crate::encryption_samples::facts());
    let placed = placed.chain(crate::secret_samples::facts()).chain(crate::lease_samples::facts());
    let placed = placed.chain(crate::consumer_samples::facts());
    let placed = placed.chain(crate::target_samples::facts()).chain(crate::replication_samples::facts());
    let placed = placed.chain(crate::link_samples::facts()).chain(crate::shared_samples::facts());
    placed.map(sample).collect()
}

fn event(place: u8, fact: Fact, full: bool) -> Event {
    Event {
        id: EventId(uuid(0x10 + u128::from(place))),
        time: format!("2026-11-22T13:{:02}:{:02}.123456789Z", 2 + place / 60, place % 60).parse().unwrap(),
        sequence: 1041 + u64::from(place),
        previous: Sha256Digest([place; 32]),
        origin: origin(place, &fact, full),
        user: None,
        fact,
    }
}

/// An authenticated request, except for the fact that Planetstore itself caused and the one of an anonymous request:
/// these show an envelope without the optional attributes. The `full` ones have a trace.
fn origin(place: u8, fact: &Fact, full: bool) -> Origin {
    let request_id = format!("4442587FB7D0A2{place:02}");
    let principal = |kind, id: &str| Principal { kind, id: id.into() };
    match fact {
        Fact::UploadAborted(_) => Origin {
            principal: principal(AuthType::System, "lifecycle"),
            request_id: String::new(),
            traceparent: None,
            address: None,
        },
        Fact::UploadPartsReleased(_) => Origin {
            principal: principal(AuthType::System, "ledger"),
            request_id: String::new(),
            traceparent: None,
            address: None,
        },
        Fact::UploadPartStored(_) if !full => {
            Origin { principal: principal(AuthType::Unauthenticated, ""), request_id, traceparent: None, address: None }
        }
        _ if fact.bucket().is_none() => {
            Origin { principal: principal(AuthType::User, "root"), request_id, traceparent: None, address: None }
        }
        _ => Origin {
            principal: principal(AuthType::ApiKey, "PSKEYEXAMPLE"),
            request_id,
            traceparent: full.then(|| "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap()),
            address: None,
        },
    }
}

/// A `UUIDv7` of the day of the examples.
fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x019a_ac00_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) fn version(number: u128) -> VersionId {
    VersionId::from_u128(uuid(number).as_u128())
}

fn upload_id() -> UploadId {
    UploadId(uuid(0x200))
}

fn part(number: u16) -> PartNumber {
    number.try_into().unwrap()
}

pub(crate) fn content() -> ContentId {
    ContentId { sha256: Sha256Digest([0xab; 32]), generation: Generation::from_fresh(uuid(0x300)) }
}

fn stored(layout: Layout, nodes: &[&str]) -> Body {
    let nodes = nodes.iter().map(|name| name.parse().unwrap()).collect();
    Body::Stored { content: content(), placement: Placement { layout, nodes } }
}

fn every_attribute() -> Attributes {
    let map = |entries: &[(&str, &str)]| -> BTreeMap<String, String> {
        entries.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    };
    Attributes {
        headers: map(&[("cache-control", "max-age=3600"), ("content-type", "image/jpeg")]),
        metadata: map(&[("camera", "Zorki 4"), ("titel", "K\u{e4}tzchen \u{1f431}")]),
        storage_class: Some("REDUCED_REDUNDANCY".into()),
        tags: BTreeMap::new(),
    }
}

pub(crate) fn bucket_created() -> Fact {
    Fact::BucketCreated(bucket::Created {
        bucket: "photos".parse().unwrap(),
        owner: "PSKEYEXAMPLE".parse().unwrap(),
        acl: None,
        ownership: None,
        object_lock: false,
        location: None,
        tags: BTreeMap::new(),
    })
}

fn versioning_changed() -> Fact {
    Fact::BucketVersioningChanged(bucket::VersioningChanged {
        bucket: "photos".parse().unwrap(),
        versioning: bucket::Versioning::Enabled,
    })
}

fn bucket_deleted() -> Fact {
    Fact::BucketDeleted(bucket::Deleted { bucket: "logs.example.com".parse().unwrap() })
}

pub(crate) fn object_created() -> Fact {
    Fact::ObjectCreated(object::Created {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/cat.jpg".parse().unwrap(),
        version_id: version(0x101),
        null_version: false,
        size: 183_442,
        etag: ETag { md5: Md5Digest([0xcd; 16]), parts: None },
        body: stored(Layout::Striped, &["node-1", "node-2", "node-3", "node-4", "node-5", "node-6"]),
        checksum: None,
        encryption: None,
        attributes: Attributes::default(),
        owner: None,
        acl: None,
        lock: Lock::default(),
        operation: Operation::PutObject,
        replaces: None,
        delta: Delta { objects: 1, bytes: 183_442 },
        replica: None,
    })
}

/// A completed upload of 10 MiB parts under a key that is not UTF-8, over a null version of 42 bytes.
fn object_created_in_full() -> Fact {
    let size = 30 << 20;
    Fact::ObjectCreated(object::Created {
        bucket: "photos".parse().unwrap(),
        key: events::ids::ObjectKey::from_bytes(*b"K\xe4tzchen +%/\xff.jpg").unwrap(),
        version_id: version(0x102),
        null_version: true,
        size,
        etag: ETag { md5: Md5Digest([0xce; 16]), parts: Some(3) },
        body: Body::Parts { upload_id: upload_id(), taken: vec![(part(1), part(2)), (part(4), part(4))] },
        checksum: Some(Checksum {
            algorithm: ChecksumAlgorithm::Crc32c,
            kind: ChecksumType::Composite,
            value: "yZRlqg==-3".into(),
        }),
        encryption: None,
        attributes: every_attribute(),
        owner: None,
        acl: None,
        lock: Lock::default(),
        operation: Operation::CompleteMultipartUpload,
        replaces: Some(version(0x100)),
        delta: Delta { objects: 0, bytes: i64::try_from(size).unwrap() - 42 },
        replica: None,
    })
}

pub(crate) fn delete_marker_created() -> Fact {
    Fact::DeleteMarkerCreated(object::DeleteMarkerCreated {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/cat.jpg".parse().unwrap(),
        version_id: version(0x103),
        null_version: true,
        replaces: Some(version(0x101)),
        delta: Delta { objects: -1, bytes: -183_442 },
        lifecycle_rule: None,
        replica: None,
    })
}

pub(crate) fn object_deleted() -> Fact {
    Fact::ObjectDeleted(object::Deleted {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/cat.jpg".parse().unwrap(),
        version_id: version(0x103),
        null_version: true,
        delete_marker: true,
        governance_bypassed: false,
        delta: Delta::default(),
        lifecycle_rule: None,
        replica: None,
    })
}

pub(crate) fn upload_created() -> Fact {
    Fact::UploadCreated(upload::Created {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/film.mp4".parse().unwrap(),
        upload_id: upload_id(),
        attributes: Attributes::default(),
        checksum: None,
        encryption: None,
        initiator: None,
        owner: None,
        acl: None,
        lock: Lock::default(),
    })
}

fn upload_created_in_full() -> Fact {
    Fact::UploadCreated(upload::Created {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/film.mp4".parse().unwrap(),
        upload_id: upload_id(),
        attributes: every_attribute(),
        checksum: Some(upload::ChecksumPlan {
            algorithm: ChecksumAlgorithm::Crc64Nvme,
            kind: ChecksumType::FullObject,
        }),
        encryption: None,
        initiator: None,
        owner: None,
        acl: None,
        lock: Lock::default(),
    })
}

pub(crate) fn part_stored() -> Fact {
    Fact::UploadPartStored(upload::PartStored {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/film.mp4".parse().unwrap(),
        upload_id: upload_id(),
        part_number: part(1),
        size: 10 << 20,
        md5: Md5Digest([0xcf; 16]),
        body: Body::Known { content: content() },
        checksum: None,
        salt: None,
    })
}

fn part_stored_in_full() -> Fact {
    Fact::UploadPartStored(upload::PartStored {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/film.mp4".parse().unwrap(),
        upload_id: upload_id(),
        part_number: part(10_000),
        size: 5,
        md5: Md5Digest([0xd0; 16]),
        body: stored(Layout::Small, &["node-3", "node-1", "node-2"]),
        checksum: Some(Checksum {
            algorithm: ChecksumAlgorithm::Sha256,
            kind: ChecksumType::FullObject,
            value: "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=".into(),
        }),
        salt: None,
    })
}

pub(crate) fn upload_aborted() -> Fact {
    Fact::UploadAborted(upload::Aborted {
        bucket: "photos".parse().unwrap(),
        key: "2026/11/film.mp4".parse().unwrap(),
        upload_id: upload_id(),
        lifecycle_rule: None,
    })
}
