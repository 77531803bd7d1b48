use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use events::ids::BucketName;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::DiskError;
use super::limits::{DAMAGED_SHARDS_MAX, FINDINGS_MAX};

/// What is wrong with a shard that lies on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Damage {
    /// Its bytes are not those that were written.
    Damaged,
    /// The disk does not return them.
    Unreadable,
}

impl Damage {
    /// What an error of a look at a shard says about the shard, if anything.
    pub(crate) fn of(why: &DiskError) -> Option<Self> {
        match why {
            DiskError::Damaged => Some(Self::Damaged),
            DiskError::Unreadable(_) => Some(Self::Unreadable),
            _ => None,
        }
    }

    /// The error that says so.
    pub(crate) fn error(self) -> DiskError {
        match self {
            Self::Damaged => DiskError::Damaged,
            Self::Unreadable => DiskError::Unreadable("found before".into()),
        }
    }
}

/// Something wrong that was found, to be told to others once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of this shard.
    pub shard: Uuid,
    /// The bucket whose folder holds, or held, its file; none for a record.
    pub bucket: Option<BucketName>,
    /// What is wrong; `None`: it is gone, and nobody dropped it.
    pub damage: Option<Damage>,
}

/// The shards that are known to be damaged. It only makes answers better: whoever reads a shard checks it anyway.
#[derive(Default)]
pub(crate) struct DamagedShards {
    known: Mutex<Known>,
    /// How many there are, so that nobody takes the lock while there are none.
    count: AtomicUsize,
}

#[derive(Default)]
struct Known {
    shards: BTreeMap<Uuid, Damage>,
    findings: VecDeque<Finding>,
}

impl DamagedShards {
    /// What was known at another time.
    pub(crate) fn new(shards: impl IntoIterator<Item = (Uuid, Damage)>) -> Self {
        let shards: BTreeMap<Uuid, Damage> = shards.into_iter().take(DAMAGED_SHARDS_MAX).collect();
        let count = shards.len().into();
        Self { known: Mutex::new(Known { shards, findings: VecDeque::new() }), count }
    }

    /// What is known of a shard.
    pub(crate) fn of(&self, shard: Uuid) -> Option<Damage> {
        if self.count() == 0 { None } else { self.lock().shards.get(&shard).copied() }
    }

    /// The number of entries.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> Vec<(Uuid, Damage)> {
        self.lock().shards.iter().map(|(shard, damage)| (*shard, *damage)).collect()
    }

    /// Takes in what a look at every bit of a shard said of it. Whether something is wrong with it, and was not known to be.
    pub(crate) fn note<T>(&self, shard: Uuid, bucket: Option<&BucketName>, found: &Result<T, DiskError>) -> bool {
        match found {
            Ok(_) | Err(DiskError::NotFound) => {
                self.clear([shard]);
                false
            }
            Err(why) => self.note_damage(shard, bucket, why),
        }
    }

    /// Takes in what kept somebody from reading a shard. Of more than [`DAMAGED_SHARDS_MAX`] nothing is remembered: who
    /// looks at them finds them again. Whether something is wrong with the shard, and was not known to be.
    pub(crate) fn note_damage(&self, shard: Uuid, bucket: Option<&BucketName>, why: &DiskError) -> bool {
        let Some(damage) = Damage::of(why) else { return false };
        let mut known = self.lock();
        let before = known.shards.get(&shard).copied();
        if known.shards.len() < DAMAGED_SHARDS_MAX || before.is_some() {
            known.shards.insert(shard, damage);
        }
        if before != Some(damage) {
            known.tell(Finding { shard, bucket: bucket.cloned(), damage: Some(damage) });
        }
        self.count.store(known.shards.len(), Ordering::Relaxed);
        before.is_none()
    }

    /// Takes in that a file is gone that nobody dropped.
    pub(crate) fn note_gone(&self, shard: Uuid, bucket: &BucketName) {
        self.clear([shard]);
        self.lock().tell(Finding { shard, bucket: Some(bucket.clone()), damage: None });
    }

    /// Forgets what is known of shards that were written anew or are gone.
    pub(crate) fn clear(&self, gone: impl IntoIterator<Item = Uuid>) {
        if self.count() == 0 {
            return;
        }
        let mut known = self.lock();
        for shard in gone {
            known.shards.remove(&shard);
        }
        self.count.store(known.shards.len(), Ordering::Relaxed);
    }

    /// Forgets the shards that are not there any more.
    pub(crate) fn retain(&self, is_there: impl Fn(Uuid) -> bool) {
        // Whoever is asked may wait for others, so not under the lock.
        let all: Vec<Uuid> = self.all().into_iter().map(|(shard, _)| shard).collect();
        self.clear(all.into_iter().filter(|shard| !is_there(*shard)));
    }

    /// What was found since the last call, the first `max`.
    pub(crate) fn take_findings(&self, max: usize) -> Vec<Finding> {
        let mut known = self.lock();
        let count = known.findings.len().min(max);
        known.findings.drain(..count).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Of more than [`FINDINGS_MAX`] nobody is told: they are in the listing.
    fn tell(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push_back(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_last_counts_and_no_more_are_remembered_than_fit() {
        let (damaged, shard) = (DamagedShards::default(), Uuid::from_u128);
        let note = |i, found: Result<(), DiskError>| damaged.note(shard(i), None, &found);
        assert!(note(1, Err(DiskError::Damaged)));
        assert!(!note(1, Err(DiskError::Unreadable("bad sector".into()))), "that something is wrong with it is known");
        assert!(!note(1, Err(DiskError::Unreadable("again".into()))));
        assert!(!note(2, Err(DiskError::Busy)), "that says nothing of the shard");
        assert_eq!([1, 2].map(|i| damaged.of(shard(i))), [Some(Damage::Unreadable), None]);
        note(1, Ok(()));
        assert_eq!(damaged.of(shard(1)), None);
        let bucket = "bucket".parse().unwrap();
        damaged.note_gone(shard(3), &bucket);
        let finding = |i, damage| Finding { shard: shard(i), bucket: None, damage: Some(damage) };
        let gone = Finding { shard: shard(3), bucket: Some(bucket), damage: None };
        let told = [finding(1, Damage::Damaged), finding(1, Damage::Unreadable), gone];
        assert_eq!(damaged.take_findings(2), told[..2], "each once");
        assert_eq!(damaged.take_findings(2), told[2..]);
        let over = DAMAGED_SHARDS_MAX as u128 + 1;
        assert!((1..=over).all(|i| note(i, Err(DiskError::Damaged))));
        assert_eq!([over - 1, over].map(|i| damaged.of(shard(i))), [Some(Damage::Damaged), None]);
        assert_eq!(DamagedShards::new(damaged.all()).count(), DAMAGED_SHARDS_MAX);
        damaged.retain(|shard| shard.as_u128() == 5);
        assert_eq!(damaged.all(), [(shard(5), Damage::Damaged)]);
        damaged.clear([shard(5)]);
        assert_eq!(damaged.count(), 0);
    }
}
