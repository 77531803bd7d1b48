//! Arbitrary facts, and events around them.

use std::collections::BTreeMap;

use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission};
use events::ids::{
    AuthType, BucketName, ContentId, EventId, Generation, Layout, Md5Digest, NodeId, OBJECT_KEY_BYTES_MAX, ObjectKey,
    PART_NUMBER_MAX, PartNumber, Placement, Principal, RegionName, SHARDS, Sealed, SessionId, Sha256Digest,
    TraceParent, UploadId, UserId, UserName, VersionId,
};
use events::object::{Attributes, Body, Checksum, ChecksumAlgorithm, ChecksumType, Delta};
use events::policy::Holder;
use events::upload::{ChecksumPlan, ReleasedFrom};
use events::user::{Limits, Role};
use events::{Event, Fact, Origin, bucket, cors, key, kms_key as kms, object, policy, session, upload, user};
use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::encryption_strategies::{default_encryption, kms_key, of_region};
use crate::object_strategies::{
    appended, delete_marker_created, lock_fact, object_created, object_deleted, part_stored, renamed, upload_created,
};
use crate::replication_strategies::replica;

/// The last year that RFC 3339 can represent, in seconds since 1970.
const SECONDS_MAX: i64 = 253_370_764_800;

pub(crate) fn event() -> impl Strategy<Value = Event> {
    (uuid(), time(), any::<u64>(), any::<[u8; 32]>(), origin(), option::of(user_name()), fact()).prop_map(
        |(id, time, sequence, previous, origin, user, fact)| Event {
            id: EventId(id),
            time,
            sequence,
            previous: Sha256Digest(previous),
            origin,
            user,
            fact,
        },
    )
}

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        bucket_fact(),
        identity_fact().boxed(),
        object_created().boxed(),
        object_deleted().boxed(),
        delete_marker_created().boxed(),
        lock_fact().boxed(),
        crate::content_strategies::health_changed().boxed(),
        crate::lease_strategies::fact().boxed(),
        crate::consumer_strategies::fact().boxed(),
        crate::target_strategies::fact().boxed(),
        crate::replication_strategies::fact().boxed(),
        crate::link_strategies::fact().boxed(),
        crate::content_strategies::placed().boxed(),
        crate::content_strategies::reclaimed().boxed(),
        upload_created().boxed(),
        part_stored().boxed(),
        (bucket_name(), key(), uuid(), option::of(text())).prop_map(|(bucket, key, id, lifecycle_rule)| {
            Fact::UploadAborted(upload::Aborted { bucket, key, upload_id: UploadId(id), lifecycle_rule })
        }),
        (bucket_name(), uuid(), option::of(any::<u64>()), any::<u16>()).prop_map(|(bucket, id, created, max)| {
            let upload = ReleasedFrom::Upload { upload_id: UploadId(id) };
            let from = created.map_or(upload, |created| ReleasedFrom::Bucket { created });
            Fact::UploadPartsReleased(upload::PartsReleased { bucket, from, max })
        }),
    ]
}

pub(crate) fn region() -> impl Strategy<Value = RegionName> {
    "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?".prop_map(|name| name.parse().unwrap())
}

/// Any JSON, nested a few levels deep.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Any Unicode, including control characters and quotes.
pub(crate) fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..24).prop_map(String::from_iter)
}

pub(crate) fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    (0..SECONDS_MAX, 0..1_000_000_000).prop_map(|(seconds, nanos)| Timestamp::new(seconds, nanos).unwrap())
}

pub(crate) fn origin() -> impl Strategy<Value = Origin> {
    let kind = prop_oneof![
        Just(AuthType::ApiKey),
        Just(AuthType::User),
        Just(AuthType::System),
        Just(AuthType::Unauthenticated)
    ];
    let trace = "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}".prop_map(|text| text.parse::<TraceParent>());
    let address = option::of(any::<std::net::IpAddr>());
    (kind, text(), text(), option::of(trace), address).prop_map(|(kind, id, request_id, trace, address)| Origin {
        principal: Principal { kind, id },
        request_id,
        traceparent: trace.map(Result::unwrap),
        address,
    })
}

pub(crate) fn bucket_name() -> impl Strategy<Value = BucketName> {
    vec("[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", 1..=5)
        .prop_filter_map("not every sequence of labels is a bucket", |labels| labels.join(".").parse().ok())
}

pub(crate) fn key() -> impl Strategy<Value = ObjectKey> {
    let bytes = prop_oneof![
        4 => vec(any::<u8>(), 1..=32),
        4 => "[ -~]{1,40}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), OBJECT_KEY_BYTES_MAX),
    ];
    bytes.prop_map(|bytes| ObjectKey::from_bytes(bytes).unwrap())
}

pub(crate) fn version() -> impl Strategy<Value = VersionId> {
    any::<u128>().prop_map(VersionId::from_u128)
}

pub(crate) fn md5() -> impl Strategy<Value = Md5Digest> {
    any::<[u8; 16]>().prop_map(Md5Digest)
}

pub(crate) fn part_number() -> impl Strategy<Value = PartNumber> {
    (1..=PART_NUMBER_MAX).prop_map(|number| number.try_into().unwrap())
}

pub(crate) fn content() -> impl Strategy<Value = ContentId> {
    (any::<[u8; 32]>(), uuid())
        .prop_map(|(sha256, uuid)| ContentId { sha256: Sha256Digest(sha256), generation: Generation::from_fresh(uuid) })
}

pub(crate) fn placement() -> impl Strategy<Value = Placement> {
    let node = || "[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?".prop_map(|name| name.parse::<NodeId>().unwrap());
    prop_oneof![
        vec(node(), 3).prop_map(|nodes| Placement { layout: Layout::Small, nodes }),
        vec(node(), SHARDS).prop_map(|nodes| Placement { layout: Layout::Striped, nodes }),
    ]
}

pub(crate) fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(Body::Empty),
        (content(), placement()).prop_map(|(content, placement)| Body::Stored { content, placement }),
        content().prop_map(|content| Body::Known { content }),
        (uuid(), vec((part_number(), part_number()), 0..4))
            .prop_map(|(id, taken)| Body::Parts { upload_id: UploadId(id), taken }),
    ]
}

pub(crate) fn plan() -> impl Strategy<Value = ChecksumPlan> {
    let algorithm = prop_oneof![
        Just(ChecksumAlgorithm::Crc32),
        Just(ChecksumAlgorithm::Crc32c),
        Just(ChecksumAlgorithm::Crc64Nvme),
        Just(ChecksumAlgorithm::Sha1),
        Just(ChecksumAlgorithm::Sha256),
        Just(ChecksumAlgorithm::Sha512),
        Just(ChecksumAlgorithm::Md5),
        Just(ChecksumAlgorithm::XxHash64),
        Just(ChecksumAlgorithm::XxHash3),
        Just(ChecksumAlgorithm::XxHash128),
    ];
    let kind = prop_oneof![Just(ChecksumType::FullObject), Just(ChecksumType::Composite)];
    (algorithm, kind).prop_map(|(algorithm, kind)| ChecksumPlan { algorithm, kind })
}

pub(crate) fn checksum() -> impl Strategy<Value = Checksum> {
    let value = "[A-Za-z0-9+/]{6}==(-[1-9][0-9]{0,3})?";
    (plan(), value).prop_map(|(plan, value)| Checksum { algorithm: plan.algorithm, kind: plan.kind, value })
}

pub(crate) fn attributes() -> impl Strategy<Value = Attributes> {
    let map = || -> BoxedStrategy<BTreeMap<String, String>> { btree_map(text(), text(), 0..4).boxed() };
    (map(), map(), option::of(text()), map()).prop_map(|(headers, metadata, storage_class, tags)| Attributes {
        headers,
        metadata,
        storage_class,
        tags,
    })
}

pub(crate) fn delta() -> impl Strategy<Value = Delta> {
    (any::<i64>(), any::<i64>()).prop_map(|(objects, bytes)| Delta { objects, bytes })
}

pub(crate) fn user_name() -> impl Strategy<Value = UserName> {
    "[A-Za-z0-9+=,.@_-]{1,64}".prop_map(|name| name.parse().unwrap())
}

pub(crate) fn user_id() -> impl Strategy<Value = UserId> {
    "[A-Za-z0-9._$-]{1,128}".prop_map(|id| id.parse().unwrap())
}

pub(crate) fn acl() -> impl Strategy<Value = Acl> {
    let grantee = prop_oneof![
        user_id().prop_map(Grantee::User),
        Just(Grantee::Everyone),
        Just(Grantee::Authenticated),
        Just(Grantee::LogDelivery)
    ];
    let permission = prop_oneof![
        Just(Permission::Read),
        Just(Permission::Write),
        Just(Permission::ReadAcp),
        Just(Permission::WriteAcp),
        Just(Permission::FullControl)
    ];
    let grant = (grantee, permission).prop_map(|(grantee, permission)| Grant { grantee, permission });
    vec(grant, 0..4).prop_map(|grants| Acl { grants })
}

pub(crate) fn ownership() -> impl Strategy<Value = ObjectOwnership> {
    prop_oneof![
        Just(ObjectOwnership::BucketOwnerEnforced),
        Just(ObjectOwnership::BucketOwnerPreferred),
        Just(ObjectOwnership::ObjectWriter)
    ]
}

pub(crate) fn sealed() -> impl Strategy<Value = Sealed> {
    "[A-Za-z0-9._-]{1,80}".prop_map(|text| text.parse().unwrap())
}

pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    (option::of(any::<u32>()), option::of(any::<u64>()))
        .prop_map(|(requests_per_second, bytes_per_second)| Limits { requests_per_second, bytes_per_second })
}

pub(crate) fn identity_fact() -> impl Strategy<Value = Fact> {
    let holder = prop_oneof![
        user_name().prop_map(Holder::User),
        "[A-Za-z0-9]{1,9}".prop_map(|name| Holder::Group(name.parse().unwrap()))
    ];
    let policy = "[A-Za-z0-9+=,.@_-]{1,64}".prop_map(|name| name.parse().unwrap());
    let session = (user_name(), uuid(), any::<[u8; 32]>(), time());
    let user = (user_name(), user_id(), text(), option::of(text()), option::of(sealed()), limits());
    prop_oneof![
        user.prop_map(|(user, id, display_name, email, password, limits)| {
            let role = Role::User;
            Fact::UserCreated(user::Created {
                user,
                id,
                role,
                display_name,
                email,
                password,
                limits,
                disabled: false,
                replica: None,
            })
        }),
        (user_name(), "[A-Za-z0-9]{3,40}", sealed(), option::of(time())).prop_map(
            |(user, access_key, secret, expires)| {
                let access_key = access_key.parse().unwrap();
                let (disabled, held_by_admin, replica) = (false, false, None);
                Fact::KeyCreated(key::Created { user, access_key, secret, expires, disabled, held_by_admin, replica })
            }
        ),
        (kms_key(), sealed()).prop_map(|(kms_key, sealed)| Fact::KmsKeyCreated(kms::Created { kms_key, sealed })),
        of_region(),
        (kms_key(), any::<bool>())
            .prop_map(|(kms_key, enabled)| Fact::KmsKeyChanged(kms::Changed { kms_key, enabled })),
        crate::lifecycle_strategies::node_joined(),
        (policy, holder).prop_map(|(policy, holder)| Fact::PolicyAttached(policy::Attached {
            policy,
            holder,
            replica: None
        })),
        session.prop_map(|(user, id, refresh, expires)| {
            let (session, refresh) = (SessionId(id), Sha256Digest(refresh));
            Fact::SessionOpened(session::Opened { user, session, refresh, expires })
        }),
        (user_name(), option::of(uuid()))
            .prop_map(|(user, id)| { Fact::SessionRevoked(session::Revoked { user, session: id.map(SessionId) }) }),
    ]
}

pub(crate) fn transition_minimum() -> impl Strategy<Value = events::lifecycle::TransitionMinimum> {
    use events::lifecycle::TransitionMinimum::{AllStorageClasses, VariesByStorageClass};
    prop_oneof![Just(AllStorageClasses), Just(VariesByStorageClass)]
}

pub(crate) fn bucket_fact() -> BoxedStrategy<Fact> {
    use bucket::{Created, Deleted, Versioning, VersioningChanged};
    let versioning = prop_oneof![Just(Versioning::Unversioned), Just(Versioning::Enabled), Just(Versioning::Suspended)];
    prop_oneof![
        (
            (bucket_name(), user_id(), option::of(acl()), option::of(ownership())),
            (any::<bool>(), option::of(region()), btree_map(text(), text(), 0..4))
        )
            .prop_map(|((bucket, owner, acl, ownership), (object_lock, location, tags))| {
                Fact::BucketCreated(Created { bucket, owner, acl, ownership, object_lock, location, tags })
            }),
        (bucket_name(), option::of(text()))
            .prop_map(|(bucket, policy)| Fact::BucketPolicyChanged(bucket::PolicyChanged { bucket, policy })),
        (bucket_name(), acl()).prop_map(|(bucket, acl)| Fact::BucketAclChanged(bucket::AclChanged { bucket, acl })),
        (bucket_name(), key(), version(), any::<bool>(), btree_map(text(), text(), 0..4), replica()).prop_map(
            |(bucket, key, version_id, null_version, tags, replica)| {
                Fact::ObjectTagsChanged(object::TagsChanged { bucket, key, version_id, null_version, tags, replica })
            }
        ),
        (bucket_name(), option::of(vec(cors_rule(), 0..3)))
            .prop_map(|(bucket, rules)| Fact::BucketCorsChanged(bucket::CorsChanged { bucket, rules })),
        renamed(),
        appended(),
        (bucket_name(), option::of(btree_map(text(), text(), 0..4)))
            .prop_map(|(bucket, tags)| Fact::BucketTagsChanged(bucket::TagsChanged { bucket, tags })),
        (bucket_name(), option::of(default_encryption())).prop_map(|(bucket, encryption)| {
            Fact::BucketEncryptionChanged(bucket::EncryptionChanged { bucket, encryption })
        }),
        (bucket_name(), option::of(vec(crate::lifecycle_strategies::rule(), 0..3)), transition_minimum()).prop_map(
            |(bucket, rules, transition_minimum)| {
                Fact::BucketLifecycleChanged(bucket::LifecycleChanged { bucket, rules, transition_minimum })
            }
        ),
        bucket_name().prop_map(|bucket| Fact::BucketDeleted(Deleted { bucket })),
        (bucket_name(), versioning).prop_map(|(bucket, versioning)| {
            Fact::BucketVersioningChanged(VersioningChanged { bucket, versioning })
        }),
    ]
    .boxed()
}

pub(crate) fn cors_rule() -> BoxedStrategy<cors::Rule> {
    use cors::Method::{Delete, Get, Head, Post, Put};
    let methods = vec(prop_oneof![Just(Get), Just(Put), Just(Post), Just(Delete), Just(Head)], 0..3);
    let texts = || vec(text(), 0..3).boxed();
    (option::of(text()), texts(), methods, texts(), texts(), any::<Option<u32>>())
        .prop_map(|(id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds)| {
            cors::Rule { id, allowed_origins, allowed_methods, allowed_headers, expose_headers, max_age_seconds }
        })
        .boxed()
}
