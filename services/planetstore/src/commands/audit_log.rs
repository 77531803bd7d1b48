//! `planetstore audit object` and `planetstore audit user`: who did what.

use std::str::FromStr;

use anyhow::Context;
use clap::Args;
use events::ids::{BucketName, UserName};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admin::session::Session;
use crate::client::ConsoleArgs;
use crate::table::{self, Output, visible};

/// Entries that are asked for at once, at most.
const PAGE_ENTRIES_MAX: usize = 1_000;

#[derive(Debug, Args)]
pub(crate) struct AuditObjectArgs {
    /// The object; with a final `*`, all objects whose keys have this prefix
    #[arg(value_name = "s3://BUCKET/KEY")]
    object: ObjectAddress,
    #[command(flatten)]
    wanted: AuditWantedArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AuditUserArgs {
    /// The user, who may have been deleted since
    #[arg(value_name = "NAME")]
    user: UserName,
    #[command(flatten)]
    wanted: AuditWantedArgs,
}

#[derive(Debug, Args)]
struct AuditWantedArgs {
    /// Only entries from this time on, such as `2026-11-22T13:00:00Z`
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Maximum number of entries; the newest come first
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    output: Output,
    #[command(flatten)]
    console: ConsoleArgs,
}

/// A key in a bucket, or the beginning of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ObjectAddress {
    bucket: BucketName,
    key: String,
    is_prefix: bool,
}

impl FromStr for ObjectAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an object is named as s3://bucket/key".to_owned();
        let (bucket, key) = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let bucket = bucket.parse().map_err(|error: events::ids::InvalidName| error.to_string())?;
        let (key, is_prefix) = key.strip_suffix('*').map_or((key, false), |prefix| (prefix, true));
        if key.is_empty() && !is_prefix {
            return Err(wrong());
        }
        Ok(Self { bucket, key: key.to_owned(), is_prefix })
    }
}

/// What the store says.
#[derive(Debug, Deserialize)]
struct Page {
    entries: Vec<Done>,
    next: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Done {
    sequence: u64,
    time: String,
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default)]
    bucket: Option<String>,
    subject: String,
    user: Option<String>,
    key: Option<String>,
    #[serde(default)]
    address: Option<String>,
    request: Option<String>,
    summary: String,
}

/// Shows who did what with an object.
pub(super) async fn object(arguments: &AuditObjectArgs) -> anyhow::Result<()> {
    let ObjectAddress { bucket, key, is_prefix } = &arguments.object;
    let name = if *is_prefix { "prefix" } else { "key" };
    let query = format!("bucket={bucket}&{name}={}", utf8_percent_encode(key, NON_ALPHANUMERIC));
    show(&query, &arguments.wanted).await
}

/// Shows what a user did.
pub(super) async fn user(arguments: &AuditUserArgs) -> anyhow::Result<()> {
    let query = format!("user={}", utf8_percent_encode(arguments.user.as_str(), NON_ALPHANUMERIC));
    show(&query, &arguments.wanted).await
}

async fn show(query: &str, wanted: &AuditWantedArgs) -> anyhow::Result<()> {
    let session = Session::at(&wanted.console).await?;
    let found = find(&session, query, wanted).await;
    session.close().await;
    let entries = found?;
    match wanted.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&entries).context("cannot write the entries")?),
        Output::Table => print!("{}", render(&entries)),
    }
    Ok(())
}

async fn find(session: &Session, query: &str, wanted: &AuditWantedArgs) -> anyhow::Result<Vec<Done>> {
    let since = wanted.since.map(|since| format!("&since={since}")).unwrap_or_default();
    let (mut entries, mut before) = (Vec::new(), None::<u64>);
    while entries.len() < wanted.limit {
        let limit = (wanted.limit - entries.len()).min(PAGE_ENTRIES_MAX);
        let from = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let answer: Value = session.get(&format!("/api/v1/audit?{query}{since}{from}&limit={limit}")).await?;
        let page: Page = serde_json::from_value(answer).context("the store's answer is not a list of entries")?;
        entries.extend(page.entries);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    Ok(entries)
}

fn render(entries: &[Done]) -> String {
    let rows: Vec<_> = entries.iter().map(row).collect();
    table::render(["SEQUENCE", "TIME", "WHO", "ACCESS KEY", "FROM", "WHAT", "DID", "REQUEST"], &rows)
}

fn row(done: &Done) -> [String; 8] {
    let or_none = |text: &Option<String>| text.as_deref().map_or_else(|| "-".into(), visible);
    let what = match &done.bucket {
        Some(bucket) if *bucket != done.subject => format!("{bucket}/{}", done.subject),
        _ => done.subject.clone(),
    };
    let time = done.time.split(['.', 'Z']).next().unwrap_or_default();
    [
        done.sequence.to_string(),
        format!("{time}Z"),
        or_none(&done.user),
        or_none(&done.key),
        or_none(&done.address),
        visible(&what),
        visible(&done.summary),
        or_none(&done.request),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_by_its_bucket_and_its_key() {
        let read = |text: &str| text.parse::<ObjectAddress>();
        let address =
            |key: &str, is_prefix| ObjectAddress { bucket: "photos".parse().unwrap(), key: key.into(), is_prefix };
        assert_eq!(read("s3://photos/a/b c"), Ok(address("a/b c", false)));
        assert_eq!(read("s3://photos/a/*"), Ok(address("a/", true)));
        assert_eq!(read("s3://photos/*"), Ok(address("", true)));
        for wrong in ["photos/a", "s3://photos", "s3://photos/", "s3://A/b", "s3:///a"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_entry_is_a_line_that_steers_no_terminal() {
        let done = Done {
            sequence: 7,
            time: "2026-11-22T13:03:37.123456Z".into(),
            event_type: "io.planetstore.object.deleted.v1".into(),
            bucket: Some("photos".into()),
            subject: "a\u{1b}[2J".into(),
            user: Some("ada".into()),
            key: None,
            address: Some("192.0.2.7".into()),
            request: None,
            summary: "deleted it".into(),
        };
        let line = row(&done).join("|");
        assert_eq!(line, "7|2026-11-22T13:03:37Z|ada|-|192.0.2.7|photos/a\u{fffd}[2J|deleted it|-");
    }
}
