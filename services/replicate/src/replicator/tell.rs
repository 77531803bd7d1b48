//! Saying to other regions how much of this one they have.

use std::sync::Arc;
use std::time::Duration;

use events::replica::{STATED_BUCKETS_MAX, Sent, Statement};
use jiff::Timestamp;
use tokio::time::Instant;

use super::Replicator;
use crate::bound::bound;
use crate::teller::Teller;

/// How often the clock and the end of the log are read.
const MARK_INTERVAL: Duration = Duration::from_secs(5);

/// A mark: its number, the time, and the end of the log as it was then or later; `None` if the log did not say it.
pub(super) type Marked = (u64, Timestamp, Option<u64>);

impl Replicator {
    /// Takes the next mark, and tells the regions that are to be told something.
    pub(super) fn tell(&mut self, now: Instant) {
        for (number, at, sequence) in std::mem::take(&mut self.marked) {
            if let Some(sequence) = sequence {
                self.marks.took(number, at, sequence);
            }
        }
        if !self.links.is_empty() && self.marking.is_empty() && now >= self.next_mark {
            self.next_mark = now + MARK_INTERVAL;
            self.begin_mark();
        }
        if now < self.next_measure {
            return;
        }
        let (last, clock) = (self.last(), (self.shared.now)());
        let (links, marks) = (&mut self.links, &self.marks);
        self.tellers.retain(|name, teller| links.get(name).is_some_and(|link| link.id == teller.link));
        for (name, link) in links {
            let routes = link.routes(last, clock).into_iter();
            let standings: Vec<_> =
                routes.map(|(following, position, _)| following.standing(marks, position)).collect();
            let Some((mark, mut buckets)) = bound(standings) else { continue };
            buckets.truncate(STATED_BUCKETS_MAX);
            let (form, region, before, up_to) = (Sent::FORM, self.shared.region.clone(), mark.at, mark.sequence);
            let client = Arc::clone(&link.client);
            let teller = self.tellers.entry(name.clone()).or_insert_with(|| Teller::new(link.id, client));
            teller.tell(Statement { form, region, before, up_to, buckets }, clock, now);
        }
    }

    /// All that was to be told to the log is on it by now, so that the mark comes behind it.
    fn begin_mark(&mut self) {
        let number = self.marks.begin();
        for link in self.links.values_mut() {
            link.followings().for_each(|following| following.settling.begin(number));
        }
        let (ledger, at) = (self.ledger.clone(), (self.shared.now)());
        self.marking.spawn(async move {
            let sequence = ledger.read().await.ok().and_then(|snapshot| snapshot.cursor().ok());
            (number, at, sequence.map(|cursor| cursor.sequence))
        });
    }
}
