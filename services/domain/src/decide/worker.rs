use events::Fact;
use events::worker::{Asked, Changed};

use super::{Decision, Refused, changed};
use crate::command::{AskWorker, ChangeWorker, Outcome};
use crate::view::View;

pub(super) fn change<V: View>(view: &V, change: &ChangeWorker) -> Result<Decision, Refused<V::Error>> {
    let ChangeWorker { region, worker, paused, rate } = change.clone();
    let before = view.worker(&worker).map_err(Refused::View)?;
    let (paused, rate) = (paused.unwrap_or(before.paused), rate.unwrap_or(before.rate));
    let is_so_already = (paused, rate) == (before.paused, before.rate);
    Ok(changed(is_so_already, Fact::RegionWorkerChanged(Changed { region, worker, paused, rate })))
}

/// A worker that is asked twice looks twice.
pub(super) fn ask(ask: &AskWorker) -> Decision {
    let AskWorker { region, worker } = ask.clone();
    Decision::write(Fact::RegionWorkerAsked(Asked { region, worker }), Outcome::Done)
}
