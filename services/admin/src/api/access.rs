//! Who asks, and may they? Decided on the head of a request, before anything else is looked at.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::{Identities, Judged, JudgedBucket, JudgedCaller, Standing, View, Who};
use events::ids::{RegionName, SessionId, UserId, UserName};
use events::user::Role;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use identity::{Claims, TokenError, Tokens};
use jiff::{SignedDuration, Timestamp};
use ledger::{Snapshot, StateError};
use listener::{Client, Peer, TlsVersion};
use policy::{Action, Attached, Context, Decision, Denial, Key, Request, Resource, Rights, Value, evaluate};
use rights::{Confirmed, attached};

use super::Admin;
use super::refusal::Refusal;

/// How long ago the password may have been proven for what asks for a recent proof.
pub(super) const PROOF_AGE_MAX: SignedDuration = SignedDuration::from_mins(15);

/// Who may ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Everybody who has logged in.
    Known,
    /// Everybody who has logged in, unless a policy denies it: it gives nothing that they do not have anyway.
    Everyone(Action),
    /// The user whom the path names, and whoever has the right.
    Own(Action),
    /// Whoever has the right.
    Right(Action),
}

/// Whether who asks must have proven the password not long ago: then a token that was stolen, or a session that was
/// left open, is not enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A session is enough.
    OfSession,
    /// Not long ago.
    Recent,
    /// Not long ago, unless it is about the caller: then the password is asked for in the document.
    RecentForOthers,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asking {
    pub(super) access: Access,
    pub(super) proof: Proof,
    /// Whom the path names.
    pub(super) user: Option<String>,
    /// What it is about, as policies call it behind `arn:aws:admin:::`. The right is needed for each.
    pub(super) targets: Vec<String>,
}

/// Somebody whose session is open.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: UserName,
    pub(super) id: UserId,
    pub(super) role: Role,
    pub(super) session: SessionId,
    /// The caller's own policies and those of the groups.
    pub(super) policies: Arc<[Attached]>,
    /// When the password was proven last, as far as the token knows.
    proved: Timestamp,
    /// What this was read from. It is private: nobody else can say who asks.
    judged: JudgedCaller,
    /// What was asked of them.
    asked: Option<Arc<Asking>>,
}

impl Caller {
    pub(super) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// The right of the caller, as it was judged. `identities` is the last change of them by which it was judged, if what
    /// others have was looked at too.
    pub(super) fn confirmed(&self, identities: Option<u64>) -> Confirmed {
        Confirmed::new(Judged { caller: Some(self.judged.clone()), bucket: None, identities })
    }

    /// The same of a right in a bucket, as the bucket was then.
    pub(super) fn confirmed_in(&self, bucket: JudgedBucket) -> Confirmed {
        Confirmed::new(Judged { caller: Some(self.judged.clone()), bucket: Some(bucket), identities: None })
    }

    /// The caller as they are now, if they may still do what they do, in the same role.
    pub(super) async fn again(&self, admin: &Admin, parts: &Parts, now: Timestamp) -> Result<Self, Refusal> {
        let asked = self.asked.as_ref().ok_or_else(Refusal::internal)?;
        let again = permitted(admin, parts, now, asked).await?;
        if again.role == self.role { Ok(again) } else { Err(Refusal::forbidden("your role changed meanwhile")) }
    }

    /// What the policies and the role of the caller say of a right.
    pub(super) fn decide<'a>(&'a self, action: Action, target: &'a str, request: &'a Asker<'a>) -> Decision<'a> {
        let rights = Rights { policies: &self.policies, bucket: None, object: None };
        let (caller, resource, time) = (self.as_policies_see(), Resource::Admin(target), request.now);
        evaluate(&rights, &Request { caller, action, resource, time, context: request })
    }

    pub(super) fn as_policies_see(&self) -> policy::Caller<'_> {
        let (name, id, role) = (&self.name, &self.id, self.role);
        if name.is_root() { policy::Caller::Root } else { policy::Caller::User { name, id, role } }
    }

    /// The event that last changed identities when the caller was identified.
    pub(super) fn identities(&self) -> u64 {
        self.judged.identities
    }

    /// Whether they may ask for it. What is one's own needs no right, but it can be denied.
    fn check(&self, asking: &Asking, request: &Asker<'_>) -> Result<(), Refusal> {
        let is_own = asking.user.as_deref() == Some(self.name.as_str());
        let (action, needs_no_right) = match asking.access {
            Access::Open | Access::Known => return Ok(()),
            Access::Everyone(action) => (action, true),
            Access::Own(action) => (action, is_own),
            Access::Right(action) => (action, false),
        };
        for target in &asking.targets {
            match self.decide(action, target, request) {
                Decision::Allowed(_) => {}
                Decision::Denied(Denial::NothingGrants) if needs_no_right => {}
                Decision::Denied(denial) => return Err(Refusal::no_right(action, target, &denial)),
            }
        }
        let needs_proof = match asking.proof {
            Proof::OfSession => false,
            Proof::Recent => true,
            Proof::RecentForOthers => !is_own,
        };
        if needs_proof && request.now.duration_since(self.proved) > PROOF_AGE_MAX {
            return Err(Refusal::step_up_required());
        }
        Ok(())
    }
}

/// A request, as the conditions of policies see it.
pub(super) struct Asker<'a> {
    parts: &'a Parts,
    address: Option<IpAddr>,
    tls: Option<TlsVersion>,
    region: &'a RegionName,
    now: Timestamp,
}

impl<'a> Asker<'a> {
    pub(super) fn new(admin: &'a Admin, parts: &'a Parts, now: Timestamp) -> Self {
        let peer = parts.extensions.get::<Peer>();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.address.ip());
        let Client { address, .. } = Client::of(address, &parts.headers, &admin.0.trusted_proxies);
        Self { parts, address, tls: peer.and_then(|peer| peer.tls), region: &admin.0.region, now }
    }
}

impl Context for Asker<'_> {
    fn get(&self, key: &Key) -> Value<'_> {
        match key {
            Key::SourceIp => self.address.map_or(Value::Unreadable, Value::Address),
            Key::SecureTransport => Value::Flag(self.tls.is_some()),
            Key::TlsVersion => self.tls.map(TlsVersion::as_str).into(),
            Key::RequestedRegion => self.region.as_str().into(),
            Key::Header(name) => {
                let mut values = self.parts.headers.get_all(*name).iter();
                match (values.next(), values.next()) {
                    (None, _) => Value::Absent,
                    (Some(value), None) => value.to_str().map_or(Value::Unreadable, Value::from),
                    (Some(_), Some(_)) => Value::Unreadable,
                }
            }
            _ => Value::Absent,
        }
    }
}

/// Who asks, if they may.
pub(super) async fn permitted(
    admin: &Admin,
    parts: &Parts,
    now: Timestamp,
    asking: &Arc<Asking>,
) -> Result<Caller, Refusal> {
    let caller = identify(admin, &parts.headers, now).await?;
    caller.check(asking, &Asker::new(admin, parts, now))?;
    Ok(Caller { asked: Some(Arc::clone(asking)), ..caller })
}

/// Who the bearer of a token is, if the token is good and its session stands. Role and policies are those of now, not
/// those of when the token was made.
pub(super) async fn identify(admin: &Admin, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Refusal> {
    let token = good_token(admin, headers, now)?;
    let snapshot = admin.0.ledger.read().await?;
    in_state(&snapshot, token, now)
}

/// The same in the newest state that this process has, without asking the log: for whoever was identified before.
pub(super) fn identify_again(
    admin: &Admin,
    snapshot: &Snapshot,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Caller, Refusal> {
    in_state(snapshot, good_token(admin, headers, now)?, now)
}

/// When the token of a request expires, if it is good.
pub(super) fn expiry(admin: &Admin, headers: &HeaderMap, now: Timestamp) -> Result<Timestamp, Refusal> {
    let (_, claims) = good_token(admin, headers, now)?;
    Timestamp::from_second(claims.exp).map_err(|_| Refusal::unauthenticated())
}

/// What a good token says, and the number of the master key that it was made with.
fn good_token(admin: &Admin, headers: &HeaderMap, now: Timestamp) -> Result<(u32, Claims), Refusal> {
    let token = bearer(headers).ok_or_else(Refusal::unauthenticated)?;
    verify(&admin.0.tokens, token, now).map_err(|error| {
        tracing::debug!(%error, "a token was refused");
        Refusal::unauthenticated()
    })
}

fn in_state(snapshot: &Snapshot, (number, claims): (u32, Claims), now: Timestamp) -> Result<Caller, Refusal> {
    // Whoever has a former master key could make tokens with it. A client goes on with its refresh token.
    if snapshot.totals()?.keys.master_number() != number {
        tracing::debug!("a token was made with a master key that is not in use");
        return Err(Refusal::unauthenticated());
    }
    let session = SessionId(claims.sid);
    let who = Who::Session(session);
    let open = snapshot.session(session)?.filter(|row| now < row.expires);
    let standing = domain::standing(&**snapshot, &who)?.filter(|standing| standing.user.as_str() == claims.name);
    let (Some(open), Some(standing)) = (open, standing) else {
        tracing::debug!(%session, "a token's session has ended");
        return Err(Refusal::unauthenticated());
    };
    // A user of the same name, made anew, is somebody else.
    if standing.id.as_str() != claims.sub {
        return Err(Refusal::unauthenticated());
    }
    let policies = policies(snapshot, &standing)?;
    let again = claims.proved.and_then(|second| Timestamp::from_second(second).ok());
    let proved = again.map_or(open.opened, |again| again.max(open.opened));
    let Standing { user: name, id, role, .. } = standing.clone();
    let judged = JudgedCaller { who, identities: snapshot.identities_changed()?, standing: Arc::new(standing) };
    Ok(Caller { name, id, role, session, policies, proved, judged, asked: None })
}

/// The policies of somebody, parsed.
fn policies(snapshot: &Snapshot, standing: &Standing) -> Result<Arc<[Attached]>, StateError> {
    let policies = standing.policies.iter().map(|(name, _)| attached(snapshot, name.clone()));
    policies.filter_map(Result::transpose).collect()
}

/// What a token says, and the number of the master key that it was made with.
fn verify(tokens: &[Tokens], token: &str, now: Timestamp) -> Result<(u32, Claims), TokenError> {
    for (number, tokens) in (0..).zip(tokens) {
        match tokens.verify(token, now) {
            Err(TokenError::Foreign) => {}
            verified => return verified.map(|claims| (number, claims)),
        }
    }
    Err(TokenError::Foreign)
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
