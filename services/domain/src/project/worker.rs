//! What facts about background workers change.

use events::worker::Changed;

use super::draft::Draft;
use crate::change::Change;
use crate::row::WorkerRow;
use crate::view::View;

pub(super) fn changed<V: View>(draft: &mut Draft<'_, V>, fact: &Changed) {
    let row = WorkerRow { paused: fact.paused, rate: fact.rate };
    draft.changes.push(Change::PutWorker { name: fact.worker.clone(), row });
}
