//! `planetstore du`

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::Common;
use super::format::{Rows, text};
use super::pages::{Entry, Objects, Versions};
use super::place::Place;
use crate::commands::admin::show;
use crate::s3_client::{Call, S3Client};

#[derive(Debug, Args)]
pub(crate) struct UsageArgs {
    #[command(flatten)]
    common: Common,
    /// Count all versions, not only the current ones
    #[arg(long)]
    versions: bool,
    /// Bucket, or a prefix of keys in it [default: each bucket]
    #[arg(value_name = "PLACE")]
    place: Option<Place>,
}

pub(super) async fn usage(arguments: UsageArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let places = match arguments.place {
        Some(place) => vec![place],
        None => buckets(&client).await?,
    };
    let columns = [("OBJECTS", objects as fn(&Value) -> String), ("BYTES", bytes), ("PLACE", of)];
    let mut rows = Rows::new(arguments.common.output, columns);
    for place in places {
        let (objects, bytes) = count(&client, &place, arguments.versions).await?;
        rows.push(json!({ "place": place.to_string(), "objects": objects, "bytes": bytes }))?;
    }
    rows.end()
}

async fn buckets(client: &S3Client) -> anyhow::Result<Vec<Place>> {
    let answer = client.send(&Call::to_store(Method::GET)).await?;
    let answer = answer.document("ListAllMyBucketsResult", &["Buckets/Bucket"]).await?;
    let names = answer.records.iter().filter_map(|(_, fields)| fields.get("Name").cloned());
    Ok(names.map(|bucket| Place { bucket, key: String::new() }).collect())
}

async fn count(client: &S3Client, place: &Place, all_versions: bool) -> anyhow::Result<(u64, u64)> {
    let (mut objects, mut bytes) = (0, 0);
    if all_versions {
        let mut pages = Versions::new(client, place.clone());
        while let Some(page) = pages.next().await? {
            objects += page.iter().filter(|version| !version.is_deleted).count() as u64;
            bytes += page.iter().map(|version| version.size).sum::<u64>();
        }
        return Ok((objects, bytes));
    }
    let mut pages = Objects::new(client, place.clone(), true);
    while let Some(page) = pages.next().await? {
        for entry in page {
            if let Entry::Object(object) = entry {
                objects += 1;
                bytes += object.size;
            }
        }
    }
    Ok((objects, bytes))
}

fn objects(row: &Value) -> String {
    text(&row["objects"])
}

fn bytes(row: &Value) -> String {
    show::bytes(&row["bytes"])
}

fn of(row: &Value) -> String {
    text(&row["place"])
}
