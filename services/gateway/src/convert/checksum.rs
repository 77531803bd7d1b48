use events::object::{ChecksumAlgorithm, ChecksumType};
use events::upload::ChecksumPlan;
use s3::checksum::{Algorithm, Checksum};

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

/// A checksum of all bytes, as events store it.
pub(crate) fn full_checksum(checksum: &Checksum) -> events::object::Checksum {
    events::object::Checksum {
        algorithm: algorithm(checksum.algorithm()),
        kind: ChecksumType::FullObject,
        value: checksum.to_string(),
    }
}

/// A stored checksum as the wire's type; `None` if it is malformed, which no write allows.
pub(crate) fn wire_checksum(checksum: &events::object::Checksum) -> Option<Checksum> {
    Checksum::parse(wire_algorithm(checksum.algorithm), &checksum.value)
}

/// A stored checksum as listings show it.
pub(crate) fn listed_checksum(
    checksum: Option<&events::object::Checksum>,
) -> Option<(Algorithm, s3::checksum::ChecksumType)> {
    checksum.map(|checksum| (wire_algorithm(checksum.algorithm), wire_checksum_type(checksum.kind)))
}

/// The checksums that an upload was created with, as listings show them.
pub(crate) fn listed_plan(plan: Option<ChecksumPlan>) -> Option<(Algorithm, s3::checksum::ChecksumType)> {
    plan.map(|plan| (wire_algorithm(plan.algorithm), wire_checksum_type(plan.kind)))
}
