use http::Method;

use super::arguments::RegionAction;
use super::session::Session;
use super::show;
use crate::cli::Output;

const REGION: &str = "/api/v1/region";

pub(super) async fn run(session: &Session, action: RegionAction, output: Output) -> anyhow::Result<()> {
    let region = match action {
        RegionAction::Show => session.get(REGION).await?,
        RegionAction::Upgrade => session.ask(Method::POST, &format!("{REGION}/upgrade"), None).await?,
    };
    show::one(output, &region)
}
