//! Writes XML straight into one buffer.

use bytes::Bytes;
use jiff::Timestamp;

use crate::checksum::{Checksum, ChecksumType};
use crate::date;
use crate::encoding;
use crate::request::Encoding;
use crate::xml::Owner;

const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
const CONTROL_NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// A document that is being written. Element names are constants and never escaped; values always are.
#[derive(Debug)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// A document without a namespace (errors), with capacity for `bytes`.
    pub(crate) fn document(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(DECLARATION.len() + bytes);
        out.extend_from_slice(DECLARATION);
        Self { out }
    }

    /// A document whose root is in the namespace of S3, with capacity for `bytes`.
    pub(crate) fn root(name: &str, bytes: usize) -> Self {
        Self::root_in(NAMESPACE, name, bytes)
    }

    /// A document whose root is in the namespace of S3 Control.
    pub(crate) fn control_root(name: &str, bytes: usize) -> Self {
        Self::root_in(CONTROL_NAMESPACE, name, bytes)
    }

    fn root_in(namespace: &str, name: &str, bytes: usize) -> Self {
        let mut writer = Self::document(bytes + 128);
        writer.open_with(name, &[("xmlns", namespace)]);
        writer
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'>');
    }

    /// An element with attributes, whose values need no escaping.
    pub(crate) fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        for (name, value) in attributes {
            for piece in [" ", name, "=\"", value, "\""] {
                self.out.extend_from_slice(piece.as_bytes());
            }
        }
        self.out.push(b'>');
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'>');
    }

    /// Ends the document with the end tag of its root.
    pub(crate) fn end(mut self, name: &str) -> Bytes {
        self.close(name);
        self.finish()
    }

    pub(crate) fn finish(self) -> Bytes {
        Bytes::from(self.out)
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.open(name);
        escape_str(&mut self.out, value);
        self.close(name);
    }

    /// Text in the open element.
    pub(crate) fn content(&mut self, value: &str) {
        escape_str(&mut self.out, value);
    }

    /// An element with text that needs no escaping.
    fn plain(&mut self, name: &str, value: &[u8]) {
        self.open(name);
        self.out.extend_from_slice(value);
        self.close(name);
    }

    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.plain(name, if value { b"true" } else { b"false" });
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        let mut digits = [0_u8; 20];
        let mut at = digits.len();
        let mut rest = value;
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.plain(name, &digits[at..]);
    }

    pub(crate) fn time(&mut self, name: &str, at: Timestamp) {
        self.plain(name, &date::iso8601_millis_bytes(at));
    }

    /// An entity tag, passed without its quotes.
    pub(crate) fn etag(&mut self, etag: &str) {
        self.open("ETag");
        self.out.extend_from_slice(b"&quot;");
        escape_str(&mut self.out, etag);
        self.out.extend_from_slice(b"&quot;");
        self.close("ETag");
    }

    pub(crate) fn owner(&mut self, name: &str, owner: Owner<'_>) {
        self.open(name);
        self.owner_fields(owner);
        self.close(name);
    }

    /// Id and name in the open element.
    pub(crate) fn owner_fields(&mut self, owner: Owner<'_>) {
        self.text("ID", owner.id);
        self.text("DisplayName", owner.display_name);
    }

    pub(crate) fn checksum(&mut self, checksum: Option<&Checksum>) {
        if let Some(checksum) = checksum {
            self.text(checksum.algorithm().element_name(), &checksum.to_string());
        }
    }

    pub(crate) fn checksum_type(&mut self, kind: Option<ChecksumType>) {
        if let Some(kind) = kind {
            self.text("ChecksumType", kind.name());
        }
    }

    /// An element with a key, a prefix, a delimiter or a marker, in the requested encoding.
    pub(crate) fn key(&mut self, name: &str, key: &[u8], encoding: Encoding) {
        self.open(name);
        match encoding {
            Encoding::Url => encoding::encode_into(&mut self.out, key, true),
            Encoding::Plain => escape_bytes(&mut self.out, key),
        }
        self.close(name);
    }

    /// The prefix that version 1 of the listing repeats. Some SDKs decode it like keys and some (botocore) do not, so
    /// it is not encoded wherever both read the same.
    pub(crate) fn echoed_prefix(&mut self, prefix: &[u8], encoding: Encoding) {
        let is_the_same = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') && !b"%+".contains(byte);
        let encoding = if prefix.iter().all(is_the_same) { Encoding::Plain } else { encoding };
        self.key("Prefix", prefix, encoding);
    }

    pub(crate) fn optional_key(&mut self, name: &str, key: Option<&[u8]>, encoding: Encoding) {
        if let Some(key) = key {
            self.key(name, key, encoding);
        }
    }

    pub(crate) fn encoding_type(&mut self, encoding: Encoding) {
        if encoding == Encoding::Url {
            self.text("EncodingType", "url");
        }
    }

    pub(crate) fn common_prefixes(&mut self, prefixes: &[&[u8]], encoding: Encoding) {
        for prefix in prefixes {
            self.open("CommonPrefixes");
            self.key("Prefix", prefix, encoding);
            self.close("CommonPrefixes");
        }
    }
}

/// Bytes that are not UTF-8 become U+FFFD: only `encoding-type=url` can represent them.
fn escape_bytes(out: &mut Vec<u8>, value: &[u8]) {
    for chunk in value.utf8_chunks() {
        escape_str(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Escapes text. Characters that XML 1.0 cannot represent at all (most controls, U+FFFE, U+FFFF) become character
/// references, as in S3. A strict parser refuses such a document, but none reads another key in it.
fn escape_str(out: &mut Vec<u8>, value: &str) {
    let is_plain = |byte: &u8| !matches!(byte, 0..=0x1f | b'&' | b'<' | b'>' | b'"' | b'\'' | 0xef);
    if value.as_bytes().iter().all(is_plain) {
        out.extend_from_slice(value.as_bytes());
        return;
    }
    for character in value.chars() {
        match character {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\'' => out.extend_from_slice(b"&apos;"),
            '\r' => out.extend_from_slice(b"&#x0D;"),
            '\t' => out.extend_from_slice(b"&#x09;"),
            '\n' => out.extend_from_slice(b"&#x0A;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                out.extend_from_slice(format!("&#x{:x};", u32::from(character)).as_bytes());
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quick_xml::events::Event;

    fn read_back(document: &[u8]) -> String {
        let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(document).unwrap());
        let mut text = String::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Text(part) => text.push_str(&part),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                    Some(character) => text.push(character),
                    None => text.push_str(quick_xml::escape::resolve_predefined_entity(&reference).unwrap()),
                },
                Event::Eof => return text,
                _ => {}
            }
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_a_character_reference() {
        let mut writer = Writer::document(0);
        writer.key("K", b"a\0\x01\x1f\r\n<&>\"'\xef\xbf\xbe\xef\xbf\xbf", Encoding::Plain);
        let written = writer.finish();
        let key = "<K>a&#x0;&#x1;&#x1f;&#x0D;&#x0A;&lt;&amp;&gt;&quot;&apos;&#xfffe;&#xffff;</K>";
        assert_eq!(std::str::from_utf8(&written).unwrap().lines().last(), Some(key));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_unless_encoded() {
        let mut writer = Writer::root("R", 0);
        writer.key("K", b"a\xff", Encoding::Plain);
        assert_eq!(read_back(&writer.end("R")).trim(), "a\u{fffd}");
        let mut writer = Writer::root("R", 0);
        writer.key("K", b"a/b c\x01\xff", Encoding::Url);
        assert_eq!(read_back(&writer.end("R")).trim(), "a/b%20c%01%FF");
    }

    proptest! {
        #[test]
        fn text_comes_back(text in "[\\t\\n\\r -\u{d7ff}\u{e000}-\u{fffd}]{0,40}") {
            let mut writer = Writer::document(0);
            writer.text("T", &text);
            let read = read_back(&writer.finish());
            prop_assert_eq!(read.strip_prefix('\n'), Some(&*text));
        }

        #[test]
        fn numbers_come_back(value: u64) {
            let mut writer = Writer::document(0);
            writer.number("N", value);
            let read = read_back(&writer.finish());
            prop_assert_eq!(read.trim(), value.to_string());
        }
    }
}
