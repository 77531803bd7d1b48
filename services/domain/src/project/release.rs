//! Releases parts that nothing refers to any more.
//!
//! Each part is a row, and refers to a content, which is another row. A fact that ends a few parts frees them itself. A
//! fact that ends many only records them in a row: later facts free them, each a bounded number, so that no single fact
//! delays all others. Until then the contents count references that nothing can reach any more.

use events::ids::{BucketName, PartNumber, UploadId};
use events::upload::{PartsReleased, ReleasedFrom};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{BucketId, PartRow, ReleasedBucketRow, ReleasedUploadRow, in_runs};
use crate::view::{Parts, View};

/// The maximum number of parts, and of uploads without parts, that the fact which ends them releases itself.
pub const FREED_AT_ONCE_MAX: usize = 64;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

/// Ends all parts of an upload, whether some of them are being released already or not.
pub(super) fn all_parts<V: View>(draft: &mut Draft<'_, V>, upload: UploadId) -> Folded<V> {
    let parts = draft.view.parts_from(upload, 0, FREED_AT_ONCE_MAX + 1).map_err(ProjectError::View)?;
    if parts.len() > FREED_AT_ONCE_MAX {
        return later(draft, upload, Vec::new());
    }
    if draft.view.released_upload(upload).map_err(ProjectError::View)?.is_some() {
        draft.changes.push(Change::DropReleasedUpload { upload });
    }
    for (number, part) in parts {
        free(draft, upload, number, &part);
    }
    Ok(())
}

/// Ends the parts of an upload that its object does not use.
pub(super) fn parts_left_out<V: View>(
    draft: &mut Draft<'_, V>,
    upload: UploadId,
    parts: &Parts,
    taken: &[(PartNumber, PartNumber)],
) -> Folded<V> {
    let left_out = || parts.iter().filter(|(number, _)| !in_runs(taken, *number));
    if left_out().count() > FREED_AT_ONCE_MAX {
        return later(draft, upload, taken.to_vec());
    }
    for (number, part) in left_out() {
        free(draft, upload, *number, part);
    }
    Ok(())
}

fn later<V: View>(draft: &mut Draft<'_, V>, upload: UploadId, keep: Vec<(PartNumber, PartNumber)>) -> Folded<V> {
    let bucket = draft.event.fact.bucket().ok_or_else(|| draft.contradiction("parts are in no bucket"))?;
    let row = ReleasedUploadRow { bucket: bucket.clone(), next: 0, keep };
    draft.changes.push(Change::PutReleasedUpload { upload, row });
    Ok(())
}

/// Ends all uploads of a deleted bucket. Another bucket may get its name, but never its id.
pub(super) fn all_uploads<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId, name: &BucketName) -> Folded<V> {
    if !free_uploads(draft, bucket, FREED_AT_ONCE_MAX)? {
        draft.changes.push(Change::PutReleasedBucket { bucket, row: ReleasedBucketRow { name: name.clone() } });
    }
    Ok(())
}

/// Frees some of the parts that are being released. If there are none, they were freed at once: the limit may have been
/// different.
pub(super) fn parts_released<V: View>(draft: &mut Draft<'_, V>, fact: &PartsReleased) -> Folded<V> {
    let max = usize::from(fact.max);
    match fact.from {
        ReleasedFrom::Upload { upload_id } => free_parts(draft, upload_id, max),
        ReleasedFrom::Bucket { created } => {
            let bucket = BucketId(created);
            let released = draft.view.released_bucket(bucket).map_err(ProjectError::View)?;
            if released.is_some() && free_uploads(draft, bucket, max)? {
                draft.changes.push(Change::DropReleasedBucket { bucket });
            }
            Ok(())
        }
    }
}

fn free_parts<V: View>(draft: &mut Draft<'_, V>, upload: UploadId, max: usize) -> Folded<V> {
    let Some(row) = draft.view.released_upload(upload).map_err(ProjectError::View)? else { return Ok(()) };
    let parts = draft.view.parts_from(upload, row.next, max).map_err(ProjectError::View)?;
    for (number, part) in parts.iter().filter(|(number, _)| !row.keeps(*number)) {
        free(draft, upload, *number, part);
    }
    match parts.last() {
        Some((last, _)) if parts.len() == max => {
            let row = ReleasedUploadRow { next: last.get() + 1, ..row };
            draft.changes.push(Change::PutReleasedUpload { upload, row });
        }
        _ => draft.changes.push(Change::DropReleasedUpload { upload }),
    }
    Ok(())
}

/// Frees at most `max` parts of a bucket's uploads, and uploads without any. Returns whether none is left.
fn free_uploads<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    max: usize,
) -> Result<bool, ProjectError<V::Error>> {
    let mut room = max;
    for (key, upload) in draft.view.uploads(bucket, max + 1).map_err(ProjectError::View)? {
        let parts = draft.view.parts_from(upload, 0, room).map_err(ProjectError::View)?;
        room -= parts.len();
        for (number, part) in parts {
            free(draft, upload, number, &part);
        }
        if room == 0 {
            return Ok(false);
        }
        draft.changes.push(Change::DropUpload { bucket, key, upload });
        room -= 1;
    }
    Ok(true)
}

fn free<V: View>(draft: &mut Draft<'_, V>, upload: UploadId, number: PartNumber, part: &PartRow) {
    draft.changes.push(Change::DropPart { upload, number });
    draft.release(part.body);
}
