//! `planetstore presign`

use anyhow::ensure;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::Common;
use super::format::{Format, one};
use super::place::Place;
use crate::s3_client::Call;
use crate::units::TimeSpan;

/// The longest time that a URL may work, in seconds.
///
/// Source: "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.
const SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    Get,
    Head,
    Put,
    Delete,
}

#[derive(Debug, Args)]
pub(crate) struct PresignArgs {
    #[command(flatten)]
    common: Common,
    /// Request that the URL allows
    #[arg(long, value_enum, default_value_t = Method::Get)]
    method: Method,
    /// Time for which it works, at most 7d
    #[arg(long, default_value = "1h", value_name = "TIME")]
    expires: TimeSpan,
    /// Version to use instead of the current one
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The object
    #[arg(value_name = "PLACE")]
    place: Place,
}

pub(super) fn presign(arguments: PresignArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let place = arguments.place.object()?;
    let seconds = arguments.expires.0.as_secs();
    ensure!((1..=SECONDS_MAX).contains(&seconds), "a URL works for at least a second and at most seven days");
    let method = match arguments.method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Put => http::Method::PUT,
        Method::Delete => http::Method::DELETE,
    };
    let call = Call::to_object(method, &place.bucket, place.key.as_bytes());
    let url = client.presign(&call.query_if("versionId", arguments.version_id.as_deref()), seconds)?;
    if arguments.common.output == Format::Table {
        println!("{url}");
        return Ok(());
    }
    one(arguments.common.output, &json!({ "url": url, "expires_seconds": seconds }))
}
