//! `planetstore mb` and `planetstore rb`

use anyhow::bail;
use clap::Args;
use http::Method;

use super::Common;
use super::format::done;
use super::pages::Versions;
use super::place::Place;
use super::remove::delete_versions;
use crate::s3_client::{Call, S3Client};

#[derive(Debug, Args)]
pub(crate) struct MakeArgs {
    #[command(flatten)]
    common: Common,
    /// Keep all versions of objects
    #[arg(long)]
    versioning: bool,
    /// Allow locks on objects; this also enables versioning
    #[arg(long)]
    object_lock: bool,
    /// The bucket
    #[arg(value_name = "BUCKET")]
    bucket: Place,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    common: Common,
    /// Remove all objects and versions in the bucket first
    #[arg(long)]
    force: bool,
    /// The bucket
    #[arg(value_name = "BUCKET")]
    bucket: Place,
}

pub(super) async fn make(arguments: MakeArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let bucket = name(arguments.bucket)?;
    let mut call = Call::to_bucket(Method::PUT, &bucket);
    if arguments.object_lock {
        call = call.header("x-amz-bucket-object-lock-enabled", "true")?;
    }
    client.send(&call).await?;
    if arguments.versioning && !arguments.object_lock {
        let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        client.send(&Call::to_bucket(Method::PUT, &bucket).query("versioning", "").document(document)?).await?;
    }
    done(arguments.common.output, &format!("made the bucket {bucket}"))
}

pub(super) async fn remove(arguments: RemoveArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let bucket = name(arguments.bucket)?;
    if arguments.force {
        empty(&client, &bucket).await?;
    }
    client.send(&Call::to_bucket(Method::DELETE, &bucket)).await?;
    done(arguments.common.output, &format!("removed the bucket {bucket}"))
}

async fn empty(client: &S3Client, bucket: &str) -> anyhow::Result<()> {
    // Each page is gone before the next is read, so every one is the first.
    loop {
        let place = Place { bucket: bucket.to_owned(), key: String::new() };
        match Versions::new(client, place).next().await? {
            Some(page) if !page.is_empty() => delete_versions(client, bucket, &page).await?,
            _ => return Ok(()),
        }
    }
}

fn name(place: Place) -> anyhow::Result<String> {
    if !place.key.is_empty() {
        bail!("{place} is an object: name a bucket");
    }
    Ok(place.bucket)
}
