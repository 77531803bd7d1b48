use ::admin::{NODE_INIT_PATH, NODE_STOP_PATH};
use clap::{Args, Subcommand};
use events::ids::NodeId;

use super::Verdict;
use crate::client::{ConsoleArgs, ConsoleClient};

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Stop a storage node after it has answered the requests it accepted
    Stop(OneNodeArgs),
    /// Admit a storage node with its present data folder; its previous folder and every shard in it are given up
    Init(OneNodeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OneNodeArgs {
    /// Name of the node
    pub(crate) name: NodeId,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// Changes what a storage node does, through a gateway.
pub(crate) async fn node(command: NodeCommand) -> anyhow::Result<Verdict> {
    match command {
        NodeCommand::Stop(arguments) => stop(arguments).await,
        NodeCommand::Init(arguments) => init(arguments).await,
    }
}

/// Stops a storage node. Its process continues if it has other roles.
async fn stop(arguments: OneNodeArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    client.post(&NODE_STOP_PATH.replace("{node}", arguments.name.as_str())).await?;
    println!("{} has stopped", arguments.name);
    Ok(Verdict::Well)
}

/// Admits a storage node with its present data folder.
async fn init(arguments: OneNodeArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    client.post(&NODE_INIT_PATH.replace("{node}", arguments.name.as_str())).await?;
    println!("{} has joined with its present data folder", arguments.name);
    Ok(Verdict::Well)
}
