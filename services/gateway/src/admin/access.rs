//! Who asks, and may they? Decided on the head of a request, before anything else is looked at.

use std::sync::Arc;

use domain::{Identities, Judged, JudgedCaller, Standing, Who};
use events::ids::{SessionId, UserId, UserName};
use events::user::Role;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;

use super::Admin;
use super::refusal::Refusal;

/// Who may ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
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
pub(crate) struct Caller {
    pub(super) name: UserName,
    pub(super) id: UserId,
    pub(super) role: Role,
    pub(super) session: SessionId,
    /// What this was read from. It is private: nobody else can say who asks.
    judged: JudgedCaller,
    /// What was asked of them, and whom that was about.
    asked: (Access, Option<String>),
}

impl Caller {
    pub(super) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// What the right of the caller was judged by.
    pub(crate) fn judged(&self) -> Judged {
        Judged { caller: Some(self.judged.clone()), bucket: None }
    }

    /// The caller as they are now, if they may still do what they do, in the same role.
    pub(super) async fn again(&self, admin: &Admin, headers: &HeaderMap, now: Timestamp) -> Result<Self, Refusal> {
        let (access, user) = &self.asked;
        let again = permitted(admin, headers, now, (*access, user.as_deref())).await?;
        if again.role == self.role { Ok(again) } else { Err(Refusal::forbidden("your role changed meanwhile")) }
    }

    /// Whether they may ask for it. `user` is whom the path names.
    fn check(&self, access: Access, user: Option<&str>) -> Result<(), Refusal> {
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

/// Who asks, if they may. `user` is whom the path names.
pub(super) async fn permitted(
    admin: &Admin,
    headers: &HeaderMap,
    now: Timestamp,
    (access, user): (Access, Option<&str>),
) -> Result<Caller, Refusal> {
    let caller = identify(admin, headers, now).await?;
    caller.check(access, user)?;
    Ok(Caller { asked: (access, user.map(str::to_owned)), ..caller })
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
    let who = Who::Session(session);
    let is_open = snapshot.session(session)?.is_some_and(|row| now < row.expires);
    let standing =
        domain::standing(&**snapshot, &who)?.filter(|standing| is_open && standing.user.as_str() == claims.name);
    let Some(standing) = standing else {
        tracing::debug!(%session, "a token's session has ended");
        return Err(Refusal::unauthenticated());
    };
    // A user of the same name, made anew, is somebody else.
    if standing.id.as_str() != claims.sub {
        return Err(Refusal::unauthenticated());
    }
    let Standing { user, id, role, .. } = standing.clone();
    let judged = JudgedCaller { who, identities: snapshot.identities_changed()?, standing: Arc::new(standing) };
    Ok(Caller { name: user, id, role, session, judged, asked: (Access::Known, None) })
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
