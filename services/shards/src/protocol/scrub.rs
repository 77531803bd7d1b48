//! What a node's scrub is told and says.

use bytes::{BufMut, BytesMut};
use uuid::Uuid;

use super::NotAMessage;
use super::codec::{Fields, put_uuid};

/// What a node's scrub is told. It reads everything that lies on the disk and compares it with its checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScrubCommand {
    /// Nothing; how far is it?
    Status,
    /// To begin a new pass now, as fast as it may.
    Start,
    /// To rest, over restarts too, until it is told to go on.
    Pause,
    /// To go on.
    Resume,
}

/// What a node's scrub says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubStatus {
    /// The state.
    pub phase: ScrubPhase,
    /// The pass in progress, if there is one.
    pub pass: Option<ScrubPass>,
    /// The last one that came to its end, if there was one.
    pub last: Option<ScrubPass>,
    /// The shards up to this one are done in the pass that is under way; the nil uuid: none yet.
    pub cursor: Uuid,
    /// The maximum number of bytes that it reads per second; 0 if it does not read.
    pub bytes_per_second: u64,
    /// Shards that the node holds.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many of them are known to be damaged or unreadable.
    pub damaged: u64,
}

/// The state of a scrub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScrubPhase {
    /// It reads.
    Running,
    /// The scrub waits until the next pass is due.
    Waiting,
    /// It was told to rest.
    Paused,
}

/// A pass over all shards of a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScrubPass {
    /// When it began, by the node's clock, in milliseconds since 1970.
    pub begun_ms: u64,
    /// When it ended; 0 if it is under way.
    pub ended_ms: u64,
    /// How many shards it looked at.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The number of shards that were damaged or unreadable.
    pub damaged: u64,
}

/// Bytes of a [`ScrubStatus`].
pub(super) const STATUS_BYTES: usize = 1 + 2 * PASS_BYTES + 16 + 4 * 8;
const PASS_BYTES: usize = 5 * 8;

impl ScrubCommand {
    pub(super) fn to_byte(self) -> u8 {
        match self {
            Self::Status => 0,
            Self::Start => 1,
            Self::Pause => 2,
            Self::Resume => 3,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Result<Self, NotAMessage> {
        Ok(match byte {
            0 => Self::Status,
            1 => Self::Start,
            2 => Self::Pause,
            3 => Self::Resume,
            _ => return Err(NotAMessage),
        })
    }
}

const HAS_PASS: u8 = 0x10;
const HAS_LAST: u8 = 0x20;

impl ScrubStatus {
    pub(super) fn put(&self, buffer: &mut BytesMut) {
        let phase = match self.phase {
            ScrubPhase::Running => 0,
            ScrubPhase::Waiting => 1,
            ScrubPhase::Paused => 2,
        };
        let pass = if self.pass.is_some() { HAS_PASS } else { 0 };
        let last = if self.last.is_some() { HAS_LAST } else { 0 };
        buffer.put_u8(phase | pass | last);
        for ScrubPass { begun_ms, ended_ms, shards, bytes, damaged } in
            [self.pass, self.last].map(Option::unwrap_or_default)
        {
            for field in [begun_ms, ended_ms, shards, bytes, damaged] {
                buffer.put_u64_le(field);
            }
        }
        put_uuid(buffer, self.cursor);
        let Self { bytes_per_second, shards, bytes, damaged, .. } = *self;
        for field in [bytes_per_second, shards, bytes, damaged] {
            buffer.put_u64_le(field);
        }
    }

    pub(super) fn take(fields: &mut Fields) -> Result<Self, NotAMessage> {
        let flags = fields.u8()?;
        let phase = match flags & !(HAS_PASS | HAS_LAST) {
            0 => ScrubPhase::Running,
            1 => ScrubPhase::Waiting,
            2 => ScrubPhase::Paused,
            _ => return Err(NotAMessage),
        };
        let (pass, last) = (take_pass(fields)?, take_pass(fields)?);
        Ok(Self {
            phase,
            pass: Some(pass).filter(|_| flags & HAS_PASS != 0),
            last: Some(last).filter(|_| flags & HAS_LAST != 0),
            cursor: fields.uuid()?,
            bytes_per_second: fields.u64()?,
            shards: fields.u64()?,
            bytes: fields.u64()?,
            damaged: fields.u64()?,
        })
    }
}

fn take_pass(fields: &mut Fields) -> Result<ScrubPass, NotAMessage> {
    Ok(ScrubPass {
        begun_ms: fields.u64()?,
        ended_ms: fields.u64()?,
        shards: fields.u64()?,
        bytes: fields.u64()?,
        damaged: fields.u64()?,
    })
}
