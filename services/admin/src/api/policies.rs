//! Policies of users and groups.

use domain::{Identities, IdentityCommand};
use events::ids::PolicyName;
use events::policy::{BUILT_IN, Holder};
use ledger::Snapshot;

use super::access::Caller;
use super::answer::Answer;
use super::answering::USER;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{Policies, Policy};

/// The path parameters that name a policy and a group.
const POLICY: &str = "policy";
const GROUP: &str = "group";

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<PolicyName>()?;
    let snapshot = asked.read().await?;
    let mut policies = Vec::new();
    if page.after.is_none() {
        for name in BUILT_IN {
            policies.push(find(&snapshot, name.parse().map_err(|_| Refusal::internal())?)?);
        }
    }
    let mut rows = snapshot.list_policies(page.after.as_ref(), page.limit + 1)?;
    let next = page.cut(&mut rows);
    policies.extend(rows.into_iter().map(|(name, row)| Policy::new(name, row)));
    Answer::of(&Policies { policies, next })
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name = asked.name(POLICY)?;
    Answer::of(&find(&*asked.read().await?, name)?)
}

/// Stores a document as it was written, after it was read to the last word.
pub(super) async fn put(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let name: PolicyName = asked.name(POLICY)?;
    let bytes = asked.bytes().await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Refusal::invalid("the policy is not UTF-8"))?;
    let malformed = |error: policy::Malformed| Refusal::malformed_policy(error.to_string());
    let document = policy::Document::identity(text).map_err(malformed)?;
    document.check_new().map_err(malformed)?;
    let command = IdentityCommand::StorePolicy { policy: name.clone(), document: document.text().to_owned() };
    let committed = asked.change(&caller, command).await?;
    Answer::changed(&find(&*asked.read().await?, name)?, committed.sequence)
}

pub(super) async fn delete(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::DeletePolicy { policy: asked.name(POLICY)? };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

pub(super) async fn attach_to_user(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let holder = Holder::User(asked.name(USER)?);
    attach(asked, caller, holder).await
}

pub(super) async fn attach_to_group(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let holder = Holder::Group(asked.name(GROUP)?);
    attach(asked, caller, holder).await
}

pub(super) async fn detach_from_user(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let holder = Holder::User(asked.name(USER)?);
    detach(asked, caller, holder).await
}

pub(super) async fn detach_from_group(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let holder = Holder::Group(asked.name(GROUP)?);
    detach(asked, caller, holder).await
}

async fn attach(asked: Asked, caller: Caller, holder: Holder) -> Result<Answer, Refusal> {
    let command = IdentityCommand::AttachPolicy { policy: asked.name(POLICY)?, holder };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

async fn detach(asked: Asked, caller: Caller, holder: Holder) -> Result<Answer, Refusal> {
    let command = IdentityCommand::DetachPolicy { policy: asked.name(POLICY)?, holder };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

/// A policy by name, built-in ones too.
fn find(snapshot: &Snapshot, name: PolicyName) -> Result<Policy, Refusal> {
    if let Some(document) = policy::managed::document(&name) {
        return Ok(Policy::built_in(name, document.text()));
    }
    let row = snapshot.policy(&name)?.ok_or_else(|| Refusal::not_found("there is no such policy"))?;
    Ok(Policy::new(name, row))
}
