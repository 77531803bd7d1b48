//! `Piece` messages under construction.

use bytes::{Bytes, BytesMut};
use events::ids::BucketName;
use identity::PieceTag;
use uuid::Uuid;

use super::request::{piece_head_bytes, put_piece_head};
use crate::code::piece::{Form, piece_header};

/// A `Piece` message under construction. The bytes of the piece are collected or computed in the message itself, so
/// that content is copied once between the client's socket and the node's.
#[derive(Debug)]
pub struct PieceDraft {
    message: BytesMut,
    shard: Uuid,
    body: usize,
}

impl PieceDraft {
    /// An empty piece of `shard`, whose id determines the format, with a capacity of `capacity` bytes.
    pub fn new(shard: Uuid, bucket: &BucketName, capacity: usize) -> Self {
        let body = piece_head_bytes(bucket) + Form::of(shard).header_bytes();
        let mut message = BytesMut::with_capacity(body + capacity);
        put_piece_head(&mut message, shard, bucket);
        message.resize(body, 0);
        Self { message, shard, body }
    }

    /// The bytes of the piece so far.
    pub fn piece(&self) -> &[u8] {
        &self.message[self.body..]
    }

    /// The bytes of the piece so far, mutable.
    pub fn piece_mut(&mut self) -> &mut [u8] {
        &mut self.message[self.body..]
    }

    /// Appends bytes to the piece.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.message.extend_from_slice(bytes);
    }

    /// Truncates the piece, or fills it up with zeros, to `length` bytes.
    pub fn resize(&mut self, length: usize) {
        self.message.resize(self.body + length, 0);
    }

    /// Finishes the message as piece `index`, with the tag if the shard is tagged.
    ///
    /// # Panics
    /// If a tag is given for an untagged shard, or missing for a tagged one.
    pub fn finish(mut self, index: u32, tag: Option<PieceTag>) -> Bytes {
        let header = piece_header(self.shard, index, tag.as_ref(), self.piece());
        self.message[self.body - Form::of(self.shard).header_bytes()..self.body].copy_from_slice(&header);
        self.message.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::piece::Piece;
    use crate::protocol::Request;
    use events::ids::Generation;

    #[test]
    fn a_finished_draft_is_the_message_of_the_request() {
        for (shard, tag) in
            [(Uuid::from_u128(3), None), (Generation::tagged(Uuid::from_u128(8), 1).shard(3), Some([7; 16]))]
        {
            let bucket = "bucket".parse::<BucketName>().unwrap();
            let mut draft = PieceDraft::new(shard, &bucket, 10);
            draft.extend(b"ten bytes");
            draft.resize(10);
            draft.piece_mut()[9] = b'!';
            let piece = Piece::with_tag(shard, 4, tag, Bytes::from_static(b"ten bytes!"));
            assert_eq!(draft.finish(4, tag), Request::Piece { shard, bucket, piece }.encode());
        }
    }
}
