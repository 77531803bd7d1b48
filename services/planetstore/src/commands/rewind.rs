//! What was in a bucket at an earlier time, and having it back.

use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use http::Method;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::Verdict;
use super::admin::session::Session;
use super::admin::show;
use crate::client::ConsoleArgs;
use crate::table::Output;
use crate::units::ByteSize;

/// Keys of a page.
const PAGE_KEYS: usize = 1_000;

/// Pages between renewals of the session, whose token is good for some minutes.
const PAGES_A_TOKEN: u64 = 20;

/// A place in time: a sequence of the log, a time, or how long ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(String);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.parse::<u64>().is_ok() || text.parse::<Timestamp>().is_ok() {
            return Ok(Self(text.to_owned()));
        }
        let wrong = || format!("{text:?} is neither a sequence nor a time such as 2026-11-22T13:00:00Z or 2h (ago)");
        let ago = text.parse::<crate::units::TimeSpan>().map_err(|_| wrong())?.0;
        let ago = jiff::SignedDuration::try_from(ago).map_err(|_| wrong())?;
        let time = Timestamp::now().checked_sub(ago).map_err(|_| wrong())?;
        Ok(Self(time.to_string()))
    }
}

/// A bucket and the beginning of keys in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl FromStr for Location {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest =
            text.strip_prefix("s3://").ok_or_else(|| format!("{text:?} is not of the form s3://BUCKET/PREFIX"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        bucket.parse::<events::ids::BucketName>().map_err(|error| error.to_string())?;
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

/// A listing of what was in a bucket.
pub(crate) struct Listing {
    pub(crate) location: Location,
    pub(crate) at: Place,
    pub(crate) output: Output,
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Bucket, or a prefix of keys in it
    #[arg(value_name = "s3://BUCKET/PREFIX")]
    pub(crate) location: Location,
    /// State to restore: a sequence of the log, a time (RFC 3339), or a duration before now, such as `2h`
    #[arg(long, value_name = "TIME|SEQUENCE")]
    pub(crate) at: Place,
    /// Restore the keys; without this flag, only print what would be done
    #[arg(long)]
    pub(crate) really: bool,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Lists what was in a bucket.
pub(crate) async fn ls(arguments: Listing) -> anyhow::Result<()> {
    let mut session = Session::at(&arguments.console).await?;
    let Location { bucket, prefix } = &arguments.location;
    let objects = pages(&mut session, &arguments.at, "objects", |at, after| {
        let query = format!("at={}&prefix={}&after={}&limit={PAGE_KEYS}", encoded(at), encoded(prefix), encoded(after));
        (Method::GET, format!("/api/v1/buckets/{bucket}/objects?{query}"), None)
    })
    .await?;
    session.close().await;
    show::list(
        arguments.output,
        &objects,
        [
            ("MODIFIED", |row| show::text(&row["last_modified"])),
            ("SIZE", |row| row["size"].as_u64().map_or_else(|| "-".into(), |size| ByteSize(size).to_string())),
            ("VERSION", |row| show::text(&row["version_id"])),
            ("STATE", |row| {
                let state = match (row["is_readable"].as_bool(), row["is_held"].as_bool()) {
                    (Some(true), _) => "kept",
                    (_, Some(true)) => "held",
                    _ => "gone",
                };
                state.into()
            }),
            ("KEY", |row| show::text(&row["key"])),
        ],
    )
}

/// The entries of all pages. The first answer says which place in the log is meant, and the others are of the same.
async fn pages(
    session: &mut Session,
    at: &Place,
    member: &str,
    request: impl Fn(&str, &str) -> (Method, String, Option<Value>),
) -> anyhow::Result<Vec<Value>> {
    let (mut at, mut after, mut entries) = (at.0.clone(), String::new(), Vec::new());
    for page in 1_u64.. {
        let (method, path, document) = request(&at, &after);
        let mut answer = session.ask(method, &path, document.as_ref()).await?;
        at = answer["at"].to_string();
        match answer[member].take() {
            Value::Array(more) => entries.extend(more),
            _ => bail!("the store's answer has no {member}"),
        }
        let Some(next) = answer["next"].as_str() else { break };
        next.clone_into(&mut after);
        if page % PAGES_A_TOKEN == 0 {
            session.renew().await?;
        }
    }
    Ok(entries)
}

/// Gives keys back what they had, or says what would be done.
pub(crate) async fn restore(arguments: RestoreArgs) -> anyhow::Result<Verdict> {
    let mut session = Session::at(&arguments.console).await?;
    let Location { bucket, prefix } = &arguments.location;
    let changes = pages(&mut session, &arguments.at, "changes", |at, after| {
        let document = json!({ "at": at, "prefix": prefix, "dry_run": !arguments.really, "after": after });
        (Method::POST, format!("/api/v1/buckets/{bucket}/restore"), Some(document))
    })
    .await?;
    session.close().await;
    show::list(
        arguments.output,
        &changes,
        [
            ("ACTION", |row| show::text(&row["action"])),
            ("VERSION", |row| show::text(&row["from_version"])),
            ("KEY", |row| show::text(&row["key"])),
        ],
    )?;
    if !arguments.really {
        eprintln!("nothing was changed: --really restores the keys");
    }
    let is_done = |change: &Value| ["restore", "hide"].map(Value::from).contains(&change["action"]);
    Ok(Verdict::well_if(changes.iter().all(is_done)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_time_and_locations_are_read() {
        for good in ["17", "2026-11-22T13:00:00Z", "2h"] {
            assert!(good.parse::<Place>().is_ok(), "{good}");
        }
        for wrong in ["", "yesterday", "-3"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
        let of = |text: &str| text.parse::<Location>().map(|location| (location.bucket, location.prefix));
        assert_eq!(of("s3://photos/2026/"), Ok(("photos".into(), "2026/".into())));
        assert_eq!(of("s3://photos"), Ok(("photos".into(), String::new())));
        assert!(of("photos/2026").is_err() && of("s3://").is_err());
    }
}
