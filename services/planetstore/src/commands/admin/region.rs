use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::arguments::RegionAction;
use super::session::Session;
use super::show;
use crate::table::Output;

const REGION: &str = "/api/v1/region";

pub(super) async fn run(session: &Session, action: RegionAction, output: Output) -> anyhow::Result<()> {
    let region = match action {
        RegionAction::Show => session.get(REGION).await?,
        RegionAction::RotateKey { author } => {
            let region: Value = session.get(REGION).await?;
            let number =
                region["key_numbers"][author.as_str()].as_u64().context("the gateway's answer has no key numbers")?;
            let wanted = json!({ "author": author.as_str(), "number": number + 1 });
            session.ask(Method::POST, &format!("{REGION}/keys"), Some(&wanted)).await?
        }
        RegionAction::Upgrade => session.ask(Method::POST, &format!("{REGION}/upgrade"), None).await?,
    };
    show::one(output, &region)
}
