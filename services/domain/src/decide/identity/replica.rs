//! Changes of users, keys, groups and policies that were made in other regions. Each of these rules gives the same state in
//! whatever order the changes of several regions arrive (ADR 57).

use events::Fact;
use events::group::{Created as GroupCreated, Deleted as GroupDeleted, MemberAdded, MemberRemoved};
use events::identity::{Change, IdentityReplica, Key, Stamp, User, Write};
use events::ids::{GroupName, PolicyName, RegionName, Sealed, UserId, UserName};
use events::key::{Changed as KeyChanged, Created as KeyCreated, Deleted as KeyDeleted};
use events::policy::{Attached, BUILT_IN, Deleted as PolicyDeleted, Detached, Holder, Stored};
use events::user::{Changed, Created, Deleted, PasswordChanged};
use jiff::Timestamp;

use super::seal;
use crate::command::identity::{
    GROUPS_PER_USER_MAX, HOLDERS_PER_POLICY_MAX, IdentityRejection, KEYS_PER_USER_MAX, MEMBERS_PER_GROUP_MAX, Noun,
    POLICIES_PER_HOLDER_MAX, TakeChange,
};
use crate::command::{Context, Outcome, Rejection};
use crate::decide::replica::CLOCK_AHEAD_MAX;
use crate::decide::{Decision, Refused};
use crate::row::{MadeRow, Named, UserRow, Written};
use crate::view::View;

type Decided<V> = Result<Decision, Refused<<V as crate::Identities>::Error>>;

pub(super) fn take<V: View>(view: &V, wanted: &TakeChange, context: Context) -> Decided<V> {
    check(&wanted.change, context)?;
    let here = &wanted.here;
    let fact = match &wanted.change {
        Change::User(user) => user_fact(view, here, user)?,
        Change::Key(key) => key_fact(view, here, key)?,
        Change::Member { group, user, is_in, write } => member_fact(view, here, (group, user), *is_in, write)?,
        Change::Policy { policy, document, write } => policy_fact(view, here, policy, document, write)?,
        Change::Attachment { policy, holder, is_attached, write } => {
            attachment_fact(view, here, (policy, holder), *is_attached, write)?
        }
        Change::Group { group, made } => group_fact(view, here, group, made)?,
        Change::UserDeleted { user, made } => deletes(view, here, &Named::User(user.clone()), made)?
            .then(|| Fact::UserDeleted(Deleted { user: user.clone(), replica: Some(of_made(here, made)) })),
        Change::GroupDeleted { group, made } => deletes(view, here, &Named::Group(group.clone()), made)?
            .then(|| Fact::GroupDeleted(GroupDeleted { group: group.clone(), replica: Some(of_made(here, made)) })),
        Change::PolicyDeleted { policy, made } => deletes(view, here, &Named::Policy(policy.clone()), made)?
            .then(|| Fact::PolicyDeleted(PolicyDeleted { policy: policy.clone(), replica: Some(of_made(here, made)) })),
    };
    Ok(Decision { fact, warnings: Vec::new(), outcome: Outcome::Done })
}

/// What all regions know is no region's, and what was written in the far future would count until then.
fn check(change: &Change<Sealed>, context: Context) -> Result<(), Rejection> {
    let user = match change {
        Change::User(user) => Some(&user.user),
        Change::Key(key) => Some(&key.user),
        Change::UserDeleted { user, .. }
        | Change::Member { user, .. }
        | Change::Attachment { holder: Holder::User(user), .. } => Some(user),
        _ => None,
    };
    if user.is_some_and(UserName::is_root) {
        return Err(IdentityRejection::BuiltIn(Noun::User).into());
    }
    let policy = match change {
        Change::Policy { policy, .. } | Change::PolicyDeleted { policy, .. } => Some(policy),
        _ => None,
    };
    if policy.is_some_and(is_built_in) {
        return Err(IdentityRejection::BuiltIn(Noun::Policy).into());
    }
    let latest = context.now.saturating_add(CLOCK_AHEAD_MAX).unwrap_or(Timestamp::MAX);
    let is_ahead = |stamp: &Stamp| stamp.at > latest;
    let is_written_ahead = |write: &Write| is_ahead(&write.stamp) || write.of.iter().any(is_ahead);
    let is_refused = match change {
        Change::User(user) => {
            is_ahead(&user.made) || is_written_ahead(&user.write) || is_written_ahead(&user.password_write)
        }
        Change::Key(key) => is_written_ahead(&key.write),
        Change::Member { write, .. } | Change::Policy { write, .. } | Change::Attachment { write, .. } => {
            is_written_ahead(write)
        }
        Change::UserDeleted { made, .. }
        | Change::Group { made, .. }
        | Change::GroupDeleted { made, .. }
        | Change::PolicyDeleted { made, .. } => is_ahead(made),
    };
    if is_refused { Err(Rejection::ReplicaAhead) } else { Ok(()) }
}

fn is_built_in(policy: &PolicyName) -> bool {
    BUILT_IN.contains(&policy.as_str())
}

fn of_made(here: &RegionName, made: &Stamp) -> Box<IdentityReplica> {
    let (taken_in, made) = (here.clone(), Some(made.clone()));
    Box::new(IdentityReplica { taken_in, made, write: None, password_write: None })
}

fn of_write(here: &RegionName, write: &Write) -> Box<IdentityReplica> {
    let (taken_in, write) = (here.clone(), Some(write.clone()));
    Box::new(IdentityReplica { taken_in, made: None, write, password_write: None })
}

fn made<V: View>(view: &V, name: &Named) -> Result<MadeRow, Refused<V::Error>> {
    view.made(name).map_err(Refused::View)
}

impl MadeRow {
    /// Whether what was made at a moment is known to be deleted.
    fn has_ended(&self, made: &Stamp, here: &RegionName) -> bool {
        self.dead.as_ref().is_some_and(|dead| dead.known(here) >= *made)
    }

    /// Whether what is here was made at a moment or later.
    fn reaches(&self, made: &Stamp, here: &RegionName) -> bool {
        self.live.as_ref().is_some_and(|live| live.known(here) >= *made)
    }
}

/// Whether a deletion is news.
fn deletes<V: View>(view: &V, here: &RegionName, name: &Named, at: &Stamp) -> Result<bool, Refused<V::Error>> {
    Ok(!made(view, name)?.has_ended(at, here))
}

/// Whether a write to something is news, and what it belongs to is here.
///
/// # Errors
/// [`IdentityRejection::NoSuch`] if what it belongs to is not here yet: it is to be sent first.
fn is_news<V: View>(
    view: &V,
    here: &RegionName,
    written: &Written,
    owners: &[(Named, Noun)],
    write: &Write,
) -> Result<bool, Refused<V::Error>> {
    if owners.len() != write.of.len() {
        return Err(Rejection::ReplicaDiffers.into());
    }
    for ((name, noun), of) in owners.iter().zip(&write.of) {
        let row = made(view, name)?;
        if row.has_ended(of, here) {
            return Ok(false);
        }
        if !row.reaches(of, here) {
            return Err(IdentityRejection::NoSuch(*noun).into());
        }
    }
    follows(view, here, written, write)
}

/// Whether a write counts rather than the one that is here.
fn follows<V: View>(view: &V, here: &RegionName, written: &Written, write: &Write) -> Result<bool, Refused<V::Error>> {
    let known = view.written(written).map_err(Refused::View)?;
    Ok(known.is_none_or(|known| known.known(here) < *write))
}

/// A user may differ in three ways, and a fact is about one: the command comes again until there is none.
fn user_fact<V: View>(view: &V, here: &RegionName, wanted: &User<Sealed>) -> Result<Option<Fact>, Refused<V::Error>> {
    let name = Named::User(wanted.user.clone());
    let row = made(view, &name)?;
    if row.has_ended(&wanted.made, here) {
        return Ok(None);
    }
    let is_of_what_was_made = |write: &Write| matches!(write.of.as_slice(), [of] if *of <= wanted.made);
    if !is_of_what_was_made(&wanted.write) || !is_of_what_was_made(&wanted.password_write) {
        return Err(Rejection::ReplicaDiffers.into());
    }
    let Some(user) = view.user(&wanted.user).map_err(Refused::View)? else {
        let is_taken = view.user_by_id(&wanted.id).map_err(Refused::View)?.is_some();
        if is_taken || wanted.id == UserId::root() {
            return Err(IdentityRejection::UserIdTaken.into());
        }
        wanted.password.as_ref().map_or(Ok(()), |password| seal::check(view, password))?;
        return Ok(Some(created(here, wanted, wanted.password.clone())));
    };
    if !row.reaches(&wanted.made, here) {
        // A password that counts comes with the next fact.
        return Ok(Some(created(here, wanted, None)));
    }
    let owners = [(name, Noun::User)];
    if is_news(view, here, &Written::Properties(wanted.user.clone()), &owners, &wanted.write)? {
        return Ok(Some(changed(here, wanted)));
    }
    if is_news(view, here, &Written::Password(wanted.user.clone()), &owners, &wanted.password_write)? {
        return password_changed(view, here, wanted, &user);
    }
    Ok(None)
}

/// A user who is here already keeps what there is of them: only that they were made in another region, too, is new.
fn created(here: &RegionName, wanted: &User<Sealed>, password: Option<Sealed>) -> Fact {
    let replica = IdentityReplica {
        taken_in: here.clone(),
        made: Some(wanted.made.clone()),
        write: Some(wanted.write.clone()),
        password_write: Some(wanted.password_write.clone()),
    };
    Fact::UserCreated(Created {
        user: wanted.user.clone(),
        id: wanted.id.clone(),
        role: wanted.role,
        display_name: wanted.display_name.clone(),
        email: wanted.email.clone(),
        password,
        limits: wanted.limits,
        disabled: !wanted.enabled,
        replica: Some(Box::new(replica)),
    })
}

fn changed(here: &RegionName, wanted: &User<Sealed>) -> Fact {
    Fact::UserChanged(Changed {
        user: wanted.user.clone(),
        role: wanted.role,
        display_name: wanted.display_name.clone(),
        email: wanted.email.clone(),
        enabled: wanted.enabled,
        limits: wanted.limits,
        replica: Some(of_write(here, &wanted.write)),
    })
}

fn password_changed<V: View>(
    view: &V,
    here: &RegionName,
    wanted: &User<Sealed>,
    user: &UserRow,
) -> Result<Option<Fact>, Refused<V::Error>> {
    // It is sealed for the id that the user has here.
    if user.id != wanted.id {
        return Err(IdentityRejection::UserIdTaken.into());
    }
    wanted.password.as_ref().map_or(Ok(()), |password| seal::check(view, password))?;
    let replica = Some(of_write(here, &wanted.password_write));
    let (user, password) = (wanted.user.clone(), wanted.password.clone());
    Ok(Some(Fact::UserPasswordChanged(PasswordChanged { user, password, replica })))
}

fn key_fact<V: View>(view: &V, here: &RegionName, wanted: &Key<Sealed>) -> Result<Option<Fact>, Refused<V::Error>> {
    let Key { user, access_key, state, write } = wanted;
    let owners = [(Named::User(user.clone()), Noun::User)];
    if !is_news(view, here, &Written::Key(user.clone(), access_key.clone()), &owners, write)? {
        return Ok(None);
    }
    let row = view.key(access_key).map_err(Refused::View)?;
    if state.is_some() && row.as_ref().is_some_and(|row| row.user != *user) {
        return Err(IdentityRejection::Exists(Noun::AccessKey).into());
    }
    let (user, access_key, replica) = (user.clone(), access_key.clone(), Some(of_write(here, write)));
    let Some(state) = state else {
        return Ok(Some(Fact::KeyDeleted(KeyDeleted { user, access_key, replica })));
    };
    let (enabled, held_by_admin, expires) = (state.enabled, state.held_by_admin, state.expires);
    // One that was deleted and made anew, or that both regions made, may have another secret under the same id.
    if row.as_ref().is_some_and(|row| row.secret == state.secret) {
        let by_admin = held_by_admin;
        return Ok(Some(Fact::KeyChanged(KeyChanged { user, access_key, enabled, expires, by_admin, replica })));
    }
    let is_new = row.is_none();
    if is_new && view.keys_of(&user, None, KEYS_PER_USER_MAX).map_err(Refused::View)?.len() >= KEYS_PER_USER_MAX {
        return Err(too_many(Noun::AccessKey, KEYS_PER_USER_MAX));
    }
    seal::check(view, &state.secret)?;
    let (secret, disabled) = (state.secret.clone(), !enabled);
    let fact = KeyCreated { user, access_key, secret, expires, disabled, held_by_admin, replica };
    Ok(Some(Fact::KeyCreated(fact)))
}

fn too_many<E>(noun: Noun, max: usize) -> Refused<E> {
    IdentityRejection::TooMany { noun, max }.into()
}

fn group_fact<V: View>(
    view: &V,
    here: &RegionName,
    group: &GroupName,
    at: &Stamp,
) -> Result<Option<Fact>, Refused<V::Error>> {
    let row = made(view, &Named::Group(group.clone()))?;
    if row.has_ended(at, here) || row.reaches(at, here) {
        return Ok(None);
    }
    Ok(Some(Fact::GroupCreated(GroupCreated { group: group.clone(), replica: Some(of_made(here, at)) })))
}

fn member_fact<V: View>(
    view: &V,
    here: &RegionName,
    (group, user): (&GroupName, &UserName),
    is_in: bool,
    write: &Write,
) -> Result<Option<Fact>, Refused<V::Error>> {
    let owners = [(Named::User(user.clone()), Noun::User), (Named::Group(group.clone()), Noun::Group)];
    if !is_news(view, here, &Written::Member(user.clone(), group.clone()), &owners, write)? {
        return Ok(None);
    }
    let replica = Some(of_write(here, write));
    if !is_in {
        let fact = MemberRemoved { group: group.clone(), user: user.clone(), replica };
        return Ok(Some(Fact::GroupMemberRemoved(fact)));
    }
    let members = view.group(group).map_err(Refused::View)?.map(|row| row.members).unwrap_or_default();
    let groups = view.user(user).map_err(Refused::View)?.map(|row| row.groups).unwrap_or_default();
    if !members.contains(user) && members.len() >= MEMBERS_PER_GROUP_MAX {
        return Err(too_many(Noun::Member, MEMBERS_PER_GROUP_MAX));
    }
    if !groups.contains(group) && groups.len() >= GROUPS_PER_USER_MAX {
        return Err(too_many(Noun::Group, GROUPS_PER_USER_MAX));
    }
    let fact = MemberAdded { group: group.clone(), user: user.clone(), replica };
    Ok(Some(Fact::GroupMemberAdded(fact)))
}

fn policy_fact<V: View>(
    view: &V,
    here: &RegionName,
    policy: &PolicyName,
    document: &str,
    write: &Write,
) -> Result<Option<Fact>, Refused<V::Error>> {
    let [of] = write.of.as_slice() else { return Err(Rejection::ReplicaDiffers.into()) };
    let has_ended = made(view, &Named::Policy(policy.clone()))?.has_ended(of, here);
    if has_ended || !follows(view, here, &Written::Document(policy.clone()), write)? {
        return Ok(None);
    }
    let (policy, document, replica) = (policy.clone(), document.to_owned(), Some(of_write(here, write)));
    Ok(Some(Fact::PolicyStored(Stored { policy, document, replica })))
}

fn attachment_fact<V: View>(
    view: &V,
    here: &RegionName,
    (policy, holder): (&PolicyName, &Holder),
    is_attached: bool,
    write: &Write,
) -> Result<Option<Fact>, Refused<V::Error>> {
    let noun = if matches!(holder, Holder::User(_)) { Noun::User } else { Noun::Group };
    let mut owners = vec![(Named::from(holder.clone()), noun)];
    if !is_built_in(policy) {
        owners.push((Named::Policy(policy.clone()), Noun::Policy));
    }
    if !is_news(view, here, &Written::Attachment(holder.clone(), policy.clone()), &owners, write)? {
        return Ok(None);
    }
    let replica = Some(of_write(here, write));
    if !is_attached {
        let fact = Detached { policy: policy.clone(), holder: holder.clone(), replica };
        return Ok(Some(Fact::PolicyDetached(fact)));
    }
    let held = super::policy::held(view, holder)?;
    if !held.contains(policy) && held.len() >= POLICIES_PER_HOLDER_MAX {
        return Err(too_many(Noun::Policy, POLICIES_PER_HOLDER_MAX));
    }
    let holders = view.policy(policy).map_err(Refused::View)?.map(|row| row.holders).unwrap_or_default();
    if !holders.contains(holder) && holders.len() >= HOLDERS_PER_POLICY_MAX {
        return Err(too_many(Noun::Holder, HOLDERS_PER_POLICY_MAX));
    }
    let fact = Attached { policy: policy.clone(), holder: holder.clone(), replica };
    Ok(Some(Fact::PolicyAttached(fact)))
}
