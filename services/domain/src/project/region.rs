use events::ids::Generation;
use events::region::HorizonMoved;

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::view::View;

/// The most names that ended which one fact forgets.
pub const ENDED_FORGOTTEN_MAX: usize = 256;

/// Names below the horizon need not be remembered: nothing below it is named any more. Those that are left are forgotten
/// by facts that follow, which may move the horizon by nothing.
pub(super) fn horizon_moved<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &HorizonMoved,
) -> Result<(), ProjectError<V::Error>> {
    let totals = draft.totals()?;
    totals.horizon = totals.horizon.max(u64::try_from(fact.before.as_millisecond()).unwrap_or_default());
    totals.upload_time = u64::from(fact.upload_seconds) * 1_000;
    let first = Generation::first_at(totals.horizon);
    let below = draft.view.ended_below(first, ENDED_FORGOTTEN_MAX).map_err(ProjectError::View)?;
    draft.changes.extend(below.into_iter().map(|generation| Change::DropEnded { generation }));
    Ok(())
}
