//! `planetstore versions`

use clap::Args;
use serde_json::{Value, json};

use super::Common;
use super::format::{Rows, text};
use super::pages::Versions;
use super::place::Place;
use crate::commands::admin::show;

#[derive(Debug, Args)]
pub(crate) struct VersionsArgs {
    #[command(flatten)]
    common: Common,
    /// Object, or a prefix of keys
    #[arg(value_name = "PLACE")]
    place: Place,
}

pub(super) async fn versions(arguments: VersionsArgs) -> anyhow::Result<()> {
    let client = arguments.common.target.client()?;
    let columns = [
        ("MODIFIED", modified as fn(&Value) -> String),
        ("SIZE", size),
        ("VERSION", version),
        ("", state),
        ("KEY", key),
    ];
    let mut rows = Rows::new(arguments.common.output, columns);
    let mut pages = Versions::new(&client, arguments.place);
    while let Some(page) = pages.next().await? {
        for version in page {
            rows.push(json!({
                "key": version.key, "version_id": version.version, "is_latest": version.is_latest,
                "is_delete_marker": version.is_deleted, "size": (!version.is_deleted).then_some(version.size),
                "etag": (!version.is_deleted).then_some(version.etag), "last_modified": version.modified,
            }))?;
        }
        rows.page()?;
    }
    rows.end()
}

fn modified(row: &Value) -> String {
    text(&row["last_modified"])
}

fn size(row: &Value) -> String {
    show::bytes(&row["size"])
}

fn version(row: &Value) -> String {
    text(&row["version_id"])
}

fn state(row: &Value) -> String {
    let latest = if row["is_latest"] == true { "current" } else { "" };
    let deleted = if row["is_delete_marker"] == true { "deleted" } else { "" };
    [latest, deleted].iter().filter(|word| !word.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

fn key(row: &Value) -> String {
    text(&row["key"])
}
