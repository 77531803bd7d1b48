//! Finds where each request of a connection begins and ends, and refuses requests whose framing another program could
//! read differently.
//!
//! hyper accepts some heads that RFC 9112 allows a server to accept and that proxies read differently; request
//! smuggling exploits that difference. So each head is checked before hyper sees it. hyper agrees on the framing of
//! every head that is passed on. A head that hyper refuses by itself is passed on so that it can refuse it, and nothing
//! after it is.
//!
//! Sources: RFC 9112, sections 2.2, 6.1, 6.3 and 7.1.

mod chunks;

use memchr::memchr;

use chunks::Chunks;

/// Why a head is refused. Used both by the code that finds it and by the code that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A line ends with a bare line feed.
    BareLineFeed,
    /// A transfer coding other than exactly `chunked`.
    TransferCoding,
    /// Both a length and a transfer coding.
    TwoLengths,
    /// The head is too long.
    TooLong,
}

/// The framing of a connection's requests, one after another.
#[derive(Debug)]
pub struct Framing {
    state: State,
    head_bytes_max: usize,
}

#[derive(Debug)]
enum State {
    /// The next bytes are a head, or the rest of one.
    Head(Search),
    Body {
        bytes_left: u64,
    },
    Chunked(Chunks),
    /// A head that hyper refuses was passed on: nothing comes after it.
    Over,
}

/// The progress of the search for the end of a head.
#[derive(Debug, Default)]
struct Search {
    /// The start of the current line.
    line: usize,
    /// The request line was found: an empty line is the end.
    has_begun: bool,
}

impl Framing {
    /// The framing of a new connection.
    pub fn new(head_bytes_max: usize) -> Self {
        Self { state: State::Head(Search::default()), head_bytes_max }
    }

    /// The number of bytes that may be passed on, because they are known to be sound. The bytes must begin where the
    /// previous call stopped; the rest has to be passed in again, with the bytes after it.
    ///
    /// # Errors
    /// If the bytes begin with a head that is refused.
    pub fn pass(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut passed = 0;
        while let Some(rest) = bytes.get(passed..).filter(|rest| !rest.is_empty()) {
            match self.step(rest) {
                Ok(Some(step)) => passed += step,
                // The bytes before it are passed on first. The next call finds it again.
                Err(_) | Ok(None) if passed > 0 => break,
                Ok(None) => return Ok(0),
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(passed)
    }

    /// Nothing more will be passed on.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Passes on nothing more.
    pub fn end(&mut self) {
        self.state = State::Over;
    }

    /// The bytes of one step, which is never empty; `None` if more bytes must arrive first.
    fn step(&mut self, rest: &[u8]) -> Result<Option<usize>, Refusal> {
        let (step, next) = match &mut self.state {
            State::Head(_) if !may_begin_a_head(rest) => (rest.len(), Some(State::Over)),
            State::Head(search) => match search.end(rest, self.head_bytes_max)? {
                None => return Ok(None),
                Some(end) => (end, Some(after_head(&rest[..end])?)),
            },
            State::Body { bytes_left } => {
                let step = usize::try_from(*bytes_left).map_or(rest.len(), |left| left.min(rest.len()));
                *bytes_left -= step as u64;
                (step, (*bytes_left == 0).then(State::head))
            }
            State::Chunked(chunks) => {
                let step = chunks.pass(rest);
                let next = if chunks.are_broken() { Some(State::Over) } else { chunks.are_over().then(State::head) };
                (step, next)
            }
            State::Over => return Ok(None),
        };
        if let Some(next) = next {
            self.state = next;
        }
        Ok(Some(step))
    }
}

impl State {
    fn head() -> Self {
        Self::Head(Search::default())
    }
}

/// Whether these bytes can be the start of a head. A client of another protocol, for instance TLS, is refused at once.
fn may_begin_a_head(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first.is_ascii_graphic() || matches!(first, b'\r' | b'\n'))
}

impl Search {
    /// The end of the head. Empty lines before it are part of it.
    fn end(&mut self, bytes: &[u8], bytes_max: usize) -> Result<Option<usize>, Refusal> {
        while let Some(at) = memchr(b'\n', &bytes[self.line..]) {
            let end = self.line + at + 1;
            if end > bytes_max {
                return Err(Refusal::TooLong);
            }
            match &bytes[self.line..end] {
                b"\r\n" if self.has_begun => return Ok(Some(end)),
                b"\r\n" => {}
                [.., b'\r', b'\n'] => self.has_begun = true,
                _ => return Err(Refusal::BareLineFeed),
            }
            self.line = end;
        }
        if bytes.len() > bytes_max { Err(Refusal::TooLong) } else { Ok(None) }
    }
}

/// The state after a complete head.
fn after_head(head: &[u8]) -> Result<State, Refusal> {
    let (mut codings, mut lengths) = (0_usize, Vec::new());
    for line in head.split(|byte| *byte == b'\n') {
        // Most lines are neither.
        if !matches!(line.first(), Some(b'c' | b'C' | b't' | b'T')) {
            continue;
        }
        let Some(colon) = memchr(b':', line) else { continue };
        let (name, value) = (&line[..colon], trimmed(&line[colon + 1..]));
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            codings += 1;
            if codings > 1 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refusal::TransferCoding);
            }
        } else if name.eq_ignore_ascii_case(b"content-length") {
            lengths.push(value);
        }
    }
    match lengths.as_slice() {
        [] if codings == 0 => Ok(State::head()),
        [] => Ok(State::Chunked(Chunks::default())),
        [_, ..] if codings > 0 => Err(Refusal::TwoLengths),
        // hyper accepts several equal ones.
        [first, others @ ..] if others.iter().all(|other| other == first) => Ok(match decimal(first) {
            Some(0) => State::head(),
            Some(bytes_left) => State::Body { bytes_left },
            None => State::Over,
        }),
        _ => Ok(State::Over),
    }
}

/// A value without surrounding blanks and without its line ending.
fn trimmed(value: &[u8]) -> &[u8] {
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// A number that consists only of digits.
fn decimal(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD_BYTES_MAX: usize = 200;

    /// The number of a connection's bytes that are passed on if they arrive in pieces of a given length, and why no
    /// more are.
    fn passed(bytes: &[u8], piece: usize) -> (usize, Option<Refusal>, bool) {
        let mut framing = Framing::new(HEAD_BYTES_MAX);
        let mut begin = 0;
        for end in (0..bytes.len()).step_by(piece).map(|start| (start + piece).min(bytes.len())) {
            loop {
                match framing.pass(&bytes[begin..end]) {
                    Ok(0) => break,
                    Ok(step) => begin += step,
                    Err(refusal) => return (begin, Some(refusal), framing.is_over()),
                }
            }
        }
        (begin, None, framing.is_over())
    }

    /// The same result for every length of the pieces.
    fn however(bytes: &[u8]) -> (usize, Option<Refusal>, bool) {
        let at_once = passed(bytes, bytes.len().max(1));
        for piece in 1..bytes.len().min(20) {
            assert_eq!(passed(bytes, piece), at_once, "{piece}: {}", bytes.escape_ascii());
        }
        at_once
    }

    const SOUND: [&str; 6] = [
        "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length:\t 5 \r\n\r\n\n\r\n\n\n",
        "PUT / HTTP/1.1\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n",
        "PUT / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\na;x=\"y\"\r\n0\n\n\r\n\r\n678\r\n0 \r\nt: v\r\n\r\n",
        "PUT / HTTP/1.1\r\ntransfer-encoding:chunked\r\n\r\n0\r\n\r\n",
    ];

    #[test]
    fn sound_requests_are_passed_on_one_after_the_other() {
        for first in SOUND {
            for second in SOUND {
                let both = format!("{first}{second}");
                assert_eq!(however(both.as_bytes()), (both.len(), None, false), "{both:?}");
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not() {
        for (head, refusal) in [
            ("GET / HTTP/1.1\nhost: a\r\n\r\n", Refusal::BareLineFeed),
            ("GET / HTTP/1.1\r\nhost: a\n\r\n", Refusal::BareLineFeed),
            ("GET / HTTP/1.1\r\nhost: a\r\n\n", Refusal::BareLineFeed),
            ("\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", Refusal::BareLineFeed),
            (
                "PUT / HTTP/1.1\r\ntransfer-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n",
                Refusal::TransferCoding,
            ),
            ("PUT / HTTP/1.1\r\ntransfer-encoding: identity, chunked\r\n\r\n", Refusal::TransferCoding),
            (
                "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
                Refusal::TransferCoding,
            ),
            ("PUT / HTTP/1.1\r\ntransfer-encoding: \r\n\r\n", Refusal::TransferCoding),
            ("PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\nContent-length: 3\r\n\r\n", Refusal::TwoLengths),
            ("PUT / HTTP/1.1\r\ncontent-length: 3\r\nTRANSFER-ENCODING: chunked\r\n\r\n", Refusal::TwoLengths),
        ] {
            assert_eq!(however(head.as_bytes()), (0, Some(refusal), false), "{head:?}");
            for first in SOUND {
                let both = format!("{first}{head}");
                assert_eq!(however(both.as_bytes()), (first.len(), Some(refusal), false), "{both:?}");
            }
        }
    }

    #[test]
    fn heads_are_bounded_and_bodies_are_not() {
        let head = |bytes: usize| format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "v".repeat(bytes - 23));
        assert_eq!(however(head(HEAD_BYTES_MAX).as_bytes()), (HEAD_BYTES_MAX, None, false));
        for long in [head(HEAD_BYTES_MAX + 1), head(HEAD_BYTES_MAX * 3), "v".repeat(HEAD_BYTES_MAX + 1)] {
            assert_eq!(however(long.as_bytes()), (0, Some(Refusal::TooLong), false));
        }
        let body = format!("PUT / HTTP/1.1\r\ncontent-length: 1000\r\n\r\n{}", "b".repeat(1000));
        assert_eq!(however(body.as_bytes()), (body.len(), None, false));
    }

    #[test]
    fn nothing_comes_after_what_hyper_refuses() {
        for broken in [
            "\x16\x03\x01",
            "PUT / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
            "PUT / HTTP/1.1\r\ncontent-length: +5\r\n\r\n",
            "PUT / HTTP/1.1\r\ncontent-length: \r\n\r\n",
            "PUT / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcX",
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\n",
            "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nt: v\n",
        ] {
            let more = passed(format!("{broken}GET / HTTP/1.1\r\n\r\n").as_bytes(), 1);
            let first = if broken.starts_with('\x16') { 1 } else { broken.len() };
            assert_eq!(more, (first, None, true), "{broken:?}");
        }
    }
}
