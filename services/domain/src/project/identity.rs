//! The changes of facts about users, keys, groups, policies and sessions.

use std::collections::BTreeSet;

use events::identity::{IdentityReplica, Write};
use events::ids::{AccessKeyId, GroupName, SessionId, UserName};
use events::policy::Holder;
use events::{group, key, kms_key, session, user};

use super::ProjectError;
use super::draft::Draft;
use super::policy::change_holders;
use super::shared::{self, Left};
use crate::change::IdentityChange;
use crate::command::identity::SESSIONS_PER_USER_MAX;
use crate::row::{GroupRow, KeyRow, KmsKeyRow, Named, SessionRow, UserRow, WriteRow, Written, email_key};
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

pub(super) fn user_row<V: View>(draft: &Draft<'_, V>, name: &UserName) -> Result<UserRow, ProjectError<V::Error>> {
    let row = draft.view.user(name).map_err(ProjectError::View)?;
    row.ok_or_else(|| draft.contradiction("its user does not exist"))
}

pub(super) fn group_row<V: View>(draft: &Draft<'_, V>, name: &GroupName) -> Result<GroupRow, ProjectError<V::Error>> {
    let row = draft.view.group(name).map_err(ProjectError::View)?;
    row.ok_or_else(|| draft.contradiction("its group does not exist"))
}

/// Records that values derived from users, keys, groups or policies are out of date.
pub(super) fn mark_changed<V: View>(draft: &mut Draft<'_, V>) {
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

pub(super) fn user_created<V: View>(draft: &mut Draft<'_, V>, fact: &user::Created) -> Folded<V> {
    mark_changed(draft);
    let (name, replica) = (&fact.user, fact.replica.as_deref());
    let made = shared::make(draft, Named::User(name.clone()), shared::made_elsewhere(replica))?;
    // Users of one name that regions made independently are one.
    if replica.is_some() && draft.view.user(name).map_err(ProjectError::View)?.is_some() {
        return Ok(());
    }
    let first = WriteRow { of: vec![made.clone()], stamp: made };
    let here = replica.map(|replica| &replica.taken_in);
    let row_of = |write: Option<&Write>| {
        write.zip(here).map_or_else(|| first.clone(), |(write, here)| WriteRow::kept(write, here))
    };
    let properties = row_of(replica.and_then(|replica| replica.write.as_ref()));
    let password = row_of(replica.and_then(|replica| replica.password_write.as_ref()));
    draft.change_identity(IdentityChange::PutWrite { name: Written::Properties(name.clone()), row: properties });
    draft.change_identity(IdentityChange::PutWrite { name: Written::Password(name.clone()), row: password });
    let row = UserRow {
        id: fact.id.clone(),
        created: draft.event.time,
        role: fact.role,
        display_name: fact.display_name.clone(),
        email: fact.email.clone(),
        enabled: !fact.disabled,
        password: fact.password.clone(),
        limits: fact.limits,
        groups: BTreeSet::new(),
        policies: BTreeSet::new(),
    };
    draft.change_identity(IdentityChange::PutUser { name: name.clone(), row });
    draft.change_identity(IdentityChange::PutUserId { id: fact.id.clone(), name: name.clone() });
    if let Some(email) = &fact.email {
        draft.change_identity(IdentityChange::PutEmail { email: email_key(email), name: name.clone() });
    }
    Ok(())
}

pub(super) fn user_changed<V: View>(draft: &mut Draft<'_, V>, fact: &user::Changed) -> Folded<V> {
    mark_changed(draft);
    let of = shared::live(draft, &[Named::User(fact.user.clone())])?;
    let elsewhere = shared::written_elsewhere(fact.replica.as_deref());
    shared::write(draft, Written::Properties(fact.user.clone()), elsewhere, of)?;
    let row = user_row(draft, &fact.user)?;
    if row.email != fact.email {
        if let Some(email) = &row.email {
            drop_email(draft, email, &fact.user);
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

/// Frees a user's address. Addresses used to differ by case, so two users may have what is now the same address; and regions
/// may give one to two users. Then the others keep it.
fn drop_email<V: View>(draft: &mut Draft<'_, V>, email: &str, user: &UserName) {
    draft.change_identity(IdentityChange::DropEmail { email: email_key(email), name: user.clone() });
}

pub(super) fn password_changed<V: View>(draft: &mut Draft<'_, V>, fact: &user::PasswordChanged) -> Folded<V> {
    mark_changed(draft);
    let of = shared::live(draft, &[Named::User(fact.user.clone())])?;
    let elsewhere = shared::written_elsewhere(fact.replica.as_deref());
    shared::write(draft, Written::Password(fact.user.clone()), elsewhere, of)?;
    let row = UserRow { password: fact.password.clone(), ..user_row(draft, &fact.user)? };
    draft.change_identity(IdentityChange::PutUser { name: fact.user.clone(), row });
    end_sessions(draft, &fact.user)
}

pub(super) fn user_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &user::Deleted) -> Folded<V> {
    mark_changed(draft);
    let user = &fact.user;
    let left = shared::end(draft, Named::User(user.clone()), fact.replica.as_deref())?;
    let mut row = match draft.view.user(user).map_err(ProjectError::View)? {
        None if fact.replica.is_some() => return Ok(()),
        found => found.ok_or_else(|| draft.contradiction("its user does not exist"))?,
    };
    for id in draft.view.keys_of(user, None, usize::MAX).map_err(ProjectError::View)? {
        if shared::goes(draft, &Written::Key(user.clone(), id.clone()), 0, &left)? {
            draft.change_identity(IdentityChange::DropKey { id, user: user.clone() });
        }
    }
    for name in row.groups.clone() {
        if shared::goes(draft, &Written::Member(user.clone(), name.clone()), 0, &left)? {
            let mut group = group_row(draft, &name)?;
            group.members.remove(user);
            row.groups.remove(&name);
            draft.change_identity(IdentityChange::PutGroup { name, row: group });
        }
    }
    let holder = Holder::User(user.clone());
    for policy in row.policies.clone() {
        if shared::goes(draft, &Written::Attachment(holder.clone(), policy.clone()), 0, &left)? {
            change_holders(draft, &policy, &holder, false)?;
            row.policies.remove(&policy);
        }
    }
    for name in draft.view.written_of(&Named::User(user.clone())).map_err(ProjectError::View)? {
        // A user that is left has both.
        let is_of_what_is_left =
            matches!((&left, &name), (Left::Later { .. }, Written::Properties(_) | Written::Password(_)));
        if !is_of_what_is_left && shared::goes(draft, &name, 0, &left)? {
            shared::forget(draft, name);
        }
    }
    if matches!(left, Left::Later { .. }) {
        draft.change_identity(IdentityChange::PutUser { name: user.clone(), row });
        return Ok(());
    }
    end_sessions(draft, user)?;
    if let Some(email) = &row.email {
        drop_email(draft, email, user);
    }
    draft.change_identity(IdentityChange::DropUserId { id: row.id });
    draft.change_identity(IdentityChange::DropUser { name: user.clone() });
    Ok(())
}

pub(super) fn key_created<V: View>(draft: &mut Draft<'_, V>, fact: &key::Created) -> Folded<V> {
    mark_changed(draft);
    write_key(draft, (&fact.user, &fact.access_key), fact.replica.as_deref())?;
    // Another region may have made one of this id as well, or made it anew: this is then its secret.
    let before = draft.view.key(&fact.access_key).map_err(ProjectError::View)?;
    let row = KeyRow {
        user: fact.user.clone(),
        created: before.map_or(draft.event.time, |row| row.created),
        secret: fact.secret.clone(),
        enabled: !fact.disabled,
        expires: fact.expires,
        held_by_admin: fact.held_by_admin,
    };
    draft.change_identity(IdentityChange::PutKey { id: fact.access_key.clone(), row });
    Ok(())
}

fn write_key<V: View>(
    draft: &mut Draft<'_, V>,
    (user, key): (&UserName, &AccessKeyId),
    replica: Option<&IdentityReplica>,
) -> Folded<V> {
    let of = shared::live(draft, &[Named::User(user.clone())])?;
    shared::write(draft, Written::Key(user.clone(), key.clone()), shared::written_elsewhere(replica), of)
}

pub(super) fn key_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &key::Deleted) -> Folded<V> {
    mark_changed(draft);
    let (user, id) = (&fact.user, &fact.access_key);
    let of = shared::live(draft, &[Named::User(user.clone())])?;
    let elsewhere = shared::written_elsewhere(fact.replica.as_deref());
    shared::unwrite(draft, Written::Key(user.clone(), id.clone()), elsewhere, of)?;
    // Another region may have deleted it while somebody else has a key of that id here.
    if draft.view.key(id).map_err(ProjectError::View)?.is_some_and(|row| row.user == *user) {
        draft.change_identity(IdentityChange::DropKey { id: id.clone(), user: user.clone() });
    }
    Ok(())
}

pub(super) fn key_changed<V: View>(draft: &mut Draft<'_, V>, fact: &key::Changed) -> Folded<V> {
    mark_changed(draft);
    write_key(draft, (&fact.user, &fact.access_key), fact.replica.as_deref())?;
    let row = draft.view.key(&fact.access_key).map_err(ProjectError::View)?;
    let row = row.ok_or_else(|| draft.contradiction("its key does not exist"))?;
    let was_held = row.held_by_admin && fact.replica.is_none();
    let held_by_admin = !fact.enabled && (fact.by_admin || was_held);
    let row = KeyRow { enabled: fact.enabled, expires: fact.expires, held_by_admin, ..row };
    draft.change_identity(IdentityChange::PutKey { id: fact.access_key.clone(), row });
    Ok(())
}

pub(super) fn group_created<V: View>(draft: &mut Draft<'_, V>, fact: &group::Created) -> Folded<V> {
    mark_changed(draft);
    shared::make(draft, Named::Group(fact.group.clone()), shared::made_elsewhere(fact.replica.as_deref()))?;
    if fact.replica.is_some() && draft.view.group(&fact.group).map_err(ProjectError::View)?.is_some() {
        return Ok(());
    }
    let row = GroupRow { created: draft.event.time, members: BTreeSet::new(), policies: BTreeSet::new() };
    draft.change_identity(IdentityChange::PutGroup { name: fact.group.clone(), row });
    Ok(())
}

pub(super) fn group_deleted<V: View>(draft: &mut Draft<'_, V>, fact: &group::Deleted) -> Folded<V> {
    mark_changed(draft);
    let group = &fact.group;
    let left = shared::end(draft, Named::Group(group.clone()), fact.replica.as_deref())?;
    let mut row = match draft.view.group(group).map_err(ProjectError::View)? {
        None if fact.replica.is_some() => return Ok(()),
        found => found.ok_or_else(|| draft.contradiction("its group does not exist"))?,
    };
    for name in row.members.clone() {
        let written = Written::Member(name.clone(), group.clone());
        if shared::goes(draft, &written, 1, &left)? {
            let mut member = user_row(draft, &name)?;
            member.groups.remove(group);
            row.members.remove(&name);
            draft.change_identity(IdentityChange::PutUser { name, row: member });
        }
    }
    shared::forget_with(draft, &Named::Group(group.clone()), &left)?;
    let holder = Holder::Group(group.clone());
    for policy in row.policies.clone() {
        if shared::goes(draft, &Written::Attachment(holder.clone(), policy.clone()), 0, &left)? {
            change_holders(draft, &policy, &holder, false)?;
            row.policies.remove(&policy);
        }
    }
    for name in draft.view.written_of(&Named::Group(group.clone())).map_err(ProjectError::View)? {
        if shared::goes(draft, &name, 0, &left)? {
            shared::forget(draft, name);
        }
    }
    draft.change_identity(match left {
        Left::Nothing => IdentityChange::DropGroup { name: group.clone() },
        Left::Later { .. } => IdentityChange::PutGroup { name: group.clone(), row },
    });
    Ok(())
}

pub(super) fn member_added<V: View>(draft: &mut Draft<'_, V>, fact: &group::MemberAdded) -> Folded<V> {
    member(draft, (&fact.group, &fact.user), true, fact.replica.as_deref())
}

pub(super) fn member_removed<V: View>(draft: &mut Draft<'_, V>, fact: &group::MemberRemoved) -> Folded<V> {
    member(draft, (&fact.group, &fact.user), false, fact.replica.as_deref())
}

fn member<V: View>(
    draft: &mut Draft<'_, V>,
    (group, user): (&GroupName, &UserName),
    joins: bool,
    replica: Option<&IdentityReplica>,
) -> Folded<V> {
    mark_changed(draft);
    let of = shared::live(draft, &[Named::User(user.clone()), Named::Group(group.clone())])?;
    let (written, elsewhere) = (Written::Member(user.clone(), group.clone()), shared::written_elsewhere(replica));
    if joins {
        shared::write(draft, written, elsewhere, of)?;
    } else {
        shared::unwrite(draft, written, elsewhere, of)?;
    }
    let (mut group_row, mut user_row) = (group_row(draft, group)?, user_row(draft, user)?);
    set(&mut group_row.members, user, joins);
    set(&mut user_row.groups, group, joins);
    draft.change_identity(IdentityChange::PutGroup { name: group.clone(), row: group_row });
    draft.change_identity(IdentityChange::PutUser { name: user.clone(), row: user_row });
    Ok(())
}

pub(super) fn set<T: Ord + Clone>(members: &mut BTreeSet<T>, member: &T, is_in: bool) {
    if is_in {
        members.insert(member.clone());
    } else {
        members.remove(member);
    }
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
