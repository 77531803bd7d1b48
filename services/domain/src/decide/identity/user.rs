use events::Fact;
use events::ids::{Sealed, UserId, UserName};
use events::user::{Changed, Created, Deleted, PasswordChanged};

use super::user_row;
use crate::command::Outcome;
use crate::command::identity::{IdentityCommand, IdentityRejection, Noun};
use crate::decide::{Decision, Refused};
use crate::view::View;

pub(super) fn create<V: View>(view: &V, command: &IdentityCommand) -> Result<Decision, Refused<V::Error>> {
    let IdentityCommand::CreateUser { user, id, role, display_name, email, password, limits } = command else {
        unreachable!("the caller matched it");
    };
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
    let fact = Created {
        user: user.clone(),
        id: id.clone(),
        role: *role,
        display_name: display_name.clone(),
        email: email.clone(),
        password: password.clone(),
        limits: *limits,
    };
    Ok(Decision::write(Fact::UserCreated(fact), Outcome::Done))
}

pub(super) fn change<V: View>(view: &V, command: &IdentityCommand) -> Result<Decision, Refused<V::Error>> {
    let IdentityCommand::ChangeUser { user, role, display_name, email, enabled, limits } = command else {
        unreachable!("the caller matched it");
    };
    let row = user_row(view, user)?;
    let fact = Changed {
        user: user.clone(),
        role: role.unwrap_or(row.role),
        display_name: display_name.clone().unwrap_or_else(|| row.display_name.clone()),
        email: email.clone().unwrap_or_else(|| row.email.clone()),
        enabled: enabled.unwrap_or(row.enabled),
        limits: limits.unwrap_or(row.limits),
    };
    check_email(view, user, fact.email.as_deref())?;
    let is_so_already = fact.role == row.role
        && fact.display_name == row.display_name
        && fact.email == row.email
        && fact.enabled == row.enabled
        && fact.limits == row.limits;
    if is_so_already {
        return Ok(Decision::nothing(Outcome::Done));
    }
    Ok(Decision::write(Fact::UserChanged(fact), Outcome::Done))
}

pub(super) fn set_password<V: View>(
    view: &V,
    user: &UserName,
    password: Option<&Sealed>,
) -> Result<Decision, Refused<V::Error>> {
    user_row(view, user)?;
    let fact = PasswordChanged { user: user.clone(), password: password.cloned() };
    Ok(Decision::write(Fact::UserPasswordChanged(fact), Outcome::Done))
}

pub(super) fn delete<V: View>(view: &V, user: &UserName) -> Result<Decision, Refused<V::Error>> {
    user_row(view, user)?;
    Ok(Decision::write(Fact::UserDeleted(Deleted { user: user.clone() }), Outcome::Done))
}

fn check_email<V: View>(view: &V, user: &UserName, email: Option<&str>) -> Result<(), Refused<V::Error>> {
    let Some(email) = email else { return Ok(()) };
    match view.user_by_email(email).map_err(Refused::View)? {
        Some(other) if other != *user => Err(IdentityRejection::EmailTaken.into()),
        _ => Ok(()),
    }
}
