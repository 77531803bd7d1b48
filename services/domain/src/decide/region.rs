use events::Fact;
use events::region::{KeyChanged, MasterKeyChanged};

use super::{Decision, Refused, changed};
use crate::command::{ChangeKey, ChangeMasterKey, Rejection};
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
    let ChangeMasterKey { region, number, key, gateway, lifecycle } = change.clone();
    let is_so_already = keys.master.is_some_and(|master| (master.number, master.key) == (number, key));
    if !is_so_already && (number != now + 1 || number > MASTER_KEY_NUMBER_MAX) {
        return Err(Rejection::MasterKeyNotNext(now).into());
    }
    let fact = MasterKeyChanged { region, number, key, gateway, lifecycle };
    Ok(changed(is_so_already, Fact::RegionMasterKeyChanged(fact)))
}
