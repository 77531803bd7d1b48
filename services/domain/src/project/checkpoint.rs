use events::checkpoint::{Checkpointed, KeyChanged};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::CheckpointRow;
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

pub(super) fn checkpointed<V: View>(draft: &mut Draft<'_, V>, fact: &Checkpointed) -> Folded<V> {
    let mut row = draft.view.notary().map_err(ProjectError::View)?;
    row.last = fact.last;
    row.hash = fact.hash();
    let checkpoint = CheckpointRow { first: fact.first, sequence: draft.event.sequence };
    draft.changes.push(Change::PutNotary { row });
    draft.changes.push(Change::PutCheckpoint { last: fact.last, row: checkpoint });
    Ok(())
}

pub(super) fn key_changed<V: View>(draft: &mut Draft<'_, V>, fact: &KeyChanged) -> Folded<V> {
    let mut row = draft.view.notary().map_err(ProjectError::View)?;
    row.key = Some(fact.key);
    row.key_changes.push(draft.event.sequence);
    draft.changes.push(Change::PutNotary { row });
    Ok(())
}
