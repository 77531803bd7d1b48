//! The state of a user that determines what they may do.

use events::ids::{AccessKeyId, PolicyName, SessionId, UserId, UserName};
use events::user::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identities::Identities;
use crate::row::UserRow;

/// The identification of a caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// An access key.
    Key(AccessKeyId),
    /// A session.
    Session(SessionId),
}

/// Everything that determines what a user may do: while it is unchanged, so are their rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The name.
    pub user: UserName,
    /// The canonical id: a later user of the name has another one.
    pub id: UserId,
    /// The role.
    pub role: Role,
    /// The user's own policies and those of their groups, each with the time at which its document was stored; `None`
    /// for built-in ones.
    pub policies: Vec<(PolicyName, Option<Timestamp>)>,
}

/// Returns the standing of a caller in a state; `None` if they may do nothing at all.
///
/// # Errors
/// If the state cannot be read.
pub fn standing<V: Identities>(view: &V, who: &Who) -> Result<Option<Standing>, V::Error> {
    let user = match who {
        Who::Key(id) => view.key(id)?.filter(|key| key.enabled).map(|key| key.user),
        Who::Session(id) => view.session(*id)?.map(|session| session.user),
    };
    let Some(user) = user else { return Ok(None) };
    if user.is_root() {
        return Ok(Some(Standing { user, id: UserId::root(), role: Role::Admin, policies: Vec::new() }));
    }
    let Some(row) = view.user(&user)?.filter(|row| row.enabled) else { return Ok(None) };
    let policies = policies(view, &row)?;
    Ok(Some(Standing { user, id: row.id, role: row.role, policies }))
}

fn policies<V: Identities>(view: &V, row: &UserRow) -> Result<Vec<(PolicyName, Option<Timestamp>)>, V::Error> {
    let mut names = row.policies.clone();
    for group in &row.groups {
        names.extend(view.group(group)?.map(|group| group.policies).unwrap_or_default());
    }
    let stored = |name: PolicyName| Ok((view.policy(&name)?.map(|policy| policy.stored), name));
    names.into_iter().map(|name| stored(name).map(|(stored, name)| (name, stored))).collect()
}
