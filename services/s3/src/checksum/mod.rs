//! The checksums of flexible integrity checking.
//!
//! Source: "Checking object integrity in Amazon S3", Amazon S3 User Guide.

mod algorithm;
mod combine;
mod hasher;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use algorithm::{Algorithm, ChecksumType};
pub use combine::{Combiner, composite};
pub use hasher::Hasher;

use crate::error::{Code, Error};
use crate::request::Head;

/// Bytes of the longest checksum.
pub const CHECKSUM_BYTES_MAX: usize = 32;

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

    /// Reads the base64 of a header or trailer, with `-N` for a composite checksum.
    ///
    /// # Errors
    /// `BadDigest` if it is not base64 or of the wrong length: nothing can match it.
    pub fn parse(algorithm: Algorithm, text: &str) -> Result<Self, Error> {
        let invalid = || {
            let (name, bytes) = (algorithm.header_name(), algorithm.bytes());
            Error::with_message(
                Code::BadDigest,
                format!("The value for {name} is invalid: it must be the base64 of {bytes} bytes."),
            )
        };
        let (value, parts) = match text.split_once('-') {
            Some((value, parts)) => {
                let parts = crate::header::decimal(parts).and_then(|parts| u32::try_from(parts).ok());
                (value, Some(parts.ok_or_else(invalid)?))
            }
            None => (text, None),
        };
        let bytes = STANDARD.decode(value.trim()).map_err(|_| invalid())?;
        let checksum = Self::from_bytes(algorithm, &bytes).ok_or_else(invalid)?;
        Ok(Self { parts, ..checksum })
    }

    /// The one checksum header of a request.
    ///
    /// A CRC32 of nothing in the query string is ignored: an SDK that presigns a URL computes it over
    /// the body it does not have yet.
    ///
    /// # Errors
    /// `InvalidRequest` for more than one, `BadDigest` for a malformed value.
    pub fn from_head(head: &Head<'_>) -> Result<Option<Self>, Error> {
        const CRC32_OF_NOTHING: &str = "AAAAAA==";
        let mut found = None;
        for algorithm in Algorithm::ALL {
            let name = algorithm.header_name();
            let Some(text) = head.text(name)? else { continue };
            let hoisted = !head.headers().contains_key(name);
            if hoisted && algorithm == Algorithm::Crc32 && text == CRC32_OF_NOTHING {
                continue;
            }
            if found.replace(Self::parse(algorithm, text)?).is_some() {
                return Err(Error::invalid_request(
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
                ));
            }
        }
        Ok(found)
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

    /// Checks what was declared (`self`) against what was computed.
    ///
    /// # Errors
    /// `BadDigest` if they differ.
    pub fn verify(&self, computed: &Self) -> Result<(), Error> {
        if self.algorithm == computed.algorithm && self.bytes == computed.bytes {
            Ok(())
        } else {
            Err(Error::bad_digest(self.algorithm.name()))
        }
    }

    pub(crate) const fn with_parts(self, parts: u32) -> Self {
        Self { parts: Some(parts), ..self }
    }
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
