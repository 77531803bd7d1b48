use clap::Subcommand;
use events::ids::{BucketName, RegionName};
use http::Method;
use serde_json::{Value, json};

use super::session::Session;
use super::show;
use crate::table::Output;

const REPLICATION: &str = "/api/v1/replication";
const RESYNC: &str = "/api/v1/replication/resync";

#[derive(Debug, Subcommand)]
pub(crate) enum ReplicationAction {
    /// Show which buckets are replicated to where, and how far behind each destination is
    Status,
    /// Compare a bucket with a destination, and send what is missing there: existing objects, and versions that failed
    Resync {
        bucket: BucketName,
        /// Bucket of the other region; it may be left out if the bucket has one destination
        #[arg(long, value_name = "BUCKET")]
        to: Option<BucketName>,
        /// The other region, if the rules of the bucket name it
        #[arg(long)]
        region: Option<RegionName>,
    },
}

pub(super) async fn run(session: &Session, action: ReplicationAction, output: Output) -> anyhow::Result<()> {
    match action {
        ReplicationAction::Status => {
            let (mut destinations, mut after, mut is_running) = (Vec::new(), String::new(), false);
            loop {
                let mut page = session.get(&format!("{REPLICATION}?limit=1000&after={after}")).await?;
                is_running |= page["is_running"] == true;
                if let Value::Array(more) = page["destinations"].take() {
                    destinations.extend(more);
                }
                let Some(next) = page["next"].as_str() else { break };
                next.clone_into(&mut after);
            }
            if !is_running && output == Output::Table {
                eprintln!("No process replicates at present: there is no role `replicator`.");
            }
            show::list(
                output,
                &destinations,
                [
                    ("BUCKET", |row| show::text(&row["bucket"])),
                    ("TO", |row| show::text(&row["destination"]["bucket"])),
                    ("REGION", |row| show::text(&row["destination"]["region"])),
                    ("CHANGES BEHIND", |row| show::text(&row["lag"]["changes"])),
                    ("BYTES BEHIND", |row| show::text(&row["lag"]["bytes"])),
                    ("SECONDS BEHIND", |row| {
                        row["lag"]["seconds"].as_f64().map(|s| format!("{s:.1}")).unwrap_or_default()
                    }),
                    ("STATE", state),
                ],
            )
        }
        ReplicationAction::Resync { bucket, to, region } => {
            let wanted = json!({ "bucket": bucket, "to": to, "region": region });
            session.ask(Method::POST, RESYNC, Some(&wanted)).await?;
            show::done(output, "The bucket is being compared. What is missing there is sent.");
            Ok(())
        }
    }
}

/// What a destination is doing, in a word or a sentence.
fn state(row: &Value) -> String {
    let is_compared = row["resync"].is_object();
    match (row["lag"]["why"].as_str(), is_compared) {
        (Some(why), _) => why.to_owned(),
        (None, true) => format!("comparing, at {}", row["resync"]["key"].as_str().unwrap_or("the first key")),
        (None, false) => String::new(),
    }
}
