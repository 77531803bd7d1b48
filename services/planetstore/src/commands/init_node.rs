use super::Verdict;
use crate::cli::OneNodeArgs;
use crate::client::ConsoleClient;
use crate::console::NODE_INIT_PATH;

/// Lets a storage node in with the data folder it has now.
pub(crate) async fn init_node(arguments: OneNodeArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    client.post(&NODE_INIT_PATH.replace("{node}", arguments.name.as_str())).await?;
    println!("{} has joined with its present data folder", arguments.name);
    Ok(Verdict::Well)
}
