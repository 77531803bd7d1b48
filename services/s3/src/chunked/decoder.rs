//! Removes aws-chunked framing.

use bytes::{Buf as _, Bytes};
use sha2::{Digest as _, Sha256};

use crate::checksum::Algorithm;
use crate::chunked::trailer::{Collector, Trailers};
use crate::error::{Code, Error};
use crate::sigv4::{ChunkSigner, PayloadHash};

/// The longest line of framing in bytes: a size, a signature, and extensions that are ignored.
pub const LINE_BYTES_MAX: usize = 1024;

/// The longest run of line endings after the body, which some clients send.
const EPILOGUE_BYTES_MAX: usize = 4;

/// The signatures of the chunks.
#[derive(Debug)]
pub enum Mode {
    /// Every chunk is signed: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    Signed(ChunkSigner),
    /// Every chunk and the trailer are signed: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    SignedTrailer(ChunkSigner),
    /// Only the head is signed: `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    UnsignedTrailer,
}

impl Mode {
    /// The mode of a declared payload; `None` if it is not aws-chunked, or if it is signed and there
    /// is no signer.
    pub fn of(payload: PayloadHash, signer: Option<ChunkSigner>) -> Option<Self> {
        match (payload, signer) {
            (PayloadHash::StreamingSigned, Some(signer)) => Some(Self::Signed(signer)),
            (PayloadHash::StreamingSignedTrailer, Some(signer)) => Some(Self::SignedTrailer(signer)),
            (PayloadHash::StreamingUnsignedTrailer, _) => Some(Self::UnsignedTrailer),
            _ => None,
        }
    }

    fn signer(&mut self) -> Option<&mut ChunkSigner> {
        match self {
            Self::Signed(signer) | Self::SignedTrailer(signer) => Some(signer),
            Self::UnsignedTrailer => None,
        }
    }

    const fn has_trailer(&self) -> bool {
        matches!(self, Self::SignedTrailer(_) | Self::UnsignedTrailer)
    }
}

/// The result of [`Decoder::feed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The next bytes of the payload: a slice of the input, never a copy, never empty.
    Data(Bytes),
    /// The end: every chunk and the trailer are verified, and the length is as declared.
    End(Trailers),
}

/// An incremental decoder. It holds at most one line; payload passes through.
///
/// Payload is returned before the signature of its chunk can be verified, because a chunk may be larger than memory.
/// Nothing that was returned may be committed before [`Event::End`].
#[derive(Debug)]
pub struct Decoder {
    mode: Mode,
    state: State,
    line: Vec<u8>,
    hash: Sha256,
    signature: [u8; 64],
    trailers: Collector,
    /// Bytes of payload that are still expected, by the declared length.
    remaining: u64,
    epilogue: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the first line of a chunk.
    Open,
    /// In the payload of a chunk, with this many bytes left.
    Data(u64),
    /// In the line ending after a chunk's payload.
    Close,
    /// In the lines after the last chunk.
    Trailer,
    /// After the end.
    Done,
    /// After an error, which ends the body.
    Failed,
}

impl Decoder {
    /// A decoder for a payload of `decoded_length` bytes (`x-amz-decoded-content-length`), with the checksum that
    /// `x-amz-trailer` announced.
    pub fn new(mode: Mode, decoded_length: u64, trailer: Option<Algorithm>) -> Self {
        Self {
            mode,
            state: State::Open,
            line: Vec::new(),
            hash: Sha256::new(),
            signature: [0; 64],
            trailers: Collector::new(trailer),
            remaining: decoded_length,
            epilogue: 0,
        }
    }

    /// Takes bytes from the front of `input` until there is an event; `None` when `input` is used up. Call it again
    /// with the same `input` after every event.
    ///
    /// # Errors
    /// `IncompleteBody` for a payload that is longer or shorter than declared, `InvalidRequest` for malformed framing,
    /// `SignatureDoesNotMatch`, `MalformedTrailerError`. After an error the decoder returns only errors.
    pub fn feed(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        let result = self.advance(input);
        if result.is_err() {
            self.state = State::Failed;
        }
        result
    }

    /// Must be called at the end of the body.
    ///
    /// # Errors
    /// `IncompleteBody` if [`Event::End`] was not reached.
    pub fn finish(&self) -> Result<(), Error> {
        if self.state == State::Done { Ok(()) } else { Err(Error::new(Code::IncompleteBody)) }
    }

    fn advance(&mut self, input: &mut Bytes) -> Result<Option<Event>, Error> {
        while !input.is_empty() {
            match self.state {
                State::Open => {
                    if self.take_line(input)? {
                        self.open()?;
                    }
                }
                State::Data(left) => return Ok(Some(Event::Data(self.data(input, left)))),
                State::Close => {
                    if self.take_line(input)? {
                        self.close()?;
                    }
                }
                State::Trailer => {
                    if self.take_line(input)?
                        && let Some(trailers) = self.trailer()?
                    {
                        return Ok(Some(Event::End(trailers)));
                    }
                }
                State::Done => self.epilogue(input)?,
                State::Failed => return Err(Error::new(Code::IncompleteBody)),
            }
        }
        Ok(None)
    }

    /// Moves bytes into `line`. Returns whether it is complete, and then without its LF or CRLF.
    fn take_line(&mut self, input: &mut Bytes) -> Result<bool, Error> {
        let end = input.iter().take(LINE_BYTES_MAX + 1).position(|&byte| byte == b'\n');
        let taken = end.unwrap_or(input.len());
        if self.line.len() + taken > LINE_BYTES_MAX {
            return Err(framing("A line of the chunked body is too long."));
        }
        self.line.extend_from_slice(&input[..taken]);
        input.advance(if end.is_some() { taken + 1 } else { taken });
        if end.is_some() && self.line.last() == Some(&b'\r') {
            self.line.pop();
        }
        Ok(end.is_some())
    }

    /// Parses `size;chunk-signature=hex`; other extensions are ignored.
    fn open(&mut self) -> Result<(), Error> {
        let line = std::mem::take(&mut self.line);
        let mut fields = line.split(|&byte| byte == b';');
        let size = fields
            .next()
            .and_then(hex_number)
            .ok_or_else(|| framing("The size of a chunk is not a hexadecimal number."))?;
        if self.mode.signer().is_some() {
            let signature = fields.find_map(|field| field.trim_ascii().strip_prefix(b"chunk-signature="));
            let signature = signature.and_then(|hex| hex.try_into().ok());
            self.signature = signature.ok_or_else(|| framing("A chunk of a signed upload has no chunk-signature."))?;
        }
        self.line = line;
        self.line.clear();
        if size > self.remaining {
            return Err(too_long());
        }
        if size > 0 {
            self.state = State::Data(size);
            return Ok(());
        }
        if self.remaining > 0 {
            return Err(Error::new(Code::IncompleteBody));
        }
        self.verify_chunk()?;
        self.state = State::Trailer;
        Ok(())
    }

    fn data(&mut self, input: &mut Bytes, left: u64) -> Bytes {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let piece = input.split_to(length);
        let taken = length as u64;
        if self.mode.signer().is_some() {
            self.hash.update(&piece);
        }
        self.remaining -= taken;
        self.state = if left == taken { State::Close } else { State::Data(left - taken) };
        piece
    }

    fn close(&mut self) -> Result<(), Error> {
        if !self.line.is_empty() {
            return Err(framing("The payload of a chunk does not end where its size says."));
        }
        self.verify_chunk()?;
        self.state = State::Open;
        Ok(())
    }

    fn verify_chunk(&mut self) -> Result<(), Error> {
        let Some(signer) = self.mode.signer() else { return Ok(()) };
        let hash = self.hash.finalize_reset().into();
        if signer.verify_chunk(&hash, &self.signature) { Ok(()) } else { Err(Error::new(Code::SignatureDoesNotMatch)) }
    }

    fn trailer(&mut self) -> Result<Option<Trailers>, Error> {
        let line = std::mem::take(&mut self.line);
        if !self.mode.has_trailer() && !line.is_empty() {
            return Err(framing("The upload announced no trailer but has one."));
        }
        let signed = matches!(self.mode, Mode::SignedTrailer(_));
        if !self.trailers.line(&line, signed)? {
            self.line = line;
            self.line.clear();
            return Ok(None);
        }
        self.state = State::Done;
        let signer = if signed { self.mode.signer() } else { None };
        self.trailers.finish(signer).map(Some)
    }

    fn epilogue(&mut self, input: &mut Bytes) -> Result<(), Error> {
        self.epilogue = self.epilogue.saturating_add(input.len());
        if self.epilogue > EPILOGUE_BYTES_MAX || !input.iter().all(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(framing("There are bytes after the end of the chunked body."));
        }
        input.clear();
        Ok(())
    }
}

fn framing(message: &'static str) -> Error {
    Error::invalid_request(message)
}

fn too_long() -> Error {
    Error::with_message(Code::IncompleteBody, "The body is longer than x-amz-decoded-content-length.")
}

fn hex_number(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field.trim_ascii()).ok()?;
    if text.is_empty() || text.len() > 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}
