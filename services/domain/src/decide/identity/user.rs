use events::Fact;
use events::ids::{Sealed, UserId, UserName};
use events::user::{Changed, Created, Deleted, PasswordChanged};

use super::{seal, user_row};
use crate::command::Outcome;
use crate::command::identity::{ChangeUser, IdentityRejection, Noun};
use crate::decide::{Decision, Refused};
use crate::row::email_key;
use crate::view::View;

pub(super) fn create<V: View>(view: &V, wanted: &Created) -> Result<Decision, Refused<V::Error>> {
    let Created { user, id, email, .. } = wanted;
    if user.is_root() {
        return Err(IdentityRejection::BuiltIn(Noun::User).into());
    }
    if view.user(user).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::Exists(Noun::User).into());
    }
    if *id == UserId::root() || view.user_by_id(id).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::UserIdTaken.into());
    }
    check_email(view, user, email.as_deref())?;
    wanted.password.as_ref().map_or(Ok(()), |password| seal::check(view, password))?;
    Ok(Decision::write(Fact::UserCreated(Created { disabled: false, replica: None, ..wanted.clone() }), Outcome::Done))
}

pub(super) fn change<V: View>(view: &V, wanted: &ChangeUser) -> Result<Decision, Refused<V::Error>> {
    let row = user_row(view, &wanted.user)?;
    let before = Changed {
        user: wanted.user.clone(),
        role: row.role,
        display_name: row.display_name,
        email: row.email,
        enabled: row.enabled,
        limits: row.limits,
        replica: None,
    };
    let ChangeUser { user, role, display_name, email, enabled, limits } = wanted.clone();
    let after = Changed {
        user,
        role: role.unwrap_or(before.role),
        display_name: display_name.unwrap_or_else(|| before.display_name.clone()),
        email: email.unwrap_or_else(|| before.email.clone()),
        enabled: enabled.unwrap_or(before.enabled),
        limits: limits.unwrap_or(before.limits),
        replica: None,
    };
    // An unchanged address is not checked again, because a user whose address is no longer accepted must still be able
    // to be disabled.
    if after.email != before.email {
        check_email(view, &after.user, after.email.as_deref())?;
    }
    if after == before {
        return Ok(Decision::nothing(Outcome::Done));
    }
    Ok(Decision::write(Fact::UserChanged(after), Outcome::Done))
}

pub(super) fn set_password<V: View>(
    view: &V,
    user: &UserName,
    password: Option<&Sealed>,
) -> Result<Decision, Refused<V::Error>> {
    user_row(view, user)?;
    password.map_or(Ok(()), |password| seal::check(view, password))?;
    let fact = PasswordChanged { user: user.clone(), password: password.cloned(), replica: None };
    Ok(Decision::write(Fact::UserPasswordChanged(fact), Outcome::Done))
}

pub(super) fn delete<V: View>(view: &V, user: &UserName) -> Result<Decision, Refused<V::Error>> {
    user_row(view, user)?;
    Ok(Decision::write(Fact::UserDeleted(Deleted { user: user.clone(), replica: None }), Outcome::Done))
}

fn check_email<V: View>(view: &V, user: &UserName, email: Option<&str>) -> Result<(), Refused<V::Error>> {
    let Some(email) = email else { return Ok(()) };
    match view.user_by_email(&email_key(email)).map_err(Refused::View)? {
        Some(other) if other != *user => Err(IdentityRejection::EmailTaken.into()),
        _ => Ok(()),
    }
}
