use events::Fact;
use events::ids::{AccessKeyId, Sealed, UserName};
use events::key::{Changed, Created, Deleted};
use jiff::Timestamp;

use super::{seal, user_row};
use crate::command::Outcome;
use crate::command::identity::{IdentityRejection, KEYS_PER_USER_MAX, Noun};
use crate::decide::{Decision, Refused};
use crate::row::KeyRow;
use crate::view::View;

pub(super) fn create<V: View>(
    view: &V,
    user: &UserName,
    access_key: &AccessKeyId,
    secret: &Sealed,
    expires: Option<Timestamp>,
) -> Result<Decision, Refused<V::Error>> {
    user_row(view, user)?;
    if view.key(access_key).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::Exists(Noun::AccessKey).into());
    }
    if view.keys_of(user, None, KEYS_PER_USER_MAX).map_err(Refused::View)?.len() >= KEYS_PER_USER_MAX {
        return Err(IdentityRejection::TooMany { noun: Noun::AccessKey, max: KEYS_PER_USER_MAX }.into());
    }
    seal::check(view, secret)?;
    let fact = Created {
        user: user.clone(),
        access_key: access_key.clone(),
        secret: secret.clone(),
        expires,
        disabled: false,
        held_by_admin: false,
        replica: None,
    };
    Ok(Decision::write(Fact::KeyCreated(fact), Outcome::Done))
}

pub(super) fn change<V: View>(
    view: &V,
    user: &UserName,
    access_key: &AccessKeyId,
    (switch, by_admin): (Option<bool>, bool),
    expires: impl FnOnce(Option<Timestamp>) -> Option<Timestamp>,
) -> Result<Decision, Refused<V::Error>> {
    let row = key_row(view, user, access_key)?;
    let (enabled, expires) = (switch.unwrap_or(row.enabled), expires(row.expires));
    // If an admin changes only the expiry, the key is neither enabled nor disabled by the admin.
    let by_admin = by_admin && switch.is_some();
    if enabled && row.held_by_admin && !by_admin {
        return Err(IdentityRejection::HeldByAdmin.into());
    }
    // If an admin disables a key that its user had disabled, only an admin can enable it again.
    let held = !enabled && (by_admin || row.held_by_admin);
    if (enabled, expires, held) == (row.enabled, row.expires, row.held_by_admin) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let (user, access_key) = (user.clone(), access_key.clone());
    let fact = Changed { user, access_key, enabled, expires, by_admin, replica: None };
    Ok(Decision::write(Fact::KeyChanged(fact), Outcome::Done))
}

pub(super) fn delete<V: View>(
    view: &V,
    user: &UserName,
    access_key: &AccessKeyId,
) -> Result<Decision, Refused<V::Error>> {
    key_row(view, user, access_key)?;
    let fact = Deleted { user: user.clone(), access_key: access_key.clone(), replica: None };
    Ok(Decision::write(Fact::KeyDeleted(fact), Outcome::Done))
}

/// A key of this user. A key of another user is reported as absent.
fn key_row<V: View>(view: &V, user: &UserName, access_key: &AccessKeyId) -> Result<KeyRow, Refused<V::Error>> {
    user_row(view, user)?;
    let row = view.key(access_key).map_err(Refused::View)?.filter(|row| row.user == *user);
    row.ok_or_else(|| IdentityRejection::NoSuch(Noun::AccessKey).into())
}
