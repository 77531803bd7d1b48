use std::num::NonZeroU64;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use events::ids::{BucketName, NotaryKey, UserName};
use feed::{Filter, LIMIT_MAX, Query, types_named};
use jiff::{SignedDuration, Timestamp};

use super::consumer::ConsumerCommand;
use crate::client::ConsoleArgs;
use crate::table::Output;
use crate::units::TimeSpan;

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List the types of events, with a description of each
    Types(TypesArgs),
    /// Print the JSON Schema of a type of events
    Schema(SchemaArgs),
    /// Print past events, by default from the first of the log to the last
    Get(GetArgs),
    /// Write a range of the log into a file that can be verified without the store
    Export(ExportArgs),
    /// Verify an export, or a range of the log of a running store. Names every event that was changed, removed,
    /// inserted or moved since the notary signed it
    Verify(VerifyArgs),
    /// Print the proof that an event is on the log
    Proof(ProofArgs),
    /// Print new events as they come, by default from now on
    Tail(TailArgs),
    /// Manage durable consumers, with which programs read events over NATS
    #[command(subcommand)]
    Consumer(ConsumerCommand),
}

#[derive(Debug, Args)]
pub(crate) struct TypesArgs {
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The type, such as `object.created`
    #[arg(value_name = "TYPE")]
    pub(crate) event_type: String,
}

#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// Maximum number of events
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroU64>,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "pretty")]
    pub(crate) output: EventOutput,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// Format of the output; `json` prints one event per line here, as `ndjson` does
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "pretty")]
    pub(crate) output: EventOutput,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RangeArgs {
    /// Sequence of the first event [default: the first of the log]
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) from: Option<u64>,
    /// Sequence of the last event [default: the newest]
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) to: Option<u64>,
}

impl RangeArgs {
    /// Where the store exports the range.
    pub(crate) fn path(&self) -> String {
        let from = self.from.map(|from| format!("from={from}"));
        let query: Vec<_> = from.into_iter().chain(self.to.map(|to| format!("to={to}"))).collect();
        format!("/api/v1/events/export?{}", query.join("&"))
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) range: RangeArgs,
    /// File to write [default: stdout]
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Export to verify; `-` is stdin [default: the log of the running store]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) range: RangeArgs,
    /// Public key of the notary, obtained independently of the export [default: the first key that the export names]
    #[arg(long, value_name = "KEY")]
    pub(crate) pubkey: Option<NotaryKey>,
    /// Proof of one event to verify, instead of an export
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "from", "to"])]
    pub(crate) proof: Option<PathBuf>,
    /// File with the exact bytes of the event that the proof is about
    #[arg(long, value_name = "FILE", requires = "proof")]
    pub(crate) event: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ProofArgs {
    /// Sequence of the event
    #[arg(value_name = "SEQUENCE")]
    pub(crate) sequence: u64,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// Format of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventOutput {
    /// One line per event, for people
    #[value(alias = "table")]
    Pretty,
    /// A JSON array
    Json,
    /// One JSON document per line
    Ndjson,
}

/// Which events are asked for.
#[derive(Debug, Args)]
pub(crate) struct WantedArgs {
    /// Only events after this sequence
    #[arg(long, value_name = "SEQUENCE")]
    pub(crate) after: Option<u64>,
    /// Only events from this time on: an RFC 3339 time, or a duration before now, such as `2h`
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Since>,
    /// Only events about this bucket and its objects
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<BucketName>,
    /// Only events about objects whose keys have this prefix
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only events of these types, such as `object.created` or `object`; repeatable, or separated by commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', value_parser = named)]
    pub(crate) types: Vec<Named>,
    /// Only events that this user caused
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<UserName>,
}

/// A beginning in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    Ago(TimeSpan),
    At(Timestamp),
}

/// The types that a text names.
#[derive(Debug, Clone)]
pub(crate) struct Named(pub(super) Vec<&'static str>);

pub(super) fn named(text: &str) -> Result<Named, String> {
    match types_named(text) {
        types if types.is_empty() => Err("there is no such type: `planetstore events types` lists them".into()),
        types => Ok(Named(types)),
    }
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = || text.parse().map(Self::At);
        text.parse().map(Self::Ago).or_else(|_| at()).map_err(|_: jiff::Error| {
            format!("{text:?} is neither a time such as 2026-11-22T13:00:00Z nor one such as 90s, 10m, 2h or 7d ago")
        })
    }
}

impl Since {
    /// The time, if it is `now`. What is longer ago than times go is the first of them.
    fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(TimeSpan(ago)) => {
                let ago = SignedDuration::try_from(ago).ok();
                ago.and_then(|ago| now.checked_sub(ago).ok()).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

impl WantedArgs {
    /// What is asked of the store, if it is `now`.
    pub(crate) fn query(&self, now: Timestamp) -> Query {
        let filter = Filter {
            bucket: self.bucket.clone(),
            prefix: self.prefix.as_ref().map(|prefix| prefix.clone().into_bytes()),
            types: self.types.iter().flat_map(|Named(types)| types.iter().copied()).collect(),
            user: self.user.clone(),
        };
        Query { after: self.after, since: self.since.map(|since| since.time(now)), limit: LIMIT_MAX, filter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_one_or_so_long_ago() {
        let now: Timestamp = "2026-11-22T13:00:00Z".parse().unwrap();
        for (text, time) in [
            ("2h", "2026-11-22T11:00:00Z"),
            ("90s", "2026-11-22T12:58:30Z"),
            ("2026-11-01T00:00:00+01:00", "2026-10-31T23:00:00Z"),
        ] {
            assert_eq!(text.parse::<Since>().unwrap().time(now), time.parse().unwrap());
        }
        assert_eq!("99999999999d".parse::<Since>().unwrap().time(now), Timestamp::MIN);
        for wrong in ["", "yesterday", "2026-11-22", "2"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong}");
        }
    }
}
