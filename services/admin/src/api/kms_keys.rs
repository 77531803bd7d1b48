//! The keys of the region's key store.

use domain::{Identities, IdentityCommand};
use events::ids::KmsKeyName;
use ledger::Snapshot;

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{KmsKey, KmsKeyChange, KmsKeys, NewKmsKey};

/// The path parameter that names a key.
const KMS_KEY: &str = "kms_key";

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<KmsKeyName>()?;
    let mut rows = asked.read().await?.list_kms_keys(page.after.as_ref(), page.limit + 1)?;
    let next = page.cut(&mut rows);
    let kms_keys = rows.into_iter().map(|(name, row)| KmsKey::new(name, &row)).collect();
    Answer::of(&KmsKeys { kms_keys, next })
}

pub(super) async fn create(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NewKmsKey { name } = asked.json().await?;
    let admin = &asked.admin;
    let sealed = admin.sealer()?.fresh_kms_key(name.as_str(), admin.random()?, admin.random()?);
    let sealed = sealed.ok().and_then(|sealed| sealed.parse().ok()).ok_or_else(|| {
        tracing::error!("a KMS key cannot be sealed");
        Refusal::internal()
    })?;
    let command = IdentityCommand::CreateKmsKey { name: name.clone(), sealed };
    let committed = asked.change(&caller, command).await?;
    Answer::created(&find(&*asked.read().await?, name)?, committed.sequence)
}

pub(super) async fn change(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let name: KmsKeyName = asked.name(KMS_KEY)?;
    let KmsKeyChange { enabled } = asked.json().await?;
    let command = IdentityCommand::ChangeKmsKey { name: name.clone(), enabled };
    let committed = asked.change(&caller, command).await?;
    Answer::changed(&find(&*asked.read().await?, name)?, committed.sequence)
}

fn find(snapshot: &Snapshot, name: KmsKeyName) -> Result<KmsKey, Refusal> {
    let row = snapshot.kms_key(&name)?.ok_or_else(|| Refusal::not_found("there is no such KMS key"))?;
    Ok(KmsKey::new(name, &row))
}
