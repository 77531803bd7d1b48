//! `planetstore logs` and `planetstore errors`: what the processes of a store say of themselves.

mod arguments;
mod follow;
mod show;

use std::io::{BufWriter, IsTerminal};

use anyhow::Context;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Verdict;
use super::admin::session::Session;
use super::events::has_color;
use super::printer::Printer;
pub(crate) use arguments::{ErrorsArgs, LogsArgs};
use arguments::{LineArgs, follow_path, path};
use show::pretty;

/// What the store says.
#[derive(Debug, Deserialize)]
struct Lines {
    lines: Vec<Box<RawValue>>,
}

/// Shows the newest log lines, and follows them if that is asked for.
pub(crate) async fn logs(arguments: LogsArgs) -> anyhow::Result<Verdict> {
    if arguments.follow {
        follow::follow(&arguments.wanted, &follow_path(&arguments.wanted)).await?;
    } else {
        show(&arguments.wanted, &path("logs", &arguments.wanted)).await?;
    }
    Ok(Verdict::Well)
}

/// Shows the newest errors and warnings.
pub(crate) async fn errors(arguments: ErrorsArgs) -> anyhow::Result<Verdict> {
    show(&arguments.wanted, &path("errors", &arguments.wanted)).await?;
    Ok(Verdict::Well)
}

async fn show(wanted: &LineArgs, path: &str) -> anyhow::Result<()> {
    let session = Session::at(&wanted.console).await?;
    let answer = session.get_raw(path).await;
    session.close().await;
    let (_, body) = answer?;
    let found: Lines = serde_json::from_slice(&body).context("the store's answer is not a list of log lines")?;
    let stdout = std::io::stdout();
    let has_color = has_color(stdout.is_terminal());
    let mut printer = Printer::new(BufWriter::new(stdout), wanted.output, pretty, has_color);
    found.lines.iter().try_for_each(|line| printer.print(line.get()))?;
    printer.end()
}
