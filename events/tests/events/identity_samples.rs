//! The events of `schemas/examples` about users, keys, groups, policies and quotas.

use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission, PublicAccessBlock};
use events::ids::{BucketName, Sealed, SessionId, Sha256Digest, UserId, UserName};
use events::policy::Holder;
use events::quota::{Quota, Resource};
use events::user::{Limits, Role};
use events::{Fact, bucket, group, key, object, policy, quota, session, user};
use jiff::Timestamp;
use uuid::Uuid;

use crate::samples::{object_created, upload_created, version};

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// Each fact, and the part of its file's name that distinguishes it from others of its type.
pub(crate) fn facts() -> Vec<(&'static str, Fact)> {
    let mut facts = of_buckets();
    facts.extend(of_users());
    facts.extend(of_groups_and_policies());
    facts.extend(of_sessions());
    facts
}

fn photos() -> BucketName {
    "photos".parse().unwrap()
}

fn alice() -> UserName {
    "alice@example.com".parse().unwrap()
}

fn alices_id() -> UserId {
    UserId::from_fresh([0xa1; 32])
}

fn sealed() -> Sealed {
    "v1.0a1b2c3d.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".parse().unwrap()
}

fn day(day: u8) -> Timestamp {
    format!("2026-12-{day:02}T00:00:00Z").parse().unwrap()
}

fn acl() -> Acl {
    let grant = |grantee, permission| Grant { grantee, permission };
    Acl {
        grants: vec![
            grant(Grantee::User(alices_id()), Permission::FullControl),
            grant(Grantee::Everyone, Permission::Read),
            grant(Grantee::Authenticated, Permission::ReadAcp),
            grant(Grantee::LogDelivery, Permission::Write),
        ],
    }
}

fn of_buckets() -> Vec<(&'static str, Fact)> {
    let shared_bucket = bucket::Created {
        bucket: photos(),
        owner: alices_id(),
        acl: Some(acl()),
        ownership: Some(ObjectOwnership::ObjectWriter),
        object_lock: false,
        location: None,
        tags: std::collections::BTreeMap::new(),
    };
    let Fact::ObjectCreated(object) = object_created() else { unreachable!("it is made so") };
    let shared_object = object::Created { owner: Some(alices_id()), acl: Some(acl()), ..object };
    let Fact::UploadCreated(upload) = upload_created() else { unreachable!("it is made so") };
    let shared_upload =
        events::upload::Created { initiator: Some(alices_id()), owner: Some(alices_id()), acl: Some(acl()), ..upload };
    let block = PublicAccessBlock { block_public_acls: true, ..PublicAccessBlock::default() };
    let object_acl = object::AclChanged {
        bucket: photos(),
        key: "2026/11/cat.jpg".parse().unwrap(),
        version_id: version(0x101),
        null_version: false,
        acl: acl(),
    };
    let reached =
        quota::ThresholdReached { bucket: photos(), resource: Resource::Bytes, used: 858_993_460, limit: 1 << 30 };
    vec![
        (".shared", Fact::BucketCreated(shared_bucket)),
        (".shared", Fact::ObjectCreated(shared_object)),
        (".shared", Fact::UploadCreated(shared_upload)),
        ("", Fact::BucketPolicyChanged(bucket::PolicyChanged { bucket: photos(), policy: Some(POLICY.into()) })),
        ("", Fact::BucketAclChanged(bucket::AclChanged { bucket: photos(), acl: acl() })),
        (
            "",
            Fact::BucketPublicAccessChanged(bucket::PublicAccessChanged {
                bucket: photos(),
                public_access_block: Some(block),
            }),
        ),
        (
            "",
            Fact::BucketOwnershipChanged(bucket::OwnershipChanged {
                bucket: photos(),
                ownership: Some(ObjectOwnership::BucketOwnerPreferred),
            }),
        ),
        ("", Fact::ObjectAclChanged(object_acl)),
        (
            "",
            Fact::QuotaChanged(quota::Changed {
                bucket: photos(),
                quota: Quota { bytes: Some(1 << 30), objects: Some(1_000_000) },
            }),
        ),
        ("", Fact::QuotaThresholdReached(reached)),
    ]
}

fn of_users() -> Vec<(&'static str, Fact)> {
    let limits = Limits { requests_per_second: Some(100), bytes_per_second: Some(50_000_000) };
    let access_key = || "PSKEYEXAMPLE".parse().unwrap();
    vec![
        (
            "",
            Fact::UserCreated(user::Created {
                user: alice(),
                id: alices_id(),
                role: Role::User,
                display_name: "Alice".into(),
                email: Some("alice@example.com".into()),
                password: Some(sealed()),
                limits: Limits::default(),
                disabled: false,
                replica: None,
            }),
        ),
        (
            "",
            Fact::UserChanged(user::Changed {
                user: alice(),
                role: Role::Admin,
                display_name: "Alice Liddell".into(),
                email: Some("alice@example.com".into()),
                enabled: true,
                limits,
                replica: None,
            }),
        ),
        (
            "",
            Fact::UserPasswordChanged(user::PasswordChanged { user: alice(), password: Some(sealed()), replica: None }),
        ),
        (
            "",
            Fact::KeyCreated(key::Created {
                user: alice(),
                access_key: access_key(),
                secret: sealed(),
                expires: Some(day(24)),
                disabled: false,
                held_by_admin: false,
                replica: None,
            }),
        ),
        (
            "",
            Fact::KeyChanged(key::Changed {
                user: alice(),
                access_key: access_key(),
                enabled: false,
                expires: Some(day(25)),
                by_admin: false,
                replica: None,
            }),
        ),
        ("", Fact::KeyDeleted(key::Deleted { user: alice(), access_key: access_key(), replica: None })),
        ("", Fact::UserDeleted(user::Deleted { user: alice(), replica: None })),
    ]
}

fn of_groups_and_policies() -> Vec<(&'static str, Fact)> {
    let editors = || "editors".parse().unwrap();
    let read_photos = || "read-photos".parse().unwrap();
    let (group, policy) = (editors, read_photos);
    vec![
        ("", Fact::GroupCreated(group::Created { group: group(), replica: None })),
        ("", Fact::GroupMemberAdded(group::MemberAdded { group: group(), user: alice(), replica: None })),
        ("", Fact::PolicyStored(policy::Stored { policy: policy(), document: POLICY.into(), replica: None })),
        (
            "",
            Fact::PolicyAttached(policy::Attached { policy: policy(), holder: Holder::Group(group()), replica: None }),
        ),
        ("", Fact::PolicyDetached(policy::Detached { policy: policy(), holder: Holder::User(alice()), replica: None })),
        ("", Fact::PolicyDeleted(policy::Deleted { policy: policy(), replica: None })),
        ("", Fact::GroupMemberRemoved(group::MemberRemoved { group: group(), user: alice(), replica: None })),
        ("", Fact::GroupDeleted(group::Deleted { group: group(), replica: None })),
    ]
}

fn of_sessions() -> Vec<(&'static str, Fact)> {
    let session = SessionId(Uuid::from_u128(0x019a_ac00_0000_7000_8000_0000_0000_0400));
    let refresh = |byte| Sha256Digest([byte; 32]);
    vec![
        ("", Fact::SessionOpened(session::Opened { user: alice(), session, refresh: refresh(0xf1), expires: day(1) })),
        (
            "",
            Fact::SessionRefreshed(session::Refreshed {
                user: alice(),
                session,
                refresh: refresh(0xf2),
                expires: day(2),
            }),
        ),
        ("", Fact::SessionRevoked(session::Revoked { user: alice(), session: Some(session) })),
    ]
}
