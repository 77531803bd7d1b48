use events::encryption::stored_bytes;
use events::ids::{ObjectKey, PartNumber, UploadId};
use events::object::Body;
use events::upload::{Aborted, Created, PartStored};

use super::draft::Draft;
use super::{ProjectError, release};
use crate::change::Change;
use crate::row::{BucketId, ManifestRow, PartRow, UploadRow, in_runs};
use crate::view::View;

pub(super) fn created<V: View>(draft: &mut Draft<'_, V>, fact: &Created) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let row = UploadRow {
        created: draft.event.time,
        initiator: fact.initiator.clone(),
        owner: fact.owner.clone(),
        acl: fact.acl.clone(),
        lock: fact.lock,
        attributes: fact.attributes.clone(),
        checksum: fact.checksum,
        encryption: fact.encryption.clone(),
    };
    draft.changes.push(Change::PutUpload { bucket, key: fact.key.clone(), upload: fact.upload_id, row });
    Ok(())
}

pub(super) fn part_stored<V: View>(draft: &mut Draft<'_, V>, fact: &PartStored) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let mut change = fact.size.cast_signed();
    if let Some(replaced) = draft.view.part(fact.upload_id, fact.part_number).map_err(ProjectError::View)? {
        draft.release(replaced.body);
        change -= replaced.size.cast_signed();
    }
    draft.count_parts(bucket, change)?;
    if matches!(fact.body, Body::Parts { .. }) {
        return Err(draft.contradiction("the bytes of a part are parts of an upload"));
    }
    let stored = if fact.salt.is_some() { stored_bytes(fact.size) } else { fact.size };
    let row = PartRow {
        size: fact.size,
        md5: fact.md5,
        body: draft.take(bucket, &fact.body, stored)?,
        checksum: fact.checksum.clone(),
        salt: fact.salt.clone(),
        modified: draft.event.time,
    };
    draft.changes.push(Change::PutPart { upload: fact.upload_id, number: fact.part_number, row });
    Ok(())
}

pub(super) fn aborted<V: View>(draft: &mut Draft<'_, V>, fact: &Aborted) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    draft.changes.push(Change::DropUpload { bucket, key: fact.key.clone(), upload: fact.upload_id });
    let parts = draft.view.parts(fact.upload_id).map_err(ProjectError::View)?;
    release::all_parts(draft, fact.upload_id)?;
    draft.count_parts(bucket, -parts.iter().map(|(_, part)| part.size).sum::<u64>().cast_signed())
}

/// Ends an upload that became an object: the parts it uses stay, as a manifest; the others are removed.
pub(super) fn completed<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    upload: UploadId,
    taken: &[(PartNumber, PartNumber)],
) -> Result<(), ProjectError<V::Error>> {
    draft.changes.push(Change::DropUpload { bucket, key: key.clone(), upload });
    let mut manifest = ManifestRow::default();
    let mut bytes = 0_u64;
    let parts = draft.view.parts(upload).map_err(ProjectError::View)?;
    for (number, part) in &parts {
        bytes += part.size;
        if in_runs(taken, *number) {
            manifest = manifest.with_part(*number, part.size);
        }
    }
    release::parts_left_out(draft, upload, &parts, taken)?;
    draft.complete(upload, manifest);
    draft.count_parts(bucket, -bytes.cast_signed())
}
