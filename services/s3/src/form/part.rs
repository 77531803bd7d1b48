//! The head of one part: its name, and the file's name if it is a file.

use super::malformed;
use crate::encoding::{self, Plus};
use crate::error::Error;

/// The name of the file on its owner's machine, without folders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileName(String);

impl FileName {
    fn of(path: &str) -> Self {
        Self(path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name and file name in the head of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartHead {
    /// The name of the field, in lower case, because names are compared without case.
    pub(super) name: String,
    pub(super) file: FileName,
}

/// Parses the lines before the bytes of a part. Only `Content-Disposition` matters.
pub(super) fn parse(head: &[u8]) -> Result<PartHead, Error> {
    let head = std::str::from_utf8(head).map_err(|_| malformed("the head of a part is not UTF-8"))?;
    let mut found = None;
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) =
            line.split_once(':').ok_or_else(|| malformed("the head of a part has a line that is not a header"))?;
        if name.trim().eq_ignore_ascii_case("content-disposition") && found.replace(disposition(value)?).is_some() {
            return Err(malformed("a part has two Content-Dispositions"));
        }
    }
    found.ok_or_else(|| malformed("a part has no Content-Disposition"))
}

fn disposition(value: &str) -> Result<PartHead, Error> {
    let (kind, mut rest) = value.split_once(';').unwrap_or((value, ""));
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(malformed("the Content-Disposition of a part is not form-data"));
    }
    let (mut name, mut file, mut extended) = (None, None, None);
    while !rest.trim().is_empty() {
        let (parameter, value, after) = parameter(rest)?;
        let slot = match parameter.to_ascii_lowercase().as_str() {
            "name" => name.replace(value),
            "filename" => file.replace(value),
            "filename*" => extended.replace(extended_value(&value)?),
            _ => None,
        };
        if slot.is_some() {
            return Err(malformed("a Content-Disposition repeats a parameter"));
        }
        rest = after;
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| malformed("a part has no name"))?;
    let file = extended.or(file).map(|path| FileName::of(&path)).unwrap_or_default();
    Ok(PartHead { name: name.to_ascii_lowercase(), file })
}

/// Parses `name=value` or `name="value"`, and returns the rest after the semicolon. For quotes in quotes, browsers
/// write `%22`, and other clients a backslash before them; a backslash before anything else is part of a path.
fn parameter(text: &str) -> Result<(&str, String, &str), Error> {
    let broken = || malformed("a Content-Disposition is malformed");
    let (name, value) = text.split_once('=').ok_or_else(broken)?;
    let value = value.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        let (value, after) = value.split_once(';').unwrap_or((value, ""));
        return Ok((name.trim(), value.trim().to_owned(), after));
    };
    let mut taken = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = quoted[at + 1..].trim_start();
                let after = if after.is_empty() { after } else { after.strip_prefix(';').ok_or_else(broken)? };
                return Ok((name.trim(), taken.replace("%22", "\""), after));
            }
            '\\' if quoted[at + 1..].starts_with('"') => {
                characters.next();
                taken.push('"');
            }
            other => taken.push(other),
        }
    }
    Err(broken())
}

/// Parses `utf-8''percent-encoded`: RFC 5987.
fn extended_value(value: &str) -> Result<String, Error> {
    let decoded = value.split_once('\'').and_then(|(charset, rest)| {
        let (_, encoded) = rest.split_once('\'').filter(|_| charset.eq_ignore_ascii_case("utf-8"))?;
        String::from_utf8(encoding::decode(encoded.as_bytes(), Plus::Literal)?.into_owned()).ok()
    });
    decoded.ok_or_else(|| malformed("a file name is malformed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(disposition: &str) -> Option<(String, String)> {
        let head = parse(format!("Content-Disposition: {disposition}\r\nContent-Type: text/plain").as_bytes()).ok()?;
        Some((head.name, head.file.as_str().to_owned()))
    }

    fn assert_reads(disposition: &str, name: &str, file: &str) {
        assert_eq!(read(disposition), Some((name.to_owned(), file.to_owned())), "{disposition}");
    }

    #[test]
    fn names_are_read_as_browsers_and_libraries_write_them() {
        assert_reads("form-data; name=\"KeY\"", "key", "");
        assert_reads("Form-Data; name=key; filename=a.txt", "key", "a.txt");
        assert_reads("form-data; name=\"file\"; filename=\"a;b\\\"c%22.txt\"", "file", "a;b\"c\".txt");
        assert_reads("form-data; name=\"file\"; filename=\"C:\\pics\\a.jpg\"", "file", "a.jpg");
        assert_reads("form-data; name=\"file\"; filename=\"/photos/x/a.jpg\"", "file", "a.jpg");
        assert_reads("form-data; name=\"file\"; filename*=utf-8''%C3%BC.txt", "file", "\u{fc}.txt");
    }

    #[test]
    fn what_can_be_read_two_ways_is_refused() {
        for bad in [
            "form-data",
            "form-data; name=\"\"",
            "form-data; filename=a",
            "attachment; name=a",
            "form-data; name=a; name=b",
            "form-data; name=\"a",
            "form-data; name=\"a\" b",
            "form-data; name",
            "form-data; name=a; filename*=latin1''a",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(parse(b"Content-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=b").is_err());
        assert!(
            parse(b"Content-Type: text/plain").is_err() && parse(b"no header").is_err() && parse(b"\xff:").is_err()
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "(name|filename|\\*|=|\"|;|\\\\|a|%22|'|utf-8| ){0,12}") {
            let _ = parse(&bytes);
            let _ = read(&format!("form-data;{text}"));
        }
    }
}
