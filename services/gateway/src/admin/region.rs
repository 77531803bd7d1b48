//! The region's level: which facts may be written.

use domain::{Command, View};
use events::Fact;

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::Region;

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    Answer::of(&shape(&asked).await?)
}

pub(super) async fn upgrade(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let region = asked.admin.0.region.clone();
    let command = Command::UpgradeRegion { region, level: Fact::LEVEL, release: env!("CARGO_PKG_VERSION").into() };
    let committed = asked.commit(&caller, command).await?;
    Answer::changed(&shape(&asked).await?, committed.sequence)
}

async fn shape(asked: &Asked) -> Result<Region, Refusal> {
    let level = asked.read().await?.totals()?.level;
    let name = asked.admin.0.region.clone();
    Ok(Region { name, level, known_level: Fact::LEVEL, release: env!("CARGO_PKG_VERSION") })
}
