//! `planetstore audit access`: what left no event.

use std::net::IpAddr;

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::admin::session::Session;
use crate::client::ConsoleArgs;
use crate::table::{self, Output, visible};

/// Records that are asked for at once, at most.
const PAGE_RECORDS_MAX: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct AuditAccessArgs {
    /// Only records of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<RecordKind>,
    /// Only records about this bucket
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// Only records of this user, or of logins with this user name
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only records of this address; addresses are recorded if the store was started with `--audit-addresses`
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
    /// Only records from this time on, such as `2026-11-22T13:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Maximum number of records; the newest come first
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    console: ConsoleArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordKind {
    /// Requests that were refused
    Refused,
    /// Logins that failed
    #[value(name = "login_failed", alias = "login-failed")]
    LoginFailed,
    /// Reads of buckets for which reads are recorded
    Read,
}

/// Shows records.
pub(super) async fn access(arguments: &AuditAccessArgs) -> anyhow::Result<()> {
    let session = Session::at(&arguments.console).await?;
    let found = find(&session, arguments).await;
    session.close().await;
    let Found { records, dropped } = found?;
    match arguments.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&records).context("cannot write the records")?),
        Output::Table => print!("{}", render(&records)),
    }
    if dropped > 0 {
        eprintln!("{dropped} more requests of that time have no record: there were too many");
    }
    Ok(())
}

struct Found {
    records: Vec<Value>,
    dropped: u64,
}

async fn find(session: &Session, arguments: &AuditAccessArgs) -> anyhow::Result<Found> {
    let query = query(arguments);
    let (mut found, mut before) = (Found { records: Vec::new(), dropped: 0 }, None::<String>);
    while found.records.len() < arguments.limit {
        let limit = (arguments.limit - found.records.len()).min(PAGE_RECORDS_MAX);
        let from = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let mut page = session.get(&format!("/api/v1/audit/access?limit={limit}{query}{from}")).await?;
        match page["records"].take() {
            Value::Array(records) => found.records.extend(records),
            _ => anyhow::bail!("the store's answer has no records"),
        }
        found.dropped += page["dropped"].as_u64().unwrap_or_default();
        before = page["next"].as_str().map(str::to_owned);
        if before.is_none() {
            break;
        }
    }
    Ok(found)
}

fn query(arguments: &AuditAccessArgs) -> String {
    let encoded = |text: &String| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let kind = arguments.kind.and_then(|kind| Some(kind.to_possible_value()?.get_name().to_owned()));
    let parts = [
        ("kind", kind),
        ("bucket", arguments.bucket.as_ref().map(encoded)),
        ("user", arguments.user.as_ref().map(encoded)),
        ("address", arguments.address.map(|address| address.to_string())),
        ("since", arguments.since.map(|since| since.to_string())),
    ];
    let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("&{name}={}", value?)));
    parts.collect::<Vec<_>>().concat()
}

fn render(records: &[Value]) -> String {
    let rows: Vec<_> = records.iter().map(row).collect();
    table::render(["TIME", "KIND", "COUNT", "STATUS", "WHO", "FROM", "ASKED FOR", "ABOUT", "REQUEST"], &rows)
}

fn row(record: &Value) -> [String; 9] {
    let text = |name: &str| record[name].as_str().map_or_else(|| "-".to_owned(), visible);
    let time = text("time");
    let about = match (record["bucket"].as_str(), record["key"].as_str()) {
        (Some(bucket), Some(key)) => visible(&format!("{bucket}/{key}")),
        (Some(bucket), None) => visible(bucket),
        (None, _) => "-".into(),
    };
    let status = match record["code"].as_str() {
        Some(code) => format!("{} {}", record["status"], visible(code)),
        None => record["status"].to_string(),
    };
    [
        format!("{}Z", time.split(['.', 'Z']).next().unwrap_or_default()),
        text("kind"),
        record["count"].to_string(),
        status,
        text("user"),
        text("address"),
        text("operation"),
        about,
        text("request"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_a_line_that_steers_no_terminal() {
        let record = json!({
            "time": "2026-11-22T13:03:37.123456Z", "kind": "refused", "count": 7, "status": 403, "code": "AccessDenied",
            "user": "eve\u{1b}[2J", "operation": "GetObject", "bucket": "photos", "key": "a", "request": "REQUEST7",
        });
        let line = row(&record).join("|");
        let expected = "2026-11-22T13:03:37Z|refused|7|403 AccessDenied|eve\u{fffd}[2J|-|GetObject|photos/a|REQUEST7";
        assert_eq!(line, expected);
    }
}
