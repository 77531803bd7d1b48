//! The changes of facts about the policies of users and groups.

use events::identity::IdentityReplica;
use events::ids::PolicyName;
use events::policy::{Attached, BUILT_IN, Deleted, Detached, Holder, Stored};

use super::ProjectError;
use super::draft::Draft;
use super::identity::{group_row, mark_changed, set, user_row};
use super::shared::{self, Left};
use crate::change::IdentityChange;
use crate::row::{Named, PolicyRow, Written};
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

pub(super) fn stored<V: View>(draft: &mut Draft<'_, V>, fact: &Stored) -> Folded<V> {
    mark_changed(draft);
    let (name, elsewhere) = (Named::Policy(fact.policy.clone()), shared::written_elsewhere(fact.replica.as_deref()));
    let mut of = shared::live(draft, std::slice::from_ref(&name))?;
    if let Some((write, here)) = elsewhere
        && let Some(made) = write.of.first()
    {
        shared::make(draft, name, Some((made, here)))?;
    } else if of.is_empty() {
        of.push(shared::make(draft, name, None)?);
    }
    shared::write(draft, Written::Document(fact.policy.clone()), elsewhere, of)?;
    let row = draft.view.policy(&fact.policy).map_err(ProjectError::View)?;
    let holders = row.map(|row| row.holders).unwrap_or_default();
    let row = PolicyRow { stored: draft.event.time, document: fact.document.clone(), holders };
    draft.change_identity(IdentityChange::PutPolicy { name: fact.policy.clone(), row });
    Ok(())
}

/// Another region may have attached a policy while this one deleted it.
pub(super) fn deleted<V: View>(draft: &mut Draft<'_, V>, fact: &Deleted) -> Folded<V> {
    mark_changed(draft);
    let policy = &fact.policy;
    let left = shared::end(draft, Named::Policy(policy.clone()), fact.replica.as_deref())?;
    let mut row = match draft.view.policy(policy).map_err(ProjectError::View)? {
        None if fact.replica.is_some() => return Ok(()),
        found => found.ok_or_else(|| draft.contradiction("its policy does not exist"))?,
    };
    for holder in row.holders.clone() {
        let written = Written::Attachment(holder.clone(), policy.clone());
        if shared::goes(draft, &written, 1, &left)? {
            hold(draft, policy, &holder, false)?;
            row.holders.remove(&holder);
        }
    }
    shared::forget_with(draft, &Named::Policy(policy.clone()), &left)?;
    if matches!(left, Left::Later { .. }) {
        draft.change_identity(IdentityChange::PutPolicy { name: policy.clone(), row });
        return Ok(());
    }
    shared::forget(draft, Written::Document(policy.clone()));
    draft.change_identity(IdentityChange::DropPolicy { name: policy.clone() });
    Ok(())
}

pub(super) fn attached<V: View>(draft: &mut Draft<'_, V>, fact: &Attached) -> Folded<V> {
    attachment(draft, (&fact.policy, &fact.holder), true, fact.replica.as_deref())
}

pub(super) fn detached<V: View>(draft: &mut Draft<'_, V>, fact: &Detached) -> Folded<V> {
    attachment(draft, (&fact.policy, &fact.holder), false, fact.replica.as_deref())
}

fn attachment<V: View>(
    draft: &mut Draft<'_, V>,
    (policy, holder): (&PolicyName, &Holder),
    holds: bool,
    replica: Option<&IdentityReplica>,
) -> Folded<V> {
    mark_changed(draft);
    let of = shared::live(draft, &[holder.clone().into(), Named::Policy(policy.clone())])?;
    let written = Written::Attachment(holder.clone(), policy.clone());
    let elsewhere = shared::written_elsewhere(replica);
    if holds {
        shared::write(draft, written, elsewhere, of)?;
    } else {
        shared::unwrite(draft, written, elsewhere, of)?;
    }
    hold(draft, policy, holder, holds)?;
    change_holders(draft, policy, holder, holds)
}

/// Changes the row of the holder.
fn hold<V: View>(draft: &mut Draft<'_, V>, policy: &PolicyName, holder: &Holder, holds: bool) -> Folded<V> {
    match holder {
        Holder::User(name) => {
            let mut row = user_row(draft, name)?;
            set(&mut row.policies, policy, holds);
            draft.change_identity(IdentityChange::PutUser { name: name.clone(), row });
        }
        Holder::Group(name) => {
            let mut row = group_row(draft, name)?;
            set(&mut row.policies, policy, holds);
            draft.change_identity(IdentityChange::PutGroup { name: name.clone(), row });
        }
    }
    Ok(())
}

/// Built-in policies have no row that could list their holders.
pub(super) fn change_holders<V: View>(
    draft: &mut Draft<'_, V>,
    policy: &PolicyName,
    holder: &Holder,
    holds: bool,
) -> Folded<V> {
    if BUILT_IN.contains(&policy.as_str()) {
        return Ok(());
    }
    let row = draft.view.policy(policy).map_err(ProjectError::View)?;
    let mut row = row.ok_or_else(|| draft.contradiction("its policy does not exist"))?;
    set(&mut row.holders, holder, holds);
    draft.change_identity(IdentityChange::PutPolicy { name: policy.clone(), row });
    Ok(())
}
