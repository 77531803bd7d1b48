//! `planetstore ls`

use anyhow::bail;
use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::Common;
use super::format::{Rows, text};
use super::pages::{Entry, Objects};
use super::place::Place;
use crate::client::ConsoleArgs;
use crate::commands::admin::show;
use crate::commands::rewind;
use crate::folder::DataArgs;
use crate::s3_client::{Call, S3Client, USUAL_FOLDER};

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    common: Common,
    /// List all objects below the prefix, not only up to the next slash
    #[arg(short, long)]
    recursive: bool,
    /// List the past state at this point: a sequence of the log, a time (RFC 3339), or a duration before now, such as
    /// `2h`
    #[arg(long, value_name = "TIME|SEQUENCE", requires = "place", conflicts_with_all = ["recursive", "context", "endpoint"])]
    at: Option<rewind::Place>,
    /// Console URL of a store on another host, for `--at` [default: the store of the data folder]
    #[arg(long, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
    url: Option<String>,
    /// Bucket, or a prefix of keys in it [default: all buckets]
    #[arg(value_name = "PLACE")]
    place: Option<Place>,
}

pub(super) async fn list(arguments: ListArgs) -> anyhow::Result<()> {
    if arguments.at.is_some() {
        return list_then(arguments).await;
    }
    let client = arguments.common.target.client()?;
    match &arguments.place {
        None => buckets(&client, &arguments).await,
        Some(place) => objects(&client, place, &arguments).await,
    }
}

/// Lists what was there, which the console knows and S3 does not.
async fn list_then(arguments: ListArgs) -> anyhow::Result<()> {
    let ListArgs { common: Common { target, output }, at: Some(at), url, place: Some(place), .. } = arguments else {
        bail!("name the bucket to list");
    };
    let data = DataArgs { data: target.data.unwrap_or_else(|| USUAL_FOLDER.into()) };
    let console = ConsoleArgs { data, url, ca: target.ca };
    let location = rewind::Location { bucket: place.bucket, prefix: place.key };
    rewind::ls(rewind::Listing { location, at, output: output.of_one_document()?, console }).await
}

async fn buckets(client: &S3Client, arguments: &ListArgs) -> anyhow::Result<()> {
    let answer = client.send(&Call::to_store(Method::GET)).await?;
    let answer = answer.document("ListAllMyBucketsResult", &["Buckets/Bucket"]).await?;
    let columns = [("CREATED", created as fn(&Value) -> String), ("BUCKET", name)];
    let mut rows = Rows::new(arguments.common.output, columns);
    for (_, fields) in &answer.records {
        rows.push(json!({ "bucket": fields.get("Name"), "created": fields.get("CreationDate") }))?;
    }
    rows.end()
}

async fn objects(client: &S3Client, place: &Place, arguments: &ListArgs) -> anyhow::Result<()> {
    let columns = [("MODIFIED", modified as fn(&Value) -> String), ("SIZE", size), ("KEY", key)];
    let mut rows = Rows::new(arguments.common.output, columns);
    let mut pages = Objects::new(client, place.clone(), arguments.recursive);
    while let Some(page) = pages.next().await? {
        for entry in page {
            rows.push(match entry {
                Entry::Folder(folder) => json!({ "folder": folder }),
                Entry::Object(object) => json!({
                    "key": object.key, "size": object.size, "etag": object.etag, "last_modified": object.modified,
                }),
            })?;
        }
        rows.page()?;
    }
    rows.end()
}

fn created(row: &Value) -> String {
    text(&row["created"])
}

fn name(row: &Value) -> String {
    text(&row["bucket"])
}

fn modified(row: &Value) -> String {
    text(&row["last_modified"])
}

fn size(row: &Value) -> String {
    show::bytes(&row["size"])
}

fn key(row: &Value) -> String {
    match &row["folder"] {
        Value::Null => text(&row["key"]),
        folder => text(folder),
    }
}
