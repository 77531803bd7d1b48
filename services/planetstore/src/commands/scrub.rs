use ::admin::{NodeScrub, PassReport, SCRUBS_CHANGE_PATH, SCRUBS_PATH, ScrubAnswer, ScrubList, ScrubState};
use anyhow::Context;
use clap::{Args, Subcommand};
use events::ids::NodeId;

use super::Verdict;
use crate::client::{ConsoleArgs, ConsoleClient};
use crate::table::{self, Output};
use crate::units::ByteSize;

#[derive(Debug, Subcommand)]
pub(crate) enum ScrubCommand {
    /// Start a full scrub of storage nodes now, at the `--scrub-rate` of each
    Start(ScrubArgs),
    /// Show the progress of the scrub of each storage node, and the number of known damaged shards. The exit code is 5
    /// if there are any
    Status(ScrubArgs),
    /// Pause the scrubs of storage nodes until they are resumed or started; restarts do not resume them
    Pause(ScrubArgs),
    /// Resume paused scrubs where they stopped
    Resume(ScrubArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ScrubArgs {
    /// Name of a storage node [default: all]
    pub(crate) node: Option<NodeId>,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

/// Shows or changes the scrubs of storage nodes, through a gateway, and shows how they are then.
pub(crate) async fn scrub(command: ScrubCommand) -> anyhow::Result<Verdict> {
    let (arguments, change) = match command {
        ScrubCommand::Status(arguments) => (arguments, None),
        ScrubCommand::Start(arguments) => (arguments, Some("start")),
        ScrubCommand::Pause(arguments) => (arguments, Some("pause")),
        ScrubCommand::Resume(arguments) => (arguments, Some("resume")),
    };
    let ScrubArgs { node, console, output } = arguments;
    let client = ConsoleClient::find(&console)?;
    let query = node.map_or_else(String::new, |node| format!("?node={node}"));
    let list: ScrubList = match change {
        None => client.get(&format!("{SCRUBS_PATH}{query}")).await?,
        Some(change) => client.post_for(&(SCRUBS_CHANGE_PATH.replace("{change}", change) + &query)).await?,
    };
    match output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&list).context("cannot write the scrubs")?),
        Output::Table => print!("{}", render(&list.nodes)),
    }
    // A change is done once every node has taken it in, whatever is known of its shards.
    Ok(Verdict::well_if(list.is_complete() && (change.is_some() || list.damaged() == 0)))
}

fn render(nodes: &[NodeScrub]) -> String {
    let rows: Vec<_> = nodes.iter().map(row).collect();
    let table = table::render(["NODE", "STATE", "HOLDS", "DAMAGED", "THIS PASS", "A SECOND", "LAST PASS"], &rows);
    let failure = |node: &NodeScrub| match &node.answer {
        ScrubAnswer::Failure(why) => Some(format!("\n{} does not say: {why}\n", node.node)),
        ScrubAnswer::Scrub(_) => None,
    };
    std::iter::once(table).chain(nodes.iter().filter_map(failure)).collect()
}

fn row(node: &NodeScrub) -> [String; 7] {
    let nothing = || "-".to_owned();
    let name = node.node.to_string();
    let ScrubAnswer::Scrub(report) = &node.answer else {
        return [name, "unknown".into(), nothing(), nothing(), nothing(), nothing(), nothing()];
    };
    let state = match report.state {
        ScrubState::Running => "running",
        ScrubState::Waiting => "waiting",
        ScrubState::Paused => "paused",
    };
    let holds = format!("{} shards, {}", report.shards, ByteSize(report.bytes));
    let rate = if report.bytes_per_second == 0 { nothing() } else { ByteSize(report.bytes_per_second).to_string() };
    [
        name,
        state.to_owned(),
        holds,
        report.damaged.to_string(),
        report.pass.as_ref().map_or_else(nothing, found),
        rate,
        report.last.as_ref().map_or_else(nothing, last),
    ]
}

fn found(pass: &PassReport) -> String {
    format!("{} shards read, {} damaged", pass.shards, pass.damaged)
}

fn last(pass: &PassReport) -> String {
    let ended = pass.ended.map_or_else(String::new, |ended| format!(" at {ended:.0}"));
    format!("{}{ended}", found(pass))
}

#[cfg(test)]
mod tests {
    use ::admin::ScrubReport;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_row_tells_what_was_read_and_a_node_that_is_silent_is_named() {
        let pass = PassReport {
            begun: Timestamp::UNIX_EPOCH,
            ended: Some(Timestamp::UNIX_EPOCH),
            shards: 4,
            bytes: 1 << 20,
            damaged: 1,
        };
        let paused = ScrubReport {
            state: ScrubState::Paused,
            pass: None,
            last: Some(pass.clone()),
            bytes_per_second: 0,
            shards: 5,
            bytes: 1 << 20,
            damaged: 2,
        };
        let node = |name: &str, answer| NodeScrub { node: name.parse().unwrap(), answer };
        let running = ScrubReport {
            state: ScrubState::Running,
            pass: Some(PassReport { ended: None, ..pass }),
            bytes_per_second: 1 << 20,
            last: None,
            ..paused
        };
        let text = render(&[
            node("a", ScrubAnswer::Scrub(paused)),
            node("b", ScrubAnswer::Scrub(running)),
            node("c", ScrubAnswer::Failure("the node is gone".into())),
        ]);
        let cells = |line: usize| {
            text.lines()
                .nth(line)
                .unwrap()
                .split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect::<Vec<_>>()
        };
        let (bytes, read) = (ByteSize(1 << 20).to_string(), "4 shards read, 1 damaged");
        let (holds, ended) = (format!("5 shards, {bytes}"), format!("{read} at 1970-01-01T00:00:00Z"));
        assert_eq!(cells(1), ["a", "paused", &holds, "2", "-", "-", &ended]);
        assert_eq!(cells(2), ["b", "running", &holds, "2", read, &bytes, "-"]);
        assert_eq!(cells(3), ["c", "unknown", "-", "-", "-", "-", "-"]);
        assert!(text.ends_with("\nc does not say: the node is gone\n"), "{text}");
    }
}
