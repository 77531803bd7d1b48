use events::Fact;
use events::lease::{Released, Taken, Term};

use super::{Decision, Refused, changed};
use crate::command::{Outcome, Rejection, ReleaseLease, TakeLease};
use crate::row::LeaseRow;
use crate::view::View;

/// Whether a term of a lease is the present one. This is the fence: it is asked on exactly the state before the fact,
/// so no clock and no message can let a former owner write.
pub(super) fn check<V: View>(view: &V, term: Term) -> Result<(), Refused<V::Error>> {
    let Term { lease, epoch } = term;
    let row = view.lease(lease).map_err(Refused::View)?;
    if is_held(row.as_ref(), epoch) { Ok(()) } else { Err(Rejection::LeaseLost(lease).into()) }
}

fn is_held(row: Option<&LeaseRow>, epoch: u64) -> bool {
    row.is_some_and(|row| row.owner.is_some() && row.epoch == epoch)
}

/// Whoever names the present term begins the next one. Whether its owner is gone is for the asker to judge: taking it
/// from an owner that works is a waste and no harm.
pub(super) fn take<V: View>(view: &V, take: &TakeLease) -> Result<Decision, Refused<V::Error>> {
    let TakeLease { region, lease, owner, after } = take.clone();
    let row = view.lease(lease).map_err(Refused::View)?;
    // A command whose outcome was unknown comes once more.
    if row.as_ref().is_some_and(|row| row.epoch == after + 1 && row.owner.as_ref() == Some(&owner)) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    if row.map_or(0, |row| row.epoch) != after {
        return Err(Rejection::LeaseLost(lease).into());
    }
    Ok(Decision::write(Fact::RegionLeaseTaken(Taken { region, lease, owner, epoch: after + 1 }), Outcome::Done))
}

pub(super) fn release<V: View>(view: &V, release: &ReleaseLease) -> Result<Decision, Refused<V::Error>> {
    let ReleaseLease { region, lease, epoch } = release.clone();
    let row = view.lease(lease).map_err(Refused::View)?;
    let fact = Fact::RegionLeaseReleased(Released { region, lease, epoch });
    Ok(changed(!is_held(row.as_ref(), epoch), fact))
}
