use events::Fact;
use events::region::KeyChanged;

use super::{Decision, Refused, changed};
use crate::command::{ChangeKey, Rejection};
use crate::proof::KEY_NUMBER_MAX;
use crate::view::View;

/// A key is followed by the next one: all before it can be made of it, so that the past stays provable.
pub(super) fn change_key<V: View>(view: &V, change: &ChangeKey) -> Result<Decision, Refused<V::Error>> {
    let ChangeKey { region, author, number } = change;
    let now = view.totals().map_err(Refused::View)?.keys.of(*author);
    if *number > now + 1 || *number > KEY_NUMBER_MAX {
        return Err(Rejection::KeyNotNext(now).into());
    }
    let fact = KeyChanged { region: region.clone(), author: *author, number: *number };
    Ok(changed(*number <= now, Fact::RegionKeyChanged(fact)))
}
