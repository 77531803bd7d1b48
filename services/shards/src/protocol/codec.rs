//! The fields of messages.

use std::str::FromStr;

use bytes::{Buf, BufMut, Bytes};
use events::ids::BucketName;
use uuid::Uuid;

use super::NotAMessage;
use crate::code::piece::Piece;

/// The version of the protocol, the first byte of every message.
pub(super) const VERSION: u8 = 1;

/// Bytes of the version and the kind.
pub(super) const HEAD_BYTES: usize = 2;

/// Reads fields from the front of a message. Each method fails if the message is too short.
pub(super) struct Fields(pub(super) Bytes);

impl Fields {
    /// Checks the version and returns the kind.
    pub(super) fn open(message: Bytes) -> Result<(u8, Self), NotAMessage> {
        let mut fields = Self(message);
        match (fields.u8()?, fields.u8()?) {
            (VERSION, kind) => Ok((kind, fields)),
            _ => Err(NotAMessage),
        }
    }

    /// Checks that the message has no more bytes.
    pub(super) fn close<T>(&self, message: T) -> Result<T, NotAMessage> {
        if self.0.is_empty() { Ok(message) } else { Err(NotAMessage) }
    }

    pub(super) fn u8(&mut self) -> Result<u8, NotAMessage> {
        self.0.try_get_u8().map_err(|_| NotAMessage)
    }

    pub(super) fn u16(&mut self) -> Result<u16, NotAMessage> {
        self.0.try_get_u16_le().map_err(|_| NotAMessage)
    }

    pub(super) fn u32(&mut self) -> Result<u32, NotAMessage> {
        self.0.try_get_u32_le().map_err(|_| NotAMessage)
    }

    pub(super) fn u64(&mut self) -> Result<u64, NotAMessage> {
        self.0.try_get_u64_le().map_err(|_| NotAMessage)
    }

    /// A count of at most `max` items.
    pub(super) fn count(&mut self, max: usize) -> Result<usize, NotAMessage> {
        let count = usize::from(self.u16()?);
        if count <= max { Ok(count) } else { Err(NotAMessage) }
    }

    pub(super) fn flag(&mut self) -> Result<bool, NotAMessage> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(NotAMessage),
        }
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, NotAMessage> {
        let mut bytes = [0; 16];
        self.0.try_copy_to_slice(&mut bytes).map_err(|_| NotAMessage)?;
        Ok(Uuid::from_bytes(bytes))
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<Bytes, NotAMessage> {
        if length <= self.0.len() { Ok(self.0.split_to(length)) } else { Err(NotAMessage) }
    }

    pub(super) fn bucket(&mut self) -> Result<BucketName, NotAMessage> {
        let length = usize::from(self.u8()?);
        let bytes = self.slice(length)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| NotAMessage)?;
        BucketName::from_str(text).map_err(|_| NotAMessage)
    }

    pub(super) fn piece(&mut self) -> Result<Piece, NotAMessage> {
        Piece::take(&mut self.0).map_err(|_| NotAMessage)
    }
}

pub(super) fn put_head(buffer: &mut impl BufMut, kind: u8) {
    buffer.put_u8(VERSION);
    buffer.put_u8(kind);
}

/// Writes a count. Callers keep the limits, which are far below 65,536.
pub(super) fn put_count(buffer: &mut impl BufMut, count: usize) {
    buffer.put_u16_le(u16::try_from(count).unwrap_or(u16::MAX));
}

pub(super) fn put_uuid(buffer: &mut impl BufMut, uuid: Uuid) {
    buffer.put_slice(uuid.as_bytes());
}

/// Writes a bucket's name, which has at most 63 bytes.
pub(super) fn put_bucket(buffer: &mut impl BufMut, bucket: &BucketName) {
    let name = bucket.as_str().as_bytes();
    buffer.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
    buffer.put_slice(name);
}

pub(super) fn bucket_bytes(bucket: &BucketName) -> usize {
    1 + bucket.as_str().len()
}

pub(super) fn put_piece(buffer: &mut impl BufMut, piece: &Piece) {
    buffer.put_slice(&piece.header());
    buffer.put_slice(&piece.bytes);
}
