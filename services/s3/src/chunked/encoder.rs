//! Adds aws-chunked framing: for our own clients and for tests.

use sha2::{Digest as _, Sha256};

use crate::checksum::Checksum;
use crate::chunked::Mode;

/// Writes aws-chunked frames. The caller chooses the chunks; only the last may be empty.
#[derive(Debug)]
pub struct Encoder {
    mode: Mode,
}

impl Encoder {
    /// An encoder; a signing mode takes the signer that [`crate::sigv4::sign`] returned.
    pub fn new(mode: Mode) -> Self {
        Self { mode }
    }

    /// Appends one chunk with its frame. An empty one is skipped, since it would end the payload.
    pub fn chunk(&mut self, out: &mut Vec<u8>, payload: &[u8]) {
        if !payload.is_empty() {
            self.open(out, payload);
            out.extend_from_slice(payload);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends the last chunk and the trailer.
    pub fn finish(mut self, out: &mut Vec<u8>, checksum: Option<&Checksum>) {
        self.open(out, b"");
        let line = checksum.map(|checksum| format!("{}:{checksum}", checksum.algorithm().header_name()));
        if let Some(line) = &line {
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if let Mode::SignedTrailer(signer) = &mut self.mode {
            let canonical = line.map(|line| line + "\n").unwrap_or_default();
            out.extend_from_slice(b"x-amz-trailer-signature:");
            out.extend_from_slice(&signer.sign_trailer(canonical.as_bytes()));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    fn open(&mut self, out: &mut Vec<u8>, payload: &[u8]) {
        out.extend_from_slice(format!("{:x}", payload.len()).as_bytes());
        if let Mode::Signed(signer) | Mode::SignedTrailer(signer) = &mut self.mode {
            out.extend_from_slice(b";chunk-signature=");
            out.extend_from_slice(&signer.sign_chunk(&Sha256::digest(payload).into()));
        }
        out.extend_from_slice(b"\r\n");
    }
}
