//! What facts about background workers change.

use events::ids::WorkerName;
use events::worker::{Asked, Changed};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::WorkerRow;
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

pub(super) fn changed<V: View>(draft: &mut Draft<'_, V>, fact: &Changed) -> Folded<V> {
    change(draft, &fact.worker, |row| (row.paused, row.rate) = (fact.paused, fact.rate))
}

pub(super) fn asked<V: View>(draft: &mut Draft<'_, V>, fact: &Asked) -> Folded<V> {
    let sequence = draft.event.sequence;
    change(draft, &fact.worker, |row| row.asked = sequence)
}

fn change<V: View>(draft: &mut Draft<'_, V>, name: &WorkerName, change: impl FnOnce(&mut WorkerRow)) -> Folded<V> {
    let mut row = draft.view.worker(name).map_err(ProjectError::View)?;
    change(&mut row);
    draft.changes.push(Change::PutWorker { name: name.clone(), row });
    Ok(())
}
