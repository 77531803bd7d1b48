//! What reads, and questions to nodes, found wanting.

use std::collections::HashMap;
use std::time::Duration;

use events::content::Fault;
use events::ids::ContentId;
use futures_util::{StreamExt, TryStreamExt, stream};
use shards::{Incident, IncidentKind, Transport};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::note::{Doubts, Noted};
use crate::{CONTENTS_MAX, DEBT_AGE_MIN, Never, REFUSED_PAUSE, Stopped, Tasks};

/// Contents that wait to be looked at, at most. What is found beyond is found again by the next read of it, and until
/// then gets no further reference from this process.
const WAITING_MAX: usize = 16 * 1024;

/// How often those that are due are looked at.
const LOOK_TIME: Duration = Duration::from_millis(500);

/// Contents that are looked at each time, which bounds how many facts a lost disk makes in a second.
const LOOKED_AT_MAX: usize = 64;

struct Waiting {
    due: Instant,
    doubts: Doubts,
}

impl<T: Transport> Tasks<T> {
    /// Takes in what is found wanting, and looks at it when it is due.
    pub(crate) async fn take_in(&self, mut found: mpsc::Receiver<Incident>) -> Never {
        let mut ticks = interval(LOOK_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut waiting = HashMap::new();
        loop {
            tokio::select! {
                Some(incident) = found.recv() => add(&mut waiting, &incident),
                _ = ticks.tick() => {
                    let due = stream::iter(take_due(&mut waiting, Instant::now()));
                    let noted = due.map(|(content, doubts)| async move {
                        let is_refused = self.note(content, &doubts).await? == Noted::Refused;
                        Ok::<_, Stopped>(is_refused.then_some((content, doubts)))
                    });
                    let refused: Vec<_> = noted.buffer_unordered(CONTENTS_MAX).try_collect().await?;
                    put_back(&mut waiting, refused.into_iter().flatten());
                }
            }
        }
    }
}

fn add(waiting: &mut HashMap<ContentId, Waiting>, incident: &Incident) {
    // Those that a write owes are settled by themselves.
    let Some((sha256, fault)) = incident.sha256.zip(fault(incident.kind)) else { return };
    let content = ContentId { sha256, generation: incident.generation };
    if waiting.len() >= WAITING_MAX && !waiting.contains_key(&content) {
        return;
    }
    // A shard that is missing may be on its way. One that is damaged is not going to mend itself.
    let age = if fault == Fault::Missing { DEBT_AGE_MIN } else { Duration::ZERO };
    let due = Instant::now() + age;
    let entry = waiting.entry(content).or_insert_with(|| Waiting { due, doubts: Doubts::default() });
    entry.due = entry.due.min(due);
    entry.doubts.shards.insert(incident.shard, fault);
}

/// What could not be written down is tried again after a while.
fn put_back(waiting: &mut HashMap<ContentId, Waiting>, refused: impl Iterator<Item = (ContentId, Doubts)>) {
    for (content, doubts) in refused {
        let due = Instant::now() + REFUSED_PAUSE;
        let entry = waiting.entry(content).or_insert_with(|| Waiting { due, doubts: Doubts::default() });
        for (shard, fault) in doubts.shards {
            entry.doubts.shards.entry(shard).or_insert(fault);
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

fn take_due(waiting: &mut HashMap<ContentId, Waiting>, now: Instant) -> Vec<(ContentId, Doubts)> {
    let due = waiting.iter().filter(|(_, waiting)| waiting.due <= now).map(|(content, _)| *content);
    let due: Vec<ContentId> = due.take(LOOKED_AT_MAX).collect();
    due.into_iter().filter_map(|content| Some((content, waiting.remove(&content)?.doubts))).collect()
}
