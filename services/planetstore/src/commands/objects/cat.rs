//! `planetstore cat`

use std::io::Write;

use anyhow::Context;
use clap::Args;
use http::Method;

use super::place::Place;
use crate::s3_client::{Call, TargetArgs};

#[derive(Debug, Args)]
pub(crate) struct CatArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Version to write instead of the current one
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The object
    #[arg(value_name = "PLACE")]
    place: Place,
}

pub(super) async fn cat(arguments: CatArgs) -> anyhow::Result<()> {
    let client = arguments.target.client()?;
    let place = arguments.place.object()?;
    let call = Call::to_object(Method::GET, &place.bucket, place.key.as_bytes());
    let mut answer = client.send(&call.query_if("versionId", arguments.version_id.as_deref())).await?;
    // This process does nothing else, so it may wait for whoever reads.
    let mut out = std::io::stdout();
    while let Some(chunk) = answer.chunk().await? {
        out.write_all(&chunk).context("cannot write to stdout")?;
    }
    out.flush().context("cannot write to stdout")
}
