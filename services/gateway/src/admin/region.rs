//! The region: which facts may be written, and with which keys they are proven.

use domain::row::{KeyNumbers, TotalsRow};
use domain::{ChangeKey, Command, View};
use events::Fact;

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{AuthorKeyChange, AuthorKeyNumbers, Region};

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
    let TotalsRow { level, keys: KeyNumbers { gateway, lifecycle }, .. } = asked.read().await?.totals()?;
    let name = asked.admin.0.region.clone();
    let (release, key_numbers) = (env!("CARGO_PKG_VERSION"), AuthorKeyNumbers { gateway, lifecycle });
    Ok(Region { name, level, known_level: Fact::LEVEL, release, key_numbers })
}
