use super::arguments::ProofArgs;
use crate::commands::admin::session::Session;

/// Prints the proof that an event is on the log.
pub(super) async fn proof(arguments: &ProofArgs) -> anyhow::Result<()> {
    let session = Session::at(&arguments.console).await?;
    let asked = session.get_raw(&format!("/api/v1/events/{}/proof", arguments.sequence)).await;
    session.close().await;
    let (_, body) = asked?;
    println!("{}", std::str::from_utf8(&body)?);
    Ok(())
}
