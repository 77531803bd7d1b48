//! What was heard of damage. It may be lost, and whoever acts on it looks first.

use std::collections::{BTreeMap, BTreeSet};

use domain::View;
use events::ids::{ContentId, Generation, NodeId};
use ledger::{Snapshot, StateError};
use shards::{Incident, IncidentKind};
use tokio::sync::mpsc;
use uuid::Uuid;

/// Contents that wait for a look, at most. Hints about further ones are dropped: the scan finds them.
const WAITING_MAX: usize = 4 * 1024;

/// Contents that are looked at together.
const LOOKED_AT_ONCE_MAX: usize = 256;

/// A shard of which a node says that it is damaged, or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedShard {
    /// The node.
    pub node: NodeId,
    /// The id of the shard.
    pub shard: Uuid,
}

/// The ways by which hints come in.
#[derive(Debug)]
pub struct Hints {
    /// What the store of repair found in reading.
    pub incidents: mpsc::Receiver<Incident>,
    /// What nodes found.
    pub damaged: mpsc::Receiver<DamagedShard>,
}

/// Hints that wait for a look.
#[derive(Debug)]
pub(crate) struct Waiting {
    hints: Hints,
    /// What a stretch of the scan found, which is taken first: it is not found again before the next pass.
    found: BTreeSet<ContentId>,
    /// Contents of which something was heard.
    contents: BTreeSet<ContentId>,
    shards: BTreeSet<Uuid>,
    /// What reads of this process found in contents.
    read: BTreeMap<ContentId, Damage>,
}

/// Shards that were not what was written when this process read them, whatever their nodes say.
pub(crate) type Damage = BTreeSet<(u8, Generation)>;

/// Contents to look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct ToLookAt {
    pub(crate) contents: Vec<ContentId>,
    /// Those of them in which reads of this process found something, and the shards whose bytes were wrong.
    pub(crate) read: BTreeMap<ContentId, Damage>,
}

impl Waiting {
    pub(crate) fn new(hints: Hints) -> Self {
        Self {
            hints,
            found: BTreeSet::new(),
            contents: BTreeSet::new(),
            shards: BTreeSet::new(),
            read: BTreeMap::new(),
        }
    }

    /// Waits for a hint, for ever if none can come any more. It may be dropped.
    pub(crate) async fn more(&mut self) {
        let Hints { incidents, damaged } = &mut self.hints;
        tokio::select! {
            Some(incident) = incidents.recv() => self.add_incident(&incident),
            Some(damaged) = damaged.recv() => self.add_shard(damaged.shard),
            else => std::future::pending().await,
        }
    }

    /// The contents to look at next.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn take(&mut self, snapshot: &Snapshot) -> Result<ToLookAt, StateError> {
        while let Ok(incident) = self.hints.incidents.try_recv() {
            self.add_incident(&incident);
        }
        while let Ok(damaged) = self.hints.damaged.try_recv() {
            self.add_shard(damaged.shard);
        }
        while let Some(shard) = self.shards.first().copied() {
            let content = snapshot.generation(Generation::from_fresh(shard))?;
            if let Some(content) = content.filter(|_| self.contents.len() < WAITING_MAX) {
                self.contents.insert(content);
            }
            self.shards.remove(&shard);
        }
        let mut contents = Vec::new();
        while contents.len() < LOOKED_AT_ONCE_MAX
            && let Some(content) = self.found.pop_first().or_else(|| self.contents.pop_first())
        {
            contents.push(content);
        }
        contents.sort_unstable();
        contents.dedup();
        let read = contents.iter().filter_map(|content| Some((*content, self.read.remove(content)?))).collect();
        Ok(ToLookAt { contents, read })
    }

    /// Adds what a stretch of the scan found. No other stretch is compared before all of it was taken.
    pub(crate) fn add_found(&mut self, contents: impl IntoIterator<Item = ContentId>) {
        self.found.extend(contents);
    }

    /// What was taken was not looked at.
    pub(crate) fn give_back(&mut self, taken: ToLookAt) {
        self.found.extend(taken.contents);
        for (content, damage) in taken.read {
            self.read.entry(content).or_default().extend(damage);
        }
    }

    fn add_incident(&mut self, incident: &Incident) {
        let Some(sha256) = incident.sha256 else { return };
        let content = ContentId { sha256, generation: incident.generation };
        if !self.contents.contains(&content) {
            if self.contents.len() >= WAITING_MAX {
                return;
            }
            self.contents.insert(content);
        }
        let damage = self.read.entry(content).or_default();
        if incident.kind == IncidentKind::Damaged {
            damage.insert((incident.shard, incident.shard_generation));
        }
    }

    fn add_shard(&mut self, shard: Uuid) {
        if self.shards.len() < WAITING_MAX {
            self.shards.insert(shard);
        }
    }
}

#[cfg(test)]
mod tests {
    use events::ids::{Layout, Sha256Digest};

    use super::*;

    fn content(number: u128) -> ContentId {
        ContentId { sha256: Sha256Digest([1; 32]), generation: Generation::from_fresh(Uuid::from_u128(number << 3)) }
    }

    fn incident(content: ContentId, kind: IncidentKind) -> Incident {
        Incident {
            bucket: "bucket".parse().unwrap(),
            sha256: Some(content.sha256),
            generation: content.generation,
            layout: Layout::Striped,
            shard: 2,
            shard_generation: content.generation,
            node: "n1".parse().unwrap(),
            kind,
        }
    }

    fn waiting() -> Waiting {
        Waiting::new(Hints { incidents: mpsc::channel(1).1, damaged: mpsc::channel(1).1 })
    }

    #[tokio::test]
    async fn what_the_scan_found_is_not_crowded_out_by_what_is_heard_and_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = testkit::ledgers::open(&testkit::MemoryLog::new(), &folder.path().join("projection"), true).await;
        let (snapshot, mut waiting) = (ledger.latest(), waiting());
        for number in 0..=WAITING_MAX as u128 {
            waiting.add_incident(&incident(content(number), IncidentKind::Damaged));
        }
        let found: Vec<ContentId> = (0..2_000).map(|number| content(1_000_000 + number)).collect();
        waiting.add_found(found.iter().copied());
        let mut taken = Vec::new();
        while taken.len() < found.len() {
            taken.extend(waiting.take(&snapshot).unwrap().contents);
        }
        assert!(found.iter().all(|found| taken.contains(found)));
        let mut heard = taken.len() - found.len();
        loop {
            let taken = waiting.take(&snapshot).unwrap();
            assert_eq!(taken.contents.len(), taken.read.len());
            heard += taken.contents.len();
            if taken.contents.is_empty() {
                break;
            }
        }
        assert_eq!(heard, WAITING_MAX, "what is heard is bounded");
        assert!(waiting.read.is_empty());
    }

    #[tokio::test]
    async fn what_was_read_is_remembered_until_it_was_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = testkit::ledgers::open(&testkit::MemoryLog::new(), &folder.path().join("projection"), true).await;
        let (snapshot, mut waiting) = (ledger.latest(), waiting());
        waiting.add_incident(&incident(content(1), IncidentKind::Missing));
        waiting.add_incident(&incident(content(2), IncidentKind::Damaged));
        let taken = waiting.take(&snapshot).unwrap();
        let damage: Damage = [(2, content(2).generation)].into();
        assert_eq!(taken.read, [(content(1), Damage::new()), (content(2), damage.clone())].into());
        waiting.give_back(taken);
        assert_eq!(waiting.take(&snapshot).unwrap().read.get(&content(2)), Some(&damage));
    }
}
