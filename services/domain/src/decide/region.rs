use events::Fact;
use events::ids::Generation;
use events::region::{HorizonMoved, KeyChanged, MasterKeyChanged};
use jiff::Timestamp;

use super::{Decision, Refused, changed};
use crate::command::{ChangeKey, ChangeMasterKey, Context, MoveHorizon, Rejection};
use crate::proof::{KEY_NUMBER_MAX, MASTER_KEY_NUMBER_MAX};
use crate::view::View;

/// A key is followed by the next number: all earlier keys can be derived from it, so that old facts can still be
/// verified.
pub(super) fn change_key<V: View>(view: &V, change: &ChangeKey) -> Result<Decision, Refused<V::Error>> {
    let ChangeKey { region, author, number } = change;
    let now = view.totals().map_err(Refused::View)?.keys.of(*author);
    if *number > now + 1 || *number > KEY_NUMBER_MAX {
        return Err(Rejection::KeyNotNext(now).into());
    }
    let fact = KeyChanged { region: region.clone(), author: *author, number: *number };
    Ok(changed(*number <= now, Fact::RegionKeyChanged(fact)))
}

/// A master key is followed by another one, which all processes must hold by then. The command has check values of its
/// keys, so that a process with another key under the same number stops.
pub(super) fn change_master_key<V: View>(view: &V, change: &ChangeMasterKey) -> Result<Decision, Refused<V::Error>> {
    let keys = view.totals().map_err(Refused::View)?.keys;
    let now = keys.master_number();
    let ChangeMasterKey { region, number, key, gateway, lifecycle, maintenance } = change.clone();
    let is_so_already = keys.master.is_some_and(|master| (master.number, master.key) == (number, key));
    if !is_so_already && (number != now + 1 || number > MASTER_KEY_NUMBER_MAX) {
        return Err(Rejection::MasterKeyNotNext(now).into());
    }
    let fact = MasterKeyChanged { region, number, key, gateway, lifecycle, maintenance };
    Ok(changed(is_so_already, Fact::RegionMasterKeyChanged(fact)))
}

/// The horizon moves forward only, and not beyond the present. It may be asked to stay where it is while names that ended
/// are left below it.
pub(super) fn move_horizon<V: View>(
    view: &V,
    wanted: &MoveHorizon,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let MoveHorizon { region, before, upload_seconds } = wanted.clone();
    if before > context.now {
        return Err(Rejection::HorizonAhead.into());
    }
    let totals = view.totals().map_err(Refused::View)?;
    let horizon = u64::try_from(before.as_millisecond()).unwrap_or_default().max(totals.horizon);
    let is_moved = horizon > totals.horizon || u64::from(upload_seconds) * 1_000 != totals.upload_time;
    let below = Generation::first_at(horizon);
    let is_so_already = !is_moved && view.ended_below(below, 1).map_err(Refused::View)?.is_empty();
    let before = i64::try_from(horizon).ok().and_then(|horizon| Timestamp::from_millisecond(horizon).ok());
    let before = before.ok_or(Rejection::HorizonAhead)?;
    let fact = HorizonMoved { region, before, upload_seconds, term: None };
    Ok(changed(is_so_already, Fact::RegionHorizonMoved(fact)))
}
