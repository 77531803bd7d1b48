use ::admin::{NODE_INIT_PATH, NODE_STOP_PATH};
use clap::{Args, Subcommand};
use events::ids::NodeId;
use http::Method;
use serde_json::{Value, json};

use super::Verdict;
use super::admin::session::Session;
use super::admin::show;
use crate::client::{ConsoleArgs, ConsoleClient};
use crate::table::Output;

/// The nodes in the admin API.
const NODES: &str = "/api/v1/nodes";

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List storage nodes with their state, their disk, and the shards that are placed on them and owed by them
    List(NodeListArgs),
    /// Stop a storage node after it has answered the requests that it has accepted
    Stop(OneNodeArgs),
    /// Admit a storage node with its present data folder. Its previous folder and every shard in it are given up. The
    /// node then takes new shards, even if it was being drained or had been removed
    Init(OneNodeArgs),
    /// Drain a storage node: it gets no new shards, and its shards move to other nodes
    Drain(ForcedNodeArgs),
    /// Resume a storage node that was drained or removed: it gets new shards again
    Resume(OneNodeArgs),
    /// Remove a storage node on which nothing is placed any more
    Remove(ForcedNodeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NodeListArgs {
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct OneNodeArgs {
    /// Name of the node
    pub(crate) name: NodeId,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ForcedNodeArgs {
    #[command(flatten)]
    pub(crate) node: OneNodeArgs,
    /// Continue although too few nodes would be left for writes. A removal then also gives up the shards that are
    /// placed on the node
    #[arg(long)]
    pub(crate) force: bool,
}

/// Shows storage nodes, or changes what one does, through a gateway.
pub(crate) async fn node(command: NodeCommand) -> anyhow::Result<Verdict> {
    match command {
        NodeCommand::List(arguments) => list(arguments).await,
        NodeCommand::Stop(arguments) => stop(arguments).await,
        NodeCommand::Init(arguments) => init(arguments).await,
        NodeCommand::Drain(ForcedNodeArgs { node, force }) => {
            change(&node, "drain", Some(json!({ "force": force })), "takes no new shards; those it has move away").await
        }
        NodeCommand::Resume(node) => change(&node, "resume", None, "takes new shards").await,
        NodeCommand::Remove(ForcedNodeArgs { node, force }) => {
            change(&node, "remove", Some(json!({ "force": force })), "was removed").await
        }
    }
}

/// Lists the nodes that joined.
async fn list(arguments: NodeListArgs) -> anyhow::Result<Verdict> {
    let session = Session::at(&arguments.console).await?;
    let listed = session.list(NODES, "nodes").await;
    session.close().await;
    show::list(
        arguments.output,
        &listed?,
        [
            ("NODE", |node| show::text(&node["name"])),
            ("STATE", state),
            ("SINCE", |node| since(node).unwrap_or_else(|| "-".into())),
            ("ZONE", |node| show::text(&node["zone"])),
            ("CAPACITY", |node| show::bytes(&node["reported"]["capacity_bytes"])),
            ("FREE", |node| show::bytes(&node["reported"]["free_bytes"])),
            ("PLACED", |node| show::text(&node["placed"]["shards"])),
            ("OWED", |node| show::text(&node["owed_shards"])),
            ("SYNC", |node| latency(&node["reported"]["sync"])),
            ("READ", |node| latency(&node["reported"]["read"])),
            ("FOLDER", |node| show::text(&node["folder"])),
        ],
    )?;
    Ok(Verdict::Well)
}

/// What a node is, in the words that matter: `online` only if there is nothing else to say.
fn state(node: &Value) -> String {
    words(node).into_iter().map(|(word, _)| word).collect::<Vec<_>>().join(", ")
}

/// Since when the first of these words is so.
fn since(node: &Value) -> Option<String> {
    words(node).first().and_then(|(_, since)| since.as_str().map(ToOwned::to_owned))
}

fn words(node: &Value) -> Vec<(String, Value)> {
    let word = |member: &str, usual: &str| {
        let said = node[member]["state"].as_str().filter(|said| *said != usual)?;
        let cause = node[member]["cause"].as_str().map(|cause| format!(" ({cause})")).unwrap_or_default();
        Some((format!("{said}{cause}"), node[member]["since"].clone()))
    };
    let unusual = [word("duty", "serving"), word("presence", "online"), word("condition", "healthy")];
    let words: Vec<_> = unusual.into_iter().flatten().collect();
    if words.is_empty() { vec![("online".into(), node["presence"]["since"].clone())] } else { words }
}

/// The median and the 99th percentile, in milliseconds.
fn latency(latency: &Value) -> String {
    let ms = |name: &str| latency[name].as_u64().map(|us| format!("{}.{}", us / 1000, us % 1000 / 100));
    match (ms("p50"), ms("p99")) {
        (Some(p50), Some(p99)) => format!("{p50}/{p99} ms"),
        _ => "-".into(),
    }
}

/// Changes what is wanted of a node.
async fn change(node: &OneNodeArgs, what: &str, document: Option<Value>, done: &str) -> anyhow::Result<Verdict> {
    let session = Session::at(&node.console).await?;
    let changed = session.ask(Method::POST, &format!("{NODES}/{}/{what}", node.name), document.as_ref()).await;
    session.close().await;
    changed?;
    println!("{} {done}", node.name);
    Ok(Verdict::Well)
}

/// Stops a storage node; its process goes on if it does more than that.
async fn stop(arguments: OneNodeArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    client.post(&NODE_STOP_PATH.replace("{node}", arguments.name.as_str())).await?;
    println!("{} has stopped", arguments.name);
    Ok(Verdict::Well)
}

/// Lets a storage node in with the data folder it has now.
async fn init(arguments: OneNodeArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    client.post(&NODE_INIT_PATH.replace("{node}", arguments.name.as_str())).await?;
    println!("{} has joined with its present data folder", arguments.name);
    Ok(Verdict::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_told_by_what_is_unusual_of_it() {
        let node = |duty: &str, presence: &str, condition: Value| {
            json!({ "duty": { "state": duty, "since": "d" }, "presence": { "state": presence, "since": "p" },
                "condition": condition })
        };
        let healthy = || json!({ "state": "healthy", "since": "c" });
        let failing = json!({ "state": "failing", "cause": "latency", "since": "c" });
        for (node, words, at) in [
            (node("serving", "online", healthy()), "online", "p"),
            (node("serving", "offline", healthy()), "offline", "p"),
            (node("draining", "online", failing), "draining, failing (latency)", "d"),
            (node("removed", "offline", healthy()), "removed, offline", "d"),
        ] {
            assert_eq!((state(&node).as_str(), since(&node).as_deref()), (words, Some(at)));
        }
        assert_eq!(latency(&json!({ "p50": 140, "p99": 12_345 })), "0.1/12.3 ms");
        assert_eq!(latency(&Value::Null), "-");
    }
}
