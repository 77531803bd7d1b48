//! Responses, as our own clients read them.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::xml::reader::{Visitor, walk};

/// The texts of elements by their paths below the element that holds them.
pub type Fields = BTreeMap<String, String>;

/// A response document: elements that repeat, each with what is in it, and the other elements below the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadAnswer {
    /// The elements directly below the root that are no records.
    pub fields: Fields,
    /// The records, in the order of the document, each with its name.
    pub records: Vec<(String, Fields)>,
}

struct Reading<'a> {
    answer: ReadAnswer,
    /// The paths of records.
    kinds: &'a [&'a str],
    open: Fields,
}

impl Visitor for Reading<'_> {
    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        if self.kinds.contains(&path) {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            self.answer.records.push((name, std::mem::take(&mut self.open)));
            return Ok(());
        }
        // An element that only holds others says nothing itself, and an empty one is as good as none.
        if text.trim().is_empty() {
            return Ok(());
        }
        let within = self.kinds.iter().find_map(|kind| path.strip_prefix(kind)?.strip_prefix('/'));
        match within {
            Some(below) => self.open.insert(below.to_owned(), text.to_owned()),
            None => self.answer.fields.insert(path.to_owned(), text.to_owned()),
        };
        Ok(())
    }
}

impl ReadAnswer {
    /// Reads a response with this root. `kinds` are the paths of its records, none of which is within another.
    ///
    /// # Errors
    /// `MalformedXML`, or `MaxMessageLengthExceeded` for a document that no server of S3 sends.
    pub fn parse(body: &[u8], root: &str, kinds: &[&str]) -> Result<Self, Error> {
        let mut reading = Reading { answer: Self::default(), kinds, open: Fields::new() };
        walk(body, root, &mut reading)?;
        Ok(reading.answer)
    }

    /// A field, if it is there and not empty.
    pub fn field(&self, path: &str) -> Option<&str> {
        self.fields.get(path).map(String::as_str).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_fields_are_told_apart() {
        let body =
            b"<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>photos</Name><IsTruncated>true</IsTruncated>\
            <Contents><Key>a&amp;b</Key><Owner><ID>7</ID></Owner></Contents>\
            <CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes><Contents><Key>d</Key></Contents></ListBucketResult>";
        let answer = ReadAnswer::parse(body, "ListBucketResult", &["Contents", "CommonPrefixes"]).unwrap();
        assert_eq!(
            (answer.field("Name"), answer.field("IsTruncated"), answer.field("Key")),
            (Some("photos"), Some("true"), None)
        );
        let of = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        assert_eq!(
            answer.records,
            [
                ("Contents".to_owned(), of(&[("Key", "a&b"), ("Owner/ID", "7")])),
                ("CommonPrefixes".to_owned(), of(&[("Prefix", "c/")])),
                ("Contents".to_owned(), of(&[("Key", "d")])),
            ]
        );
        assert!(ReadAnswer::parse(body, "Error", &[]).is_err());
    }
}
