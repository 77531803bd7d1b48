//! The region: which facts may be written, and with which keys they are proven.

use domain::row::TotalsRow;
use domain::{ChangeKey, Command, View};
use events::ids::RegionName;
use events::{Author, Fact};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;

/// The region.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Region {
    pub(super) name: RegionName,
    /// The level of the region: facts up to this level may be written.
    pub(super) level: u32,
    /// The greatest level that the gateway's release knows.
    pub(super) known_level: u32,
    /// The release of the gateway.
    pub(super) release: &'static str,
    /// The number of the key with which each author proves its events.
    pub(super) key_numbers: AuthorKeyNumbers,
    /// The number of the master key in use, from which the author keys are derived.
    pub(super) master_key_number: u32,
    /// The sequence on the log from which secrets are only in events of the nouns `secret` and `session`; 0 below level
    /// 2.
    pub(super) secrets_apart_since: u64,
}

/// The numbers of author keys in use.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AuthorKeyNumbers {
    pub(super) gateway: u32,
    pub(super) lifecycle: u32,
    pub(super) maintenance: u32,
}

/// The rotation of an author key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorKeyChange {
    pub(super) author: Author,
    /// The number of the next key: one more than that of the key in use.
    pub(super) number: u32,
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    Answer::of(&shape(&asked).await?)
}

pub(super) async fn upgrade(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let region = asked.admin.0.region.clone();
    let command = Command::UpgradeRegion { region, level: Fact::LEVEL, release: env!("CARGO_PKG_VERSION").into() };
    let committed = asked.commit(&caller, command).await?;
    Answer::changed(&shape(&asked).await?, committed.sequence)
}

pub(super) async fn change_key(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let AuthorKeyChange { author, number } = asked.json().await?;
    let region = asked.admin.0.region.clone();
    let committed = asked.commit(&caller, ChangeKey { region, author, number }.into()).await?;
    Answer::changed(&shape(&asked).await?, committed.sequence)
}

async fn shape(asked: &Asked) -> Result<Region, Refusal> {
    let TotalsRow { level, keys, apart_since, .. } = asked.read().await?.totals()?;
    let name = asked.admin.0.region.clone();
    let key_numbers =
        AuthorKeyNumbers { gateway: keys.gateway, lifecycle: keys.lifecycle, maintenance: keys.maintenance };
    Ok(Region {
        name,
        level,
        known_level: Fact::LEVEL,
        release: env!("CARGO_PKG_VERSION"),
        key_numbers,
        master_key_number: keys.master_number(),
        secrets_apart_since: apart_since,
    })
}
