use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::arguments::MasterKeyAction;
use super::session::Session;
use super::show;
use crate::table::Output;

const MASTER_KEY: &str = "/api/v1/region/master-key";

pub(super) async fn run(session: &mut Session, action: MasterKeyAction, output: Output) -> anyhow::Result<()> {
    let status = match action {
        MasterKeyAction::Status => session.get(MASTER_KEY).await?,
        MasterKeyAction::Rotate => {
            let status: Value = session.get(MASTER_KEY).await?;
            let number = status["number"].as_u64().context("the gateway reports no master keys")?;
            let wanted = json!({ "number": number + 1 });
            let status = session.ask(Method::POST, MASTER_KEY, Some(&wanted)).await?;
            // Tokens that were made with the former key are no longer valid.
            session.renew().await?;
            status
        }
    };
    show::one(output, &status)
}
