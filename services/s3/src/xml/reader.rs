//! Parses request documents.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::error::{Code, Error};

/// The longest request document in bytes: a list of 10,000 parts with a checksum each fits.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest list of objects to delete in bytes. A thousand of the longest keys fit, even if every character is a
/// quote, which takes the six bytes of `&quot;`.
pub const DELETE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The deepest nesting of elements.
pub const DEPTH_MAX: usize = 16;
/// The maximum number of elements of one document.
pub const ELEMENTS_MAX: usize = 100_000;
/// The maximum number of attributes of one element, namespace declarations included.
pub const ATTRIBUTES_MAX: usize = 16;

/// Receives the elements of a document. A path is the names below the root, joined by slashes and without namespace
/// prefixes, e.g. `Object/Key`.
pub(crate) trait Visitor {
    /// An element opens; `path` ends with its name.
    fn open(&mut self, path: &str) -> Result<(), Error> {
        let _ = path;
        Ok(())
    }

    /// The element that just opened has this attribute; `name` has no namespace prefix.
    fn attribute(&mut self, path: &str, name: &str, value: &str) -> Result<(), Error> {
        let _ = (path, name, value);
        Ok(())
    }

    /// An element closes; `text` is its text after the last element within it.
    fn close(&mut self, path: &str, text: &str) -> Result<(), Error>;
}

/// Parses a document with the root element `root`.
///
/// There is no document type, and no entities except the five of XML, so nothing can expand and nothing is fetched.
///
/// # Errors
/// `MaxMessageLengthExceeded` above [`BODY_BYTES_MAX`], else `MalformedXML`, or the visitor's error.
pub(crate) fn walk(body: &[u8], root: &str, visitor: &mut impl Visitor) -> Result<(), Error> {
    walk_within(BODY_BYTES_MAX, body, root, visitor)
}

/// Like [`walk`], for a document of at most `max` bytes.
pub(crate) fn walk_within(max: usize, body: &[u8], root: &str, visitor: &mut impl Visitor) -> Result<(), Error> {
    if body.len() > max {
        return Err(Error::new(Code::MaxMessageLengthExceeded).detail("MaxMessageLengthBytes", max.to_string()));
    }
    let text = std::str::from_utf8(body).map_err(|_| Error::malformed_xml())?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    loop {
        match reader.read_event().map_err(|_| Error::malformed_xml())? {
            Event::Eof => break,
            Event::Start(tag) => {
                walk.open(tag.local_name().into_inner(), root, visitor)?;
                attributes(&tag, &walk.path, visitor)?;
            }
            Event::End(_) => walk.close(visitor)?,
            Event::Text(part) => walk.append(&part.xml10_content())?,
            Event::CData(part) => walk.append(&part.xml10_content())?,
            Event::GeneralRef(reference) => walk.append(resolve(&reference, &mut [0; 4])?)?,
            Event::DocType(_) | Event::Empty(_) => return Err(Error::malformed_xml()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if walk.rooted && walk.depth == 0 { Ok(()) } else { Err(Error::malformed_xml()) }
}

/// The position of the parser. Depth 1 is directly below the root.
#[derive(Default)]
struct Walk {
    path: String,
    depth: usize,
    elements: usize,
    rooted: bool,
    text: String,
}

impl Walk {
    fn open(&mut self, name: &str, root: &str, visitor: &mut impl Visitor) -> Result<(), Error> {
        self.elements += 1;
        self.depth += 1;
        self.text.clear();
        if self.elements > ELEMENTS_MAX || self.depth > DEPTH_MAX || name.contains('/') {
            return Err(Error::malformed_xml());
        }
        if self.depth == 1 {
            let first = !std::mem::replace(&mut self.rooted, true);
            return if first && name == root { Ok(()) } else { Err(Error::malformed_xml()) };
        }
        if self.depth > 2 {
            self.path.push('/');
        }
        self.path.push_str(name);
        visitor.open(&self.path)
    }

    fn close(&mut self, visitor: &mut impl Visitor) -> Result<(), Error> {
        if self.depth > 1 {
            visitor.close(&self.path, &self.text)?;
            self.path.truncate(self.path.rfind('/').unwrap_or(0));
        }
        self.depth = self.depth.saturating_sub(1);
        self.text.clear();
        Ok(())
    }

    fn append(&mut self, text: &str) -> Result<(), Error> {
        if self.depth == 0 {
            return if text.trim().is_empty() { Ok(()) } else { Err(Error::malformed_xml()) };
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// Passes the attributes of an element to the visitor, without namespace declarations.
fn attributes(tag: &BytesStart<'_>, path: &str, visitor: &mut impl Visitor) -> Result<(), Error> {
    for (index, attribute) in tag.attributes().enumerate() {
        // Limited, because each is compared with all before it.
        if index == ATTRIBUTES_MAX {
            return Err(Error::malformed_xml());
        }
        let attribute = attribute.map_err(|_| Error::malformed_xml())?;
        if attribute.key.as_namespace_binding().is_none() {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| Error::malformed_xml())?;
            visitor.attribute(path, attribute.key.local_name().into_inner(), &value)?;
        }
    }
    Ok(())
}

/// A character reference or one of the five entities of XML.
fn resolve<'t>(reference: &BytesRef<'_>, utf8: &'t mut [u8; 4]) -> Result<&'t str, Error> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.encode_utf8(utf8)),
        Ok(None) => quick_xml::escape::resolve_predefined_entity(reference).ok_or_else(Error::malformed_xml),
        Err(_) => Err(Error::malformed_xml()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Seen(Vec<(String, String)>);

    impl Visitor for Seen {
        fn attribute(&mut self, path: &str, name: &str, value: &str) -> Result<(), Error> {
            self.0.push((format!("{path}@{name}"), value.to_owned()));
            Ok(())
        }

        fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
            self.0.push((path.to_owned(), text.to_owned()));
            Ok(())
        }
    }

    fn seen(body: &str) -> Result<Vec<(String, String)>, Code> {
        let mut seen = Seen::default();
        walk(body.as_bytes(), "R", &mut seen).map_err(|error| error.code())?;
        Ok(seen.0)
    }

    #[test]
    fn names_lose_their_namespace_and_text_its_escapes() {
        let body = "\u{feff}<?xml version=\"1.0\"?>\n<x:R xmlns:x='u'><!-- c --><A a='1'><x:B>&lt;&#x41;&amp;<![CDATA[<]]></x:B></A><C/></x:R>\n";
        let pair = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        assert_eq!(seen(body), Ok(vec![pair("A@a", "1"), pair("A/B", "<A&<"), pair("A", ""), pair("C", "")]));
        let body = "<R xmlns:x='u'><A x:type='&lt;a&#x41;' xmlns='v'/></R>";
        assert_eq!(seen(body), Ok(vec![pair("A@type", "<aA"), pair("A", "")]));
    }

    #[test]
    fn what_could_expand_or_is_not_well_formed_is_refused() {
        for body in [
            "",
            "<R>",
            "<R></S>",
            "<S/>",
            "<R/><R/>",
            "text<R/>",
            "<R/>text",
            "<R>&foo;</R>",
            "<R>&#0;</R>",
            "<!DOCTYPE R [<!ENTITY a 'b'>]><R>&a;</R>",
            "<!DOCTYPE R><R/>",
            "<R><a/b></a/b></R>",
            "<R a='1' a='2'/>",
            "<R a='&b;'/>",
            "<R a=/>",
            "<R a/>",
            "</R>",
        ] {
            assert_eq!(seen(body), Err(Code::MalformedXML), "{body}");
        }
    }

    #[test]
    fn depth_elements_and_bytes_are_bounded() {
        let nested = |depth: usize| format!("<R>{}{}</R>", "<a>".repeat(depth - 1), "</a>".repeat(depth - 1));
        assert!(seen(&nested(DEPTH_MAX)).is_ok());
        assert_eq!(seen(&nested(DEPTH_MAX + 1)), Err(Code::MalformedXML));
        assert_eq!(seen(&format!("<R>{}</R>", "<a/>".repeat(ELEMENTS_MAX))), Err(Code::MalformedXML));
        assert_eq!(seen(&" ".repeat(BODY_BYTES_MAX + 1)), Err(Code::MaxMessageLengthExceeded));
        let attributed = |count: usize| {
            let attributes: Vec<_> = (0..count).map(|number| format!("a{number}=''")).collect();
            format!("<R {}/>", attributes.join(" "))
        };
        assert!(seen(&attributed(ATTRIBUTES_MAX)).is_ok());
        assert_eq!(seen(&attributed(ATTRIBUTES_MAX + 1)), Err(Code::MalformedXML));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "(<R>|</R>|<a>|</a>|<a|=|'|&|#|;|x|<!|\\[|\\]|>|CDATA| |-){0,12}") {
            let _ = walk(&bytes, "R", &mut Seen::default());
            let _ = seen(&text);
            let _ = seen(&format!("<R>{text}</R>"));
        }
    }
}
