//! The requests to nodes.

use bytes::{BufMut, Bytes, BytesMut};
use events::ids::BucketName;
use uuid::Uuid;

use super::codec::{Fields, HEAD_BYTES, bucket_bytes, put_bucket, put_count, put_head, put_piece, put_uuid};
use super::listing::{named_bytes, put_named, take_named};
use super::scrub::ScrubCommand;
use super::{DISCARD_SHARDS_MAX, LIST_SHARDS_MAX, MESSAGE_BYTES_MAX, NotAMessage, PUT_RECORDS_MAX, READ_PIECES_MAX};
use crate::code::piece::{PIECES_MAX, Piece};

/// A request to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Store whole shards of one piece each. Answered, once durable, with [`Statuses`](super::Reply::Statuses)
    /// in the same order. Storing the same shard again replaces it.
    Put {
        /// The shards.
        records: Vec<Record>,
    },
    /// Store one piece of a shard of several. Piece 0 creates the shard; the others are sent after its reply, in any
    /// order and possibly twice, and are refused (`NotFound`) if the shard no longer exists. Pieces are durable only
    /// after [`Request::Seal`]. Answered with a [`Status`](super::Status).
    Piece {
        /// The shard of the piece.
        shard: Uuid,
        /// The bucket whose folder holds the shard.
        bucket: BucketName,
        /// The piece.
        piece: Piece,
    },
    /// Make a shard durable after all of its pieces were sent. Answered with a [`Status`](super::Status):
    /// `NotFound` if pieces are missing, `Damaged` if the lengths do not add up.
    Seal {
        /// The shard.
        shard: Uuid,
        /// The bucket whose folder holds it.
        bucket: BucketName,
        /// The number of its pieces, 1 to [`PIECES_MAX`].
        pieces: u32,
        /// The sum of their lengths in bytes, without headers.
        bytes: u64,
    },
    /// Delete shards that no event names or will name. Answered with [`Statuses`](super::Reply::Statuses);
    /// a shard the node does not have is `Ok`.
    Discard {
        /// The bucket whose folder holds them.
        bucket: BucketName,
        /// The shards.
        shards: Vec<Uuid>,
    },
    /// Read up to `count` pieces from piece `first`. Answered with
    /// [`Pieces`](super::Reply::Pieces), [`FileLocation`](super::Reply::Location) or a [`Status`](super::Status).
    Read {
        /// The shard.
        shard: Uuid,
        /// The bucket whose folder holds it.
        bucket: BucketName,
        /// The index of the first piece.
        first: u32,
        /// The number of pieces, 1 to [`READ_PIECES_MAX`].
        count: u16,
        /// The boot id of the requesting host. A node on the same host may reply with the location on disk.
        host: Option<Uuid>,
    },
    /// Inspect a shard. Answered with [`Found`](super::Reply::Found) or a [`Status`](super::Status). A shard that is
    /// not sealed is `NotFound`; the request also keeps the node from dropping it for lack of new pieces.
    Inspect {
        /// The shard.
        shard: Uuid,
        /// The bucket whose folder holds it.
        bucket: BucketName,
        /// Whether to read and verify every piece: `Damaged` if one does not match its checksum.
        verify: bool,
    },
    /// List the shards that are on the disk, in ascending order of their uuids. Answered with
    /// [`Shards`](super::Reply::Shards) or a [`Status`](super::Status); nodes of before this request answer `Malformed`.
    ///
    /// Files are looked at one by one, segments by their lengths, so what was deleted or cut short is noticed.
    List {
        /// Shards behind this one; the nil uuid, which no shard has, for those from the first on.
        after: Uuid,
        /// How many, 1 to [`LIST_SHARDS_MAX`]. A page ends earlier if it gets too large or takes too long.
        max: u16,
        /// Whether to read them through and check every piece. Pages are the shorter.
        verify: bool,
    },
    /// Say of each of these shards what an `Inspect` without `verify` says. Answered with
    /// [`Reports`](super::Reply::Reports) in the same order, or a [`Status`](super::Status); nodes of before this
    /// request answer `Malformed`.
    InspectMany {
        /// The shards, each with the bucket whose folder holds it.
        shards: Vec<(BucketName, Uuid)>,
    },
    /// Tell the scrub something. Answered with [`Scrub`](super::Reply::Scrub); nodes of before this request answer
    /// `Malformed`.
    Scrub {
        /// What.
        command: ScrubCommand,
    },
}

/// A shard of one piece, whose index is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The shard.
    pub shard: Uuid,
    /// Its only piece.
    pub piece: Piece,
}

impl Record {
    /// Makes the record of a shard whose only piece is `bytes`, without a tag.
    pub fn new(shard: Uuid, bytes: Bytes) -> Self {
        Self { shard, piece: Piece::new(shard, 0, bytes) }
    }

    /// Bytes of the record in a `Put`.
    pub fn wire_bytes(&self) -> usize {
        UUID_BYTES + self.piece.wire_bytes()
    }
}

const PUT: u8 = 1;
pub(super) const PIECE: u8 = 2;
const SEAL: u8 = 3;
const DISCARD: u8 = 4;
const READ: u8 = 5;
const INSPECT: u8 = 6;
const LIST: u8 = 7;
const INSPECT_MANY: u8 = 8;
const SCRUB: u8 = 9;

/// Bytes of a `Put` before its first record.
pub(crate) const PUT_HEAD_BYTES: usize = HEAD_BYTES + 2;

const UUID_BYTES: usize = 16;

impl Request {
    /// Encodes the request. The caller keeps the limits (`*_MAX` of this module); [`Self::decode`] refuses a message
    /// that exceeds one.
    pub fn encode(&self) -> Bytes {
        let mut buffer = BytesMut::with_capacity(self.wire_bytes());
        match self {
            Self::Put { records } => return encode_put(records),
            Self::Piece { shard, bucket, piece } => {
                put_piece_head(&mut buffer, *shard, bucket);
                put_piece(&mut buffer, piece);
            }
            Self::Seal { shard, bucket, pieces, bytes } => {
                put_shard(&mut buffer, SEAL, *shard, bucket);
                buffer.put_u32_le(*pieces);
                buffer.put_u64_le(*bytes);
            }
            Self::Discard { bucket, shards } => {
                put_head(&mut buffer, DISCARD);
                put_bucket(&mut buffer, bucket);
                put_count(&mut buffer, shards.len());
                for shard in shards {
                    put_uuid(&mut buffer, *shard);
                }
            }
            Self::Read { shard, bucket, first, count, host } => {
                put_shard(&mut buffer, READ, *shard, bucket);
                buffer.put_u32_le(*first);
                buffer.put_u16_le(*count);
                buffer.put_u8(u8::from(host.is_some()));
                if let Some(host) = host {
                    put_uuid(&mut buffer, *host);
                }
            }
            Self::Inspect { shard, bucket, verify } => {
                put_shard(&mut buffer, INSPECT, *shard, bucket);
                buffer.put_u8(u8::from(*verify));
            }
            Self::List { after, max, verify } => {
                put_head(&mut buffer, LIST);
                put_uuid(&mut buffer, *after);
                buffer.put_u16_le(*max);
                buffer.put_u8(u8::from(*verify));
            }
            Self::InspectMany { shards } => {
                put_head(&mut buffer, INSPECT_MANY);
                put_named(&mut buffer, shards);
            }
            Self::Scrub { command } => {
                put_head(&mut buffer, SCRUB);
                buffer.put_u8(command.to_byte());
            }
        }
        buffer.freeze()
    }

    /// An upper bound of the length of the message in bytes.
    fn wire_bytes(&self) -> usize {
        let shard = |bucket: &BucketName| HEAD_BYTES + UUID_BYTES + bucket_bytes(bucket);
        match self {
            Self::Put { .. } => 0,
            Self::Piece { bucket, piece, .. } => shard(bucket) + piece.wire_bytes(),
            Self::Seal { bucket, .. } => shard(bucket) + 12,
            Self::Discard { bucket, shards } => shard(bucket) + UUID_BYTES * shards.len(),
            Self::Read { bucket, .. } => shard(bucket) + 7 + UUID_BYTES,
            Self::Inspect { bucket, .. } => shard(bucket) + 1,
            Self::List { .. } => HEAD_BYTES + UUID_BYTES + 3,
            Self::InspectMany { shards } => HEAD_BYTES + named_bytes(shards),
            Self::Scrub { .. } => HEAD_BYTES + 1,
        }
    }

    /// Decodes a request from any bytes.
    ///
    /// # Errors
    /// If the bytes are not a request within the limits.
    pub fn decode(message: Bytes) -> Result<Self, NotAMessage> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(NotAMessage);
        }
        let (kind, mut fields) = Fields::open(message)?;
        let fields = &mut fields;
        let request = match kind {
            PUT => decode_put(fields)?,
            PIECE => Self::Piece { shard: fields.uuid()?, bucket: fields.bucket()?, piece: fields.piece()? },
            SEAL => decode_seal(fields)?,
            DISCARD => {
                let bucket = fields.bucket()?;
                let count = fields.count(DISCARD_SHARDS_MAX)?;
                Self::Discard { bucket, shards: (0..count).map(|_| fields.uuid()).collect::<Result<_, _>>()? }
            }
            READ => decode_read(fields)?,
            INSPECT => Self::Inspect { shard: fields.uuid()?, bucket: fields.bucket()?, verify: fields.flag()? },
            LIST => decode_list(fields)?,
            INSPECT_MANY => Self::InspectMany { shards: take_named(fields)? },
            SCRUB => Self::Scrub { command: ScrubCommand::from_byte(fields.u8()?)? },
            _ => return Err(NotAMessage),
        };
        fields.close(request)
    }
}

fn put_shard(buffer: &mut impl BufMut, kind: u8, shard: Uuid, bucket: &BucketName) {
    put_head(buffer, kind);
    put_uuid(buffer, shard);
    put_bucket(buffer, bucket);
}

/// Writes the head of a `Piece` message, which precedes the piece.
pub(super) fn put_piece_head(buffer: &mut impl BufMut, shard: Uuid, bucket: &BucketName) {
    put_shard(buffer, PIECE, shard, bucket);
}

/// Bytes of the head of a `Piece` message.
pub(super) fn piece_head_bytes(bucket: &BucketName) -> usize {
    HEAD_BYTES + UUID_BYTES + bucket_bytes(bucket)
}

/// Encodes a `Put` of borrowed records.
pub(crate) fn encode_put<'a>(
    records: impl IntoIterator<Item = &'a Record, IntoIter: ExactSizeIterator + Clone>,
) -> Bytes {
    let records = records.into_iter();
    let bytes: usize = records.clone().map(Record::wire_bytes).sum();
    let mut buffer = BytesMut::with_capacity(PUT_HEAD_BYTES + bytes);
    put_head(&mut buffer, PUT);
    put_count(&mut buffer, records.len());
    for record in records {
        put_uuid(&mut buffer, record.shard);
        put_piece(&mut buffer, &record.piece);
    }
    buffer.freeze()
}

fn decode_put(fields: &mut Fields) -> Result<Request, NotAMessage> {
    let count = fields.count(PUT_RECORDS_MAX)?;
    let records = (0..count).map(|_| {
        let (shard, piece) = (fields.uuid()?, fields.piece()?);
        if piece.index == 0 { Ok(Record { shard, piece }) } else { Err(NotAMessage) }
    });
    Ok(Request::Put { records: records.collect::<Result<_, _>>()? })
}

fn decode_seal(fields: &mut Fields) -> Result<Request, NotAMessage> {
    let (shard, bucket) = (fields.uuid()?, fields.bucket()?);
    let (pieces, bytes) = (fields.u32()?, fields.u64()?);
    if !(1..=PIECES_MAX).contains(&pieces) || bytes < u64::from(pieces) {
        return Err(NotAMessage);
    }
    Ok(Request::Seal { shard, bucket, pieces, bytes })
}

fn decode_read(fields: &mut Fields) -> Result<Request, NotAMessage> {
    let (shard, bucket) = (fields.uuid()?, fields.bucket()?);
    let (first, count) = (fields.u32()?, fields.u16()?);
    let host = if fields.flag()? { Some(fields.uuid()?) } else { None };
    if first >= PIECES_MAX || !(1..=READ_PIECES_MAX).contains(&count) {
        return Err(NotAMessage);
    }
    Ok(Request::Read { shard, bucket, first, count, host })
}

fn decode_list(fields: &mut Fields) -> Result<Request, NotAMessage> {
    let (after, max, verify) = (fields.uuid()?, fields.u16()?, fields.flag()?);
    if !(1..=LIST_SHARDS_MAX).contains(&usize::from(max)) {
        return Err(NotAMessage);
    }
    Ok(Request::List { after, max, verify })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn uuid() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    fn bucket() -> impl Strategy<Value = BucketName> {
        "[a-z0-9]{3,63}".prop_map(|name| name.parse().unwrap())
    }

    fn piece(index: impl Strategy<Value = u32>) -> impl Strategy<Value = Piece> {
        (uuid(), index, any::<Option<[u8; 16]>>(), vec(any::<u8>(), 1..300))
            .prop_map(|(shard, index, tag, bytes)| Piece::with_tag(shard, index, tag, bytes.into()))
    }

    pub(super) fn request() -> impl Strategy<Value = Request> {
        let record = (uuid(), piece(Just(0))).prop_map(|(shard, piece)| Record { shard, piece });
        prop_oneof![
            vec(record, 0..8).prop_map(|records| Request::Put { records }),
            (uuid(), bucket(), piece(0..PIECES_MAX)).prop_map(|(shard, bucket, piece)| Request::Piece {
                shard,
                bucket,
                piece
            }),
            (uuid(), bucket(), 1..=PIECES_MAX, 65_536_u64..).prop_map(|(shard, bucket, pieces, bytes)| Request::Seal {
                shard,
                bucket,
                pieces,
                bytes
            }),
            (bucket(), vec(uuid(), 0..9)).prop_map(|(bucket, shards)| Request::Discard { bucket, shards }),
            (uuid(), bucket(), 0..PIECES_MAX, 1..=READ_PIECES_MAX, proptest::option::of(uuid()))
                .prop_map(|(shard, bucket, first, count, host)| Request::Read { shard, bucket, first, count, host }),
            (uuid(), bucket(), any::<bool>()).prop_map(|(shard, bucket, verify)| Request::Inspect {
                shard,
                bucket,
                verify
            }),
            (uuid(), 1..=u16::try_from(LIST_SHARDS_MAX).unwrap(), any::<bool>())
                .prop_map(|(after, max, verify)| Request::List { after, max, verify }),
            vec((prop_oneof![bucket(), Just("same".parse().unwrap())], uuid()), 0..9)
                .prop_map(|shards| Request::InspectMany { shards }),
            (0_u8..4).prop_map(|byte| Request::Scrub { command: ScrubCommand::from_byte(byte).unwrap() }),
        ]
    }

    proptest! {
        #[test]
        fn round_trips(request in request()) {
            prop_assert_eq!(Request::decode(request.encode()), Ok(request));
        }

        #[test]
        fn decode_is_total(kind in 0_u8..12, bytes in vec(any::<u8>(), 0..200)) {
            let _ = Request::decode(bytes.clone().into());
            let mut message = vec![1, kind];
            message.extend(bytes);
            let _ = Request::decode(message.into());
        }

        #[test]
        fn what_is_cut_or_longer_is_refused(request in request(), at: prop::sample::Index) {
            let message = request.encode();
            prop_assert_eq!(Request::decode(message.slice(..at.index(message.len()))), Err(NotAMessage));
            let mut longer = message.to_vec();
            longer.push(0);
            prop_assert_eq!(Request::decode(longer.into()), Err(NotAMessage));
        }
    }

    #[test]
    fn a_piece_is_a_slice_of_its_message() {
        let record = Record::new(Uuid::from_u128(1), Bytes::from_static(b"data"));
        let message = Request::Put { records: vec![record] }.encode();
        let start = message.as_ptr() as usize;
        let Ok(Request::Put { records }) = Request::decode(message.clone()) else { panic!("not a put") };
        let at = records[0].piece.bytes.as_ptr() as usize;
        assert!((start..start + message.len()).contains(&at));
    }
}
