use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use events::ids::BucketName;

use super::super::DiskError;
use super::super::files::{BUCKETS, ShardFile};
use super::Scrubber;
use super::control::Interrupted;
use super::state::Pass;
use vfs::Open;

/// Reads a file past the page cache and checks every bit of it, piece by piece.
pub(super) fn verify(
    scrubber: &mut Scrubber,
    file: &ShardFile,
    pass: &Pass,
    as_of: u64,
) -> Result<Result<u64, DiskError>, Interrupted> {
    let ShardFile { shard, bucket, .. } = file;
    let files = Arc::clone(&scrubber.files);
    let opened = files.look_at(file).and_then(|_| files.open_with(Open::Uncached, *shard, bucket));
    let (handle, shape) = match opened {
        Ok(opened) => opened,
        Err(why) => return Ok(Err(why)),
    };
    for index in 0..shape.pieces {
        let begin = Instant::now();
        let checked = shape.check_piece(&handle, *shard, index);
        let (took, bytes) = (begin.elapsed(), shape.wire_bytes(index) as u64);
        if let Err(why) = checked {
            // It may have been dropped, and another written in its place.
            return Ok(files.look_at(file).and(Err(why)));
        }
        scrubber.read_so_much(bytes, took, pass, as_of)?;
    }
    Ok(Ok(shape.bytes()))
}

/// Takes in the files that were put there behind the node's back, and removes what is left of uploads that nobody
/// knows any more.
pub(super) fn take_in_unknown(scrubber: &Scrubber) {
    let buckets = match scrubber.disk.list(BUCKETS.as_ref()) {
        Ok(buckets) => buckets,
        Err(error) => return tracing::warn!(%error, "the buckets' folders cannot be listed"),
    };
    for bucket in buckets {
        let Ok(bucket) = bucket.name.parse::<BucketName>() else { continue };
        let folder = Path::new(BUCKETS).join(bucket.as_str());
        let each = &mut |name: &str| scrubber.files.take_in(&bucket, name);
        if let Err(error) = scrubber.disk.each_name(&folder, each) {
            tracing::warn!(%bucket, %error, "a bucket's folder cannot be listed");
        }
    }
}
