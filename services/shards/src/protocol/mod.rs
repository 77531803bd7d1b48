//! The protocol between gateways and storage nodes: a [`Request`] and a [`Reply`] in one NATS request.
//!
//! Integers are little-endian; every message begins with a version and a kind. Decoding accepts any bytes: a node
//! answers bytes that are not a message ([`NotAMessage`]) with [`Status::Malformed`], also those of another version
//! ([`other_version`]), which both sides then tell their operators. Byte fields of a decoded message
//! are slices of the message itself; encoding allocates once.

mod codec;
mod draft;
mod listing;
mod reply;
mod request;
mod scrub;

pub use draft::PieceDraft;
pub use listing::{ListedShard, ShardPage, ShardPageDraft, ShardReport, ShardState};
pub use reply::{FileLocation, PIECES_REPLY_HEAD_BYTES, Reply, pieces_reply_head};
pub(crate) use request::{PUT_HEAD_BYTES, encode_put};
pub use request::{Record, Request};
pub use scrub::{ScrubCommand, ScrubPass, ScrubPhase, ScrubStatus};

use events::ids::{NodeId, RegionName};

use crate::code::piece::UNIT_BYTES;

/// The most bytes of a message: two full pieces and a kibibyte for the fields around them. NATS itself carries up to 1
/// MiB.
pub const MESSAGE_BYTES_MAX: usize = 2 * UNIT_BYTES + 1024;

/// The most pieces in one reply to [`Request::Read`].
pub const READ_PIECES_MAX: u16 = 2;

/// The most records in one [`Request::Put`].
pub const PUT_RECORDS_MAX: usize = 4096;

/// The most shards in one [`Request::Discard`].
pub const DISCARD_SHARDS_MAX: usize = 4096;

/// The most shards in one page of [`Request::List`].
pub const LIST_SHARDS_MAX: usize = 16_384;

/// The most shards in one [`Request::InspectMany`].
pub const INSPECT_SHARDS_MAX: usize = 4096;

/// The most bytes of the path in [`Reply::Location`].
pub const PATH_BYTES_MAX: usize = 512;

/// The subject on which a node serves this protocol.
pub fn shards_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.shards.{node}")
}

/// The NATS header with the id of the data folder to which a request is addressed. A process that serves another folder
/// under the same name does not answer; a request without the header is for any process with the name.
pub const FOLDER_HEADER: &str = "Planetstore-Folder";

/// The outcome of a request, or of one record or shard in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Success. After `Put` and `Seal` the shard is durable; after `Piece` the piece is accepted, but not yet durable.
    Ok,
    /// The node has no such shard, or the shard has no such piece.
    NotFound,
    /// The bytes do not match their checksum: as sent (`Put`, `Piece`: send again) or as stored (`Read`,
    /// `Seal`, `Inspect`: use another shard).
    Damaged,
    /// The disk is full. Choose another node.
    Full,
    /// The node's disk has failed and the node accepts no more writes. Choose another node.
    Failed,
    /// Too many requests are in flight. Retry a little later.
    Busy,
    /// The request is not a message of this protocol, or exceeds its limits. A retry is of no use.
    Malformed,
    /// The node's disk cannot read the shard. Use another shard.
    Unreadable,
}

/// The error of bytes that are not a message of this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a message of the node protocol")]
pub struct NotAMessage;

/// The version of the protocol that a message has, if it is another than this release's. Every version begins its messages
/// with it.
pub fn other_version(message: &[u8]) -> Option<u8> {
    message.first().copied().filter(|version| *version != codec::VERSION)
}

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
