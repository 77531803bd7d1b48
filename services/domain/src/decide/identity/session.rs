use events::Fact;
use events::ids::{SessionId, UserName};
use events::session::{Opened, Refreshed, Revoked};
use jiff::SignedDuration;

use super::user_row;
use crate::command::identity::{IdentityRejection, Noun, OpenSession, RefreshSession};
use crate::command::{Context, Outcome};
use crate::decide::{Decision, Refused};
use crate::row::SessionRow;
use crate::view::View;

/// The maximum age of a session, however often it is refreshed. After that the user has to log in again.
const SESSION_AGE_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Root may open sessions too, without a row. If the password was replaced after it was verified, no session opens: the
/// change ended all sessions, and was meant to end this one too.
pub(super) fn open<V: View>(view: &V, open: &OpenSession) -> Result<Decision, Refused<V::Error>> {
    let OpenSession { user, proven, session, refresh, expires } = open;
    if !is_allowed_in(view, user)? {
        return Err(IdentityRejection::NoSuch(Noun::User).into());
    }
    if !user.is_root() && user_row(view, user)?.password != *proven {
        return Err(IdentityRejection::PasswordChanged.into());
    }
    if view.session(*session).map_err(Refused::View)?.is_some() {
        return Err(IdentityRejection::Exists(Noun::Session).into());
    }
    let fact = Opened { user: user.clone(), session: *session, refresh: *refresh, expires: *expires };
    Ok(Decision::write(Fact::SessionOpened(fact), Outcome::Done))
}

/// A refresh token is valid once. If it is presented again, it or its successor was stolen, and the session ends. A
/// token that was never issued ends nothing; otherwise anyone who learns the id of a session could end it.
///
/// Source: RFC 9700, section 4.14.2 (refresh token rotation)
pub(super) fn refresh<V: View>(
    view: &V,
    wanted: &RefreshSession,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let RefreshSession { session, spent, genuine, refresh, expires } = *wanted;
    let row = session_row(view, session)?;
    if row.expires <= context.now
        || context.now.duration_since(row.opened) >= SESSION_AGE_MAX
        || !is_allowed_in(view, &row.user)?
    {
        return Err(IdentityRejection::NoSuch(Noun::Session).into());
    }
    if row.refresh == spent {
        let fact = Refreshed { user: row.user, session, refresh, expires };
        return Ok(Decision::write(Fact::SessionRefreshed(fact), Outcome::Done));
    }
    if !genuine {
        return Err(IdentityRejection::NoSuch(Noun::Session).into());
    }
    let fact = Revoked { user: row.user, session: Some(session) };
    Ok(Decision::write(Fact::SessionRevoked(fact), Outcome::SessionRevoked))
}

pub(super) fn revoke<V: View>(
    view: &V,
    user: &UserName,
    session: Option<SessionId>,
) -> Result<Decision, Refused<V::Error>> {
    if let Some(session) = session {
        if session_row(view, session)?.user != *user {
            return Err(IdentityRejection::NoSuch(Noun::Session).into());
        }
    } else if !user.is_root() {
        user_row(view, user)?;
    }
    Ok(Decision::write(Fact::SessionRevoked(Revoked { user: user.clone(), session }), Outcome::Done))
}

fn is_allowed_in<V: View>(view: &V, user: &UserName) -> Result<bool, Refused<V::Error>> {
    Ok(user.is_root() || view.user(user).map_err(Refused::View)?.is_some_and(|row| row.enabled))
}

fn session_row<V: View>(view: &V, session: SessionId) -> Result<SessionRow, Refused<V::Error>> {
    let row = view.session(session).map_err(Refused::View)?;
    row.ok_or_else(|| IdentityRejection::NoSuch(Noun::Session).into())
}
