//! `CompleteMultipartUpload`: the parts, and the resulting object.

use bytes::Bytes;

use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::error::{Code, Error};
use crate::etag::unquote;
use crate::header::decimal;
use crate::request::{Encoding, PART_NUMBER_MAX};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// A part of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// 1 to [`PART_NUMBER_MAX`].
    pub number: u16,
    /// The entity tag without quotes.
    pub etag: String,
    /// The checksum that the client has of it.
    pub checksum: Option<Checksum>,
}

/// The body of `CompleteMultipartUpload`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompleteMultipartUpload {
    /// At least one part, in ascending order. Of a part that is named twice with different entity tags, the last.
    pub parts: Vec<CompletedPart>,
}

#[derive(Default)]
struct Reading {
    parts: Vec<CompletedPart>,
    number: Option<u16>,
    etag: Option<String>,
    checksum: Option<Checksum>,
}

impl Reading {
    /// The single checksum of a part.
    fn checksum(&self, algorithm: Algorithm, text: &str) -> Result<Checksum, Error> {
        let refused =
            || Error::invalid_argument("Invalid Base64 or multiple checksums present in request", "Checksum", text);
        Checksum::parse_plain(algorithm, text).filter(|_| self.checksum.is_none()).ok_or_else(refused)
    }
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        if path == "Part" {
            (self.number, self.etag, self.checksum) = (None, None, None);
        }
        Ok(())
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        match path {
            "Part/PartNumber" => self.number = Some(part_number(text.trim())?),
            "Part/ETag" => self.etag = Some(unquote(text).to_owned()),
            "Part" => {
                let (Some(number), Some(etag)) = (self.number, self.etag.take()) else {
                    return Err(Error::malformed_xml());
                };
                match self.parts.last() {
                    // A part that was sent twice: the later upload counts.
                    Some(last) if last.number == number && last.etag != etag => drop(self.parts.pop()),
                    Some(last) if last.number >= number => return Err(Error::new(Code::InvalidPartOrder)),
                    _ => {}
                }
                self.parts.push(CompletedPart { number, etag, checksum: self.checksum });
            }
            _ => {
                let element = path.strip_prefix("Part/").unwrap_or_default();
                let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.element_name() == element);
                if let (Some(algorithm), false) = (algorithm, text.trim().is_empty()) {
                    self.checksum = Some(self.checksum(algorithm, text.trim())?);
                }
            }
        }
        Ok(())
    }
}

fn part_number(text: &str) -> Result<u16, Error> {
    match decimal(text).map(u16::try_from) {
        None => Err(Error::malformed_xml()),
        Some(Ok(number @ 1..=PART_NUMBER_MAX)) => Ok(number),
        Some(_) => Err(Error::invalid_argument(
            format!("Part number must be an integer between 1 and {PART_NUMBER_MAX}, inclusive"),
            "PartNumber",
            text,
        )),
    }
}

impl CompleteMultipartUpload {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, also without parts; `InvalidPartOrder` if the numbers do not ascend; `InvalidArgument` for a
    /// number out of range, and for a part with a malformed checksum or with two.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, "CompleteMultipartUpload", &mut reading)?;
        if reading.parts.is_empty() {
            return Err(Error::malformed_xml());
        }
        Ok(Self { parts: reading.parts })
    }
}

/// The response of `CompleteMultipartUpload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompleteMultipartUploadResult<'a> {
    /// The URL of the object.
    pub location: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a [u8],
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The checksum, if there is one.
    pub checksum: Option<&'a Checksum>,
    /// The scope of the checksum.
    pub checksum_type: Option<ChecksumType>,
}

impl CompleteMultipartUploadResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("CompleteMultipartUploadResult", 512 + self.key.len());
        writer.text("Location", self.location);
        writer.text("Bucket", self.bucket);
        writer.key("Key", self.key, Encoding::Plain);
        writer.etag(self.etag);
        writer.checksum(self.checksum);
        writer.checksum_type(self.checksum_type);
        writer.end("CompleteMultipartUploadResult")
    }
}
