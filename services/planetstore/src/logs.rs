//! The program's own log, on stderr.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// What the NATS client says of itself is kept to what matters; a filter may name it to hear more.
const QUIET: &str = "async_nats=warn,";

/// Starts logging. Lines carry no secrets: no type that holds one prints it.
pub(crate) fn start(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET}{filter}"))
        .with_context(|| format!("{filter:?} is no log filter (PLANETSTORE_LOG); try info, debug or node=debug"))?;
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_ansi(!no_color && std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
