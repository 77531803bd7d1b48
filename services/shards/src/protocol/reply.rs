//! The replies of nodes.

use bytes::{BufMut, Bytes, BytesMut};

use super::codec::{Fields, HEAD_BYTES, put_count, put_head, put_piece};
use super::listing::{ShardPage, ShardReport, put_reports, reports_bytes, take_reports};
use super::scrub::{STATUS_BYTES, ScrubStatus};
use super::{
    DISCARD_SHARDS_MAX, MESSAGE_BYTES_MAX, NotAMessage, PATH_BYTES_MAX, PUT_RECORDS_MAX, READ_PIECES_MAX, Status,
};
use crate::code::piece::{Form, PIECES_MAX, Piece, UNIT_BYTES};

/// The reply of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The outcome of the whole request.
    Status(Status),
    /// The outcome of each record or shard of the request, in its order.
    Statuses(Vec<Status>),
    /// The pieces read, in order. If they are fewer than requested, the shard ends there.
    Pieces(Vec<Piece>),
    /// The location of the shard on the disk of the host that both sides share.
    Location(FileLocation),
    /// The stored part of a shard.
    Found {
        /// The number of its pieces.
        pieces: u32,
        /// The sum of their lengths in bytes, without headers.
        bytes: u64,
    },
    /// A page of the shards that are there.
    Shards(ShardPage),
    /// How each shard is that was asked for by name.
    Reports(Vec<ShardReport>),
    /// What the scrub says of itself.
    Scrub(ScrubStatus),
}

/// The location of a stored shard on disk: piece `i` begins, header first, at `offset + i * stride`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLocation {
    /// The absolute path of the file, UTF-8, at most [`PATH_BYTES_MAX`] bytes.
    pub path: String,
    /// The offset of piece 0, in bytes.
    pub offset: u64,
    /// The distance from one piece to the next, in bytes.
    pub stride: u32,
    /// The number of pieces.
    pub pieces: u32,
    /// Bytes of the last piece, without its header; all others have [`UNIT_BYTES`].
    pub last_bytes: u32,
}

impl FileLocation {
    /// The offset of the header of piece `index`, and the length of the piece without its header, both in bytes.
    pub(crate) fn piece(&self, index: u32) -> (u64, usize) {
        let bytes = if index + 1 == self.pieces { self.last_bytes as usize } else { UNIT_BYTES };
        (self.offset + u64::from(index) * u64::from(self.stride), bytes)
    }
}

const STATUS: u8 = 1;
const STATUSES: u8 = 2;
const PIECES: u8 = 3;
const LOCATION: u8 = 4;
const FOUND: u8 = 5;
const SHARDS: u8 = 6;
const REPORTS: u8 = 7;
const SCRUB: u8 = 8;

const STATUSES_MAX: usize = if PUT_RECORDS_MAX > DISCARD_SHARDS_MAX { PUT_RECORDS_MAX } else { DISCARD_SHARDS_MAX };

/// Bytes of a [`Reply::Pieces`] before its first piece.
pub const PIECES_REPLY_HEAD_BYTES: usize = HEAD_BYTES + 2;

/// The head of a [`Reply::Pieces`] of `count` pieces. The pieces follow it in their wire format, which is also their
/// format on disk, so that a node can read the file straight into the reply.
pub fn pieces_reply_head(count: u16) -> [u8; PIECES_REPLY_HEAD_BYTES] {
    let mut head = [0; PIECES_REPLY_HEAD_BYTES];
    let mut rest = &mut head[..];
    put_head(&mut rest, PIECES);
    put_count(&mut rest, usize::from(count));
    head
}

impl Reply {
    /// Encodes the reply.
    pub fn encode(&self) -> Bytes {
        let mut buffer = BytesMut::with_capacity(self.wire_bytes());
        match self {
            Self::Status(status) => {
                put_head(&mut buffer, STATUS);
                buffer.put_u8(status.to_byte());
            }
            Self::Statuses(statuses) => {
                put_head(&mut buffer, STATUSES);
                put_count(&mut buffer, statuses.len());
                buffer.extend(statuses.iter().map(|status| status.to_byte()));
            }
            Self::Pieces(pieces) => {
                put_head(&mut buffer, PIECES);
                put_count(&mut buffer, pieces.len());
                for piece in pieces {
                    put_piece(&mut buffer, piece);
                }
            }
            Self::Location(location) => {
                put_head(&mut buffer, LOCATION);
                put_count(&mut buffer, location.path.len());
                buffer.put_slice(location.path.as_bytes());
                buffer.put_u64_le(location.offset);
                buffer.put_u32_le(location.stride);
                buffer.put_u32_le(location.pieces);
                buffer.put_u32_le(location.last_bytes);
            }
            Self::Found { pieces, bytes } => {
                put_head(&mut buffer, FOUND);
                buffer.put_u32_le(*pieces);
                buffer.put_u64_le(*bytes);
            }
            Self::Shards(page) => {
                put_head(&mut buffer, SHARDS);
                page.put(&mut buffer);
            }
            Self::Reports(reports) => {
                put_head(&mut buffer, REPORTS);
                put_reports(&mut buffer, reports);
            }
            Self::Scrub(status) => {
                put_head(&mut buffer, SCRUB);
                status.put(&mut buffer);
            }
        }
        buffer.freeze()
    }

    /// The length of the message in bytes.
    fn wire_bytes(&self) -> usize {
        HEAD_BYTES
            + match self {
                Self::Status(_) => 1,
                Self::Statuses(statuses) => 2 + statuses.len(),
                Self::Pieces(pieces) => 2 + pieces.iter().map(Piece::wire_bytes).sum::<usize>(),
                Self::Location(location) => 2 + location.path.len() + 20,
                Self::Found { .. } => 12,
                Self::Shards(page) => page.wire_bytes(),
                Self::Reports(reports) => reports_bytes(reports),
                Self::Scrub(_) => STATUS_BYTES,
            }
    }

    /// Decodes a reply from any bytes.
    ///
    /// # Errors
    /// If the bytes are not a reply within the limits.
    pub fn decode(message: Bytes) -> Result<Self, NotAMessage> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(NotAMessage);
        }
        let (kind, mut fields) = Fields::open(message)?;
        let fields = &mut fields;
        let reply = match kind {
            STATUS => Self::Status(Status::from_byte(fields.u8()?)?),
            STATUSES => {
                let count = fields.count(STATUSES_MAX)?;
                let bytes = fields.slice(count)?;
                Self::Statuses(bytes.iter().map(|byte| Status::from_byte(*byte)).collect::<Result<_, _>>()?)
            }
            PIECES => {
                let count = fields.count(usize::from(READ_PIECES_MAX))?;
                Self::Pieces((0..count).map(|_| fields.piece()).collect::<Result<_, _>>()?)
            }
            LOCATION => Self::Location(decode_location(fields)?),
            FOUND => Self::Found { pieces: fields.u32()?, bytes: fields.u64()? },
            SHARDS => Self::Shards(ShardPage::take(fields)?),
            REPORTS => Self::Reports(take_reports(fields)?),
            SCRUB => Self::Scrub(ScrubStatus::take(fields)?),
            _ => return Err(NotAMessage),
        };
        fields.close(reply)
    }
}

fn decode_location(fields: &mut Fields) -> Result<FileLocation, NotAMessage> {
    let length = fields.count(PATH_BYTES_MAX)?;
    let path = fields.slice(length)?;
    let path = std::str::from_utf8(&path).map_err(|_| NotAMessage)?.to_owned();
    let location = FileLocation {
        path,
        offset: fields.u64()?,
        stride: fields.u32()?,
        pieces: fields.u32()?,
        last_bytes: fields.u32()?,
    };
    let lengths = 1..=u32::try_from(UNIT_BYTES).unwrap_or(u32::MAX);
    let strides = u32::try_from(Form::Plain.stride_bytes()).unwrap_or(u32::MAX)..=lengths.end() * 2;
    let sound = location.path.starts_with('/')
        && (1..=PIECES_MAX).contains(&location.pieces)
        && lengths.contains(&location.last_bytes)
        && (location.pieces == 1 || strides.contains(&location.stride))
        && location.offset <= u64::MAX / 4;
    if sound { Ok(location) } else { Err(NotAMessage) }
}

#[cfg(test)]
mod tests {
    use super::super::{ListedShard, ScrubPass, ScrubPhase, ShardState};
    use super::*;
    use events::ids::BucketName;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn status() -> impl Strategy<Value = Status> {
        (0_u8..=6).prop_map(|byte| Status::from_byte(byte).unwrap())
    }

    fn page() -> impl Strategy<Value = ShardPage> {
        let bucket = prop_oneof![Just(None), "[a-c]{3}".prop_map(|name| Some(name.parse::<BucketName>().unwrap()))];
        let states = vec![ShardState::Intact, ShardState::Damaged, ShardState::Unreadable, ShardState::Staged];
        let shard = (bucket, any::<u32>(), proptest::sample::select(states));
        let shards = proptest::collection::btree_map(any::<u128>(), shard, 0..9);
        (shards, any::<bool>()).prop_map(|(shards, is_end)| {
            let listed = |(shard, (bucket, bytes, state))| ListedShard {
                shard: Uuid::from_u128(shard),
                bucket,
                bytes: u64::from(bytes),
                state,
            };
            ShardPage { shards: shards.into_iter().map(listed).collect(), next: (!is_end).then_some(Uuid::max()) }
        })
    }

    fn scrub_status() -> impl Strategy<Value = ScrubStatus> {
        let phase = proptest::sample::select(&[ScrubPhase::Running, ScrubPhase::Waiting, ScrubPhase::Paused][..]);
        let pass = any::<[u64; 5]>().prop_map(|[begun_ms, ended_ms, shards, bytes, damaged]| ScrubPass {
            begun_ms,
            ended_ms,
            shards,
            bytes,
            damaged,
        });
        let passes = (proptest::option::of(pass.clone()), proptest::option::of(pass));
        (phase, passes, any::<u128>(), any::<[u64; 4]>()).prop_map(|(phase, (pass, last), cursor, said)| {
            let ([bytes_per_second, shards, bytes, damaged], cursor) = (said, Uuid::from_u128(cursor));
            ScrubStatus { phase, pass, last, cursor, bytes_per_second, shards, bytes, damaged }
        })
    }

    fn reply() -> impl Strategy<Value = Reply> {
        let piece = (any::<u128>(), 0..PIECES_MAX, any::<Option<[u8; 16]>>(), vec(any::<u8>(), 1..300))
            .prop_map(|(shard, index, tag, bytes)| Piece::with_tag(Uuid::from_u128(shard), index, tag, bytes.into()));
        prop_oneof![
            status().prop_map(Reply::Status),
            vec(status(), 0..20).prop_map(Reply::Statuses),
            vec(piece, 0..=usize::from(READ_PIECES_MAX)).prop_map(Reply::Pieces),
            ("/[a-zé/]{0,40}", 0..1_u64 << 40, 262_160_u32..500_000, 1..=PIECES_MAX, 1_u32..=262_144).prop_map(
                |(path, offset, stride, pieces, last_bytes)| Reply::Location(FileLocation {
                    path,
                    offset,
                    stride,
                    pieces,
                    last_bytes
                })
            ),
            (any::<u32>(), any::<u64>()).prop_map(|(pieces, bytes)| Reply::Found { pieces, bytes }),
            page().prop_map(Reply::Shards),
            vec((status(), any::<u64>()).prop_map(|(status, bytes)| ShardReport { status, bytes }), 0..9)
                .prop_map(Reply::Reports),
            scrub_status().prop_map(Reply::Scrub),
        ]
    }

    proptest! {
        #[test]
        fn round_trips(reply in reply()) {
            let message = reply.encode();
            prop_assert_eq!(message.len(), reply.wire_bytes());
            prop_assert_eq!(Reply::decode(message), Ok(reply));
        }

        #[test]
        fn decode_is_total(kind in 0_u8..12, bytes in vec(any::<u8>(), 0..200)) {
            let _ = Reply::decode(bytes.clone().into());
            let mut message = vec![1, kind];
            message.extend(bytes);
            let _ = Reply::decode(message.into());
        }

        #[test]
        fn what_is_cut_is_refused(reply in reply(), at: prop::sample::Index) {
            let message = reply.encode();
            prop_assert_eq!(Reply::decode(message.slice(..at.index(message.len()))), Err(NotAMessage));
        }
    }

    #[test]
    fn the_head_alone_begins_the_same_reply() {
        let piece = Piece::new(Uuid::from_u128(5), 7, Bytes::from_static(b"bytes"));
        let mut by_hand = pieces_reply_head(1).to_vec();
        by_hand.extend_from_slice(&piece.header());
        by_hand.extend_from_slice(&piece.bytes);
        assert_eq!(Reply::Pieces(vec![piece]).encode(), by_hand);
    }

    #[test]
    fn the_largest_read_fits_a_message() {
        let bytes = Bytes::from(vec![1; UNIT_BYTES]);
        let piece = |i| Piece::with_tag(Uuid::nil(), i, Some([1; 16]), bytes.clone());
        let pieces = (0..u32::from(READ_PIECES_MAX)).map(piece).collect();
        let reply = Reply::Pieces(pieces);
        assert_eq!(Reply::decode(reply.encode()), Ok(reply));
    }
}
