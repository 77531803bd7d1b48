use events::Fact;
use events::group::{Created, Deleted, MemberAdded, MemberRemoved};
use events::ids::{GroupName, UserName};

use super::user_row;
use crate::command::Outcome;
use crate::command::identity::{GROUPS_PER_USER_MAX, IdentityRejection, MEMBERS_PER_GROUP_MAX, Noun};
use crate::decide::{Decision, Refused};
use crate::row::GroupRow;
use crate::view::View;

pub(super) fn create<V: View>(view: &V, group: &GroupName) -> Result<Decision, Refused<V::Error>> {
    if view.group(group).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::Exists(Noun::Group).into());
    }
    Ok(Decision::write(Fact::GroupCreated(Created { group: group.clone(), replica: None }), Outcome::Done))
}

pub(super) fn delete<V: View>(view: &V, group: &GroupName) -> Result<Decision, Refused<V::Error>> {
    group_row(view, group)?;
    Ok(Decision::write(Fact::GroupDeleted(Deleted { group: group.clone(), replica: None }), Outcome::Done))
}

pub(super) fn add<V: View>(view: &V, group: &GroupName, user: &UserName) -> Result<Decision, Refused<V::Error>> {
    let row = group_row(view, group)?;
    let member = user_row(view, user)?;
    if row.members.contains(user) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    if row.members.len() >= MEMBERS_PER_GROUP_MAX {
        return Err(IdentityRejection::TooMany { noun: Noun::Member, max: MEMBERS_PER_GROUP_MAX }.into());
    }
    if member.groups.len() >= GROUPS_PER_USER_MAX {
        return Err(IdentityRejection::TooMany { noun: Noun::Group, max: GROUPS_PER_USER_MAX }.into());
    }
    let fact = MemberAdded { group: group.clone(), user: user.clone(), replica: None };
    Ok(Decision::write(Fact::GroupMemberAdded(fact), Outcome::Done))
}

pub(super) fn remove<V: View>(view: &V, group: &GroupName, user: &UserName) -> Result<Decision, Refused<V::Error>> {
    if !group_row(view, group)?.members.contains(user) {
        return Err(IdentityRejection::NoSuch(Noun::Member).into());
    }
    let fact = MemberRemoved { group: group.clone(), user: user.clone(), replica: None };
    Ok(Decision::write(Fact::GroupMemberRemoved(fact), Outcome::Done))
}

pub(super) fn group_row<V: View>(view: &V, group: &GroupName) -> Result<GroupRow, Refused<V::Error>> {
    let row = view.group(group).map_err(Refused::View)?;
    row.ok_or_else(|| IdentityRejection::NoSuch(Noun::Group).into())
}
