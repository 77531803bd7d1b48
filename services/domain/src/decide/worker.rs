use events::Fact;
use events::worker::Changed;

use super::{Decision, Refused, changed};
use crate::command::ChangeWorker;
use crate::view::View;

pub(super) fn change<V: View>(view: &V, change: &ChangeWorker) -> Result<Decision, Refused<V::Error>> {
    let ChangeWorker { region, worker, paused, rate } = change.clone();
    let before = view.worker(&worker).map_err(Refused::View)?;
    let (paused, rate) = (paused.unwrap_or(before.paused), rate.unwrap_or(before.rate));
    let is_so_already = (paused, rate) == (before.paused, before.rate);
    Ok(changed(is_so_already, Fact::RegionWorkerChanged(Changed { region, worker, paused, rate })))
}
