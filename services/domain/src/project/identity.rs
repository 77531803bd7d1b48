//! The changes of facts about users, keys, groups, policies and sessions.

use std::collections::BTreeSet;

use events::ids::{GroupName, PolicyName, SessionId, UserName};
use events::policy::{BUILT_IN, Holder};
use events::{group, key, kms_key, policy, session, user};

use super::ProjectError;
use super::draft::Draft;
use crate::change::IdentityChange;
use crate::command::identity::SESSIONS_PER_USER_MAX;
use crate::row::{GroupRow, KeyRow, KmsKeyRow, PolicyRow, SessionRow, UserRow, email_key};
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

fn user_row<V: View>(draft: &Draft<'_, V>, name: &UserName) -> Result<UserRow, ProjectError<V::Error>> {
    let row = draft.view.user(name).map_err(ProjectError::View)?;
    row.ok_or_else(|| draft.contradiction("its user does not exist"))
}

fn group_row<V: View>(draft: &Draft<'_, V>, name: &GroupName) -> Result<GroupRow, ProjectError<V::Error>> {
    let row = draft.view.group(name).map_err(ProjectError::View)?;
    row.ok_or_else(|| draft.contradiction("its group does not exist"))
}

/// Records that values derived from users, keys, groups or policies are out of date.
fn mark_changed<V: View>(draft: &mut Draft<'_, V>) {
    let sequence = draft.event.sequence;
    draft.change_identity(IdentityChange::PutIdentitiesChanged { sequence });
}

pub(super) fn kms_key_created<V: View>(draft: &mut Draft<'_, V>, fact: &kms_key::Created) {
    let row = KmsKeyRow { created: draft.event.time, sealed: fact.sealed.clone(), enabled: true };
    draft.change_identity(IdentityChange::PutKmsKey { name: fact.kms_key.clone(), row });
}

pub(super) fn kms_key_changed<V: View>(draft: &mut Draft<'_, V>, fact: &kms_key::Changed) -> Folded<V> {
    let row = draft.view.kms_key(&fact.kms_key).map_err(ProjectError::View)?;
    let mut row = row.ok_or_else(|| draft.contradiction("its KMS key does not exist"))?;
    row.enabled = fact.enabled;
    draft.change_identity(IdentityChange::PutKmsKey { name: fact.kms_key.clone(), row });
    Ok(())
}

pub(super) fn user_created<V: View>(draft: &mut Draft<'_, V>, fact: &user::Created) {
    mark_changed(draft);
    let row = UserRow {
        id: fact.id.clone(),
        created: draft.event.time,
        role: fact.role,
        display_name: fact.display_name.clone(),
        email: fact.email.clone(),
        enabled: true,
        password: fact.password.clone(),
        limits: fact.limits,
        groups: BTreeSet::new(),
        policies: BTreeSet::new(),
    };
    let name = &fact.user;
    draft.change_identity(IdentityChange::PutUser { name: name.clone(), row });
    draft.change_identity(IdentityChange::PutUserId { id: fact.id.clone(), name: name.clone() });
    if let Some(email) = &fact.email {
        draft.change_identity(IdentityChange::PutEmail { email: email_key(email), name: name.clone() });
    }
}

pub(super) fn user_changed<V: View>(draft: &mut Draft<'_, V>, fact: &user::Changed) -> Folded<V> {
    mark_changed(draft);
    let row = user_row(draft, &fact.user)?;
    if row.email != fact.email {
        if let Some(email) = &row.email {
            drop_email(draft, email, &fact.user)?;
        }
        if let Some(email) = &fact.email {
            draft.change_identity(IdentityChange::PutEmail { email: email_key(email), name: fact.user.clone() });
        }
    }
    if !fact.enabled {
        end_sessions(draft, &fact.user)?;
    }
    let row = UserRow {
        role: fact.role,
        display_name: fact.display_name.clone(),
        email: fact.email.clone(),
        enabled: fact.enabled,
        limits: fact.limits,
        ..row
    };
    draft.change_identity(IdentityChange::PutUser { name: fact.user.clone(), row });
    Ok(())
}

/// Frees a user's address. Addresses used to differ by case, so two users may have what is now the same address. Then
/// it stays with the user who got it last.
fn drop_email<V: View>(draft: &mut Draft<'_, V>, email: &str, user: &UserName) -> Folded<V> {
    let email = email_key(email);
    let holder = draft.view.user_by_email(&email).map_err(ProjectError::View)?;
    if holder.as_ref() == Some(user) {
        draft.change_identity(IdentityChange::DropEmail { email });
    }
    Ok(())
}

pub(super) fn password_changed<V: View>(draft: &mut Draft<'_, V>, fact: &user::PasswordChanged) -> Folded<V> {
    mark_changed(draft);
    let row = UserRow { password: fact.password.clone(), ..user_row(draft, &fact.user)? };
    draft.change_identity(IdentityChange::PutUser { name: fact.user.clone(), row });
    end_sessions(draft, &fact.user)
}

pub(super) fn user_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &user::Deleted) -> Folded<V> {
    mark_changed(draft);
    let user = &fact.user;
    let row = user_row(draft, user)?;
    for id in draft.view.keys_of(user, None, usize::MAX).map_err(ProjectError::View)? {
        draft.change_identity(IdentityChange::DropKey { id, user: user.clone() });
    }
    end_sessions(draft, user)?;
    for name in &row.groups {
        let mut group = group_row(draft, name)?;
        group.members.remove(user);
        draft.change_identity(IdentityChange::PutGroup { name: name.clone(), row: group });
    }
    let holder = Holder::User(user.clone());
    for policy in &row.policies {
        change_holders(draft, policy, &holder, false)?;
    }
    if let Some(email) = &row.email {
        drop_email(draft, email, user)?;
    }
    draft.change_identity(IdentityChange::DropUserId { id: row.id });
    draft.change_identity(IdentityChange::DropUser { name: user.clone() });
    Ok(())
}

pub(super) fn key_created<V: View>(draft: &mut Draft<'_, V>, fact: &key::Created) {
    mark_changed(draft);
    let row = KeyRow {
        user: fact.user.clone(),
        created: draft.event.time,
        secret: fact.secret.clone(),
        enabled: true,
        expires: fact.expires,
        held_by_admin: false,
    };
    draft.change_identity(IdentityChange::PutKey { id: fact.access_key.clone(), row });
}

pub(super) fn key_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &key::Deleted) {
    mark_changed(draft);
    draft.change_identity(IdentityChange::DropKey { id: fact.access_key.clone(), user: fact.user.clone() });
}

pub(super) fn key_changed<V: View>(draft: &mut Draft<'_, V>, fact: &key::Changed) -> Folded<V> {
    mark_changed(draft);
    let row = draft.view.key(&fact.access_key).map_err(ProjectError::View)?;
    let row = row.ok_or_else(|| draft.contradiction("its key does not exist"))?;
    let held_by_admin = !fact.enabled && (fact.by_admin || row.held_by_admin);
    let row = KeyRow { enabled: fact.enabled, expires: fact.expires, held_by_admin, ..row };
    draft.change_identity(IdentityChange::PutKey { id: fact.access_key.clone(), row });
    Ok(())
}

pub(super) fn group_created<V: View>(draft: &mut Draft<'_, V>, fact: &group::Created) {
    mark_changed(draft);
    let row = GroupRow { created: draft.event.time, members: BTreeSet::new(), policies: BTreeSet::new() };
    draft.change_identity(IdentityChange::PutGroup { name: fact.group.clone(), row });
}

pub(super) fn group_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &group::Deleted) -> Folded<V> {
    mark_changed(draft);
    let group = &fact.group;
    let row = group_row(draft, group)?;
    for name in &row.members {
        let mut member = user_row(draft, name)?;
        member.groups.remove(group);
        draft.change_identity(IdentityChange::PutUser { name: name.clone(), row: member });
    }
    let holder = Holder::Group(group.clone());
    for policy in &row.policies {
        change_holders(draft, policy, &holder, false)?;
    }
    draft.change_identity(IdentityChange::DropGroup { name: group.clone() });
    Ok(())
}

pub(super) fn member_added<V: View>(draft: &mut Draft<'_, V>, fact: &group::MemberAdded) -> Folded<V> {
    member(draft, &fact.group, &fact.user, true)
}

pub(super) fn member_removed<V: View>(draft: &mut Draft<'_, V>, fact: &group::MemberRemoved) -> Folded<V> {
    member(draft, &fact.group, &fact.user, false)
}

fn member<V: View>(draft: &mut Draft<'_, V>, group: &GroupName, user: &UserName, joins: bool) -> Folded<V> {
    mark_changed(draft);
    let (mut group_row, mut user_row) = (group_row(draft, group)?, user_row(draft, user)?);
    set(&mut group_row.members, user, joins);
    set(&mut user_row.groups, group, joins);
    draft.change_identity(IdentityChange::PutGroup { name: group.clone(), row: group_row });
    draft.change_identity(IdentityChange::PutUser { name: user.clone(), row: user_row });
    Ok(())
}

fn set<T: Ord + Clone>(members: &mut BTreeSet<T>, member: &T, is_in: bool) {
    if is_in {
        members.insert(member.clone());
    } else {
        members.remove(member);
    }
}

pub(super) fn policy_stored<V: View>(draft: &mut Draft<'_, V>, fact: &policy::Stored) -> Folded<V> {
    mark_changed(draft);
    let row = draft.view.policy(&fact.policy).map_err(ProjectError::View)?;
    let holders = row.map(|row| row.holders).unwrap_or_default();
    let row = PolicyRow { stored: draft.event.time, document: fact.document.clone(), holders };
    draft.change_identity(IdentityChange::PutPolicy { name: fact.policy.clone(), row });
    Ok(())
}

pub(super) fn policy_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &policy::Deleted) {
    mark_changed(draft);
    draft.change_identity(IdentityChange::DropPolicy { name: fact.policy.clone() });
}

pub(super) fn policy_attached<V: View>(draft: &mut Draft<'_, V>, fact: &policy::Attached) -> Folded<V> {
    attachment(draft, &fact.policy, &fact.holder, true)
}

pub(super) fn policy_detached<V: View>(draft: &mut Draft<'_, V>, fact: &policy::Detached) -> Folded<V> {
    attachment(draft, &fact.policy, &fact.holder, false)
}

fn attachment<V: View>(draft: &mut Draft<'_, V>, policy: &PolicyName, holder: &Holder, holds: bool) -> Folded<V> {
    mark_changed(draft);
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
    change_holders(draft, policy, holder, holds)
}

/// Built-in policies have no row that could list their holders.
fn change_holders<V: View>(draft: &mut Draft<'_, V>, policy: &PolicyName, holder: &Holder, holds: bool) -> Folded<V> {
    if BUILT_IN.contains(&policy.as_str()) {
        return Ok(());
    }
    let row = draft.view.policy(policy).map_err(ProjectError::View)?;
    let mut row = row.ok_or_else(|| draft.contradiction("its policy does not exist"))?;
    set(&mut row.holders, holder, holds);
    draft.change_identity(IdentityChange::PutPolicy { name: policy.clone(), row });
    Ok(())
}

/// Opens a session, and ends the user's expired ones, or the oldest if there are too many.
pub(super) fn session_opened<V: View>(draft: &mut Draft<'_, V>, fact: &session::Opened) -> Folded<V> {
    let mut open = draft.view.sessions_of(&fact.user).map_err(ProjectError::View)?;
    open.sort_by_key(|(id, row)| (row.opened, *id));
    let (mut over, mut left): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, row)| row.expires <= draft.event.time);
    let surplus = (left.len() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
    over.extend(left.drain(..surplus));
    for (id, _) in over {
        draft.change_identity(IdentityChange::DropSession { id, user: fact.user.clone() });
    }
    let row =
        SessionRow { user: fact.user.clone(), opened: draft.event.time, refresh: fact.refresh, expires: fact.expires };
    draft.change_identity(IdentityChange::PutSession { id: fact.session, row });
    Ok(())
}

pub(super) fn session_refreshed<V: View>(draft: &mut Draft<'_, V>, fact: &session::Refreshed) -> Folded<V> {
    let row = draft.view.session(fact.session).map_err(ProjectError::View)?;
    let row = row.ok_or_else(|| draft.contradiction("its session does not exist"))?;
    let row = SessionRow { refresh: fact.refresh, expires: fact.expires, ..row };
    draft.change_identity(IdentityChange::PutSession { id: fact.session, row });
    Ok(())
}

pub(super) fn session_revoked<V: View>(draft: &mut Draft<'_, V>, fact: &session::Revoked) -> Folded<V> {
    let Some(id) = fact.session else { return end_sessions(draft, &fact.user) };
    end_session(draft, &fact.user, id);
    Ok(())
}

fn end_sessions<V: View>(draft: &mut Draft<'_, V>, user: &UserName) -> Folded<V> {
    for (id, _) in draft.view.sessions_of(user).map_err(ProjectError::View)? {
        end_session(draft, user, id);
    }
    Ok(())
}

fn end_session<V: View>(draft: &mut Draft<'_, V>, user: &UserName, id: SessionId) {
    draft.change_identity(IdentityChange::DropSession { id, user: user.clone() });
}
