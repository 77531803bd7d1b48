//! `planetstore tag`

use std::fmt::Write;

use clap::Args;
use http::Method;
use serde_json::{Map, Value};

use super::Common;
use super::format::{done, one};
use super::place::Place;
use crate::s3_client::{Call, S3Client};

#[derive(Debug, Args)]
pub(crate) struct TagArgs {
    #[command(flatten)]
    common: Common,
    /// Remove all tags
    #[arg(long, conflicts_with = "tags")]
    clear: bool,
    /// Version to use instead of the current one
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The object
    #[arg(value_name = "PLACE")]
    place: Place,
    /// Tags that replace all existing ones [default: show the tags]
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not of the form KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

pub(super) async fn tag(arguments: TagArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let (place, output) = (arguments.place.object()?, arguments.common.output);
    let call = |method| {
        let call = Call::to_object(method, &place.bucket, place.key.as_bytes()).query("tagging", "");
        call.query_if("versionId", arguments.version_id.as_deref())
    };
    if arguments.clear {
        client.send(&call(Method::DELETE)).await?;
        return done(output, &format!("removed the tags of {place}"));
    }
    if arguments.tags.is_empty() {
        return one(output, &tags(&client, &call(Method::GET)).await?);
    }
    let mut document = String::from("<Tagging><TagSet>");
    for (key, value) in &arguments.tags {
        let (key, value) = (super::remove::escaped(key), super::remove::escaped(value));
        // Writing to a text does not fail.
        let _written = write!(document, "<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
    }
    document.push_str("</TagSet></Tagging>");
    client.send(&call(Method::PUT).document(document)?).await?;
    done(output, &format!("set the tags of {place}"))
}

async fn tags(client: &S3Client, call: &Call) -> anyhow::Result<Value> {
    let answer = client.send(call).await?.document("Tagging", &["TagSet/Tag"]).await?;
    let tags = answer.records.iter().filter_map(|(_, fields)| {
        Some((fields.get("Key")?.clone(), fields.get("Value").cloned().unwrap_or_default().into()))
    });
    Ok(Value::Object(tags.collect::<Map<_, _>>()))
}
