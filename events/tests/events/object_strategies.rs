//! Arbitrary facts about objects and uploads.

use events::ids::{ETag, PART_NUMBER_MAX, UploadId};
use events::lock::{self, DefaultRetention, LegalHold, Lock, Period, Retention, RetentionMode};
use events::object::Operation;
use events::{Fact, object, upload};
use proptest::option;
use proptest::prelude::*;

use crate::encryption_strategies::{encryption, salt};
use crate::replication_strategies::replica;
use crate::strategies::*;

pub(crate) fn renamed() -> impl Strategy<Value = Fact> {
    let named = (bucket_name(), key(), key(), version(), option::of(version()));
    (named, option::of(text()), delta()).prop_map(|(named, client_token, delta)| {
        let (bucket, key, source_key, version_id, replaces) = named;
        let renamed = object::Renamed { bucket, key, source_key, version_id, replaces, client_token, delta };
        Fact::ObjectRenamed(renamed)
    })
}

pub(crate) fn appended() -> impl Strategy<Value = Fact> {
    let named = (bucket_name(), key(), version(), uuid());
    let etag = (md5(), option::of(1..=PART_NUMBER_MAX)).prop_map(|(md5, parts)| ETag { md5, parts });
    let part = (part_number(), md5(), body(), option::of(checksum()), option::of(salt()))
        .prop_map(|(number, md5, body, checksum, salt)| object::AppendedPart { number, md5, body, checksum, salt });
    (named, any::<(u64, u64)>(), etag, option::of(checksum()), part, delta()).prop_map(
        |(named, (offset, size), etag, checksum, part, delta)| {
            let (bucket, key, version_id, id) = named;
            let upload_id = UploadId(id);
            Fact::ObjectAppended(object::Appended {
                bucket,
                key,
                version_id,
                offset,
                size,
                etag,
                checksum,
                upload_id,
                part,
                delta,
            })
        },
    )
}

pub(crate) fn object_created() -> impl Strategy<Value = Fact> {
    let operation =
        prop_oneof![Just(Operation::PutObject), Just(Operation::CopyObject), Just(Operation::CompleteMultipartUpload)];
    let etag = (md5(), option::of(1..=PART_NUMBER_MAX)).prop_map(|(md5, parts)| ETag { md5, parts });
    let named = (bucket_name(), key(), version(), any::<bool>(), option::of(version()));
    let bytes = (any::<u64>(), etag, body(), option::of(checksum()), option::of(encryption()));
    let rights = (option::of(user_id()), option::of(acl()), lock());
    (named, bytes, attributes(), rights, operation, delta(), replica()).prop_map(
        |(named, bytes, attributes, rights, operation, delta, replica)| {
            let (owner, acl, lock) = rights;
            let (bucket, key, version_id, null_version, replaces) = named;
            let (size, etag, body, checksum, encryption) = bytes;
            Fact::ObjectCreated(object::Created {
                bucket,
                key,
                version_id,
                null_version,
                size,
                etag,
                body,
                checksum,
                encryption,
                attributes,
                owner,
                acl,
                lock,
                operation,
                replaces,
                delta,
                replica,
            })
        },
    )
}

pub(crate) fn retention() -> impl Strategy<Value = Retention> {
    (retention_mode(), time()).prop_map(|(mode, until)| Retention { mode, until })
}

fn retention_mode() -> impl Strategy<Value = RetentionMode> {
    prop_oneof![Just(RetentionMode::Governance), Just(RetentionMode::Compliance)]
}

pub(crate) fn legal_hold() -> impl Strategy<Value = LegalHold> {
    prop_oneof![Just(LegalHold::On), Just(LegalHold::Off)]
}

pub(crate) fn lock() -> impl Strategy<Value = Lock> {
    (option::of(retention()), option::of(legal_hold()))
        .prop_map(|(retention, legal_hold)| Lock { retention, legal_hold })
}

pub(crate) fn lock_fact() -> impl Strategy<Value = Fact> {
    let period = prop_oneof![any::<u32>().prop_map(Period::Days), any::<u32>().prop_map(Period::Years)];
    let default = (retention_mode(), period).prop_map(|(mode, period)| DefaultRetention { mode, period });
    let named = || (bucket_name(), key(), version(), any::<bool>());
    prop_oneof![
        (bucket_name(), option::of(default)).prop_map(|(bucket, default_retention)| {
            Fact::BucketObjectLockChanged(lock::BucketChanged { bucket, default_retention })
        }),
        (named(), option::of(retention()), any::<bool>(), replica()).prop_map(
            |(named, retention, governance_bypassed, replica)| {
                let (bucket, key, version_id, null_version) = named;
                Fact::ObjectRetentionChanged(lock::RetentionChanged {
                    bucket,
                    key,
                    version_id,
                    null_version,
                    retention,
                    governance_bypassed,
                    replica,
                })
            }
        ),
        (named(), legal_hold(), replica()).prop_map(|(named, legal_hold, replica)| {
            let (bucket, key, version_id, null_version) = named;
            let held = lock::LegalHoldChanged { bucket, key, version_id, null_version, legal_hold, replica };
            Fact::ObjectLegalHoldChanged(held)
        }),
    ]
}

pub(crate) fn object_deleted() -> impl Strategy<Value = Fact> {
    let named = (bucket_name(), key(), version());
    (named, any::<[bool; 3]>(), delta(), option::of(text()), replica()).prop_map(
        |(named, [null_version, delete_marker, governance_bypassed], delta, lifecycle_rule, replica)| {
            let (bucket, key, version_id) = named;
            Fact::ObjectDeleted(object::Deleted {
                bucket,
                key,
                version_id,
                null_version,
                delete_marker,
                governance_bypassed,
                delta,
                lifecycle_rule,
                replica,
            })
        },
    )
}

pub(crate) fn delete_marker_created() -> impl Strategy<Value = Fact> {
    let named = (bucket_name(), key(), version(), any::<bool>());
    (named, option::of(version()), delta(), option::of(text()), replica()).prop_map(
        |((bucket, key, version_id, null_version), replaces, delta, lifecycle_rule, replica)| {
            Fact::DeleteMarkerCreated(object::DeleteMarkerCreated {
                bucket,
                key,
                version_id,
                null_version,
                replaces,
                delta,
                lifecycle_rule,
                replica,
            })
        },
    )
}

pub(crate) fn upload_created() -> impl Strategy<Value = Fact> {
    let rights = (option::of(user_id()), option::of(user_id()), option::of(acl()), lock());
    let sums = (option::of(plan()), option::of(encryption()));
    (bucket_name(), key(), uuid(), attributes(), sums, rights).prop_map(
        |(bucket, key, id, attributes, (checksum, encryption), (initiator, owner, acl, lock))| {
            Fact::UploadCreated(upload::Created {
                bucket,
                key,
                upload_id: UploadId(id),
                attributes,
                checksum,
                encryption,
                initiator,
                owner,
                acl,
                lock,
            })
        },
    )
}

pub(crate) fn part_stored() -> impl Strategy<Value = Fact> {
    let named = (bucket_name(), key(), uuid(), part_number());
    let sums = (option::of(checksum()), option::of(salt()));
    (named, any::<u64>(), md5(), body(), sums).prop_map(|(named, size, md5, body, (checksum, salt))| {
        let (bucket, key, id, part_number) = named;
        let upload_id = UploadId(id);
        let part = upload::PartStored { bucket, key, upload_id, part_number, size, md5, body, checksum, salt };
        Fact::UploadPartStored(part)
    })
}
