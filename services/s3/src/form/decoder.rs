//! Decodes the framing of a form.
//!
//! It is our own, because existing libraries read as fast as a client sends, whether or not the parts are consumed.
//! This decoder never reads ahead, and holds at most the fields and one delimiter.

use bytes::{Buf as _, Bytes, BytesMut};

use super::part::{PartHead, parse};
use super::{FileName, malformed};
use crate::error::{Code, Error};

/// Bytes of everything before the file, framing included: S3's limit for the fields.
pub const FIELDS_BYTES_MAX: usize = 20 * 1024;

/// The maximum number of fields of a form.
pub const FIELDS_MAX: usize = 100;

/// The maximum number of spaces and tabs after a delimiter.
const PADDING_BYTES_MAX: usize = 64;

/// An event of the decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A field, its name in lower case.
    Field(String, String),
    /// The file begins: there are no more fields.
    File(FileName),
    /// The next bytes of the file, never empty.
    Data(Bytes),
    /// The end of the file. Everything after it is ignored.
    End,
}

/// The position of the next byte.
#[derive(Debug)]
enum State {
    /// Before the first delimiter.
    Preamble,
    /// After a delimiter.
    Delimited,
    /// In the head of a part.
    Head,
    /// In the bytes of a field.
    Field(String),
    /// In the bytes of the file.
    File,
    /// After the file.
    Done,
}

/// Decodes a form as it arrives.
#[derive(Debug)]
pub struct Decoder {
    /// A line ending, two hyphens and the boundary.
    delimiter: Vec<u8>,
    state: State,
    buffer: BytesMut,
    /// The bytes that were pushed before the file began.
    before_file: usize,
    fields: usize,
}

impl Decoder {
    /// A decoder of a form with this boundary.
    pub fn new(boundary: &str) -> Self {
        // The first delimiter need not follow a line ending.
        let buffer = BytesMut::from(&b"\r\n"[..]);
        let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
        Self { delimiter, state: State::Preamble, buffer, before_file: 0, fields: 0 }
    }

    /// Adds the next bytes of the body. Then call [`Self::event`] until it needs more.
    pub fn push(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Done) {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether the file was read to its end, so that the rest of the body can be ignored.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Returns the next event; `None` if more bytes are needed or the file has ended.
    ///
    /// # Errors
    /// `MalformedPOSTRequest`; `MaxPostPreDataLengthExceededError` for too many bytes before the file,
    /// `InvalidArgument` for a form without a file.
    pub fn event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            match &mut self.state {
                State::Preamble => {
                    let Some(at) = find(&self.buffer, &self.delimiter) else { return self.starved() };
                    self.consume(at + self.delimiter.len())?;
                    self.state = State::Delimited;
                }
                State::Delimited => {
                    if !self.delimited()? {
                        return self.starved();
                    }
                    self.state = State::Head;
                }
                State::Head => {
                    let Some(at) = find(&self.buffer, b"\r\n\r\n") else { return self.starved() };
                    let PartHead { name, file } = parse(&self.buffer[..at])?;
                    // An empty part has only the line ending of its delimiter.
                    self.consume(at + 4)?;
                    if name == "file" {
                        self.state = State::File;
                        return Ok(Some(Event::File(file)));
                    }
                    self.fields += 1;
                    if self.fields > FIELDS_MAX {
                        return Err(too_much());
                    }
                    self.state = State::Field(name);
                }
                State::Field(name) => {
                    let Some(at) = find(&self.buffer, &self.delimiter) else { return self.starved() };
                    let name = std::mem::take(name);
                    let value = std::str::from_utf8(&self.buffer[..at]);
                    let value = value.map_err(|_| malformed("the value of a field is not UTF-8"))?.to_owned();
                    self.consume(at + self.delimiter.len())?;
                    self.state = State::Delimited;
                    return Ok(Some(Event::Field(name, value)));
                }
                State::File => return Ok(self.file()),
                State::Done => return Ok(None),
            }
        }
    }

    /// Bytes of the file up to a possible start of its delimiter.
    fn file(&mut self) -> Option<Event> {
        if let Some(at) = find(&self.buffer, &self.delimiter) {
            if at > 0 {
                return Some(Event::Data(self.buffer.split_to(at).freeze()));
            }
            self.buffer.clear();
            self.state = State::Done;
            return Some(Event::End);
        }
        let kept = self.buffer.len().min(self.delimiter.len() - 1);
        let safe = self.buffer.len() - kept;
        (safe > 0).then(|| Event::Data(self.buffer.split_to(safe).freeze()))
    }

    /// Continues after a delimiter to the head of the next part; returns false if more bytes are needed.
    fn delimited(&mut self) -> Result<bool, Error> {
        if self.buffer.starts_with(b"--") {
            return Err(Error::invalid_argument("POST requires exactly one file upload per request.", "file", "0"));
        }
        let padding = self.buffer.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match &self.buffer[padding..] {
            [b'\r', b'\n', ..] if padding <= PADDING_BYTES_MAX => {
                self.consume(padding + 2)?;
                Ok(true)
            }
            [] | [b'\r' | b'-'] if padding <= PADDING_BYTES_MAX => Ok(false),
            _ => Err(malformed("a delimiter does not end its line")),
        }
    }

    fn consume(&mut self, bytes: usize) -> Result<(), Error> {
        self.before_file += bytes;
        self.buffer.advance(bytes);
        if self.before_file > FIELDS_BYTES_MAX { Err(too_much()) } else { Ok(()) }
    }

    /// More bytes are needed, if the limit allows more.
    fn starved(&self) -> Result<Option<Event>, Error> {
        if self.before_file + self.buffer.len() > FIELDS_BYTES_MAX { Err(too_much()) } else { Ok(None) }
    }

    /// The error for a body that has ended while the file has not.
    pub fn unfinished(&self) -> Error {
        malformed("it ends before its last delimiter")
    }
}

fn too_much() -> Error {
    Error::new(Code::MaxPostPreDataLengthExceededError)
}

/// The position of a text in another.
fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = within.get(from..)?.iter().position(|&byte| byte == first) {
        let at = from + at;
        if within[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(name: &str, value: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn file(bytes: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n{bytes}\r\n--b--\r\n")
    }

    /// The fields, the file's bytes, and whether the file ended.
    type Found = (Vec<(String, String)>, Vec<u8>, bool);

    /// Decodes a body that is fed in pieces of a given size.
    fn read(body: &[u8], piece: usize) -> Result<Found, Code> {
        let mut decoder = Decoder::new("b");
        let (mut fields, mut bytes, mut ended) = (Vec::new(), Vec::new(), false);
        for piece in body.chunks(piece) {
            decoder.push(piece);
            while let Some(event) = decoder.event().map_err(|error| error.code())? {
                match event {
                    Event::Field(name, value) => fields.push((name, value)),
                    Event::File(name) => assert!(["", "f"].contains(&name.as_str())),
                    Event::Data(data) => bytes.extend_from_slice(&data),
                    Event::End => ended = true,
                }
            }
        }
        if ended { Ok((fields, bytes, ended)) } else { Err(decoder.unfinished().code()) }
    }

    #[test]
    fn a_form_reads_the_same_in_any_pieces() {
        let body = field("key", "a\r\n--c") + &field("EMPTY", "") + &file("x\r\n--\r\n-b\r\n") + "epilogue";
        for piece in 1..body.len() {
            let (fields, bytes, ended) = read(body.as_bytes(), piece).unwrap();
            assert_eq!(fields, [("key".to_owned(), "a\r\n--c".to_owned()), ("empty".to_owned(), String::new())]);
            assert_eq!((bytes.as_slice(), ended), (&b"x\r\n--\r\n-b\r\n"[..], true));
        }
        let (_, bytes, ended) = read(format!("\r\npreamble\r\n{}", file("")).as_bytes(), 7).unwrap();
        assert!(bytes.is_empty() && ended);
    }

    #[test]
    fn what_is_no_form_is_malformed() {
        for bad in [
            String::new(),
            "--b\r\n".to_owned(),
            field("key", "v"),
            "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nno end".to_owned(),
            "--bx\r\n".to_owned(),
            "--b \tx\r\n".to_owned(),
            format!("--b{}\r\n{}", " ".repeat(65), file("")),
        ] {
            assert_eq!(read(bad.as_bytes(), 5), Err(Code::MalformedPOSTRequest), "{bad:?}");
        }
        assert_eq!(read((field("key", "v") + "--b--\r\n").as_bytes(), 5), Err(Code::InvalidArgument), "no file");
    }

    #[test]
    fn what_comes_before_the_file_is_bounded() {
        let too_much = Err(Code::MaxPostPreDataLengthExceededError);
        let long = |bytes: usize| field("key", &"v".repeat(bytes)) + &file("x");
        assert!(read(long(FIELDS_BYTES_MAX - 400).as_bytes(), 4096).is_ok());
        assert_eq!(read(long(FIELDS_BYTES_MAX).as_bytes(), 4096), too_much);
        let many = |count: usize| field("a", "").repeat(count) + &file("x");
        assert!(read(many(FIELDS_MAX).as_bytes(), 4096).is_ok());
        assert_eq!(read(many(FIELDS_MAX + 1).as_bytes(), 4096), too_much);
        assert_eq!(read("v".repeat(FIELDS_BYTES_MAX + 1).as_bytes(), 4096), too_much, "a preamble");
    }

    #[test]
    fn no_more_of_a_file_is_held_than_a_delimiter() {
        let mut decoder = Decoder::new("b");
        decoder.push(file(&"x".repeat(100_000)).as_bytes());
        let mut held = Vec::new();
        while let Some(event) = decoder.event().unwrap() {
            if let Event::Data(_) = event {
                held.push(decoder.buffer.len());
            }
        }
        assert!(decoder.is_done() && held.iter().all(|held| *held <= "\r\n--b--\r\n".len()), "{held:?}");
    }

    proptest! {
        #[test]
        fn any_file_comes_out_as_it_went_in(bytes in "(\r|\n|-|b|x){0,40}", piece in 1_usize..9) {
            prop_assume!(!format!("\r\n{bytes}\r\n").contains("\r\n--b"));
            let (_, found, ended) = read(file(&bytes).as_bytes(), piece).unwrap();
            prop_assert_eq!((found, ended), (bytes.into_bytes(), true));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, text in "(--b|\r\n|--|Content-Disposition: form-data; name=|file|a|\"|;| ){0,16}", piece in 1_usize..9) {
            let _ = read(&bytes, piece);
            let _ = read(text.as_bytes(), piece);
        }
    }
}
