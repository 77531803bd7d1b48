//! Documents about tags.

use bytes::Bytes;

use crate::error::Error;
use crate::tags::{Carrier, Tags, add};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// A set of tags: the body of `PutObjectTagging` and `PutBucketTagging`, the answer of `GetObjectTagging` and
/// `GetBucketTagging`, and the field `tagging` of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagging {
    /// The tags.
    pub tags: Tags,
}

struct Reading {
    carrier: Carrier,
    tags: Tags,
    sets: usize,
    key: Option<String>,
    value: Option<String>,
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        match path {
            "TagSet" if self.sets == 0 => {
                self.sets = 1;
                Ok(())
            }
            "TagSet/Tag" | "TagSet/Tag/Key" | "TagSet/Tag/Value" => Ok(()),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let once = |slot: &mut Option<String>| match slot.replace(text.to_owned()) {
            None => Ok(()),
            Some(_) => Err(Error::malformed_xml()),
        };
        match path {
            "TagSet/Tag/Key" => once(&mut self.key),
            "TagSet/Tag/Value" => once(&mut self.value),
            "TagSet/Tag" => match (self.key.take(), self.value.take()) {
                (Some(key), Some(value)) => add(&mut self.tags, self.carrier, key, value),
                _ => Err(Error::malformed_xml()),
            },
            _ => Ok(()),
        }
    }
}

impl Tagging {
    /// Reads the document.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidTag` for what `carrier` may not carry.
    pub fn parse(body: &[u8], carrier: Carrier) -> Result<Self, Error> {
        let mut reading = Reading { carrier, tags: Tags::new(), sets: 0, key: None, value: None };
        walk(body, "Tagging", &mut reading)?;
        if reading.sets == 0 { Err(Error::malformed_xml()) } else { Ok(Self { tags: reading.tags }) }
    }

    /// The document about tags.
    pub fn to_xml(tags: &Tags) -> Bytes {
        let mut writer = Writer::root("Tagging", 64 + tags.len() * 96);
        writer.open("TagSet");
        for (key, value) in tags {
            writer.open("Tag");
            writer.text("Key", key);
            writer.text("Value", value);
            writer.close("Tag");
        }
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
