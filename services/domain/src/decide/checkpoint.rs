use events::Fact;
use events::checkpoint::{CHECKPOINT_ENTRIES_MAX, Checkpointed, KeyChanged, NOTARY_KEYS_MAX};

use super::{Decision, Refused, changed};
use crate::command::{Outcome, Rejection};
use crate::view::View;

/// A checkpoint continues the one before it, by the key in use. Signatures are for readers to check: whether one is good
/// changes nothing here, and this crate knows no cipher.
pub(super) fn checkpoint<V: View>(view: &V, wanted: &Checkpointed) -> Result<Decision, Refused<V::Error>> {
    let notary = view.notary().map_err(Refused::View)?;
    let Checkpointed { first, last, count, .. } = *wanted;
    let covered = last.checked_sub(first).map(|rest| rest + 1);
    let is_next = first == notary.last + 1 && wanted.previous == notary.hash;
    if !is_next || covered != Some(count) || count > CHECKPOINT_ENTRIES_MAX {
        return Err(Rejection::CheckpointNotNext { last: notary.last }.into());
    }
    if notary.key != Some(wanted.key) {
        return Err(Rejection::OtherNotaryKey.into());
    }
    let fact = Checkpointed { term: None, ..wanted.clone() };
    Ok(Decision::write(Fact::RegionCheckpointed(fact), Outcome::Done))
}

/// A key follows the one in use.
pub(super) fn change_key<V: View>(view: &V, wanted: &KeyChanged) -> Result<Decision, Refused<V::Error>> {
    let notary = view.notary().map_err(Refused::View)?;
    let is_so_already = notary.key == Some(wanted.key);
    if !is_so_already && notary.key != wanted.former {
        return Err(Rejection::OtherNotaryKey.into());
    }
    if notary.key_changes.len() >= NOTARY_KEYS_MAX {
        return Err(Rejection::TooManyNotaryKeys.into());
    }
    let fact = KeyChanged { term: None, ..wanted.clone() };
    Ok(changed(is_so_already, Fact::RegionNotaryKeyChanged(fact)))
}
