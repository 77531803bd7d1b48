//! The routes that there are.

use std::sync::Arc;

use domain::View;
use events::ids::BucketName;
use events::replication::Destination;
use ledger::Snapshot;
use worker::Trouble;

use crate::route::Route;

/// Buckets that are read at once.
const BUCKETS_AT_ONCE: usize = 1_000;

/// The destinations of all buckets.
pub(super) fn routes(snapshot: &Snapshot) -> Result<Vec<Route>, Trouble> {
    let (mut routes, mut after): (Vec<Route>, Option<BucketName>) = (Vec::new(), None);
    loop {
        let buckets = snapshot.list_buckets(after.as_ref(), BUCKETS_AT_ONCE)?;
        let Some((last, _)) = buckets.last() else { return Ok(routes) };
        after = Some(last.clone());
        for (name, bucket) in buckets.into_iter().filter(|(_, bucket)| bucket.settings != 0) {
            let Some(row) = snapshot.bucket_settings(bucket.id)?.replication else { continue };
            let configuration = Arc::new(row.configuration);
            let mut known: Vec<&Destination> = Vec::new();
            for rule in configuration.rules.iter().filter(|rule| rule.enabled) {
                if known.contains(&&rule.destination) {
                    continue;
                }
                known.push(&rule.destination);
                let progress = row.progress.iter().find(|(known, _)| *known == rule.destination);
                let resync = row.resyncs.iter().find(|(known, _)| *known == rule.destination);
                let refused = row.refused.iter().find(|(known, _)| *known == rule.destination);
                routes.push(Route {
                    bucket: bucket.id,
                    name: name.clone(),
                    destination: rule.destination.clone(),
                    configuration: Arc::clone(&configuration),
                    since: row.since,
                    up_to: progress.map_or(row.since, |(_, up_to)| *up_to),
                    resync: resync.map(|(_, resync)| resync.clone()),
                    refused: refused.map(|(_, sequence)| *sequence),
                });
            }
        }
    }
}
