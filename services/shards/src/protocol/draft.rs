use bytes::{Bytes, BytesMut};
use events::ids::BucketName;
use uuid::Uuid;

use super::request::{piece_head_bytes, put_piece_head};
use crate::piece::{PIECE_HEADER_BYTES, piece_header};

/// A `Piece` message under construction: the piece's bytes are gathered, or computed, where they will be sent
/// from, so that content is copied once between the client's socket and the node's.
#[derive(Debug)]
pub struct PieceDraft {
    message: BytesMut,
    shard: Uuid,
    body: usize,
}

impl PieceDraft {
    /// A message to `shard` with room for `capacity` bytes of piece, none there yet.
    pub fn new(shard: Uuid, bucket: &BucketName, capacity: usize) -> Self {
        let body = piece_head_bytes(bucket) + PIECE_HEADER_BYTES;
        let mut message = BytesMut::with_capacity(body + capacity);
        put_piece_head(&mut message, shard, bucket);
        message.resize(body, 0);
        Self { message, shard, body }
    }

    /// The piece so far.
    pub fn piece(&self) -> &[u8] {
        &self.message[self.body..]
    }

    /// The piece so far, to be written to.
    pub fn piece_mut(&mut self) -> &mut [u8] {
        &mut self.message[self.body..]
    }

    /// Copies bytes to the end of the piece.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.message.extend_from_slice(bytes);
    }

    /// Cuts the piece, or fills it up with zeros, to `length` bytes.
    pub fn resize(&mut self, length: usize) {
        self.message.resize(self.body + length, 0);
    }

    /// The finished message for piece `index`.
    pub fn finish(mut self, index: u32) -> Bytes {
        let header = piece_header(self.shard, index, self.piece());
        self.message[self.body - PIECE_HEADER_BYTES..self.body].copy_from_slice(&header);
        self.message.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::piece::Piece;
    use crate::protocol::Request;

    #[test]
    fn a_finished_draft_is_the_message_of_the_request() {
        let (shard, bucket) = (Uuid::from_u128(3), "bucket".parse::<BucketName>().unwrap());
        let mut draft = PieceDraft::new(shard, &bucket, 10);
        draft.extend(b"ten bytes");
        draft.resize(10);
        draft.piece_mut()[9] = b'!';
        let piece = Piece::new(shard, 4, Bytes::from_static(b"ten bytes!"));
        assert_eq!(draft.finish(4), Request::Piece { shard, bucket, piece }.encode());
    }
}
