//! When users, keys, groups and policies were written, and where, so that regions agree on them (ADR 57). It is kept in all
//! regions, because a link may be added later.

use events::identity::{IdentityReplica, Stamp, Write};
use events::ids::RegionName;
use jiff::{SignedDuration, Timestamp};

use super::ProjectError;
use super::draft::Draft;
use crate::change::IdentityChange;
use crate::row::{MadeRow, Named, StampRow, WriteRow, Written};
use crate::view::View;

type Result<T, V> = std::result::Result<T, ProjectError<<V as crate::Identities>::Error>>;

/// What is left of a user, a group or a policy after a deletion.
pub(super) enum Left {
    /// Nothing.
    Nothing,
    /// What belongs to those that another region made later, and did not know of the deletion.
    Later {
        /// Those that were made up to this stamp are gone.
        up_to: Stamp,
        here: RegionName,
    },
}

impl Left {
    /// Whether something goes that belongs to what was made at a moment.
    pub(super) fn takes(&self, made: Option<&StampRow>) -> bool {
        match self {
            Self::Nothing => true,
            Self::Later { up_to, here } => made.is_some_and(|made| made.known(here) <= *up_to),
        }
    }
}

/// The time of an event, but later than everything before, whatever the clock says.
fn after<V: View>(draft: &Draft<'_, V>, before: Option<&StampRow>) -> Timestamp {
    let at = draft.event.time.as_microsecond();
    let next = before.and_then(|row| row.at.checked_add(SignedDuration::from_micros(1)).ok());
    let at = Timestamp::from_microsecond(at).unwrap_or(draft.event.time);
    next.map_or(at, |next| next.max(at))
}

pub(super) fn live<V: View>(draft: &Draft<'_, V>, names: &[Named]) -> Result<Vec<StampRow>, V> {
    let mut stamps = Vec::with_capacity(names.len());
    for name in names {
        stamps.extend(draft.view.made(name).map_err(ProjectError::View)?.live);
    }
    Ok(stamps)
}

/// Something was made.
pub(super) fn make<V: View>(
    draft: &mut Draft<'_, V>,
    name: Named,
    elsewhere: Option<(&Stamp, &RegionName)>,
) -> Result<StampRow, V> {
    let dead = draft.view.made(&name).map_err(ProjectError::View)?.dead;
    let stamp = match elsewhere {
        Some((made, here)) => StampRow::kept(made, here),
        None => StampRow { at: after(draft, dead.as_ref()), region: None },
    };
    let row = MadeRow { live: Some(stamp.clone()), dead };
    draft.change_identity(IdentityChange::PutMade { name, row });
    Ok(stamp)
}

/// Something was deleted. That is remembered where other regions may still have it.
pub(super) fn end<V: View>(
    draft: &mut Draft<'_, V>,
    name: Named,
    replica: Option<&IdentityReplica>,
) -> Result<Left, V> {
    let before = draft.view.made(&name).map_err(ProjectError::View)?;
    if let Some((made, here)) = made_elsewhere(replica) {
        let later = before.live.filter(|live| live.known(here) > *made);
        let left = match &later {
            Some(_) => Left::Later { up_to: made.clone(), here: here.clone() },
            None => Left::Nothing,
        };
        let row = MadeRow { live: later, dead: Some(StampRow::kept(made, here)) };
        draft.change_identity(IdentityChange::PutMade { name, row });
        return Ok(left);
    }
    if is_remembered(draft)? {
        let row = MadeRow { live: None, dead: before.live.or(before.dead) };
        draft.change_identity(IdentityChange::PutMade { name, row });
    } else {
        draft.change_identity(IdentityChange::DropMade { name });
    }
    Ok(Left::Nothing)
}

pub(super) fn made_elsewhere(replica: Option<&IdentityReplica>) -> Option<(&Stamp, &RegionName)> {
    let replica = replica?;
    Some((replica.made.as_ref()?, &replica.taken_in))
}

pub(super) fn written_elsewhere(replica: Option<&IdentityReplica>) -> Option<(&Write, &RegionName)> {
    let replica = replica?;
    Some((replica.write.as_ref()?, &replica.taken_in))
}

/// From this event on deletions are remembered: other regions may have what is deleted, or get it.
pub(super) fn remember_deletions<V: View>(draft: &mut Draft<'_, V>) -> Result<(), V> {
    if !is_remembered(draft)? {
        draft.totals()?.shares_identities = true;
    }
    Ok(())
}

/// Whether other regions may have something that is deleted here. Which of them has what does not show here: a region that
/// only receives also deletes what the other one made under the same name, and a link that was removed may come again.
fn is_remembered<V: View>(draft: &Draft<'_, V>) -> Result<bool, V> {
    Ok(draft.view.totals().map_err(ProjectError::View)?.shares_identities)
}

/// Something was written that belongs to what was made at these moments.
pub(super) fn write<V: View>(
    draft: &mut Draft<'_, V>,
    name: Written,
    elsewhere: Option<(&Write, &RegionName)>,
    of: Vec<StampRow>,
) -> Result<(), V> {
    let row = match elsewhere {
        Some((write, here)) => WriteRow::kept(write, here),
        None => here(draft, &name, of)?,
    };
    draft.change_identity(IdentityChange::PutWrite { name, row });
    Ok(())
}

fn here<V: View>(draft: &Draft<'_, V>, name: &Written, of: Vec<StampRow>) -> Result<WriteRow, V> {
    let before = draft.view.written(name).map_err(ProjectError::View)?;
    // What something was made with was written when it was made.
    let made = of.iter().max_by_key(|stamp| stamp.at);
    let latest = before.map(|row| row.stamp).into_iter().chain(made.cloned()).max_by_key(|stamp| stamp.at);
    Ok(WriteRow { of, stamp: StampRow { at: after(draft, latest.as_ref()), region: None } })
}

/// Something was removed. That is remembered as well.
pub(super) fn unwrite<V: View>(
    draft: &mut Draft<'_, V>,
    name: Written,
    elsewhere: Option<(&Write, &RegionName)>,
    of: Vec<StampRow>,
) -> Result<(), V> {
    if elsewhere.is_some() || is_remembered(draft)? {
        return write(draft, name, elsewhere, of);
    }
    draft.change_identity(IdentityChange::DropWrite { name });
    Ok(())
}

/// What belongs to something goes with it.
pub(super) fn forget<V: View>(draft: &mut Draft<'_, V>, name: Written) {
    draft.change_identity(IdentityChange::DropWrite { name });
}

/// The same of what has the one that is deleted as its second owner, and of who was removed from it before.
pub(super) fn forget_with<V: View>(draft: &mut Draft<'_, V>, second: &Named, left: &Left) -> Result<(), V> {
    for name in draft.view.written_with(second).map_err(ProjectError::View)? {
        if goes(draft, &name, 1, left)? {
            forget(draft, name);
        }
    }
    Ok(())
}

/// Whether something that is written goes, of which the one that is deleted is the first owner or the second.
pub(super) fn goes<V: View>(draft: &Draft<'_, V>, name: &Written, place: usize, left: &Left) -> Result<bool, V> {
    let row = draft.view.written(name).map_err(ProjectError::View)?;
    Ok(left.takes(row.as_ref().and_then(|row| row.of.get(place))))
}
