//! The response with a document to a form upload.

use bytes::Bytes;

use crate::xml::Writer;

/// The response to a form upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostResponse<'a> {
    /// The address of the object.
    pub location: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The object's key.
    pub key: &'a str,
    /// The entity tag without quotes.
    pub etag: &'a str,
}

impl PostResponse<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::document(256 + self.location.len() + self.key.len());
        writer.open("PostResponse");
        writer.text("Location", self.location);
        writer.text("Bucket", self.bucket);
        writer.text("Key", self.key);
        writer.etag(self.etag);
        writer.close("PostResponse");
        writer.finish()
    }
}
