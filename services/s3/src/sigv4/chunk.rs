//! The chain of chunk signatures.
//!
//! Source: "Transferring Payload in Multiple Chunks (Chunked Upload)" and "... with trailing headers",
//! Amazon S3 API Reference.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::sigv4::{Mac, SIGNATURE_BYTES, SigningKey};

const SHA256_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Signs chunk after chunk; each signature covers the previous one, back to that of the request head.
#[derive(Debug, Clone)]
pub struct ChunkSigner {
    key: SigningKey,
    /// `"\n" timestamp "\n" scope "\n"`, the middle of every string to sign.
    middle: String,
    previous: [u8; SIGNATURE_BYTES * 2],
}

fn hex_of(mac: &[u8]) -> [u8; SIGNATURE_BYTES * 2] {
    let mut out = [0; SIGNATURE_BYTES * 2];
    // The lengths fit by construction; on an error zeros would remain, which verify nothing.
    let _ = hex::encode_to_slice(mac, &mut out);
    out
}

impl ChunkSigner {
    pub(crate) fn new(key: SigningKey, timestamp: &str, scope: &str, seed: Mac) -> Self {
        Self { key, middle: format!("\n{timestamp}\n{scope}\n"), previous: hex_of(&seed) }
    }

    /// The signature of the chunk with this SHA-256, in hex; advances the chain.
    pub fn sign_chunk(&mut self, sha256: &[u8; 32]) -> [u8; SIGNATURE_BYTES * 2] {
        let mac = self.key.sign(&[
            b"AWS4-HMAC-SHA256-PAYLOAD",
            self.middle.as_bytes(),
            &self.previous,
            b"\n",
            SHA256_OF_NOTHING.as_bytes(),
            b"\n",
            &hex_of(sha256),
        ]);
        self.previous = hex_of(&mac);
        self.previous
    }

    /// The signature of the trailer, in hex. `canonical` is each `name:value` with a line feed.
    pub fn sign_trailer(&mut self, canonical: &[u8]) -> [u8; SIGNATURE_BYTES * 2] {
        let hash = Sha256::digest(canonical);
        let mac = self.key.sign(&[
            b"AWS4-HMAC-SHA256-TRAILER",
            self.middle.as_bytes(),
            &self.previous,
            b"\n",
            &hex_of(&hash),
        ]);
        self.previous = hex_of(&mac);
        self.previous
    }

    /// Whether `sent` is the signature of the chunk; advances the chain.
    pub(crate) fn verify_chunk(&mut self, sha256: &[u8; 32], sent: &[u8]) -> bool {
        self.sign_chunk(sha256).ct_eq(sent).into()
    }

    /// Whether `sent` is the signature of the trailer.
    pub(crate) fn verify_trailer(&mut self, canonical: &[u8], sent: &[u8]) -> bool {
        self.sign_trailer(canonical).ct_eq(sent).into()
    }
}
