//! `planetstore share`: a link that the store signs with a key of whoever logs in, as the console does.

use anyhow::{Context, ensure};
use clap::Args;
use http::Method;
use serde_json::json;

use super::format::{Format, one};
use super::place::Place;
use crate::client::ConsoleArgs;
use crate::commands::admin::session::Session;
use crate::units::TimeSpan;

/// The longest time that a link may work, in seconds.
///
/// Source: "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.
const SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

#[derive(Debug, Args)]
pub(crate) struct ShareArgs {
    #[command(flatten)]
    console: ConsoleArgs,
    /// Time for which it works, at most 7d
    #[arg(long, default_value = "1h", value_name = "TIME")]
    expires: TimeSpan,
    /// Version to use instead of the current one
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    output: Format,
    /// The object
    #[arg(value_name = "PLACE")]
    place: Place,
}

pub(super) async fn share(arguments: ShareArgs) -> anyhow::Result<()> {
    let ShareArgs { console, expires, version_id, output, place } = arguments;
    let (place, seconds) = (place.object()?, expires.0.as_secs());
    ensure!((1..=SECONDS_MAX).contains(&seconds), "a link works for at least a second and at most seven days");
    let session = Session::at(&console).await?;
    let document = json!({
        "method": "GET", "bucket": place.bucket, "key": place.key, "version_id": version_id, "expires_seconds": seconds,
    });
    let signed = session.ask(Method::POST, "/api/v1/presign", Some(&document)).await;
    session.close().await;
    let signed = signed?;
    if output == Format::Table {
        println!("{}", signed["url"].as_str().context("the store's answer has no url")?);
        return Ok(());
    }
    one(output, &signed)
}
