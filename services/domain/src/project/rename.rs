use events::object::Renamed;

use super::ProjectError;
use super::draft::Draft;
use super::object::make_way;
use crate::change::Change;
use crate::row::RenameRow;
use crate::view::View;

/// The row moves together with its reference, so only a replaced object changes the counts.
pub(super) fn renamed<V: View>(draft: &mut Draft<'_, V>, fact: &Renamed) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let current = draft.view.current(bucket, &fact.source_key).map_err(ProjectError::View)?;
    let current = current.filter(|row| row.version == fact.version_id);
    let mut row = current.ok_or_else(|| draft.contradiction("the renamed object does not exist"))?;
    let object = row.object.as_mut().ok_or_else(|| draft.contradiction("the version is a delete marker"))?;
    let source = &fact.source_key;
    object.renamed = fact.client_token.clone().map(|token| RenameRow { token, source: source.clone() });
    row.sequence = draft.event.sequence;
    make_way(draft, bucket, &fact.key, fact.replaces)?;
    draft.changes.push(Change::DropCurrent { bucket, key: source.clone() });
    draft.changes.push(Change::PutCurrent { bucket, key: fact.key.clone(), row });
    draft.count(bucket, fact.delta)
}
