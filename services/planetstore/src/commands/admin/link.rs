use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use events::ids::RegionName;
use http::Method;
use serde_json::json;

use super::read_document;
use super::session::Session;
use super::show;
use crate::table::Output;

const LINKS: &str = "/api/v1/links";

/// Bytes of a file with a secret key that are read.
const SECRET_FILE_BYTES_MAX: u64 = 1 << 10;

#[derive(Debug, Subcommand)]
pub(crate) enum LinkAction {
    /// List the links to other regions
    List,
    /// Add a link to another region, by which buckets with a replication configuration reach it
    Add {
        /// Name of the region that it leads to
        name: RegionName,
        // Its id is not `url`: that is the store which the command asks, and the root login would go to the other region.
        /// URL of that region's S3 address: `https://`, or `http://` if the address is of this host
        #[arg(value_name = "URL")]
        s3_url: String,
        /// Access key id of a user of that region who may replicate to its buckets
        #[arg(long, value_name = "ID")]
        access_key: String,
        /// File whose first line is the secret key; `-` for stdin
        #[arg(long, value_name = "FILE")]
        secret_key_file: PathBuf,
        /// The other region is yours, too: send it users with their passwords, keys, groups and policies. The user of the key
        /// needs the right `planetstore:ReplicateIdentities` there
        #[arg(long)]
        share_identities: bool,
    },
    /// Remove a link: what it was to carry waits until a link to that region is added again
    Remove { name: RegionName },
}

pub(super) async fn run(session: &Session, action: LinkAction, output: Output) -> anyhow::Result<()> {
    match action {
        LinkAction::List => {
            let mut answer = session.get(LINKS).await?;
            let serde_json::Value::Array(links) = answer["links"].take() else {
                bail!("the store's answer has no links");
            };
            show::list(
                output,
                &links,
                [
                    ("NAME", |link| show::text(&link["name"])),
                    ("URL", |link| show::text(&link["url"])),
                    ("ACCESS KEY", |link| show::text(&link["access_key"])),
                    ("IDENTITIES", |link| identities(link)),
                    ("ADDED", |link| show::text(&link["added"])),
                ],
            )
        }
        LinkAction::Add { name, s3_url, access_key, secret_key_file, share_identities } => {
            let file = read_document(&secret_key_file, SECRET_FILE_BYTES_MAX)?;
            let secret_key = file.lines().next().unwrap_or_default().trim();
            if secret_key.is_empty() {
                bail!("the first line of {} is empty", secret_key_file.display());
            }
            let link = json!({
                "name": name,
                "url": s3_url,
                "access_key": access_key,
                "secret_key": secret_key,
                "shares_identities": share_identities,
            });
            show::one(output, &session.ask(Method::POST, LINKS, Some(&link)).await?)
        }
        LinkAction::Remove { name } => {
            session.ask(Method::DELETE, &format!("{LINKS}/{name}"), None).await?;
            show::done(output, "The link is gone.");
            Ok(())
        }
    }
}

/// Whether a link shares users and what belongs to them, and whether those from before it are there.
fn identities(link: &serde_json::Value) -> String {
    let is_shared = link["shares_identities"].as_bool().unwrap_or_default();
    match link["identities_sent"].as_u64() {
        _ if !is_shared => "no".into(),
        Some(sequence) => format!("up to {sequence}"),
        None => "begins".into(),
    }
}
