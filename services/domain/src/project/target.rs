//! The changes of facts about targets, to which events are sent.

use events::ids::TargetName;
use events::secret::TargetResealed;
use events::target::{Advanced, Changed, Created, DeadDiscarded, Deleted, Progress, RedeliveryAsked};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{DeadLetterRow, TargetRow};
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;
type Found<T, V> = Result<T, ProjectError<<V as crate::Identities>::Error>>;

pub(super) fn created<V: View>(draft: &mut Draft<'_, V>, fact: &Created) {
    let settings = fact.settings.clone();
    let row = TargetRow {
        id: draft.event.sequence,
        created: draft.event.time,
        kind: settings.kind,
        address: settings.address,
        format: settings.format,
        filter: settings.filter,
        enabled: settings.enabled,
        secret: fact.secret.clone(),
        changed: draft.event.sequence,
        position: fact.after,
        error: None,
        dead: 0,
        asked: 0,
    };
    put(draft, &fact.target, row);
}

pub(super) fn changed<V: View>(draft: &mut Draft<'_, V>, fact: &Changed) -> Folded<V> {
    let mut row = row(draft, &fact.target)?;
    row.set(&fact.settings);
    if let Some(secret) = &fact.secret {
        row.secret = Some(secret.clone());
    }
    row.position = fact.after.unwrap_or(row.position);
    // Whatever was wrong with it is for the next attempt to say.
    row.error = None;
    row.changed = draft.event.sequence;
    put(draft, &fact.target, row);
    Ok(())
}

pub(super) fn deleted<V: View>(draft: &mut Draft<'_, V>, fact: &Deleted) -> Folded<V> {
    for (sequence, _) in draft.view.dead_letters(&fact.target, 0, usize::MAX).map_err(ProjectError::View)? {
        draft.changes.push(Change::DropDeadLetter { target: fact.target.clone(), sequence });
    }
    draft.changes.push(Change::DropTarget { name: fact.target.clone() });
    Ok(())
}

pub(super) fn redelivery_asked<V: View>(draft: &mut Draft<'_, V>, fact: &RedeliveryAsked) -> Folded<V> {
    let mut row = row(draft, &fact.target)?;
    for sequence in &fact.sequences {
        let letter = letter(draft, &fact.target, *sequence)?;
        row.asked += u32::from(!letter.asked);
        put_letter(draft, &fact.target, *sequence, DeadLetterRow { asked: true, ..letter });
    }
    put(draft, &fact.target, row);
    Ok(())
}

pub(super) fn dead_discarded<V: View>(draft: &mut Draft<'_, V>, fact: &DeadDiscarded) -> Folded<V> {
    let mut row = row(draft, &fact.target)?;
    for sequence in &fact.sequences {
        drop_letter(draft, &mut row, &fact.target, *sequence)?;
    }
    put(draft, &fact.target, row);
    Ok(())
}

pub(super) fn advanced<V: View>(draft: &mut Draft<'_, V>, fact: &Advanced) -> Folded<V> {
    fact.targets.iter().try_for_each(|progress| advance(draft, progress))
}

fn advance<V: View>(draft: &mut Draft<'_, V>, progress: &Progress) -> Folded<V> {
    let target = &progress.target;
    let mut row = row(draft, target)?;
    for sequence in &progress.redelivered {
        drop_letter(draft, &mut row, target, *sequence)?;
    }
    for dead in &progress.dead {
        let known = draft.view.dead_letter(target, dead.sequence).map_err(ProjectError::View)?;
        row.dead += u32::from(known.is_none());
        row.asked = row.asked.saturating_sub(u32::from(known.is_some_and(|letter| letter.asked)));
        let letter =
            DeadLetterRow { time: draft.event.time, error: dead.error.clone(), attempts: dead.attempts, asked: false };
        put_letter(draft, target, dead.sequence, letter);
    }
    row.position = progress.position;
    row.error.clone_from(&progress.error);
    put(draft, target, row);
    Ok(())
}

/// The key is the same, so nothing that is under way ends.
pub(super) fn resealed<V: View>(draft: &mut Draft<'_, V>, fact: &TargetResealed) -> Folded<V> {
    let row = row(draft, &fact.target)?;
    put(draft, &fact.target, TargetRow { secret: Some(fact.sealed.clone()), ..row });
    Ok(())
}

fn row<V: View>(draft: &Draft<'_, V>, target: &TargetName) -> Found<TargetRow, V> {
    let row = draft.view.target(target).map_err(ProjectError::View)?;
    row.ok_or_else(|| draft.contradiction("its target does not exist"))
}

fn letter<V: View>(draft: &Draft<'_, V>, target: &TargetName, sequence: u64) -> Found<DeadLetterRow, V> {
    let letter = draft.view.dead_letter(target, sequence).map_err(ProjectError::View)?;
    letter.ok_or_else(|| draft.contradiction("its dead letter does not exist"))
}

fn put<V: View>(draft: &mut Draft<'_, V>, name: &TargetName, row: TargetRow) {
    draft.changes.push(Change::PutTarget { name: name.clone(), row });
}

fn put_letter<V: View>(draft: &mut Draft<'_, V>, target: &TargetName, sequence: u64, row: DeadLetterRow) {
    draft.changes.push(Change::PutDeadLetter { target: target.clone(), sequence, row });
}

fn drop_letter<V: View>(
    draft: &mut Draft<'_, V>,
    row: &mut TargetRow,
    target: &TargetName,
    sequence: u64,
) -> Folded<V> {
    let letter = letter(draft, target, sequence)?;
    row.dead = row.dead.saturating_sub(1);
    row.asked = row.asked.saturating_sub(u32::from(letter.asked));
    draft.changes.push(Change::DropDeadLetter { target: target.clone(), sequence });
    Ok(())
}
