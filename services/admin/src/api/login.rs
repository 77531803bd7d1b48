//! Sessions from the side of who has one.

use std::net::{IpAddr, Ipv4Addr};

use domain::{Identities, IdentityCommand, IdentityRejection, OpenSession, Outcome, RefreshSession, Rejection};
use events::ids::{SessionId, Sha256Digest, UserName};
use events::user::Role;
use http::header::CONTENT_TYPE;
use identity::{Asker, Bearer, RefreshToken};
use jiff::{SignedDuration, Timestamp};
use ledger::CommitError;
use uuid::Uuid;

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::carrier::{Carrier, lasting};
use super::operation::Parameter;
use super::password::Proven;
use super::refusal::Refusal;
use super::{shape, users};

/// How a page keeps its refresh token.
pub(super) const COOKIE: Parameter = Parameter {
    name: "X-Planetstore-Session",
    place: "header",
    schema: "string",
    about: "`cookie`: the refresh token is sent in a cookie that no script can read, instead of in the document",
};

/// How long a session goes on without being prolonged.
const SESSION_TIME: SignedDuration = SignedDuration::from_hours(12);

/// Where attempts come from that count wherever they come from.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// How often a password is proven for one login: its hash may be another by then, or the same one sealed anew.
const PROOFS_MAX: usize = 2;

/// Opens a session for who knows a password.
pub(super) async fn login(mut asked: Asked) -> Result<Answer, Refusal> {
    let (address, carrier) = (asked.address(), Carrier::of(&asked.parts)?);
    let crowded = asked.admin.0.throttle.address(address);
    let shape::Login { user, password } = asked.json().await?;
    // Who logged in from here before is bounded by their own attempts, and not by those of others beside them.
    let asker = asked.admin.0.throttle.asker(&user, address);
    if asker == Asker::Stranger {
        crowded.inspect_err(|_| note_failed(&asked, &user))?;
    }
    asked.admin.0.throttle.user(&user, address).inspect_err(|_| note_failed(&asked, &user))?;
    for _ in 0..PROOFS_MAX {
        let Some(proven) = asked.admin.prove(&user, password.clone(), asker).await? else {
            note_failed(&asked, &user);
            tracing::info!(%address, "a login was refused");
            metrics::counter!("planetstore_logins_total", "outcome" => "refused").increment(1);
            return Err(Refusal::login());
        };
        asked.admin.0.throttle.succeeded(&user, address);
        let session = SessionId((asked.admin.0.sources.fresh)(asked.now));
        let (next, expires) = next_refresh(&asked, session)?;
        let open = OpenSession {
            user: proven.name.clone(),
            proven: proven.password.clone(),
            session,
            refresh: kept(&asked, &next, &proven.name),
            expires,
        };
        // The user may have been removed or disabled since, or have another password.
        match asked.admin.0.ledger.open_session(open, asked.origin(&proven.name)).await {
            Err(CommitError::Rejected(Rejection::Identity(IdentityRejection::PasswordChanged))) => {}
            committed => {
                let committed = committed.map_err(|error| Refusal::from(error).or_if_missing(Refusal::login()))?;
                metrics::counter!("planetstore_logins_total", "outcome" => "opened").increment(1);
                return answer(&asked, &carrier, proven, &next, expires, committed.sequence);
            }
        }
    }
    Err(Refusal::login())
}

/// Records a login that failed, or was not even tried because too many did.
fn note_failed(asked: &Asked, user: &str) {
    let address = asked.client().and_then(|client| client.address);
    asked.admin.note_failed_login("login", user.to_owned(), address, asked.request_id.clone());
}

/// Goes on with a session, with other tokens. A refresh token that was used before ends the session: whoever has
/// used it, or uses it now, has stolen it. One that was invented changes nothing.
///
/// Source: RFC 9700, section 4.14.2.
pub(super) async fn refresh(mut asked: Asked) -> Result<Answer, Refusal> {
    asked.admin.0.throttle.address(asked.address())?;
    let carrier = Carrier::of(&asked.parts)?;
    let shown = shown(&mut asked, &carrier).await?;
    match carrier {
        Carrier::Document => renew(&asked, &carrier, &shown).await,
        // The browser goes away with its page, and what was begun is finished all the same: see `handover`.
        Carrier::Cookie { .. } => tokio::spawn(renew_or_repeat(asked, carrier, shown)).await.map_err(|error| {
            tracing::error!(%error, "a refresh failed");
            Refusal::internal()
        })?,
    }
}

/// The refresh token that a request shows.
async fn shown(asked: &mut Asked, carrier: &Carrier) -> Result<RefreshToken, Refusal> {
    let document = if *carrier == Carrier::Document { asked.json().await? } else { named(asked).await? };
    match (carrier, document.refresh_token) {
        (Carrier::Document, Some(token)) => {
            let token = RefreshToken::parse(token.expose()).map_err(|_| Refusal::session_ended())?;
            let is_meant = document.session.is_none_or(|session| session.0 == token.session());
            is_meant.then_some(token).ok_or_else(Refusal::session_ended)
        }
        (Carrier::Document, None) => Err(Refusal::invalid("the body: `refresh_token` is missing")),
        (Carrier::Cookie { .. }, Some(_)) => {
            Err(Refusal::invalid("the refresh token is in the cookie, or in the body"))
        }
        (Carrier::Cookie { .. }, None) => {
            carrier.token(&asked.parts, document.session).ok_or_else(Refusal::session_ended)
        }
    }
}

/// What a page says beside its cookie, if it says anything.
async fn named(asked: &mut Asked) -> Result<shape::Refresh, Refusal> {
    if !asked.parts.headers.contains_key(CONTENT_TYPE) {
        return Ok(shape::Refresh::default());
    }
    let bytes = asked.bytes().await?;
    if bytes.is_empty() {
        return Ok(shape::Refresh::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| Refusal::invalid(format!("the body: {error}")))
}

/// Goes on with a session whose page may have been left a moment ago.
async fn renew_or_repeat(asked: Asked, carrier: Carrier, shown: RefreshToken) -> Result<Answer, Refusal> {
    let (handover, session) = (&asked.admin.0.handover, SessionId(shown.session()));
    let _turn = handover.turn(session).await;
    let proven = owner(&asked, session).await?.ok_or_else(Refusal::session_ended)?;
    if let Some((next, expires)) = handover.again(kept(&asked, &shown, &proven.name), asked.now) {
        let sequence = asked.read().await?.cursor()?.sequence;
        return answer(&asked, &carrier, proven, &next, expires, sequence);
    }
    renew(&asked, &carrier, &shown).await
}

async fn renew(asked: &Asked, carrier: &Carrier, shown: &RefreshToken) -> Result<Answer, Refusal> {
    let session = SessionId(shown.session());
    let proven = owner(asked, session).await?.ok_or_else(Refusal::session_ended)?;
    let (next, expires) = next_refresh(asked, session)?;
    let spent = kept(asked, shown, &proven.name);
    let refresh = RefreshSession {
        session,
        spent,
        genuine: asked.admin.0.tokens.iter().any(|tokens| tokens.has_issued(shown)),
        refresh: kept(asked, &next, &proven.name),
        expires,
    };
    let committed = asked.admin.0.ledger.refresh_session(refresh, asked.origin(&proven.name)).await;
    let committed = committed.map_err(|error| Refusal::from(error).or_if_missing(Refusal::session_ended()))?;
    if committed.outcome == Outcome::SessionRevoked {
        tracing::warn!(user = %proven.name, %session, "a refresh token was used twice: ended the session");
        return Err(Refusal::session_ended());
    }
    if *carrier != Carrier::Document {
        asked.admin.0.handover.keep(spent, next.clone(), expires, asked.now);
    }
    answer(asked, carrier, proven, &next, expires, committed.sequence)
}

pub(super) async fn logout(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let forgotten = Carrier::of(&asked.parts)?.forgotten()?;
    let command = IdentityCommand::RevokeSessions { user: caller.name.clone(), session: Some(caller.session) };
    let done = Answer::done(asked.change(&caller, command).await?.sequence);
    Ok(Answer { headers: forgotten.into_iter().collect(), ..done })
}

/// Shows once more who has a session: what comes back is good for what asks for a recent proof. Guesses count as those
/// of a login do, and for the session as well, wherever they come from. A password that is changed meanwhile ends the
/// session, and what was given for it.
pub(super) async fn prove(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let shape::Proof { password } = asked.json().await?;
    let (user, address) = (caller.name.as_str(), asked.address());
    let session = format!("session {}", caller.session);
    asked.admin.0.throttle.user(user, address)?;
    asked.admin.0.throttle.user(&session, ANYWHERE)?;
    let proven = asked.admin.prove(user, password, Asker::Known).await?;
    let Some(proven) = proven.filter(|proven| proven.id == caller.id) else {
        note_failed(&asked, user);
        return Err(Refusal::forbidden("the password is wrong"));
    };
    asked.admin.0.throttle.succeeded(user, address);
    asked.admin.0.throttle.succeeded(&session, ANYWHERE);
    let token_id = (asked.admin.0.sources.fresh)(asked.now);
    let issued = asked.admin.tokens()?.issue_proven(bearer(&proven, caller.session.0), token_id, asked.now);
    let issued = issued.map_err(|error| {
        tracing::error!(%error, "a verification of a password failed");
        Refusal::internal()
    })?;
    Answer::of(&shape::Proven { access_token: issued.token.expose().to_owned(), expires: issued.expires })
}

pub(super) async fn whoami(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let snapshot = asked.read().await?;
    Answer::of(&users::find(&snapshot, &caller.name)?)
}

/// Whose open session it is.
async fn owner(asked: &Asked, session: SessionId) -> Result<Option<Proven>, Refusal> {
    let snapshot = asked.read().await?;
    let Some(row) = snapshot.session(session)?.filter(|row| asked.now < row.expires) else { return Ok(None) };
    if row.user.is_root() {
        let id = events::ids::UserId::root();
        return Ok(Some(Proven { name: row.user, id, role: Role::Admin, password: None }));
    }
    let user = snapshot.user(&row.user)?.filter(|user| user.enabled);
    Ok(user.map(|user| Proven { name: row.user, id: user.id, role: user.role, password: user.password }))
}

fn next_refresh(asked: &Asked, session: SessionId) -> Result<(RefreshToken, Timestamp), Refusal> {
    let expires = asked.now.checked_add(SESSION_TIME).map_err(|_| Refusal::internal())?;
    Ok((asked.admin.tokens()?.refresh_token(session.0, asked.admin.random()?), expires))
}

/// What is kept of a refresh token. Root's are bound to its password, which changes without an event.
fn kept(asked: &Asked, token: &RefreshToken, user: &UserName) -> Sha256Digest {
    let root = &asked.admin.0.root.secret_key;
    Sha256Digest(token.digest(if user.is_root() { root.expose() } else { "" }))
}

fn answer(
    asked: &Asked,
    carrier: &Carrier,
    proven: Proven,
    next: &RefreshToken,
    refresh_expires: Timestamp,
    sequence: u64,
) -> Result<Answer, Refusal> {
    let bearer = bearer(&proven, next.session());
    let Proven { name, role, .. } = proven;
    let token_id = (asked.admin.0.sources.fresh)(asked.now);
    let issued = asked.admin.tokens()?.issue(bearer, token_id, asked.now).map_err(|error| {
        tracing::error!(%error, "a login failed");
        Refusal::internal()
    })?;
    let text = next.to_text();
    let cookie = carrier.kept(&text, lasting(asked.now, refresh_expires))?;
    let session = shape::Session {
        access_token: issued.token.expose().to_owned(),
        expires: issued.expires,
        refresh_token: cookie.is_none().then(|| text.expose().to_owned()),
        refresh_expires,
        session: SessionId(next.session()),
        user: name,
        role,
    };
    let answer = Answer::changed(&session, sequence)?;
    Ok(Answer { headers: cookie.into_iter().collect(), ..answer })
}

fn bearer(proven: &Proven, session: Uuid) -> Bearer {
    Bearer {
        user_id: proven.id.to_string(),
        user_name: proven.name.to_string(),
        role: if proven.role == Role::Admin { "admin" } else { "user" }.into(),
        session,
    }
}
