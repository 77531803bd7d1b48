use events::content::{HealthChanged, ShardFault};
use events::ids::Placement;

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::durability::is_safe;
use crate::row::{DebtRow, FaultsRow};
use crate::view::View;

pub(super) fn health_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &HealthChanged,
) -> Result<(), ProjectError<V::Error>> {
    let content = fact.content;
    let row = draft.view.content(&content).map_err(ProjectError::View)?;
    let row = row.ok_or_else(|| draft.contradiction("its content does not exist"))?;
    let before = draft.view.faults(&content).map_err(ProjectError::View)?;
    let mut debt = draft.view.debt().map_err(ProjectError::View)?;
    let is_settled = debt.take_off(&row.placement, &before.faults);
    is_settled.ok_or_else(|| draft.contradiction("the count of owed shards would fall below zero"))?;
    debt.add(&row.placement, &fact.faults);
    draft.changes.push(if fact.faults.is_empty() {
        Change::DropFaults { content }
    } else {
        Change::PutFaults { content, row: FaultsRow { faults: fact.faults.clone() } }
    });
    draft.changes.push(Change::PutDebt { row: debt });
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
