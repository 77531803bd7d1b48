//! Decodes requests to nodes and their responses. A decoded message means the same when it is encoded and decoded
//! again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use shards::piece::Piece;
use shards::protocol::{Reply, Request};
use uuid::Uuid;

fuzz_target!(|data: &[u8]| {
    let message = Bytes::copy_from_slice(data);
    if let Ok(request) = Request::decode(message.clone()) {
        assert_eq!(Request::decode(request.encode()).ok(), Some(request));
    }
    if let Ok(reply) = Reply::decode(message.clone()) {
        assert_eq!(Reply::decode(reply.encode()).ok(), Some(reply));
    }
    let mut wire = message;
    while let Ok(piece) = Piece::take(&mut wire) {
        let _ = piece.is_intact(Uuid::nil(), piece.index);
    }
});
