//! Lists what lies on the disk, and looks at many shards at once.

use std::collections::HashMap;
use std::time::Instant;

use events::ids::BucketName;
use shards::protocol::{ListedShard, ShardPage, ShardPageDraft, ShardState};
use uuid::Uuid;

use super::DiskError;
use super::damage::Damage;
use super::files::{ShardFile, ShardFiles};
use super::limits::LIST_TIME_MAX;
use super::segments::{Catalog, Location};
use super::store::Store;

/// A shard that a listing, or a scrub, has to look at.
pub(crate) enum Candidate {
    Record(Uuid, Location),
    File(ShardFile),
    Staged(ShardFile),
}

impl Candidate {
    pub(crate) fn shard(&self) -> Uuid {
        match self {
            Self::Record(shard, _) => *shard,
            Self::File(file) | Self::Staged(file) => file.shard,
        }
    }
}

/// The first `max` candidates behind `after`, each shard once, and whether no others follow.
pub(crate) fn candidates(catalog: &Catalog, files: &ShardFiles, after: Uuid, max: usize) -> (Vec<Candidate>, bool) {
    let records = catalog.after(after, max).into_iter().map(|(shard, location)| Candidate::Record(shard, location));
    let (sealed, staged) = (files.after(after, max), files.staged_after(after, max));
    let files = sealed.into_iter().map(Candidate::File).chain(staged.into_iter().map(Candidate::Staged));
    let mut all: Vec<Candidate> = records.chain(files).collect();
    // The sort is stable: of one shard the record comes first, as for those who read it.
    all.sort_by_key(Candidate::shard);
    all.dedup_by_key(|candidate| candidate.shard());
    let are_all = all.len() < max;
    all.truncate(max);
    (all, are_all)
}

impl Store {
    /// The shards behind `after` that are on the disk, in order, `max` at most; with `verify`, after a check of every
    /// bit of them. The page ends early when it has taken [`LIST_TIME_MAX`].
    ///
    /// Indices in memory say where to look. Whether it is there is asked of the disk: of each file by its name, of the
    /// records by the lengths of their segments.
    pub fn list(&self, after: Uuid, max: usize, verify: bool) -> Result<ShardPage, DiskError> {
        let begin = Instant::now();
        let (candidates, are_all) = candidates(&self.reader.catalog, &self.files, after, max);
        let (mut page, mut segments, mut seen) = (ShardPageDraft::default(), HashMap::new(), None);
        for candidate in candidates {
            if seen.is_some() && begin.elapsed() >= LIST_TIME_MAX {
                return Ok(page.finish(seen));
            }
            let shard = candidate.shard();
            if let Some(listed) = self.listed(candidate, verify, &mut segments)?
                && page.push(listed).is_err()
            {
                return Ok(page.finish(seen));
            }
            seen = Some(shard);
        }
        Ok(page.finish(if are_all { None } else { seen }))
    }

    /// How each of some shards is, as [`Store::inspect`] says without reading them.
    pub fn inspect_many(&self, shards: &[(BucketName, Uuid)]) -> Vec<Result<(u32, u64), DiskError>> {
        shards.iter().map(|(bucket, shard)| self.inspect(*shard, bucket, false)).collect()
    }

    /// The candidate as it is. `None` if it is not there any more.
    fn listed(
        &self,
        candidate: Candidate,
        verify: bool,
        segments: &mut HashMap<u32, Option<u64>>,
    ) -> Result<Option<ListedShard>, DiskError> {
        let (file, found) = match candidate {
            Candidate::Staged(file) => {
                let ShardFile { shard, bucket, bytes } = file;
                return Ok(Some(ListedShard { shard, bucket: Some(bucket), bytes, state: ShardState::Staged }));
            }
            Candidate::Record(shard, location) => {
                let Some(found) = self.look_at_record(shard, location, segments).transpose() else { return Ok(None) };
                let found = found.and_then(|bytes| self.known(shard, bytes));
                (ListedShard { shard, bucket: None, bytes: location.length.into(), state: ShardState::Intact }, found)
            }
            Candidate::File(file) => {
                let found = self.files.look_at(&file).and_then(|bytes| self.known(file.shard, bytes));
                let ShardFile { shard, bucket, bytes } = file;
                (ListedShard { shard, bucket: Some(bucket), bytes, state: ShardState::Intact }, found)
            }
        };
        let found = match found {
            Err(DiskError::NotFound) => return Ok(None),
            _ if verify => match self.verify(file.shard, file.bucket.as_ref()) {
                Err(DiskError::NotFound) => return Ok(None),
                found => found.map(|(_, bytes)| bytes),
            },
            found => found,
        };
        match found {
            Ok(bytes) => Ok(Some(ListedShard { bytes, ..file })),
            Err(why) => match Damage::of(&why) {
                Some(Damage::Damaged) => Ok(Some(ListedShard { state: ShardState::Damaged, ..file })),
                Some(Damage::Unreadable) => Ok(Some(ListedShard { state: ShardState::Unreadable, ..file })),
                None => Err(why),
            },
        }
    }

    fn look_at_record(
        &self,
        shard: Uuid,
        location: Location,
        segments: &mut HashMap<u32, Option<u64>>,
    ) -> Result<Option<u64>, DiskError> {
        if self.reader.reaches(shard, location, segments)? {
            return Ok(Some(u64::from(location.length)));
        }
        // Compaction may have moved it.
        Ok(self.reader.length(shard)?.map(u64::from))
    }
}
