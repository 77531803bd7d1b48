//! What gateways and repair ask of a storage node, and what it answers: one NATS request each.
//!
//! Integers are little-endian; every message begins with a version and a kind. Decoding takes any bytes: what
//! is not a message is [`NotAMessage`], to be answered with [`Status::Malformed`]. Byte fields of a decoded
//! message are slices of the message itself; encoding allocates once.

mod codec;
mod draft;
mod reply;
mod request;

pub use draft::PieceDraft;
pub use reply::{PIECES_REPLY_HEAD_BYTES, Place, Reply, pieces_reply_head};
pub(crate) use request::{PUT_HEAD_BYTES, encode_put};
pub use request::{Record, Request};

use events::ids::{NodeId, RegionName};

use crate::piece::UNIT_BYTES;

/// Bytes of a message, at most: two full pieces and a kibibyte for what stands around them. NATS itself
/// carries up to 1 MiB.
pub const MESSAGE_BYTES_MAX: usize = 2 * UNIT_BYTES + 1024;

/// Pieces in one answer to [`Request::Read`], at most.
pub const READ_PIECES_MAX: u16 = 2;

/// Records in one [`Request::Put`], at most.
pub const PUT_RECORDS_MAX: usize = 4096;

/// Shards in one [`Request::Discard`], at most.
pub const DISCARD_SHARDS_MAX: usize = 4096;

/// Bytes of a path in [`Reply::Place`], at most.
pub const PATH_BYTES_MAX: usize = 512;

/// The subject on which a node serves this protocol.
pub fn shards_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.shards.{node}")
}

/// The header that names the data folder which a request is meant for. A process that serves from another folder
/// under the same name does not answer it; a request without it is meant for whoever has the name.
pub const FOLDER_HEADER: &str = "Planetstore-Folder";

/// How one thing that was asked of a node went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Done. For `Put` and `Seal`: durable. For `Piece`: taken, not yet durable.
    Ok,
    /// The node has no such shard, or the shard has no such piece.
    NotFound,
    /// The bytes do not match their checksum: as sent (`Put`, `Piece`: send again) or as stored (`Read`,
    /// `Seal`, `Inspect`: use another shard).
    Damaged,
    /// No room. Choose another node.
    Full,
    /// The node's disk failed and it takes no more writes. Choose another node.
    Failed,
    /// Too much under way. Ask again a little later.
    Busy,
    /// Not a message of this protocol, or one that breaks its limits. Asking again is no use.
    Malformed,
    /// The node's disk cannot read what is stored. Use another shard.
    Unreadable,
}

/// Bytes that are not a message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a message of the node protocol")]
pub struct NotAMessage;

impl Status {
    fn to_byte(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::NotFound => 1,
            Self::Damaged => 2,
            Self::Full => 3,
            Self::Failed => 4,
            Self::Busy => 5,
            Self::Malformed => 6,
            Self::Unreadable => 7,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, NotAMessage> {
        Ok(match byte {
            0 => Self::Ok,
            1 => Self::NotFound,
            2 => Self::Damaged,
            3 => Self::Full,
            4 => Self::Failed,
            5 => Self::Busy,
            6 => Self::Malformed,
            7 => Self::Unreadable,
            _ => return Err(NotAMessage),
        })
    }

    /// The status as a metrics label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Damaged => "damaged",
            Self::Full => "full",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::Malformed => "malformed",
            Self::Unreadable => "unreadable",
        }
    }
}
