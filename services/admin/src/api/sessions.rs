//! Sessions from the side of who looks after them.

use domain::{Identities, IdentityCommand};
use events::ids::UserName;

use super::access::Caller;
use super::answer::Answer;
use super::answering::USER;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{OpenSession, OpenSessions};
use super::users;

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let user: UserName = asked.name(USER)?;
    let snapshot = asked.read().await?;
    users::find(&snapshot, &user)?;
    let open = snapshot.sessions_of(&user)?;
    let open = open.iter().filter(|(_, row)| asked.now < row.expires);
    let mut sessions: Vec<_> = open.map(|(session, row)| OpenSession::new(*session, row)).collect();
    sessions.sort_unstable_by_key(|session| (session.opened, session.session));
    Answer::of(&OpenSessions { sessions })
}

pub(super) async fn revoke_all(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::RevokeSessions { user: asked.name(USER)?, session: None };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

pub(super) async fn revoke(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::RevokeSessions { user: asked.name(USER)?, session: Some(asked.name("session")?) };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}
