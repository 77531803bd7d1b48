//! `DeleteObjects`: the objects to delete, and the results.

use bytes::Bytes;

use crate::condition::{DeleteConditions, Tags};
use crate::date;
use crate::error::Error;
use crate::etag::unquote;
use crate::header::decimal;
use crate::xml::Writer;
use crate::xml::reader::{DELETE_BYTES_MAX, Visitor, walk_within};

/// The maximum number of objects of one request.
pub const DELETE_OBJECTS_MAX: usize = 1000;

/// An object to delete. The key is not validated here; one that is too long fails on its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteEntry {
    /// The key.
    pub key: Vec<u8>,
    /// The version, `null` included.
    pub version_id: Option<String>,
    /// Conditions on the object.
    pub conditions: DeleteConditions,
}

/// The body of `DeleteObjects`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteObjects {
    /// 1 to [`DELETE_OBJECTS_MAX`] objects, in the order sent.
    pub objects: Vec<DeleteEntry>,
    /// Whether the response has only failures.
    pub quiet: bool,
}

#[derive(Default)]
struct Reading {
    document: DeleteObjects,
    entry: DeleteEntry,
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        if path == "Object" {
            self.entry = DeleteEntry::default();
        }
        Ok(())
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let entry = &mut self.entry;
        match path {
            "Quiet" => self.document.quiet = text.trim().eq_ignore_ascii_case("true"),
            "Object/Key" => entry.key = text.as_bytes().to_vec(),
            "Object/VersionId" => entry.version_id = Some(text.trim().to_owned()).filter(|id| !id.is_empty()),
            "Object/ETag" => entry.conditions.if_match = tags(text),
            "Object/LastModifiedTime" => {
                let at = date::parse_lenient(text).ok_or_else(Error::malformed_xml)?;
                entry.conditions.if_match_last_modified = Some(at);
            }
            "Object/Size" => {
                entry.conditions.if_match_size = Some(decimal(text.trim()).ok_or_else(Error::malformed_xml)?);
            }
            "Object" => {
                if entry.key.is_empty() || self.document.objects.len() == DELETE_OBJECTS_MAX {
                    return Err(Error::malformed_xml());
                }
                self.document.objects.push(std::mem::take(entry));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The entity tag in the text, or `*`; an empty one is no condition.
fn tags(text: &str) -> Option<Tags> {
    match unquote(text) {
        "" => None,
        "*" => Some(Tags::Any),
        tag => Some(Tags::OneOf(vec![tag.to_owned()])),
    }
}

impl DeleteObjects {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, also for no object or more than [`DELETE_OBJECTS_MAX`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk_within(DELETE_BYTES_MAX, body, "Delete", &mut reading)?;
        if reading.document.objects.is_empty() {
            return Err(Error::malformed_xml());
        }
        Ok(reading.document)
    }
}

/// A deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedObject<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The version in the request.
    pub version_id: Option<&'a str>,
    /// Whether a delete marker was created or deleted.
    pub delete_marker: bool,
    /// The version of that delete marker.
    pub delete_marker_version_id: Option<&'a str>,
}

/// An object that could not be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDelete<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The version in the request.
    pub version_id: Option<&'a str>,
    /// The error.
    pub error: Error,
}

/// The response of `DeleteObjects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeleteResult<'a> {
    /// The deleted objects; empty for a quiet request.
    pub deleted: &'a [DeletedObject<'a>],
    /// The failed deletes.
    pub failed: &'a [FailedDelete<'a>],
}

impl DeleteResult<'_> {
    /// The document. It has no encoding type, so for a key that XML cannot represent a strict parser refuses it.
    pub fn to_xml(&self) -> Bytes {
        let room: usize = self.deleted.iter().map(|object| object.key.len() + 128).sum();
        let mut writer = Writer::root("DeleteResult", room + self.failed.len() * 256);
        for object in self.deleted {
            writer.open("Deleted");
            writer.key("Key", object.key, crate::request::Encoding::Plain);
            writer.optional("VersionId", object.version_id);
            if object.delete_marker {
                writer.flag("DeleteMarker", true);
                writer.optional("DeleteMarkerVersionId", object.delete_marker_version_id);
            }
            writer.close("Deleted");
        }
        for failed in self.failed {
            writer.open("Error");
            writer.key("Key", failed.key, crate::request::Encoding::Plain);
            writer.optional("VersionId", failed.version_id);
            writer.text("Code", failed.error.code().name());
            writer.text("Message", failed.error.message());
            writer.close("Error");
        }
        writer.end("DeleteResult")
    }
}
