use events::content::{HealthChanged, ShardFault};
use events::ids::{ContentId, Placement};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::durability::is_safe;
use crate::row::{ContentRow, DebtRow, FaultsRow};
use crate::view::View;

pub(super) fn health_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &HealthChanged,
) -> Result<(), ProjectError<V::Error>> {
    let content = fact.content;
    let row = content_row(draft, &content)?;
    take_debt_off(draft, &content, &row.placement)?;
    owe(draft, content, &row.placement, fact.faults.clone())
}

/// A content that must exist.
pub(super) fn content_row<V: View>(
    draft: &Draft<'_, V>,
    content: &ContentId,
) -> Result<ContentRow, ProjectError<V::Error>> {
    let row = draft.view.content(content).map_err(ProjectError::View)?;
    row.ok_or_else(|| draft.contradiction("its content does not exist"))
}

/// Takes the faults of a content off the count of all, and returns them.
pub(super) fn take_debt_off<V: View>(
    draft: &mut Draft<'_, V>,
    content: &ContentId,
    placement: &Placement,
) -> Result<Vec<ShardFault>, ProjectError<V::Error>> {
    let faults = draft.view.faults(content).map_err(ProjectError::View)?.faults;
    let is_settled = draft.debt()?.take_off(placement, &faults);
    is_settled.ok_or_else(|| draft.contradiction("the count of owed shards would fall below zero"))?;
    Ok(faults)
}

/// Records the faults of a content, and counts them.
pub(super) fn owe<V: View>(
    draft: &mut Draft<'_, V>,
    content: ContentId,
    placement: &Placement,
    faults: Vec<ShardFault>,
) -> Result<(), ProjectError<V::Error>> {
    draft.debt()?.add(placement, &faults);
    draft.changes.push(if faults.is_empty() {
        Change::DropFaults { content }
    } else {
        Change::PutFaults { content, row: FaultsRow { faults } }
    });
    Ok(())
}

impl DebtRow {
    fn add(&mut self, placement: &Placement, faults: &[ShardFault]) {
        if faults.is_empty() {
            return;
        }
        self.contents += 1;
        self.unsafe_contents += u64::from(!is_safe(placement, faults));
        for ShardFault { node, fault, .. } in faults {
            *self.nodes.entry(node.clone()).or_default().of(*fault) += 1;
        }
    }

    /// `None` if it was not there.
    fn take_off(&mut self, placement: &Placement, faults: &[ShardFault]) -> Option<()> {
        if faults.is_empty() {
            return Some(());
        }
        self.contents = self.contents.checked_sub(1)?;
        self.unsafe_contents = self.unsafe_contents.checked_sub(u64::from(!is_safe(placement, faults)))?;
        for ShardFault { node, fault, .. } in faults {
            let counts = self.nodes.get_mut(node)?;
            let count = counts.of(*fault);
            *count = count.checked_sub(1)?;
            if counts.sum() == 0 {
                self.nodes.remove(node);
            }
        }
        Some(())
    }
}
