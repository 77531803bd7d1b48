//! What a region tells another one of its users, keys, groups and policies (ADR 57).

use events::Fact;
use events::identity::{Change, Key, KeyState, User, Write};
use events::ids::{AccessKeyId, GroupName, PolicyName, RegionName, Sealed, UserName};
use events::policy::{BUILT_IN, Holder};

use crate::row::{Named, WriteRow, Written};
use crate::view::View;

/// Something that regions have alike, in the order in which all of one user is sent: a key works there as soon as it is there,
/// so what restrains its user comes before it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shared {
    User(UserName),
    Group(GroupName),
    Member(UserName, GroupName),
    Policy(PolicyName),
    Attachment(Holder, PolicyName),
    Key(UserName, AccessKeyId),
}

impl From<Named> for Shared {
    fn from(name: Named) -> Self {
        match name {
            Named::User(user) => Self::User(user),
            Named::Group(group) => Self::Group(group),
            Named::Policy(policy) => Self::Policy(policy),
        }
    }
}

impl From<Written> for Shared {
    fn from(name: Written) -> Self {
        match name {
            Written::Properties(user) | Written::Password(user) => Self::User(user),
            Written::Key(user, key) => Self::Key(user, key),
            Written::Member(user, group) => Self::Member(user, group),
            Written::Attachment(holder, policy) => Self::Attachment(holder, policy),
            Written::Document(policy) => Self::Policy(policy),
        }
    }
}

impl Shared {
    /// What has to be there first.
    pub fn owners(&self) -> Vec<Self> {
        match self {
            Self::User(_) | Self::Group(_) | Self::Policy(_) => Vec::new(),
            Self::Key(user, _) => vec![Self::User(user.clone())],
            Self::Member(user, group) => vec![Self::User(user.clone()), Self::Group(group.clone())],
            Self::Attachment(holder, policy) => {
                let holder = Named::from(holder.clone()).into();
                if BUILT_IN.contains(&policy.as_str()) {
                    vec![holder]
                } else {
                    vec![holder, Self::Policy(policy.clone())]
                }
            }
        }
    }
}

/// What a fact changes that other regions are to have. What came from another region is never sent on.
pub fn to_share(fact: &Fact) -> Option<Shared> {
    if fact.identity_replica().is_some() {
        return None;
    }
    let user = |user: &UserName| Some(Shared::User(user.clone()));
    let key = |user: &UserName, key: &AccessKeyId| Some(Shared::Key(user.clone(), key.clone()));
    let member = |user: &UserName, group: &GroupName| Some(Shared::Member(user.clone(), group.clone()));
    let attachment = |holder: &Holder, policy: &PolicyName| Some(Shared::Attachment(holder.clone(), policy.clone()));
    match fact {
        Fact::UserCreated(fact) => user(&fact.user),
        Fact::UserChanged(fact) => user(&fact.user),
        Fact::UserPasswordChanged(fact) => user(&fact.user),
        Fact::UserDeleted(fact) => user(&fact.user),
        Fact::KeyCreated(fact) => key(&fact.user, &fact.access_key),
        Fact::KeyChanged(fact) => key(&fact.user, &fact.access_key),
        Fact::KeyDeleted(fact) => key(&fact.user, &fact.access_key),
        Fact::GroupCreated(fact) => Some(Shared::Group(fact.group.clone())),
        Fact::GroupDeleted(fact) => Some(Shared::Group(fact.group.clone())),
        Fact::GroupMemberAdded(fact) => member(&fact.user, &fact.group),
        Fact::GroupMemberRemoved(fact) => member(&fact.user, &fact.group),
        Fact::PolicyStored(fact) => Some(Shared::Policy(fact.policy.clone())),
        Fact::PolicyDeleted(fact) => Some(Shared::Policy(fact.policy.clone())),
        Fact::PolicyAttached(fact) => attachment(&fact.holder, &fact.policy),
        Fact::PolicyDetached(fact) => attachment(&fact.holder, &fact.policy),
        _ => None,
    }
}

/// What a region has under a name now, without what has to be there first: nothing, if what it belongs to is gone, and two
/// changes if it was deleted and made anew.
///
/// # Errors
/// The state cannot be read.
pub fn shared_of<V: View>(view: &V, name: &Shared, here: &RegionName) -> Result<Vec<Change<Sealed>>, V::Error> {
    match name {
        Shared::User(user) => of_user(view, user, here),
        Shared::Group(group) => of_group(view, group, here),
        Shared::Policy(policy) => of_policy(view, policy, here),
        Shared::Key(user, access_key) => {
            let Some(write) = written(view, &Written::Key(user.clone(), access_key.clone()), here)? else {
                return Ok(Vec::new());
            };
            let row = view.key(access_key)?.filter(|row| row.user == *user);
            let state = row.map(|row| KeyState {
                secret: row.secret,
                enabled: row.enabled,
                held_by_admin: row.held_by_admin,
                expires: row.expires,
            });
            let (user, access_key) = (user.clone(), access_key.clone());
            Ok(vec![Change::Key(Box::new(Key { user, access_key, state, write }))])
        }
        Shared::Member(user, group) => {
            let Some(write) = written(view, &Written::Member(user.clone(), group.clone()), here)? else {
                return Ok(Vec::new());
            };
            let is_in = view.group(group)?.is_some_and(|row| row.members.contains(user));
            Ok(vec![Change::Member { group: group.clone(), user: user.clone(), is_in, write }])
        }
        Shared::Attachment(holder, policy) => {
            let Some(write) = written(view, &Written::Attachment(holder.clone(), policy.clone()), here)? else {
                return Ok(Vec::new());
            };
            let held = match holder {
                Holder::User(user) => view.user(user)?.map(|row| row.policies),
                Holder::Group(group) => view.group(group)?.map(|row| row.policies),
            };
            let is_attached = held.is_some_and(|held| held.contains(policy));
            Ok(vec![Change::Attachment { policy: policy.clone(), holder: holder.clone(), is_attached, write }])
        }
    }
}

/// When something was written, if all that it belongs to is still there.
fn written<V: View>(view: &V, name: &Written, here: &RegionName) -> Result<Option<Write>, V::Error> {
    let Some(row) = view.written(name)? else { return Ok(None) };
    for owner in Shared::from(name.clone()).owners() {
        let owner = match owner {
            Shared::User(user) => Named::User(user),
            Shared::Group(group) => Named::Group(group),
            Shared::Policy(policy) => Named::Policy(policy),
            _ => continue,
        };
        if view.made(&owner)?.live.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(row.known(here)))
}

fn of_user<V: View>(view: &V, user: &UserName, here: &RegionName) -> Result<Vec<Change<Sealed>>, V::Error> {
    let made = view.made(&Named::User(user.clone()))?;
    let mut changes = Vec::new();
    if let Some(dead) = made.dead {
        changes.push(Change::UserDeleted { user: user.clone(), made: dead.known(here) });
    }
    let (Some(live), Some(row)) = (made.live, view.user(user)?) else { return Ok(changes) };
    let first = WriteRow { of: vec![live.clone()], stamp: live.clone() };
    let write = |name: Written| {
        let known = view.written(&name)?;
        Ok::<_, V::Error>(known.unwrap_or_else(|| first.clone()).known(here))
    };
    changes.push(Change::User(Box::new(User {
        user: user.clone(),
        id: row.id,
        made: live.known(here),
        role: row.role,
        display_name: row.display_name,
        email: row.email,
        enabled: row.enabled,
        limits: row.limits,
        write: write(Written::Properties(user.clone()))?,
        password: row.password,
        password_write: write(Written::Password(user.clone()))?,
    })));
    Ok(changes)
}

fn of_group<V: View>(view: &V, group: &GroupName, here: &RegionName) -> Result<Vec<Change<Sealed>>, V::Error> {
    let made = view.made(&Named::Group(group.clone()))?;
    let dead = made.dead.map(|dead| Change::GroupDeleted { group: group.clone(), made: dead.known(here) });
    let live = made.live.map(|live| Change::Group { group: group.clone(), made: live.known(here) });
    Ok(dead.into_iter().chain(live).collect())
}

fn of_policy<V: View>(view: &V, policy: &PolicyName, here: &RegionName) -> Result<Vec<Change<Sealed>>, V::Error> {
    let made = view.made(&Named::Policy(policy.clone()))?;
    let dead = made.dead.map(|dead| Change::PolicyDeleted { policy: policy.clone(), made: dead.known(here) });
    let write = view.written(&Written::Document(policy.clone()))?;
    let live = view.policy(policy)?.zip(write).map(|(row, write)| {
        let (policy, document) = (policy.clone(), row.document);
        Change::Policy { policy, document, write: write.known(here) }
    });
    Ok(dead.into_iter().chain(live).collect())
}
