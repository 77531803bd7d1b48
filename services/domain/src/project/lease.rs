//! What facts about leases change.

use events::lease::{Lease, Owner, Released, Taken};

use super::draft::Draft;
use crate::change::Change;
use crate::row::LeaseRow;
use crate::view::View;

pub(super) fn taken<V: View>(draft: &mut Draft<'_, V>, fact: &Taken) {
    put(draft, fact.lease, fact.epoch, Some(fact.owner.clone()));
}

pub(super) fn released<V: View>(draft: &mut Draft<'_, V>, fact: &Released) {
    put(draft, fact.lease, fact.epoch, None);
}

fn put<V: View>(draft: &mut Draft<'_, V>, lease: Lease, epoch: u64, owner: Option<Owner>) {
    let row = LeaseRow { epoch, owner, since: draft.event.time };
    draft.changes.push(Change::PutLease { lease, row });
}
