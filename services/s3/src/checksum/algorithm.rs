//! The table of checksum algorithms.

use crate::checksum::CHECKSUM_BYTES_MAX;
use crate::error::Error;
use crate::request::Head;

/// A checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Sha512,
    Md5,
    XxHash64,
    /// XXH3 of 64 bits.
    XxHash3,
    /// XXH3 of 128 bits.
    XxHash128,
}

/// The scope of the checksum of a multipart object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChecksumType {
    /// The checksum of the parts' checksums.
    Composite,
    /// The checksum of the object's bytes.
    FullObject,
}

/// The common prefix of headers with a checksum.
pub(crate) const HEADER_ROOT: &str = "x-amz-checksum-";

/// The common prefix of elements with a checksum.
const ELEMENT_ROOT: &str = "Checksum";

/// The header in which SDKs name the algorithm of a body's checksum.
pub(crate) const SDK_ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";

fn unsupported() -> Error {
    let mut names = Algorithm::ALL.map(Algorithm::name);
    names.sort_unstable();
    Error::invalid_request(format!(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [{}]",
        names.join(", ")
    ))
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 10] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Md5,
        Self::XxHash64,
        Self::XxHash3,
        Self::XxHash128,
    ];

    /// The name in headers and documents, e.g. `CRC64NVME`.
    pub const fn name(self) -> &'static str {
        // The element's name is this name with a common prefix.
        self.element_name().split_at(ELEMENT_ROOT.len()).1
    }

    /// The name in lower case, e.g. `crc64nvme`, as in some error messages.
    pub const fn lower_name(self) -> &'static str {
        self.header_name().split_at(HEADER_ROOT.len()).1
    }

    /// The header with a value, e.g. `x-amz-checksum-crc64nvme`.
    pub const fn header_name(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
            Self::Sha512 => "x-amz-checksum-sha512",
            Self::Md5 => "x-amz-checksum-md5",
            Self::XxHash64 => "x-amz-checksum-xxhash64",
            Self::XxHash3 => "x-amz-checksum-xxhash3",
            Self::XxHash128 => "x-amz-checksum-xxhash128",
        }
    }

    /// The element with a value, e.g. `ChecksumCRC64NVME`.
    pub const fn element_name(self) -> &'static str {
        match self {
            Self::Crc32 => "ChecksumCRC32",
            Self::Crc32c => "ChecksumCRC32C",
            Self::Crc64Nvme => "ChecksumCRC64NVME",
            Self::Sha1 => "ChecksumSHA1",
            Self::Sha256 => "ChecksumSHA256",
            Self::Sha512 => "ChecksumSHA512",
            Self::Md5 => "ChecksumMD5",
            Self::XxHash64 => "ChecksumXXHASH64",
            Self::XxHash3 => "ChecksumXXHASH3",
            Self::XxHash128 => "ChecksumXXHASH128",
        }
    }

    /// The length of a value in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme | Self::XxHash64 | Self::XxHash3 => 8,
            Self::Md5 | Self::XxHash128 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => CHECKSUM_BYTES_MAX,
        }
    }

    /// The algorithm with a name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
    }

    /// `x-amz-checksum-algorithm`: the checksum of an upload's parts, or of a copy. Some clients write
    /// `x-amz-sdk-checksum-algorithm` here too.
    pub(crate) fn from_head(head: &Head<'_>) -> Result<Option<Self>, Error> {
        match Self::declared(head, "x-amz-checksum-algorithm")? {
            Some(algorithm) => Ok(Some(algorithm)),
            None => Self::declared(head, SDK_ALGORITHM),
        }
    }

    /// The algorithm that a header names.
    ///
    /// # Errors
    /// `InvalidRequest` for an unknown name.
    pub(crate) fn declared(head: &Head<'_>, header: &'static str) -> Result<Option<Self>, Error> {
        match head.text(header)?.filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => Self::from_name(name).map(Some).ok_or_else(unsupported),
        }
    }

    /// Whether multipart objects can have this type of checksum. Only a CRC of all bytes can be computed from the
    /// CRCs of the parts.
    pub const fn supports(self, kind: ChecksumType) -> bool {
        match self {
            Self::Crc32 | Self::Crc32c => true,
            _ => matches!(
                (self.default_type(), kind),
                (ChecksumType::Composite, ChecksumType::Composite)
                    | (ChecksumType::FullObject, ChecksumType::FullObject)
            ),
        }
    }

    /// The type of multipart objects that were created without one.
    pub const fn default_type(self) -> ChecksumType {
        match self {
            Self::Crc64Nvme => ChecksumType::FullObject,
            Self::Crc32
            | Self::Crc32c
            | Self::Sha1
            | Self::Sha256
            | Self::Sha512
            | Self::Md5
            | Self::XxHash64
            | Self::XxHash3
            | Self::XxHash128 => ChecksumType::Composite,
        }
    }
}

impl ChecksumType {
    /// The name in headers and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Composite => "COMPOSITE",
            Self::FullObject => "FULL_OBJECT",
        }
    }

    /// The type with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Composite, Self::FullObject].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// Parses `x-amz-checksum-type`.
    ///
    /// # Errors
    /// `InvalidRequest` for an unknown name.
    pub fn parse(head: &Head<'_>) -> Result<Option<Self>, Error> {
        match head.text("x-amz-checksum-type")?.filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => match Self::from_name(name) {
                Some(kind) => Ok(Some(kind)),
                None => Err(Error::invalid_request("Value for x-amz-checksum-type header is invalid.")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_belong_together() {
        for algorithm in Algorithm::ALL {
            let name = algorithm.name();
            assert_eq!(algorithm.header_name(), format!("x-amz-checksum-{}", name.to_lowercase()));
            assert_eq!(algorithm.element_name(), format!("Checksum{name}"));
            assert_eq!(algorithm.lower_name(), name.to_lowercase());
            assert_eq!(Algorithm::from_name(&name.to_lowercase()), Some(algorithm));
        }
        assert_eq!(Algorithm::from_name("XXHASH32"), None);
    }

    /// The table of "Checking object integrity for data uploads", Amazon S3 User Guide.
    #[test]
    fn only_crcs_can_be_of_the_whole_object() {
        let both = [Algorithm::Crc32, Algorithm::Crc32c];
        for algorithm in Algorithm::ALL {
            let full = both.contains(&algorithm) || algorithm == Algorithm::Crc64Nvme;
            assert_eq!(algorithm.supports(ChecksumType::FullObject), full, "{algorithm:?}");
            assert_eq!(algorithm.supports(ChecksumType::Composite), algorithm != Algorithm::Crc64Nvme, "{algorithm:?}");
            assert!(algorithm.supports(algorithm.default_type()), "{algorithm:?}");
        }
    }
}
