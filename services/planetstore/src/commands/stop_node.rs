use super::Verdict;
use crate::cli::OneNodeArgs;
use crate::client::ConsoleClient;
use crate::console::NODE_STOP_PATH;

/// Stops a storage node; its process goes on if it does more than that.
pub(crate) async fn stop_node(arguments: OneNodeArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    client.post(&NODE_STOP_PATH.replace("{node}", arguments.name.as_str())).await?;
    println!("{} has stopped", arguments.name);
    Ok(Verdict::Well)
}
