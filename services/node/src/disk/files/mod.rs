//! Shards of several pieces, a file each: `buckets/<bucket>/<shard>`, its pieces at a fixed stride.

mod closing;
mod discard;
mod index;
mod list;
mod read;
mod stage;
mod sweep;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use events::ids::BucketName;
use shards::piece::{Form, Piece, UNIT_BYTES};
use uuid::Uuid;

use super::DiskError;
use super::damage::DamagedShards;
use super::handles::{Handle, Handles};
use super::health::Health;
pub(crate) use index::{FileIndex, ShardFile};
use stage::Staged;
use vfs::Folder;

/// The folder of the buckets' folders.
pub(crate) const BUCKETS: &str = "buckets";

const STAGED_SUFFIX: &str = ".staged";

/// The shards in files, sealed and staged.
pub(crate) struct ShardFiles {
    disk: Arc<dyn Folder>,
    health: Arc<Health>,
    handles: Arc<Handles>,
    damaged: Arc<DamagedShards>,
    staged: Mutex<HashMap<Uuid, Arc<Mutex<Staged>>>>,
    /// Staged shards in the order in which their files were opened. Some may be sealed or dropped since.
    opened: Mutex<VecDeque<Uuid>>,
    index: FileIndex,
}

/// The number and lengths of the pieces of a shard file: all but the last have [`UNIT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) form: Form,
    pub(crate) pieces: u32,
    pub(crate) last_bytes: u32,
}

impl Shape {
    /// The shape of a shard of `pieces` pieces and `bytes` bytes, if that is possible.
    pub(crate) fn new(form: Form, pieces: u32, bytes: u64) -> Option<Self> {
        let before = u64::from(pieces.checked_sub(1)?) * UNIT_BYTES as u64;
        let last_bytes = u32::try_from(bytes.checked_sub(before)?).ok()?;
        ((1..=UNIT_BYTES).contains(&(last_bytes as usize))).then_some(Self { form, pieces, last_bytes })
    }

    /// The shape of a file of `bytes` bytes, if that is possible.
    fn of_file(form: Form, bytes: u64) -> Option<Self> {
        let pieces = u32::try_from(bytes.div_ceil(form.stride_bytes() as u64)).ok()?;
        Self::new(form, pieces, bytes.checked_sub(u64::from(pieces) * form.header_bytes() as u64)?)
    }

    /// The length of a file of this shape, in bytes.
    fn file_bytes(self) -> u64 {
        self.bytes() + u64::from(self.pieces) * self.form.header_bytes() as u64
    }

    /// Bytes of all pieces, without headers.
    pub(crate) fn bytes(self) -> u64 {
        u64::from(self.pieces - 1) * UNIT_BYTES as u64 + u64::from(self.last_bytes)
    }

    fn piece_bytes(self, index: u32) -> usize {
        if index + 1 == self.pieces { self.last_bytes as usize } else { UNIT_BYTES }
    }

    /// Bytes of a piece with its header.
    pub(crate) fn wire_bytes(self, index: u32) -> usize {
        self.form.header_bytes() + self.piece_bytes(index)
    }

    /// Reads a piece of a shard and checks every bit of it.
    pub(crate) fn check_piece(self, handle: &Handle, shard: Uuid, index: u32) -> Result<(), DiskError> {
        let mut wire = vec![0; self.wire_bytes(index)];
        handle.read(&mut wire, self.form.offset(index))?;
        let piece = Piece::take(&mut Bytes::from(wire)).map_err(|_| DiskError::Damaged)?;
        let is_right = piece.is_intact(shard, index) && piece.bytes.len() == self.piece_bytes(index);
        if is_right { Ok(()) } else { Err(DiskError::Damaged) }
    }
}

impl ShardFiles {
    /// The number of shards in files, and their bytes.
    pub(crate) fn totals(&self) -> (u64, u64) {
        self.index.totals()
    }

    fn staged(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Mutex<Staged>>>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bucket_path(bucket: &BucketName) -> PathBuf {
    Path::new(BUCKETS).join(bucket.as_str())
}

pub(crate) fn shard_path(bucket: &BucketName, shard: Uuid) -> PathBuf {
    bucket_path(bucket).join(shard.hyphenated().to_string())
}

fn staged_path(bucket: &BucketName, shard: Uuid) -> PathBuf {
    bucket_path(bucket).join(format!("{}{STAGED_SUFFIX}", shard.hyphenated()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_file_tells_its_shape(pieces in 1_u32..70_000, last in 1..=UNIT_BYTES, is_tagged: bool) {
            let form = if is_tagged { Form::Tagged } else { Form::Plain };
            let bytes = u64::from(pieces - 1) * UNIT_BYTES as u64 + last as u64;
            let shape = Shape::new(form, pieces, bytes).unwrap();
            prop_assert_eq!(shape.bytes(), bytes);
            prop_assert_eq!(Shape::of_file(form, shape.file_bytes()), Some(shape));
        }
    }

    #[test]
    fn impossible_shapes_are_none() {
        for (pieces, bytes) in [(0, 0), (0, 5), (1, 0), (1, UNIT_BYTES as u64 + 1), (2, UNIT_BYTES as u64)] {
            assert_eq!(Shape::new(Form::Plain, pieces, bytes), None, "{pieces} {bytes}");
        }
        for form in [Form::Plain, Form::Tagged] {
            assert_eq!(Shape::of_file(form, 0), None);
            assert_eq!(Shape::of_file(form, form.header_bytes() as u64), None);
            assert_eq!(Shape::of_file(form, form.stride_bytes() as u64 + 3), None);
        }
    }
}
