//! Contents as ciphertext: frames of AES-256-GCM that can be opened one by one. Truncated, swapped or foreign frames
//! are detected.
//!
//! The nonce of a frame is its number and a flag for the last frame. This is the construction STREAM of Hoang,
//! Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (CRYPTO
//! 2015), with a key per content in place of a random prefix of the nonce: no nonce is used twice under one key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Bytes of plaintext in a frame; the last of a content may have fewer.
pub const FRAME_BYTES: usize = 64 * 1024;

/// Bytes that encryption adds to a frame.
pub const TAG_BYTES: usize = 16;

/// Bytes of a whole frame of ciphertext.
const SEALED_FRAME_BYTES: usize = FRAME_BYTES + TAG_BYTES;

/// Distinguishes these frames from everything else that is ever encrypted.
const ASSOCIATED: &[u8] = b"planetstore frame v1";

/// The key of one content. Used for one content only.
#[derive(Clone)]
pub struct ContentKey(Arc<LessSafeKey>);

/// The ciphertext is not what was written: it must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext was altered, truncated, or belongs to another content")]
pub struct FrameError;

impl ContentKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        match UnboundKey::new(&AES_256_GCM, key) {
            Ok(key) => Self(Arc::new(LessSafeKey::new(key))),
            Err(_) => unreachable!("AES-256 takes keys of 32 bytes"),
        }
    }

    fn seal(&self, index: u64, is_last: bool, plain: &[u8], out: &mut Vec<u8>) -> Result<(), FrameError> {
        let begin = out.len();
        out.extend_from_slice(plain);
        let aad = Aad::from(ASSOCIATED);
        let tag = self.0.seal_in_place_separate_tag(nonce(index, is_last), aad, &mut out[begin..]);
        out.extend_from_slice(tag.map_err(|_| FrameError)?.as_ref());
        Ok(())
    }

    fn open<'a>(&self, index: u64, is_last: bool, sealed: &'a mut [u8]) -> Result<&'a [u8], FrameError> {
        let opened = self.0.open_in_place(nonce(index, is_last), Aad::from(ASSOCIATED), sealed);
        opened.map(|plain| &*plain).map_err(|_| FrameError)
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// The flag for the last frame in one byte, and the frame's number in eight.
fn nonce(index: u64, is_last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[0] = u8::from(is_last);
    bytes[4..].copy_from_slice(&index.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// Encrypts a content as it arrives. It holds less than a frame.
#[derive(Debug)]
pub struct Wrapper {
    key: ContentKey,
    index: u64,
    /// At most a frame: only later bytes show whether it is the last.
    pending: Vec<u8>,
}

impl Wrapper {
    /// Starts a content.
    pub fn new(key: ContentKey) -> Self {
        Self { key, index: 0, pending: Vec::new() }
    }

    /// Takes plaintext and returns the ciphertext of the frames that it completes.
    ///
    /// # Errors
    /// [`FrameError`] if the cipher refuses, which it does not for frames of this length.
    pub fn push(&mut self, mut plain: &[u8]) -> Result<Vec<u8>, FrameError> {
        let frames = (self.pending.len() + plain.len()) / FRAME_BYTES;
        let mut out = Vec::with_capacity(frames * SEALED_FRAME_BYTES);
        while self.pending.len() + plain.len() > FRAME_BYTES {
            if self.pending.is_empty() {
                let (frame, rest) = plain.split_at(FRAME_BYTES);
                self.key.seal(self.index, false, frame, &mut out)?;
                plain = rest;
            } else {
                let (missing, rest) = plain.split_at(FRAME_BYTES - self.pending.len());
                self.pending.extend_from_slice(missing);
                self.key.seal(self.index, false, &self.pending, &mut out)?;
                self.pending.clear();
                plain = rest;
            }
            self.index += 1;
        }
        self.pending.extend_from_slice(plain);
        Ok(out)
    }

    /// Ends the content and returns the ciphertext of its last frame; an empty content has none.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(self) -> Result<Vec<u8>, FrameError> {
        let mut out = Vec::new();
        if !self.pending.is_empty() || self.index > 0 {
            self.key.seal(self.index, true, &self.pending, &mut out)?;
        }
        Ok(out)
    }
}

/// A range of a content, and the ciphertext that contains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The size of the content in bytes of plaintext.
    pub size: u64,
    /// The first requested byte of plaintext.
    pub start: u64,
    /// The byte after the last; not before `start`, not after `size`.
    pub end: u64,
}

impl Stretch {
    /// The bytes of ciphertext that must be read: whole frames.
    pub fn sealed(&self) -> std::ops::Range<u64> {
        let (frame, sealed) = (FRAME_BYTES as u64, SEALED_FRAME_BYTES as u64);
        if self.start >= self.end {
            return 0..0;
        }
        let all = self.size + self.size.div_ceil(frame) * TAG_BYTES as u64;
        self.start / frame * sealed..(self.end.div_ceil(frame) * sealed).min(all)
    }
}

/// Decrypts a range of a content as its ciphertext arrives. It holds less than a frame.
#[derive(Debug)]
pub struct Opener {
    key: ContentKey,
    stretch: Stretch,
    index: u64,
    pending: Vec<u8>,
}

impl Opener {
    /// Starts a range, whose [`Stretch::sealed`] bytes must be passed in.
    pub fn new(key: ContentKey, stretch: Stretch) -> Self {
        Self { key, stretch, index: stretch.start / FRAME_BYTES as u64, pending: Vec::new() }
    }

    /// Takes ciphertext and returns the bytes of the range that it completes.
    ///
    /// # Errors
    /// [`FrameError`]; no bytes of such a frame, or after it, are ever returned.
    pub fn push(&mut self, mut sealed: &[u8]) -> Result<Vec<u8>, FrameError> {
        let mut out = Vec::with_capacity(sealed.len());
        while !sealed.is_empty() {
            let wanted = self.frame_bytes()? - self.pending.len();
            let (now, rest) = sealed.split_at(wanted.min(sealed.len()));
            self.pending.extend_from_slice(now);
            sealed = rest;
            if now.len() == wanted {
                self.open(&mut out)?;
            }
        }
        Ok(out)
    }

    /// Ends the range, which must be complete.
    ///
    /// # Errors
    /// [`FrameError`] if something is missing.
    pub fn finish(&self) -> Result<(), FrameError> {
        let came = self.index.saturating_mul(FRAME_BYTES as u64);
        let is_whole = self.stretch.start >= self.stretch.end || came >= self.stretch.end;
        if is_whole && self.pending.is_empty() { Ok(()) } else { Err(FrameError) }
    }

    /// Bytes of the next frame.
    fn frame_bytes(&self) -> Result<usize, FrameError> {
        let begin = self.index.saturating_mul(FRAME_BYTES as u64);
        let plain = self.stretch.size.checked_sub(begin).filter(|left| *left > 0).ok_or(FrameError)?;
        let plain = usize::try_from(plain).map_or(FRAME_BYTES, |plain| plain.min(FRAME_BYTES));
        Ok(plain + TAG_BYTES)
    }

    fn open(&mut self, out: &mut Vec<u8>) -> Result<(), FrameError> {
        let begin = self.index * FRAME_BYTES as u64;
        let is_last = self.stretch.size - begin <= FRAME_BYTES as u64;
        let plain = self.key.open(self.index, is_last, &mut self.pending)?;
        let within = |at: u64| usize::try_from(at.saturating_sub(begin)).map_or(plain.len(), |at| at.min(plain.len()));
        let (from, to) = (within(self.stretch.start), within(self.stretch.end));
        out.extend_from_slice(plain.get(from..to).unwrap_or_default());
        self.pending.clear();
        self.index += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
