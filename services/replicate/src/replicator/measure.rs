//! How far behind destinations are, for metrics and people.

use std::time::Duration;

use tokio::time::Instant;
use worker::{Handle, Lag};

use super::Replicator;
use crate::meters;

/// How often metrics say how far behind destinations are.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);

/// What is wrong that is said at once.
const WRONG_SHOWN_MAX: usize = 3;

impl Replicator {
    /// Says how far behind destinations are, and what is wrong.
    pub(super) fn measure(&mut self, handle: &Handle, now: Instant) {
        if now < self.next_measure {
            return;
        }
        self.next_measure = now + MEASURE_INTERVAL;
        let (last, clock) = (self.last(), (self.shared.now)());
        let (mut lags, mut left, mut wrong) = (Vec::new(), 0, Vec::new());
        for (name, link) in &mut self.links {
            wrong.extend(link.why.as_ref().map(|why| format!("{name}: {why}")));
            left += link.left();
            let of_region = link.why.clone();
            for (following, up_to, lag) in link.routes(last, clock) {
                meters::lag(&following.route, lag);
                lags.push(Lag {
                    bucket: following.route.name.clone(),
                    destination: following.route.destination.clone(),
                    up_to,
                    changes: lag.changes,
                    bytes: lag.bytes,
                    seconds: lag.seconds,
                    is_resyncing: following.resync.is_some(),
                    copies: following.is_unsettled(),
                    refused: following.refused,
                    why: following.why.clone().or_else(|| of_region.clone()),
                });
                let bucket = &following.route.destination.bucket;
                wrong.extend(following.why.as_ref().map(|why| format!("{name}/{bucket}: {why}")));
            }
        }
        for (name, lane) in &self.lanes {
            left += lane.left();
            wrong.extend(lane.why().map(|why| format!("{name}, users and what belongs to them: {why}")));
        }
        for route in &self.unlinked {
            let why = "no link leads to its region, or several do and the rule names none";
            wrong.push(format!("{}: {why}", route.name));
            let (bucket, destination) = (route.name.clone(), route.destination.clone());
            let (changes, bytes, seconds, is_resyncing) = (0, 0, 0.0, false);
            lags.push(Lag {
                bucket,
                destination,
                up_to: route.up_to,
                changes,
                bytes,
                seconds,
                is_resyncing,
                copies: true,
                refused: route.refused.is_some(),
                why: Some(why.into()),
            });
        }
        handle.left(Some(left));
        let served = format!("{} destinations in {} regions", lags.len(), self.links.len());
        handle.lags(lags);
        let shown = wrong.into_iter().take(WRONG_SHOWN_MAX);
        handle.say(&std::iter::once(served).chain(shown).collect::<Vec<_>>().join("; "));
    }
}
