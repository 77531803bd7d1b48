use clap::{Args, ValueEnum};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::client::ConsoleArgs;
use crate::commands::events::EventOutput;

/// Lines unless another number is asked for.
const LINES: u16 = 100;

/// Lines that a store gives at once.
const LINES_MAX: i64 = 2_000;

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Print further lines as they are written
    #[arg(short, long)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) wanted: LineArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ErrorsArgs {
    #[command(flatten)]
    pub(crate) wanted: LineArgs,
}

/// Which lines are asked for.
#[derive(Debug, Args)]
pub(crate) struct LineArgs {
    /// Only lines of this level or a more severe one
    #[arg(long, value_name = "LEVEL")]
    level: Option<LineLevel>,
    /// Only lines of this role, storage node or part of the program, such as `gateway`, `node-3` or `ledger`
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Only lines that contain this text, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Maximum number of lines from before now; the newest are shown
    #[arg(long, value_name = "N", default_value_t = LINES, value_parser = clap::value_parser!(u16).range(1..=LINES_MAX))]
    limit: u16,
    /// Format of the output; with `--follow`, `json` prints one document per line, as `ndjson` does
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "pretty")]
    pub(super) output: EventOutput,
    #[command(flatten)]
    pub(super) console: ConsoleArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LineLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Where the store has lines that are there already.
pub(super) fn path(what: &str, wanted: &LineArgs) -> String {
    format!("/api/v1/{what}?{}", query(wanted))
}

/// Where lines are followed.
pub(super) fn follow_path(wanted: &LineArgs) -> String {
    path("logs/stream", wanted)
}

fn query(wanted: &LineArgs) -> String {
    let level = wanted.level.and_then(|level| Some(level.to_possible_value()?.get_name().to_owned()));
    let encoded = |text: &String| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let parts = [
        ("level", level),
        ("role", wanted.role.as_ref().map(encoded)),
        ("text", wanted.text.as_ref().map(encoded)),
        ("limit", Some(wanted.limit.to_string())),
    ];
    let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    parts.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        logs: LogsArgs,
    }

    #[test]
    fn what_is_asked_for_is_asked_of_the_store() {
        let asked = |line: &str| {
            let line = Line::try_parse_from(std::iter::once("logs").chain(line.split_whitespace())).unwrap();
            path("logs", &line.logs.wanted)
        };
        assert_eq!(asked(""), "/api/v1/logs?limit=100");
        assert_eq!(
            asked("--level warn --role node-3 --text a&b --limit 7"),
            "/api/v1/logs?level=warn&role=node%2D3&text=a%26b&limit=7"
        );
        for wrong in ["--limit=0", "--limit=2001", "--level=loud"] {
            assert!(Line::try_parse_from(["logs", wrong]).is_err(), "{wrong}");
        }
    }
}
