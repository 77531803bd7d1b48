//! Groups.

use domain::{Identities, IdentityCommand};
use events::ids::GroupName;
use ledger::Snapshot;

use super::access::Caller;
use super::answer::Answer;
use super::answering::USER;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{Group, Groups, NewGroup};

/// The path parameter that names a group.
const GROUP: &str = "group";

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<GroupName>()?;
    let mut rows = asked.read().await?.list_groups(page.after.as_ref(), page.limit + 1)?;
    let next = page.cut(&mut rows);
    let groups = rows.into_iter().map(|(name, row)| Group::new(name, row)).collect();
    Answer::of(&Groups { groups, next })
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let group = asked.name(GROUP)?;
    Answer::of(&find(&*asked.read().await?, group)?)
}

pub(super) async fn create(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NewGroup { name } = asked.json().await?;
    let committed = asked.change(&caller, IdentityCommand::CreateGroup { group: name.clone() }).await?;
    Answer::created(&find(&*asked.read().await?, name)?, committed.sequence)
}

pub(super) async fn delete(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::DeleteGroup { group: asked.name(GROUP)? };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

pub(super) async fn add_member(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::AddMember { group: asked.name(GROUP)?, user: asked.name(USER)? };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

pub(super) async fn remove_member(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::RemoveMember { group: asked.name(GROUP)?, user: asked.name(USER)? };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

fn find(snapshot: &Snapshot, name: GroupName) -> Result<Group, Refusal> {
    let row = snapshot.group(&name)?.ok_or_else(|| Refusal::not_found("there is no such group"))?;
    Ok(Group::new(name, row))
}
