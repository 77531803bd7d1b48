//! Shards that reads and inspections found missing or damaged.

use std::collections::HashMap;
use std::time::Duration;

use events::content::Fault;
use events::ids::ContentId;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::{Incident, IncidentKind, Transport};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::check::{Outcome, Suspicion};
use crate::{CONTENTS_MAX, Never, RECORD_DELAY, REFUSED_PAUSE, Stopped, Tasks};

/// The most contents that wait for a check. An incident beyond that is dropped: the next read of the content reports it
/// again, and until then this process makes no new reference to the content.
const WAITING_MAX: usize = 16 * 1024;

/// How often contents that are due are checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// The most contents that are checked each time. This bounds the facts per second that a lost disk causes.
const CHECKS_MAX: usize = 64;

/// A content that waits for its check.
struct Waiting {
    due: Instant,
    suspicion: Suspicion,
}

impl<T: Transport> Tasks<T> {
    /// Receives incidents and checks their contents when they are due.
    pub(crate) async fn check_incidents(&self, mut found: mpsc::Receiver<Incident>) -> Never {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = HashMap::new();
        loop {
            tokio::select! {
                Some(incident) = found.recv() => add(&mut waiting, &incident),
                _ = ticks.tick() => {
                    let due = stream::iter(take_due(&mut waiting, Instant::now()));
                    let outcomes = due.map(|(content, suspicion)| async move {
                        let is_refused = self.check(content, &suspicion).await? == Outcome::Refused;
                        Ok::<_, Stopped>(is_refused.then_some((content, suspicion)))
                    });
                    let refused: Vec<_> = outcomes.buffer_unordered(CONTENTS_MAX).try_collect().await?;
                    put_back(&mut waiting, refused.into_iter().flatten());
                }
            }
        }
    }
}

fn add(waiting: &mut HashMap<ContentId, Waiting>, incident: &Incident) {
    // The pending writes cover shards that a write left unwritten.
    let Some((sha256, fault)) = incident.sha256.zip(fault(incident.kind)) else { return };
    let content = ContentId { sha256, generation: incident.generation };
    if waiting.len() >= WAITING_MAX && !waiting.contains_key(&content) {
        return;
    }
    // A missing shard may still arrive. A damaged one stays damaged.
    let age = if fault == Fault::Missing { RECORD_DELAY } else { Duration::ZERO };
    let due = Instant::now() + age;
    let entry = waiting.entry(content).or_insert_with(|| Waiting { due, suspicion: Suspicion::default() });
    entry.due = entry.due.min(due);
    entry.suspicion.faults.insert((incident.shard, incident.shard_generation), fault);
}

/// Schedules another check of contents whose facts the log refused.
fn put_back(waiting: &mut HashMap<ContentId, Waiting>, refused: impl Iterator<Item = (ContentId, Suspicion)>) {
    for (content, suspicion) in refused {
        let due = Instant::now() + REFUSED_PAUSE;
        let entry = waiting.entry(content).or_insert_with(|| Waiting { due, suspicion: Suspicion::default() });
        for (shard, fault) in suspicion.faults {
            entry.suspicion.faults.entry(shard).or_insert(fault);
        }
    }
}

fn fault(kind: IncidentKind) -> Option<Fault> {
    match kind {
        IncidentKind::Unwritten => None,
        IncidentKind::Missing => Some(Fault::Missing),
        IncidentKind::Damaged => Some(Fault::Damaged),
        IncidentKind::Unreadable => Some(Fault::Unreadable),
    }
}

fn take_due(waiting: &mut HashMap<ContentId, Waiting>, now: Instant) -> Vec<(ContentId, Suspicion)> {
    let due = waiting.iter().filter(|(_, waiting)| waiting.due <= now).map(|(content, _)| *content);
    let due: Vec<ContentId> = due.take(CHECKS_MAX).collect();
    due.into_iter().filter_map(|content| Some((content, waiting.remove(&content)?.suspicion))).collect()
}
