//! Documents about tags.

use bytes::Bytes;

use crate::error::Error;
use crate::tags::{Carrier, Tags, add};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// A set of tags: the body of `PutObjectTagging` and `PutBucketTagging`, the response of `GetObjectTagging` and
/// `GetBucketTagging`, and the field `tagging` of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagging {
    /// The tags.
    pub tags: Tags,
}

/// Parses a set of tags in an element, and nothing else in it.
pub(super) struct TagReading {
    set: &'static str,
    carrier: Carrier,
    /// The parsed tags.
    pub(super) tags: Tags,
    sets: usize,
    key: Option<String>,
    value: Option<String>,
}

impl TagReading {
    /// `set`: the name of the element that holds the tags.
    pub(super) fn new(set: &'static str, carrier: Carrier) -> Self {
        Self { set, carrier, tags: Tags::new(), sets: 0, key: None, value: None }
    }

    /// Whether a path leads to the set or into it.
    pub(super) fn is_within(&self, path: &str) -> bool {
        path.strip_prefix(self.set).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn finish(self) -> Result<Tags, Error> {
        if self.sets == 0 { Err(Error::malformed_xml()) } else { Ok(self.tags) }
    }
}

impl Visitor for TagReading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        match path.strip_prefix(self.set) {
            Some("") if self.sets == 0 => {
                self.sets = 1;
                Ok(())
            }
            Some("/Tag" | "/Tag/Key" | "/Tag/Value") => Ok(()),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let once = |slot: &mut Option<String>| match slot.replace(text.to_owned()) {
            None => Ok(()),
            Some(_) => Err(Error::malformed_xml()),
        };
        match path.strip_prefix(self.set) {
            Some("/Tag/Key") => once(&mut self.key),
            Some("/Tag/Value") => once(&mut self.value),
            Some("/Tag") => match (self.key.take(), self.value.take()) {
                (Some(key), Some(value)) => add(&mut self.tags, self.carrier, key, value),
                _ => Err(Error::malformed_xml()),
            },
            _ => Ok(()),
        }
    }
}

/// The body of `TagResource` of S3 Control: tags to add to those of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagResourceRequest {
    /// The tags.
    pub tags: Tags,
}

impl TagResourceRequest {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidTag` for tags that no bucket may have.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = TagReading::new("Tags", Carrier::Bucket);
        walk(body, "TagResourceRequest", &mut reading)?;
        Ok(Self { tags: reading.finish()? })
    }
}

/// The response of `ListTagsForResource` of S3 Control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListTagsForResourceResult<'a> {
    /// The tags.
    pub tags: &'a Tags,
}

impl ListTagsForResourceResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::control_root("ListTagsForResourceResult", 64 + self.tags.len() * 96);
        writer.open("Tags");
        write_tags(&mut writer, self.tags);
        writer.close("Tags");
        writer.end("ListTagsForResourceResult")
    }
}

fn write_tags(writer: &mut Writer, tags: &Tags) {
    for (key, value) in tags {
        writer.open("Tag");
        writer.text("Key", key);
        writer.text("Value", value);
        writer.close("Tag");
    }
}

impl Tagging {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidTag` for tags that `carrier` may not have.
    pub fn parse(body: &[u8], carrier: Carrier) -> Result<Self, Error> {
        let mut reading = TagReading::new("TagSet", carrier);
        walk(body, "Tagging", &mut reading)?;
        Ok(Self { tags: reading.finish()? })
    }

    /// The document.
    pub fn to_xml(tags: &Tags) -> Bytes {
        let mut writer = Writer::root("Tagging", 64 + tags.len() * 96);
        writer.open("TagSet");
        write_tags(&mut writer, tags);
        writer.close("TagSet");
        writer.end("Tagging")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn parsed(body: &str) -> Result<Tags, Code> {
        let tagging = Tagging::parse(body.as_bytes(), Carrier::Object);
        tagging.map(|tagging| tagging.tags).map_err(|error| error.code())
    }

    #[test]
    fn what_is_written_reads_back() {
        let tags: Tags = [("a b".to_owned(), "=/@".to_owned()), ("c".to_owned(), String::new())].into();
        assert_eq!(parsed(std::str::from_utf8(&Tagging::to_xml(&tags)).unwrap()), Ok(tags));
        assert_eq!(parsed("<Tagging><TagSet/></Tagging>"), Ok(Tags::new()));
    }

    #[test]
    fn what_is_no_set_of_tags_is_malformed() {
        for body in [
            "",
            "<Tagging/>",
            "<Tagging><TagSet/><TagSet/></Tagging>",
            "<Tagging><Tag><Key>a</Key><Value>b</Value></Tag></Tagging>",
            "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Tag><Value>a</Value></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key><Value>c</Value></Tag></TagSet></Tagging>",
            "<Tagging><TagSet><Key>a</Key><Value>b</Value></TagSet></Tagging>",
        ] {
            assert_eq!(parsed(body), Err(Code::MalformedXML), "{body}");
        }
    }

    #[test]
    fn tags_of_resources() {
        let tags: Tags = [("a b".to_owned(), "=/@".to_owned()), ("c".to_owned(), String::new())].into();
        let document = ListTagsForResourceResult { tags: &tags }.to_xml();
        let document = std::str::from_utf8(&document).unwrap();
        assert!(
            document
                .contains("<ListTagsForResourceResult xmlns=\"http://awss3control.amazonaws.com/doc/2018-08-20/\">")
        );
        let request = document.replace("ListTagsForResourceResult", "TagResourceRequest");
        assert_eq!(TagResourceRequest::parse(request.as_bytes()), Ok(TagResourceRequest { tags }));
        for (body, code) in [
            ("<TagResourceRequest/>", Code::MalformedXML),
            ("<TagResourceRequest><TagSet/></TagResourceRequest>", Code::MalformedXML),
            ("<TagResourceRequest><Tags><Tag><Key>a</Key></Tag></Tags></TagResourceRequest>", Code::MalformedXML),
            (
                "<TagResourceRequest><Tags><Tag><Key>aws:a</Key><Value/></Tag></Tags></TagResourceRequest>",
                Code::InvalidTag,
            ),
        ] {
            assert_eq!(TagResourceRequest::parse(body.as_bytes()).map_err(|error| error.code()), Err(code), "{body}");
        }
    }

    #[test]
    fn what_no_object_may_carry_is_an_invalid_tag() {
        let tag = |key: &str| format!("<Tag><Key>{key}</Key><Value>v</Value></Tag>");
        let set = |tags: String| format!("<Tagging><TagSet>{tags}</TagSet></Tagging>");
        assert_eq!(parsed(&set(tag("") + "")), Err(Code::InvalidTag));
        assert_eq!(parsed(&set(tag("a") + &tag("a"))), Err(Code::InvalidTag));
        assert_eq!(parsed(&set((0..11).map(|n| tag(&n.to_string())).collect())), Err(Code::InvalidTag));
        let bucket = Tagging::parse(set((0..11).map(|n| tag(&n.to_string())).collect()).as_bytes(), Carrier::Bucket);
        assert_eq!(bucket.unwrap().tags.len(), 11);
    }
}
