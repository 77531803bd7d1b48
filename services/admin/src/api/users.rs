//! Users.

use domain::{ChangeUser, Identities, IdentityCommand};
use events::ids::{UserId, UserName};
use events::user::Created;
use identity::Asker;
use ledger::Snapshot;

use super::access::Caller;
use super::answer::Answer;
use super::answering::USER;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{NewUser, PasswordChange, User, UserChange, Users};

/// Longest name that S3 shows, and longest e-mail address (RFC 5321, section 4.5.3.1.3), in bytes.
const DISPLAY_NAME_BYTES_MAX: usize = 256;
const EMAIL_BYTES_MAX: usize = 254;

/// A user by name, root too.
pub(super) fn find(snapshot: &Snapshot, name: &UserName) -> Result<User, Refusal> {
    if name.is_root() {
        return Ok(User::root());
    }
    let row = snapshot.user(name)?.ok_or_else(|| Refusal::not_found("there is no such user"))?;
    Ok(User::new(name.clone(), row))
}

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<UserName>()?;
    let mut rows = asked.read().await?.list_users(page.after.as_ref(), page.limit + 1)?;
    let next = page.cut(&mut rows);
    let users = rows.into_iter().map(|(name, row)| User::new(name, row)).collect();
    Answer::of(&Users { users, next })
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name = asked.name(USER)?;
    Answer::of(&find(&*asked.read().await?, &name)?)
}

pub(super) async fn create(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let new: NewUser = asked.json().await?;
    if new.name.as_str() == asked.admin.0.root.access_key {
        return Err(Refusal::conflict("this is the name that root logs in with"));
    }
    let display_name = new.display_name.unwrap_or_else(|| new.name.to_string());
    check_display_name(&display_name)?;
    new.email.as_deref().map_or(Ok(()), check_email)?;
    let id = match new.id {
        // Buckets and objects of somebody who was deleted are still owned by their id.
        Some(_) if !caller.is_admin() => return Err(Refusal::forbidden("only admins may choose the canonical id")),
        Some(id) => id,
        None => UserId::from_fresh(asked.admin.random()?),
    };
    let password = match new.password {
        Some(wanted) => Some(asked.admin.new_password(&new.name, &id, wanted).await?),
        None => None,
    };
    let command = IdentityCommand::CreateUser(Created {
        user: new.name.clone(),
        id,
        role: new.role,
        display_name,
        email: new.email,
        password,
        limits: new.limits,
        disabled: false,
        replica: None,
    });
    let committed = asked.change(&caller, command).await?;
    Answer::created(&find(&*asked.read().await?, &new.name)?, committed.sequence)
}

pub(super) async fn change(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let user: UserName = asked.name(USER)?;
    let UserChange { role, display_name, email, enabled, limits } = asked.json().await?;
    display_name.as_deref().map_or(Ok(()), check_display_name)?;
    email.iter().flatten().try_for_each(|email| check_email(email))?;
    let command =
        IdentityCommand::ChangeUser(ChangeUser { user: user.clone(), role, display_name, email, enabled, limits });
    let committed = asked.change(&caller, command).await?;
    Answer::changed(&find(&*asked.read().await?, &user)?, committed.sequence)
}

pub(super) async fn delete(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::DeleteUser { user: asked.name(USER)? };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

/// Sets a password. For one's own the old one must be known: a token that was left lying about must not be enough
/// to take a user over.
pub(super) async fn set_password(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let user: UserName = asked.name(USER)?;
    let PasswordChange { password, old_password } = asked.json().await?;
    if user.is_root() {
        return Err(Refusal::forbidden("root's password is in its configuration, and changes there"));
    }
    if user == caller.name {
        let old = old_password.ok_or_else(|| Refusal::invalid("your own password needs `old_password` as well"))?;
        let address = asked.address();
        asked.admin.0.throttle.user(user.as_str(), address)?;
        if asked.admin.prove(user.as_str(), old, Asker::Known).await?.is_none() {
            return Err(Refusal::forbidden("the old password is wrong"));
        }
        asked.admin.0.throttle.succeeded(user.as_str(), address);
    }
    if password.is_none() && !caller.is_admin() {
        return Err(Refusal::forbidden("only admins may take a password away"));
    }
    let id = find(&*asked.read().await?, &user)?.id;
    let password = match password {
        Some(wanted) => Some(asked.admin.new_password(&user, &id, wanted).await?),
        None => None,
    };
    let command = IdentityCommand::SetPassword { user, password };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

fn check_display_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.len() > DISPLAY_NAME_BYTES_MAX || name.chars().any(char::is_control) {
        let message = format!("`display_name` has 1 to {DISPLAY_NAME_BYTES_MAX} bytes and no control characters");
        return Err(Refusal::invalid(message));
    }
    Ok(())
}

fn check_email(email: &str) -> Result<(), Refusal> {
    let has_sides = email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if !has_sides || email.len() > EMAIL_BYTES_MAX || email.chars().any(|c| c.is_control() || c.is_whitespace()) {
        let message = format!("`email` is an address with one @, without blanks, of at most {EMAIL_BYTES_MAX} bytes");
        return Err(Refusal::invalid(message));
    }
    Ok(())
}
