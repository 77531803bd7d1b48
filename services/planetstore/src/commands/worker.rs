use std::num::NonZeroU64;

use ::admin::{NODE_CONFIRM_STRAYS_PATH, WORKER_PATH, WORKERS_PATH, WorkerList};
use anyhow::Context;
use clap::{Args, Subcommand};
use events::ids::{NodeId, WorkerName};
use worker::{Report, State};

use super::Verdict;
use crate::client::{ConsoleArgs, ConsoleClient};
use crate::table::{self, Output};

#[derive(Debug, Subcommand)]
pub(crate) enum WorkerCommand {
    /// Show the state and progress of each background worker, and why a worker waits
    List(ListArgs),
    /// Pause a worker in every process, until it is resumed
    Pause(OneWorkerArgs),
    /// Resume a paused worker
    Resume(OneWorkerArgs),
    /// Set the maximum rate of a worker per second, in its own unit
    Rate(RateArgs),
    /// Have a worker start over now and look at everything
    Run(OneWorkerArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct OneWorkerArgs {
    /// Name of the worker
    pub(crate) name: WorkerName,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RateArgs {
    /// Name of the worker
    pub(crate) name: WorkerName,
    /// Units per second [default: the worker's default]
    pub(crate) units: Option<NonZeroU64>,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GcCommand {
    /// Confirm that shards on a node that the log does not name are not needed, because this log is the right one
    Confirm(ConfirmArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Name of the node
    pub(crate) node: NodeId,
    /// The number of these shards, as `planetstore worker list` shows it
    #[arg(long, value_name = "N")]
    pub(crate) shards: u64,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// Shows or changes background workers, through a gateway.
pub(crate) async fn worker(command: WorkerCommand) -> anyhow::Result<Verdict> {
    match command {
        WorkerCommand::List(arguments) => list(arguments).await,
        WorkerCommand::Pause(OneWorkerArgs { name, console }) => change(&console, &name, "pause", "is paused").await,
        WorkerCommand::Resume(OneWorkerArgs { name, console }) => change(&console, &name, "resume", "goes on").await,
        WorkerCommand::Rate(RateArgs { name, units, console }) => {
            let query = units.map_or_else(String::new, |units| format!("?units={units}"));
            change(&console, &name, &format!("rate{query}"), "has another rate").await
        }
        WorkerCommand::Run(OneWorkerArgs { name, console }) => {
            change(&console, &name, "run", "looks at everything").await
        }
    }
}

async fn change(console: &ConsoleArgs, name: &WorkerName, change: &str, done: &str) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(console)?;
    client.post(&WORKER_PATH.replace("{worker}", name.as_str()).replace("{change}", change)).await?;
    println!("{name} {done}");
    Ok(Verdict::Well)
}

async fn list(arguments: ListArgs) -> anyhow::Result<Verdict> {
    let client = ConsoleClient::find(&arguments.console)?;
    let list: WorkerList = client.get(WORKERS_PATH).await?;
    match arguments.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&list).context("cannot write the workers")?),
        Output::Table => print!("{}", render(&list.workers)),
    }
    let is_well = |report: &Report| !matches!(report.state, State::Failing { .. });
    Ok(Verdict::well_if(list.workers.iter().all(is_well)))
}

fn render(workers: &[Report]) -> String {
    let rows: Vec<_> = workers.iter().map(row).collect();
    let table = table::render(["WORKER", "PROCESS", "STATE", "DONE", "LEFT", "PER SECOND", "LAST"], &rows);
    let failure = |report: &Report| match &report.state {
        State::Failing { why } => Some(format!("\n{} fails: {why}\n", report.worker)),
        _ => None,
    };
    std::iter::once(table).chain(workers.iter().filter_map(failure)).collect()
}

fn row(report: &Report) -> [String; 7] {
    let state = match &report.state {
        State::Waiting { why } => format!("waiting: {why}"),
        state => state.name().to_owned(),
    };
    let done = format!("{} {}", report.done, report.unit);
    let left = report.left.map_or_else(String::new, |left| left.to_string());
    let last = report.last.as_ref().map_or_else(String::new, |last| last.what.clone());
    let pace = match report.rate {
        Some(rate) => format!("{:.1} of {rate}", report.pace),
        None => format!("{:.1}", report.pace),
    };
    [report.worker.to_string(), report.process.name.clone(), state, done, left, pace, last]
}

/// Tells the garbage collector something, through a gateway.
pub(crate) async fn gc(command: GcCommand) -> anyhow::Result<Verdict> {
    let GcCommand::Confirm(ConfirmArgs { node, shards, console }) = command;
    let client = ConsoleClient::find(&console)?;
    let path = NODE_CONFIRM_STRAYS_PATH.replace("{node}", node.as_str());
    client.post(&format!("{path}?shards={shards}")).await?;
    println!("confirmed that {shards} shards on {node} that the log does not name are not needed");
    Ok(Verdict::Well)
}

#[cfg(test)]
mod tests {
    use events::ids::ProcessId;
    use events::lease::Owner;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_worker_that_fails_says_why_below_the_table() {
        let owner = Owner { process: ProcessId(Uuid::nil()), name: "dev on host".into() };
        let report = Report {
            worker: "gc".parse().unwrap(),
            about: "Gives back room.".into(),
            process: owner,
            state: State::Failing { why: "the log says nothing of 7 shards".into() },
            since: Timestamp::UNIX_EPOCH,
            lease: None,
            unit: "contents".into(),
            done: 5,
            left: Some(2),
            left_as_of: None,
            pace: 0.25,
            rate: NonZeroU64::new(9),
            failures: 3,
            lags: Vec::new(),
            last: None,
        };
        let text = render(&[report]);
        assert!(text.contains("gc      dev on host  failing  5 contents  2     0.2 of 9"), "{text}");
        assert!(text.ends_with("\ngc fails: the log says nothing of 7 shards\n"), "{text}");
    }
}
