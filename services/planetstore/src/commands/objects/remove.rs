//! `planetstore rm`

use std::fmt::Write;

use anyhow::bail;
use clap::Args;
use http::Method;

use super::Common;
use super::format::done;
use super::pages::{Entry, Object, Objects};
use super::place::Place;
use crate::progress::Progress;
use crate::s3_client::{Call, S3Client};

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    common: Common,
    /// Remove all objects whose keys have this prefix
    #[arg(short, long, conflicts_with = "version_id")]
    recursive: bool,
    /// Delete this version permanently
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The object
    #[arg(value_name = "PLACE")]
    place: Place,
}

pub(super) async fn remove(arguments: RemoveArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    if arguments.recursive {
        let count = remove_below(&client, &arguments.place).await?;
        return done(arguments.common.output, &format!("removed {count} objects"));
    }
    let place = arguments.place.object()?;
    let call = Call::to_object(Method::DELETE, &place.bucket, place.key.as_bytes());
    client.send(&call.query_if("versionId", arguments.version_id.as_deref())).await?;
    done(arguments.common.output, &format!("removed {place}"))
}

/// Removes the objects whose keys begin like that of the place.
async fn remove_below(client: &S3Client, place: &Place) -> anyhow::Result<u64> {
    let mut count = 0;
    let mut pages = Objects::new(client, place.clone(), true);
    let progress = Progress::of_items("removing", 0);
    while let Some(page) = pages.next().await? {
        let objects = page.into_iter().filter_map(|entry| match entry {
            Entry::Object(object) => Some(object),
            Entry::Folder(_) => None,
        });
        let objects: Vec<_> = objects.collect();
        progress.expect(objects.len() as u64);
        delete_versions(client, &place.bucket, &objects).await?;
        count += objects.len() as u64;
        progress.add(objects.len() as u64);
    }
    progress.end();
    Ok(count)
}

/// Deletes up to a thousand objects, each in the version that it names.
pub(super) async fn delete_versions(client: &S3Client, bucket: &str, objects: &[Object]) -> anyhow::Result<()> {
    if objects.is_empty() {
        return Ok(());
    }
    let mut document = String::from("<Delete><Quiet>true</Quiet>");
    for object in objects {
        // Writing to a text does not fail.
        let _written = write!(document, "<Object><Key>{}</Key>", escaped(&object.key));
        if let Some(version) = &object.version {
            let _written = write!(document, "<VersionId>{}</VersionId>", escaped(version));
        }
        document.push_str("</Object>");
    }
    document.push_str("</Delete>");
    let call = Call::to_bucket(Method::POST, bucket).query("delete", "").document(document)?;
    let answer = client.send(&call).await?.document("DeleteResult", &["Error"]).await?;
    if let Some((_, failed)) = answer.records.first() {
        let field = |name: &str| failed.get(name).cloned().unwrap_or_default();
        let others = answer.records.len() - 1;
        bail!("{} cannot be removed: {} ({others} others cannot, either)", field("Key"), field("Message"));
    }
    Ok(())
}

pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // Line ends of XML are all the same, and tabs may be.
            '\r' | '\n' | '\t' => {
                let _written = write!(escaped, "&#{};", u32::from(letter));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}
