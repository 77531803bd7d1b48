//! The checksums with which S3 checks the integrity of data.
//!
//! Source: "Checking object integrity in Amazon S3", Amazon S3 User Guide.

mod algorithm;
mod combine;
mod hasher;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use algorithm::{Algorithm, ChecksumType};
pub(crate) use algorithm::{HEADER_ROOT, SDK_ALGORITHM};
pub use combine::{Combiner, composite};
pub use hasher::Hasher;

use crate::error::Error;
use crate::request::Head;

/// The length of the longest checksum in bytes.
pub const CHECKSUM_BYTES_MAX: usize = 64;

/// A checksum: its algorithm, its bytes, and the number of parts if it is a checksum of checksums.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: Algorithm,
    bytes: [u8; CHECKSUM_BYTES_MAX],
    parts: Option<u32>,
}

impl Checksum {
    /// From raw bytes, big-endian for the CRCs. `None` if the length is not the algorithm's.
    pub fn from_bytes(algorithm: Algorithm, value: &[u8]) -> Option<Self> {
        if value.len() != algorithm.bytes() {
            return None;
        }
        let mut bytes = [0; CHECKSUM_BYTES_MAX];
        bytes[..value.len()].copy_from_slice(value);
        Some(Self { algorithm, bytes, parts: None })
    }

    /// Parses base64, with `-N` for a composite checksum. `None` if it is not base64, or has the wrong length.
    pub fn parse(algorithm: Algorithm, text: &str) -> Option<Self> {
        let Some((value, parts)) = text.split_once('-') else { return Self::parse_plain(algorithm, text) };
        let parts = u32::try_from(crate::header::decimal(parts)?).ok()?;
        Some(Self::parse_plain(algorithm, value)?.with_parts(parts))
    }

    /// Parses base64: the checksum of bytes, as their sender declares it. `None` as for [`Self::parse`].
    pub fn parse_plain(algorithm: Algorithm, text: &str) -> Option<Self> {
        Self::from_bytes(algorithm, &STANDARD.decode(text.trim()).ok()?)
    }

    /// The single checksum header of a request, about its body.
    ///
    /// A CRC32 of empty input in the query string is ignored: an SDK that presigns a URL computes it before it has the
    /// body.
    ///
    /// # Errors
    /// `InvalidRequest` for more than one, and for a malformed value.
    pub fn from_head(head: &Head<'_>) -> Result<Option<Self>, Error> {
        sent(head, Self::parse_plain)
    }

    /// The single checksum header of a request, about an object made of parts.
    ///
    /// # Errors
    /// Those of [`Self::from_head`].
    pub fn of_object_from_head(head: &Head<'_>) -> Result<Option<Self>, Error> {
        sent(head, Self::parse)
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.bytes()]
    }

    /// The number of parts of a composite checksum.
    pub const fn parts(&self) -> Option<u32> {
        self.parts
    }

    /// Compares the declared checksum (`self`) with the computed one. The number of parts may be omitted.
    ///
    /// # Errors
    /// `BadDigest` if they differ.
    pub fn verify(&self, computed: &Self) -> Result<(), Error> {
        let same_parts = self.parts.is_none() || self.parts == computed.parts;
        if same_parts && self.algorithm == computed.algorithm && self.bytes == computed.bytes {
            Ok(())
        } else {
            Err(Error::bad_digest(self.algorithm.name()))
        }
    }

    pub(crate) const fn with_parts(self, parts: u32) -> Self {
        Self { parts: Some(parts), ..self }
    }
}

/// The single checksum header of a request, parsed by `parse`.
fn sent(head: &Head<'_>, parse: fn(Algorithm, &str) -> Option<Checksum>) -> Result<Option<Checksum>, Error> {
    const CRC32_OF_NOTHING: &str = "AAAAAA==";
    let mut found = None;
    if !head.has_any(HEADER_ROOT) {
        return Ok(None); // Most requests end here, without a look-up for each algorithm.
    }
    for algorithm in Algorithm::ALL {
        let name = algorithm.header_name();
        let Some(text) = head.text(name)? else { continue };
        let hoisted = !head.headers().contains_key(name);
        if hoisted && algorithm == Algorithm::Crc32 && text == CRC32_OF_NOTHING {
            continue;
        }
        if found.replace((algorithm, text)).is_some() {
            return Err(several_checksums());
        }
    }
    let Some((algorithm, text)) = found else { return Ok(None) };
    let invalid = || Error::invalid_request(format!("Value for {} header is invalid.", algorithm.header_name()));
    parse(algorithm, text).map(Some).ok_or_else(invalid)
}

/// `InvalidRequest` for a request that declares two checksums of its body.
pub(crate) fn several_checksums() -> Error {
    Error::invalid_request("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
}

/// Base64, with `-N` for a composite checksum: the value of headers and documents.
impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.bytes()))?;
        match self.parts {
            Some(parts) => write!(f, "-{parts}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self}", self.algorithm.name())
    }
}
