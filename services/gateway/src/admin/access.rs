//! Who asks, and may they? Decided on the head of a request, before anything else is looked at.

use domain::Identities;
use events::ids::{SessionId, UserId, UserName};
use events::user::Role;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;

use super::Admin;
use super::refusal::Refusal;

/// Who may ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody.
    Open,
    /// Everybody who has logged in.
    Known,
    /// The user whom the path names, and admins.
    Own,
    /// Admins.
    Admin,
}

/// Somebody whose session is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) name: UserName,
    pub(super) id: UserId,
    pub(super) role: Role,
    pub(super) session: SessionId,
}

impl Caller {
    pub(super) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Whether they may ask for it. `user` is whom the path names.
    pub(super) fn check(&self, access: Access, user: Option<&str>) -> Result<(), Refusal> {
        let own = user == Some(self.name.as_str());
        match access {
            Access::Open | Access::Known => Ok(()),
            Access::Own if own || self.is_admin() => Ok(()),
            Access::Admin if self.is_admin() => Ok(()),
            Access::Own => Err(Refusal::forbidden("users may see and change themselves only; this needs an admin")),
            Access::Admin => Err(Refusal::forbidden("this needs an admin")),
        }
    }
}

/// Who the bearer of a token is, if the token is good and its session stands. The role is the one of now, not the
/// one that the token was made with.
pub(super) async fn identify(admin: &Admin, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Refusal> {
    let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
    let claims = admin.0.tokens.verify(token, now).map_err(|error| {
        tracing::debug!(%error, "a token was refused");
        Refusal::unauthenticated()
    })?;
    let snapshot = admin.0.ledger.read().await?;
    let session = SessionId(claims.sid);
    let opened = snapshot.session(session)?.filter(|row| now < row.expires);
    let Some(name) = opened.map(|row| row.user).filter(|name| name.as_str() == claims.name) else {
        tracing::debug!(%session, "a token's session has ended");
        return Err(Refusal::unauthenticated());
    };
    let (id, role) = if name.is_root() {
        (UserId::root(), Role::Admin)
    } else {
        let user = snapshot.user(&name)?.filter(|user| user.enabled).ok_or_else(Refusal::unauthenticated)?;
        (user.id, user.role)
    };
    // A user of the same name, made anew, is somebody else.
    if id.as_str() != claims.sub {
        return Err(Refusal::unauthenticated());
    }
    Ok(Caller { name, id, role, session })
}

/// The token of the one `Authorization` header.
///
/// Source: RFC 6750, section 2.1.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn one_bearer_token_is_taken_and_nothing_else() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["Bearer a.b.c"]).as_deref(), Some("a.b.c"));
        assert_eq!(of(&["bearer  a.b.c "]).as_deref(), Some("a.b.c"));
        for none in
            [&[][..], &["Basic a"], &["a.b.c"], &["Bearer"], &["Bearer a", "Bearer a"], &["Bearer a", "Basic b"]]
        {
            assert_eq!(of(none), None, "{none:?}");
        }
    }
}
