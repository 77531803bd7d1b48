//! Reads shards from their files.

use std::io;

use bytes::Bytes;
use events::ids::BucketName;
use shards::piece::{Form, Piece};
use shards::protocol::pieces_reply_head;
use uuid::Uuid;

use super::super::DiskError;
use super::super::handles::Handle;
use super::{Shape, ShardFiles, shard_path};
use vfs::Open;

impl ShardFiles {
    /// Reads up to `count` pieces from piece `first` into a reply, and checks their headers, but not their bytes.
    pub(crate) fn read(&self, shard: Uuid, bucket: &BucketName, first: u32, count: u16) -> Result<Bytes, DiskError> {
        let (handle, shape) = self.open(shard, bucket)?;
        let left = u16::try_from(shape.pieces.saturating_sub(first)).unwrap_or(u16::MAX);
        let count = count.min(left);
        let last = (first + u32::from(count)).checked_sub(1).filter(|_| count > 0).ok_or(DiskError::NotFound)?;
        let head = pieces_reply_head(count);
        let length = usize::from(count - 1) * shape.form.stride_bytes() + shape.wire_bytes(last);
        let mut reply = vec![0; head.len() + length];
        reply[..head.len()].copy_from_slice(&head);
        handle.read(&mut reply[head.len()..], shape.form.offset(first))?;
        let reply = Bytes::from(reply);
        let mut pieces = reply.slice(head.len()..);
        for index in first..=last {
            let piece = Piece::take(&mut pieces).map_err(|_| DiskError::Damaged)?;
            if piece.index != index || piece.form() != shape.form || piece.bytes.len() != shape.piece_bytes(index) {
                return Err(DiskError::Damaged);
            }
        }
        Ok(reply)
    }

    /// The shape of a shard, perhaps by an open handle.
    pub(crate) fn shape(&self, shard: Uuid, bucket: &BucketName) -> Result<Shape, DiskError> {
        Ok(self.open(shard, bucket)?.1)
    }

    /// Reads and verifies a whole shard.
    pub(crate) fn verify(&self, shard: Uuid, bucket: &BucketName) -> Result<Shape, DiskError> {
        self.current_shape(shard, bucket)?;
        let (handle, shape) = self.open(shard, bucket)?;
        (0..shape.pieces).try_for_each(|index| shape.check_piece(&handle, shard, index))?;
        Ok(shape)
    }

    /// Opens a file of its own, to check it.
    pub(crate) fn open_with(&self, how: Open, shard: Uuid, bucket: &BucketName) -> Result<(Handle, Shape), DiskError> {
        let opened = self.disk.open(&shard_path(bucket, shard), how).and_then(|file| {
            let bytes = file.length()?;
            Ok(Handle { file, bytes })
        });
        shaped(shard, opened)
    }

    fn open(&self, shard: Uuid, bucket: &BucketName) -> Result<(Handle, Shape), DiskError> {
        shaped(shard, self.handles.get(&shard_path(bucket, shard)))
    }
}

fn shaped(shard: Uuid, opened: io::Result<Handle>) -> Result<(Handle, Shape), DiskError> {
    let handle = match opened {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(DiskError::NotFound),
        other => other.map_err(|e| DiskError::from_read("open of a shard", &e))?,
    };
    let shape = Shape::of_file(Form::of(shard), handle.bytes).ok_or(DiskError::Damaged)?;
    Ok((handle, shape))
}
