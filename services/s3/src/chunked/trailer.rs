//! The lines after the last chunk.

use crate::checksum::{Algorithm, Checksum};
use crate::error::{Code, Error};
use crate::sigv4::ChunkSigner;

/// The maximum number of bytes of all trailer lines together.
pub const TRAILER_BYTES_MAX: usize = 4096;

const SIGNATURE_NAME: &str = "x-amz-trailer-signature";

/// The trailers of a body, complete and (in the signed mode) verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trailers {
    /// The checksum, if one was announced. The caller must compare it with what it computed.
    pub checksum: Option<Checksum>,
}

/// Collects trailer lines up to the final empty line.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    expected: Option<Algorithm>,
    checksum: Option<Checksum>,
    /// The signed form of the trailer: `name:value` and a line feed for each line.
    canonical: Vec<u8>,
    signature: Option<Vec<u8>>,
    bytes: usize,
}

fn malformed(message: &'static str) -> Error {
    Error::with_message(Code::MalformedTrailerError, message)
}

impl Collector {
    pub(crate) fn new(expected: Option<Algorithm>) -> Self {
        Self { expected, ..Self::default() }
    }

    /// Takes one line without its ending. Returns whether it was the last. Some clients end the checksum line with a
    /// bare line feed and put an empty line before the signature, so in the signed mode an empty line ends the trailers
    /// only after the signature.
    pub(crate) fn line(&mut self, line: &[u8], signed: bool) -> Result<bool, Error> {
        self.bytes += line.len() + 1;
        if self.bytes > TRAILER_BYTES_MAX {
            return Err(malformed("The trailers are too long."));
        }
        if line.is_empty() {
            return Ok(!signed || self.signature.is_some());
        }
        let line = std::str::from_utf8(line).map_err(|_| malformed("A trailer must be ASCII."))?;
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("A trailer needs a name and a value."))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if self.signature.is_some() {
            return Err(malformed("The trailer signature must be the last trailer."));
        }
        if name == SIGNATURE_NAME {
            if !signed {
                return Err(malformed("An unsigned upload has no trailer signature."));
            }
            self.signature = Some(value.as_bytes().to_vec());
            return Ok(false);
        }
        let algorithm = self.expected.filter(|algorithm| algorithm.header_name() == name);
        let algorithm = algorithm.ok_or_else(|| malformed("A trailer was not announced by x-amz-trailer."))?;
        if self.checksum.is_some() {
            return Err(malformed("A trailer is repeated."));
        }
        self.canonical.extend_from_slice(name.as_bytes());
        self.canonical.push(b':');
        self.canonical.extend_from_slice(value.as_bytes());
        self.canonical.push(b'\n');
        let checksum = Checksum::parse_plain(algorithm, value);
        self.checksum = Some(checksum.ok_or_else(|| {
            Error::invalid_request(format!("Value for {} trailing header is invalid.", algorithm.header_name()))
        })?);
        Ok(false)
    }

    /// Checks that everything announced has arrived, and the signature if there is a signer.
    pub(crate) fn finish(&mut self, signer: Option<&mut ChunkSigner>) -> Result<Trailers, Error> {
        if self.expected.is_some() && self.checksum.is_none() {
            return Err(malformed("The trailer announced by x-amz-trailer is missing."));
        }
        if let Some(signer) = signer {
            let signature = self.signature.as_deref().unwrap_or_default();
            if !signer.verify_trailer(&self.canonical, signature) {
                return Err(Error::new(Code::SignatureDoesNotMatch));
            }
        }
        Ok(Trailers { checksum: self.checksum })
    }
}
