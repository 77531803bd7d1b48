use events::encryption::stored_bytes;
use events::ids::{PartNumber, UploadId};
use events::object::{Appended, Body};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{BodyRow, BucketId, ManifestRow, ObjectRow, PartRow, VersionRow};
use crate::view::View;

/// One row of a part is added, and the object's row changes, so the cost does not grow with the object.
pub(super) fn appended<V: View>(draft: &mut Draft<'_, V>, fact: &Appended) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let current = draft.view.current(bucket, &fact.key).map_err(ProjectError::View)?;
    let current = current.filter(|row| row.version == fact.version_id);
    let mut row = current.ok_or_else(|| draft.contradiction("the object to append to does not exist"))?;
    let object = row.object.clone().ok_or_else(|| draft.contradiction("the version is a delete marker"))?;
    if object.size != fact.offset {
        return Err(draft.contradiction("the new part does not begin at the object's end"));
    }
    let in_place = object.body == BodyRow::Parts(fact.upload_id);
    let manifest = if in_place {
        let manifest = draft.view.manifest(fact.upload_id).map_err(ProjectError::View)?;
        manifest.ok_or_else(|| draft.contradiction("its parts do not exist"))?
    } else {
        gather(draft, fact.upload_id, &row, &object)?
    };
    let part = part(draft, bucket, fact)?;
    draft.changes.push(Change::PutPart { upload: fact.upload_id, number: fact.part.number, row: part });
    let manifest = manifest.with_part(fact.part.number, fact.size);
    if in_place {
        draft.changes.push(Change::PutManifest { upload: fact.upload_id, row: manifest });
    } else {
        draft.complete(fact.upload_id, manifest);
        draft.share(BodyRow::Parts(fact.upload_id));
        draft.release(object.body);
    }
    row.modified = draft.event.time;
    row.sequence = draft.event.sequence;
    row.object = Some(ObjectRow {
        size: fact.offset + fact.size,
        etag: fact.etag,
        checksum: fact.checksum.clone(),
        body: BodyRow::Parts(fact.upload_id),
        // Salts belong to contents, and these are now the parts'.
        encryption: object
            .encryption
            .clone()
            .map(|encryption| events::encryption::Encryption { salt: None, ..encryption }),
        ..object
    });
    draft.changes.push(Change::PutCurrent { bucket, key: fact.key.clone(), row });
    draft.count(bucket, fact.delta)
}

fn part<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    fact: &Appended,
) -> Result<PartRow, ProjectError<V::Error>> {
    if matches!(fact.part.body, Body::Parts { .. }) {
        return Err(draft.contradiction("the bytes of a part are parts of an upload"));
    }
    let stored = if fact.part.salt.is_some() { stored_bytes(fact.size) } else { fact.size };
    Ok(PartRow {
        size: fact.size,
        md5: fact.part.md5,
        body: draft.take(bucket, &fact.part.body, stored)?,
        checksum: fact.part.checksum.clone(),
        salt: fact.part.salt.clone(),
        modified: draft.event.time,
    })
}

/// Makes the object's existing bytes the first of its own parts, numbered from 1. No content is written: rows refer to
/// the existing ones.
fn gather<V: View>(
    draft: &mut Draft<'_, V>,
    upload: UploadId,
    row: &VersionRow,
    object: &ObjectRow,
) -> Result<ManifestRow, ProjectError<V::Error>> {
    let parts = match object.body {
        BodyRow::Empty => Vec::new(),
        BodyRow::Content(_) => vec![PartRow {
            size: object.size,
            md5: object.etag.md5,
            body: object.body,
            checksum: object.checksum.clone(),
            salt: object.encryption.as_ref().and_then(|encryption| encryption.salt.clone()),
            modified: row.modified,
        }],
        BodyRow::Parts(shared) => {
            let parts = draft.view.parts(shared).map_err(ProjectError::View)?;
            parts.into_iter().map(|(_, part)| part).collect()
        }
    };
    let mut manifest = ManifestRow::default();
    for (number, part) in (1..).zip(parts) {
        let number = PartNumber::try_from(number).map_err(|_| draft.contradiction("it has too many parts"))?;
        manifest = manifest.with_part(number, part.size);
        draft.share(part.body);
        draft.changes.push(Change::PutPart { upload, number, row: part });
    }
    Ok(manifest)
}
