//! Does what was planned, not faster than is asked for.

use std::fmt;
use std::time::Duration;

use http::Method;
use tokio::time::MissedTickBehavior;

use super::content;
use super::people::{BUCKETS, Writer, writer};
use super::plan::Step;
use crate::progress::Progress;
use crate::s3_client::Call;
use crate::units::ByteSize;

/// The numbers of what was written.
#[derive(Debug, Default)]
pub(super) struct Filled {
    puts: u64,
    deletes: u64,
    bytes: u64,
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} objects and versions with {} were written, {} deleted",
            self.puts,
            ByteSize(self.bytes),
            self.deletes
        )
    }
}

/// Does every step in its turn.
pub(super) async fn run(writers: &[Writer], steps: &[Step], rate: u32) -> anyhow::Result<Filled> {
    let mut filled = Filled::default();
    let mut turns = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let progress = Progress::of_items("writing", steps.len() as u64);
    for step in steps {
        turns.tick().await;
        match step {
            Step::Put { bucket, key, kind, seed, tags } => {
                let bucket = &BUCKETS[*bucket];
                let body = content::bytes(*kind, *seed);
                filled.bytes += body.len() as u64;
                let mut call = Call::to_object(Method::PUT, bucket.name, key.as_bytes())
                    .header("content-type", kind.media_type())?
                    .header("x-amz-meta-origin", "demo")?
                    .body(body);
                if !tags.is_empty() {
                    call = call.header("x-amz-tagging", tags)?;
                }
                writer(writers, bucket).client.send(&call).await?;
                filled.puts += 1;
            }
            Step::Delete { bucket, key } => {
                let bucket = &BUCKETS[*bucket];
                let call = Call::to_object(Method::DELETE, bucket.name, key.as_bytes());
                writer(writers, bucket).client.send(&call).await?;
                filled.deletes += 1;
            }
        }
        progress.add(1);
    }
    progress.end();
    Ok(filled)
}
