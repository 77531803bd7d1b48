//! Between the wire's types and the events': pure, in both directions.

use std::collections::BTreeMap;

use domain::{DeletePrecondition, ETags, Precondition};
use events::ids::{ETag, Md5Digest};
use events::lock::{LegalHold, Lock, Retention, RetentionMode};
use events::object::{Attributes, ChecksumAlgorithm, ChecksumType};
use events::tags::Tags;
use s3::checksum::{Algorithm, Checksum};
use s3::condition::{DeleteConditions, WriteConditions};
use s3::request::{Metadata, StorageClass};

/// The storage class of objects that were given none.
pub(crate) const STANDARD: &str = "STANDARD";

pub(crate) fn attributes(metadata: Metadata, class: StorageClass, tags: Tags) -> Attributes {
    let named = [
        ("content-type", metadata.content_type),
        ("cache-control", metadata.cache_control),
        ("content-disposition", metadata.content_disposition),
        ("content-encoding", metadata.content_encoding),
        ("content-language", metadata.content_language),
        ("expires", metadata.expires),
    ];
    let headers = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Attributes {
        headers,
        metadata: metadata.user.into_iter().collect::<BTreeMap<_, _>>(),
        storage_class: class_name(class),
        tags,
    }
}

pub(crate) fn class_name(class: StorageClass) -> Option<String> {
    Some(class.name()).filter(|name| *name != STANDARD).map(str::to_owned)
}

pub(crate) fn etag_of_body(md5: Md5Digest) -> ETag {
    ETag { md5, parts: None }
}

pub(crate) fn precondition(conditions: WriteConditions) -> Precondition {
    Precondition { matches: conditions.if_match.map(tags), none_matches: conditions.if_none_match.map(tags) }
}

pub(crate) fn delete_precondition(conditions: DeleteConditions) -> DeletePrecondition {
    DeletePrecondition {
        matches: conditions.if_match.map(tags),
        modified: conditions.if_match_last_modified,
        size: conditions.if_match_size,
    }
}

fn tags(tags: s3::condition::Tags) -> ETags {
    match tags {
        s3::condition::Tags::Any => ETags::Any,
        s3::condition::Tags::OneOf(these) => ETags::These(these),
    }
}

pub(crate) fn algorithm(algorithm: Algorithm) -> ChecksumAlgorithm {
    match algorithm {
        Algorithm::Crc32 => ChecksumAlgorithm::Crc32,
        Algorithm::Crc32c => ChecksumAlgorithm::Crc32c,
        Algorithm::Crc64Nvme => ChecksumAlgorithm::Crc64Nvme,
        Algorithm::Sha1 => ChecksumAlgorithm::Sha1,
        Algorithm::Sha256 => ChecksumAlgorithm::Sha256,
        Algorithm::Sha512 => ChecksumAlgorithm::Sha512,
        Algorithm::Md5 => ChecksumAlgorithm::Md5,
        Algorithm::XxHash64 => ChecksumAlgorithm::XxHash64,
        Algorithm::XxHash3 => ChecksumAlgorithm::XxHash3,
        Algorithm::XxHash128 => ChecksumAlgorithm::XxHash128,
    }
}

pub(crate) fn wire_algorithm(algorithm: ChecksumAlgorithm) -> Algorithm {
    match algorithm {
        ChecksumAlgorithm::Crc32 => Algorithm::Crc32,
        ChecksumAlgorithm::Crc32c => Algorithm::Crc32c,
        ChecksumAlgorithm::Crc64Nvme => Algorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1 => Algorithm::Sha1,
        ChecksumAlgorithm::Sha256 => Algorithm::Sha256,
        ChecksumAlgorithm::Sha512 => Algorithm::Sha512,
        ChecksumAlgorithm::Md5 => Algorithm::Md5,
        ChecksumAlgorithm::XxHash64 => Algorithm::XxHash64,
        ChecksumAlgorithm::XxHash3 => Algorithm::XxHash3,
        ChecksumAlgorithm::XxHash128 => Algorithm::XxHash128,
    }
}

pub(crate) fn checksum_type(kind: s3::checksum::ChecksumType) -> ChecksumType {
    match kind {
        s3::checksum::ChecksumType::Composite => ChecksumType::Composite,
        s3::checksum::ChecksumType::FullObject => ChecksumType::FullObject,
    }
}

pub(crate) fn wire_checksum_type(kind: ChecksumType) -> s3::checksum::ChecksumType {
    match kind {
        ChecksumType::Composite => s3::checksum::ChecksumType::Composite,
        ChecksumType::FullObject => s3::checksum::ChecksumType::FullObject,
    }
}

/// A checksum of all bytes, as events keep it.
pub(crate) fn full_checksum(checksum: &Checksum) -> events::object::Checksum {
    events::object::Checksum {
        algorithm: algorithm(checksum.algorithm()),
        kind: ChecksumType::FullObject,
        value: checksum.to_string(),
    }
}

/// A stored checksum as the wire's type; `None` if it cannot be read, which no write lets happen.
pub(crate) fn wire_checksum(checksum: &events::object::Checksum) -> Option<Checksum> {
    Checksum::parse(wire_algorithm(checksum.algorithm), &checksum.value)
}

/// A stored checksum as listings name it.
pub(crate) fn listed_checksum(
    checksum: Option<&events::object::Checksum>,
) -> Option<(Algorithm, s3::checksum::ChecksumType)> {
    checksum.map(|checksum| (wire_algorithm(checksum.algorithm), wire_checksum_type(checksum.kind)))
}

pub(crate) fn lock(lock: s3::lock::ObjectLock) -> Lock {
    Lock { retention: lock.retention.map(retention), legal_hold: lock.legal_hold.map(legal_hold) }
}

pub(crate) fn retention(retention: s3::lock::Retention) -> Retention {
    Retention { mode: retention_mode(retention.mode), until: retention.until }
}

pub(crate) fn retention_mode(mode: s3::lock::RetentionMode) -> RetentionMode {
    match mode {
        s3::lock::RetentionMode::Governance => RetentionMode::Governance,
        s3::lock::RetentionMode::Compliance => RetentionMode::Compliance,
    }
}

pub(crate) fn wire_retention_mode(mode: RetentionMode) -> s3::lock::RetentionMode {
    match mode {
        RetentionMode::Governance => s3::lock::RetentionMode::Governance,
        RetentionMode::Compliance => s3::lock::RetentionMode::Compliance,
    }
}

pub(crate) fn legal_hold(hold: s3::lock::LegalHold) -> LegalHold {
    match hold {
        s3::lock::LegalHold::On => LegalHold::On,
        s3::lock::LegalHold::Off => LegalHold::Off,
    }
}

pub(crate) fn wire_legal_hold(hold: LegalHold) -> s3::lock::LegalHold {
    match hold {
        LegalHold::On => s3::lock::LegalHold::On,
        LegalHold::Off => s3::lock::LegalHold::Off,
    }
}
