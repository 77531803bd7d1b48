//! What a request declares about its body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::checksum::{Algorithm, Checksum, HEADER_ROOT, Hasher, SDK_ALGORITHM, several_checksums};
use crate::error::{Code, Error};
use crate::etag::MD5_BYTES;
use crate::header;
use crate::request::Head;
use crate::sigv4::PayloadHash;

/// The declarations about a body of object data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload {
    /// `Content-Length`: bytes on the wire, framing included.
    pub content_length: Option<u64>,
    /// `x-amz-decoded-content-length`: bytes without aws-chunked framing.
    pub decoded_length: Option<u64>,
    /// `Content-MD5`.
    pub content_md5: Option<[u8; MD5_BYTES]>,
    /// The checksum sent ahead of the body.
    pub checksum: Option<Checksum>,
    /// The algorithm of the checksum in the trailer of the body.
    pub trailer: Option<Algorithm>,
    /// The algorithm to compute and store even if the client sends no value.
    pub algorithm: Option<Algorithm>,
}

impl Payload {
    /// Parses the declarations.
    ///
    /// # Errors
    /// `MissingContentLength` if nothing marks the end of the body, `InvalidDigest`, `InvalidRequest` for checksums
    /// that contradict each other, are malformed or of an unknown algorithm.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let content_length = head.number("content-length")?;
        if content_length.is_none() && !head.headers().contains_key("transfer-encoding") {
            return Err(Error::new(Code::MissingContentLength));
        }
        let checksum = Checksum::from_head(head)?;
        let trailer = trailer(head)?;
        if checksum.is_some() && trailer.is_some() {
            return Err(several_checksums());
        }
        let declared = Algorithm::declared(head, SDK_ALGORITHM)?;
        let sent = checksum.as_ref().map(Checksum::algorithm).or(trailer);
        match (declared, sent) {
            (Some(declared), Some(sent)) if declared != sent => {
                return Err(Error::invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid."));
            }
            // An SDK that presigns a URL names the algorithm there, before the bytes exist.
            (Some(_), None) if head.headers().contains_key(SDK_ALGORITHM) => {
                return Err(Error::invalid_request(
                    "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
                     headers were found.",
                ));
            }
            _ => {}
        }
        Ok(Self {
            content_length,
            decoded_length: head.number("x-amz-decoded-content-length")?,
            content_md5: content_md5(head)?,
            checksum,
            trailer,
            algorithm: sent.or(declared),
        })
    }

    /// The size of the object in bytes, if it is declared.
    pub fn object_length(&self) -> Option<u64> {
        self.decoded_length.or(self.content_length)
    }

    /// Refuses declarations that contradict the framing that the payload hash names. Must be called before the body is
    /// read.
    ///
    /// # Errors
    /// `MissingContentLength` for aws-chunked without `x-amz-decoded-content-length`, `InvalidRequest` for a trailer or
    /// a decoded length without aws-chunked.
    pub fn check_framing(&self, hash: &PayloadHash) -> Result<(), Error> {
        let has_trailer = matches!(hash, PayloadHash::StreamingSignedTrailer | PayloadHash::StreamingUnsignedTrailer);
        if self.trailer.is_some() && !has_trailer {
            return Err(Error::invalid_request("x-amz-trailer needs an x-amz-content-sha256 with a trailer"));
        }
        match (hash.is_streaming(), self.decoded_length) {
            (true, None) => Err(Error::with_message(
                Code::MissingContentLength,
                "aws-chunked needs the header x-amz-decoded-content-length",
            )),
            (false, Some(length)) if self.content_length.is_some_and(|sent| sent != length) => {
                Err(Error::invalid_request(
                    "x-amz-decoded-content-length needs an x-amz-content-sha256 of a STREAMING mode",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// The checksum algorithm that `x-amz-trailer` announces.
fn trailer(head: &Head<'_>) -> Result<Option<Algorithm>, Error> {
    let Some(names) = head.text("x-amz-trailer")? else { return Ok(None) };
    let mut found = None;
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name = name.to_ascii_lowercase();
        let Some(algorithm) = name.strip_prefix(HEADER_ROOT).and_then(Algorithm::from_name) else {
            return Err(Error::invalid_request("The value specified in the x-amz-trailer header is not supported"));
        };
        if found.replace(algorithm).is_some() {
            return Err(several_checksums());
        }
    }
    Ok(found)
}

/// `Content-MD5`, also where the JavaScript SDK 2 puts it when it presigns a URL: the signer of the URL meant exactly
/// these bytes.
fn content_md5(head: &Head<'_>) -> Result<Option<[u8; MD5_BYTES]>, Error> {
    let value = match header::single_raw(head.headers(), "content-md5")? {
        Some(value) => value.as_bytes().trim_ascii(),
        None if head.query().has("X-Amz-Signature") => match head.query().bytes("Content-MD5")? {
            Some(value) => value,
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    match STANDARD.decode(value).ok().and_then(|bytes| bytes.try_into().ok()) {
        Some(md5) => Ok(Some(md5)),
        None => Err(Error::new(Code::InvalidDigest).detail("Content-MD5", String::from_utf8_lossy(value))),
    }
}

/// The declarations about a body that is an XML document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentBody {
    /// `Content-MD5`.
    pub content_md5: Option<[u8; MD5_BYTES]>,
    /// The checksum of the document.
    pub checksum: Option<Checksum>,
}

impl DocumentBody {
    /// Parses the declarations. Any checksum will do: SDKs send a CRC32 where S3 once required MD5.
    ///
    /// # Errors
    /// `InvalidDigest`, `InvalidRequest`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self { content_md5: content_md5(head)?, checksum: Checksum::from_head(head)? })
    }

    /// Compares the whole document with the declarations.
    ///
    /// # Errors
    /// `BadDigest`.
    pub fn verify(&self, document: &[u8]) -> Result<(), Error> {
        if self.content_md5.is_some_and(|declared| declared != <[u8; MD5_BYTES]>::from(Md5::digest(document))) {
            return Err(Error::bad_digest("Content-MD5"));
        }
        if let Some(declared) = &self.checksum {
            let mut hasher = Hasher::new(declared.algorithm());
            hasher.update(document);
            declared.verify(&hasher.finish())?;
        }
        Ok(())
    }
}
