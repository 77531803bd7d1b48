//! `planetstore stat`

use clap::Args;
use http::Method;
use serde_json::{Map, Value, json};

use super::Common;
use super::format::one;
use super::place::Place;
use crate::s3_client::{Answer, Call, S3Client};

#[derive(Debug, Args)]
pub(crate) struct StatArgs {
    #[command(flatten)]
    common: Common,
    /// Version to use instead of the current one
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The object or bucket
    #[arg(value_name = "PLACE")]
    place: Place,
}

/// What is shown of an object, by the headers that say it.
const SHOWN: [(&str, &str); 14] = [
    ("content_type", "content-type"),
    ("etag", "etag"),
    ("last_modified", "last-modified"),
    ("version_id", "x-amz-version-id"),
    ("storage_class", "x-amz-storage-class"),
    ("encryption", "x-amz-server-side-encryption"),
    ("cache_control", "cache-control"),
    ("content_disposition", "content-disposition"),
    ("content_encoding", "content-encoding"),
    ("content_language", "content-language"),
    ("lock_mode", "x-amz-object-lock-mode"),
    ("retain_until", "x-amz-object-lock-retain-until-date"),
    ("legal_hold", "x-amz-object-lock-legal-hold"),
    ("expiration", "x-amz-expiration"),
];

/// What the headers with metadata begin with.
const METADATA: &str = "x-amz-meta-";

pub(super) async fn stat(arguments: StatArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let place = arguments.place;
    if place.key.is_empty() {
        return one(arguments.common.output, &bucket(&client, &place.bucket).await?);
    }
    let call = Call::to_object(Method::HEAD, &place.bucket, place.key.as_bytes());
    let answer = client.send(&call.query_if("versionId", arguments.version_id.as_deref())).await?;
    one(arguments.common.output, &object(&place, &answer))
}

async fn bucket(client: &S3Client, name: &str) -> anyhow::Result<Value> {
    let head = client.send(&Call::to_bucket(Method::HEAD, name)).await?;
    let region = head.header("x-amz-bucket-region").map(str::to_owned);
    let versioning = client.send(&Call::to_bucket(Method::GET, name).query("versioning", "")).await?;
    let versioning = versioning.document("VersioningConfiguration", &[]).await?;
    let versioning = versioning.field("Status").unwrap_or("Off").to_lowercase();
    Ok(json!({ "bucket": name, "region": region, "versioning": versioning }))
}

fn object(place: &Place, answer: &Answer) -> Value {
    let mut shown = Map::new();
    shown.insert("place".into(), place.to_string().into());
    let size = answer.header("content-length").and_then(|length| length.parse::<u64>().ok());
    shown.insert("size".into(), size.into());
    for (name, header) in SHOWN {
        if let Some(value) = answer.header(header) {
            shown.insert(name.into(), value.trim_matches('"').into());
        }
    }
    let metadata: Map<String, Value> = answer
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix(METADATA)?;
            Some((name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned().into()))
        })
        .collect();
    if !metadata.is_empty() {
        shown.insert("metadata".into(), metadata.into());
    }
    Value::Object(shown)
}
