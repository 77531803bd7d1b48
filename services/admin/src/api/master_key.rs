//! The master key of the region: which one is in use, and how much is still sealed with former keys.

use domain::{ChangeMasterKey, View};
use events::ids::MasterKeyId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HeldMasterKey;
use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use crate::reseal::{self, Left};

/// The region's master key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MasterKeys {
    /// The number of the master key in use. The first key has number 0.
    pub(super) number: u32,
    /// The id of the master key in use.
    pub(super) key: MasterKeyId,
    /// The ids of the master keys that this gateway holds, in the order of their numbers.
    pub(super) held: Vec<MasterKeyId>,
    /// The number of secrets that are still sealed with former keys. Gateways seal them again with the key in use.
    pub(super) left: Left,
    /// Whether no secret is sealed with a former key any more.
    pub(super) done: bool,
}

/// The master key to use.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MasterKeyChange {
    /// The number of the next master key: one more than that of the key in use.
    pub(super) number: u32,
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    Answer::of(&shape(&asked).await?)
}

/// Puts the next master key in use. Other gateways that do not hold it stop, which nobody here can see beforehand.
pub(super) async fn rotate(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let MasterKeyChange { number } = asked.json().await?;
    let held = &asked.admin.0.master_keys;
    let key = usize::try_from(number).ok().and_then(|number| held.get(number)).ok_or_else(|| {
        Refusal::conflict(format!(
            "this gateway holds {} master keys, and none with number {number}, counted from 0: `planetstore master-key \
             add` makes one; give it to all gateways, and restart them, before it is used",
            held.len()
        ))
    })?;
    let region = asked.admin.0.region.clone();
    let HeldMasterKey { key, gateway, lifecycle, maintenance } = *key;
    let change = ChangeMasterKey { region, number, key, gateway, lifecycle, maintenance };
    let committed = asked.commit(&caller, change.into()).await?;
    Answer::changed(&shape(&asked).await?, committed.sequence)
}

pub(super) async fn shape(asked: &Asked) -> Result<MasterKeys, Refusal> {
    let snapshot = asked.read().await?;
    let number = snapshot.totals()?.keys.master_number();
    let held: Vec<_> = asked.admin.0.master_keys.iter().map(|held| held.key).collect();
    let in_use = usize::try_from(number).ok().and_then(|number| held.get(number).copied());
    let key = in_use.ok_or_else(Refusal::internal)?;
    let left = reseal::left(&snapshot, key)?;
    Ok(MasterKeys { number, key, held, done: left.is_nothing(), left })
}
