use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use events::ids::{BucketName, ContentId, NodeId, Placement, UploadId};
use events::object::{Body, Delta};
use events::region::MasterKeyChanged;
use events::{Author, Event, Fact};

use super::{ProjectError, growth, release};
use crate::change::{Change, IdentityChange};
use crate::row::{
    BodyRow, BucketId, BucketRow, ContentRow, DebtRow, GrowthRow, KeyNumbers, ManifestRow, MasterKeyRow, NodeUsageRow,
    TotalsRow, Unreferenced, UsageRow,
};
use crate::view::View;

/// The changes of one fact while they are collected. References are counted here first, because one fact may release
/// and take the same content or the same parts, as a copy of an object onto itself does.
pub(super) struct Draft<'a, V: View> {
    pub(super) view: &'a V,
    pub(super) event: &'a Event,
    pub(super) changes: Vec<Change>,
    references: BTreeMap<ContentId, i64>,
    stored: Option<(ContentId, ContentRow)>,
    manifest_references: BTreeMap<UploadId, i64>,
    completed: Option<(UploadId, ManifestRow)>,
    totals: Option<TotalsRow>,
    debt: Option<DebtRow>,
    /// Shards, and their bytes, that come to a node and leave it.
    node_usage: BTreeMap<NodeId, (i64, i64)>,
    /// Usage that changes. Another bucket than that of the fact may be among them: a content counts where it was uploaded.
    usage: BTreeMap<BucketId, UsageRow>,
    /// A bucket that exists.
    found: Cell<Option<BucketId>>,
    /// The bucket that the fact deletes.
    gone: Option<BucketId>,
    /// What the region held before the fact.
    held: Option<TotalsRow>,
}

type Result<T, V> = std::result::Result<T, ProjectError<<V as crate::Identities>::Error>>;

impl<'a, V: View> Draft<'a, V> {
    pub(super) fn new(view: &'a V, event: &'a Event) -> Self {
        Self {
            view,
            event,
            changes: Vec::new(),
            references: BTreeMap::new(),
            stored: None,
            manifest_references: BTreeMap::new(),
            completed: None,
            totals: None,
            debt: None,
            node_usage: BTreeMap::new(),
            usage: BTreeMap::new(),
            found: Cell::new(None),
            gone: None,
            held: None,
        }
    }

    pub(super) fn contradiction(&self, what: &'static str) -> ProjectError<V::Error> {
        ProjectError::Contradiction { sequence: self.event.sequence, what }
    }

    pub(super) fn bucket(&self, name: &BucketName) -> Result<BucketRow, V> {
        let row = self.view.bucket(name).map_err(ProjectError::View)?;
        let row = row.ok_or_else(|| self.contradiction("its bucket does not exist"))?;
        self.found.set(Some(row.id));
        Ok(row)
    }

    /// The bucket of the fact, which exists.
    pub(super) fn bucket_id(&self, name: &BucketName) -> Result<BucketId, V> {
        self.found.get().map_or_else(|| self.bucket(name).map(|row| row.id), Ok)
    }

    /// Raises the level of the facts that may be written.
    pub(super) fn raise_level(&mut self, level: u32) -> Result<(), V> {
        let sequence = self.event.sequence;
        let totals = self.totals()?;
        if totals.level < Fact::SECRETS_LEVEL && level >= Fact::SECRETS_LEVEL {
            totals.apart_since = sequence;
        }
        totals.level = totals.level.max(level);
        Ok(())
    }

    /// Sets the key with which an author proves its facts.
    pub(super) fn change_key(&mut self, author: Author, number: u32) -> Result<(), V> {
        self.totals()?.keys.set(author, number);
        Ok(())
    }

    /// Sets the master key from which all authors derive the keys that prove their facts.
    pub(super) fn change_master_key(&mut self, fact: &MasterKeyChanged) -> Result<(), V> {
        let MasterKeyChanged { number, key, gateway, lifecycle, maintenance, .. } = *fact;
        let row = MasterKeyRow { number, key, gateway, lifecycle, maintenance };
        self.totals()?.keys = KeyNumbers::of_master(row);
        Ok(())
    }

    pub(super) fn totals(&mut self) -> Result<&mut TotalsRow, V> {
        let row = match self.totals.take() {
            Some(row) => row,
            None => *self.held.insert(self.view.totals().map_err(ProjectError::View)?),
        };
        Ok(self.totals.insert(row))
    }

    pub(super) fn change_identity(&mut self, change: IdentityChange) {
        self.changes.push(Change::Identity(change));
    }

    /// Adds to the usage of a bucket and of the region.
    pub(super) fn count(&mut self, bucket: BucketId, delta: Delta) -> Result<(), V> {
        if delta == Delta::default() {
            return Ok(());
        }
        let below_zero = self.contradiction("usage would fall below zero");
        let usage = self.usage(bucket)?;
        let objects = usage.objects.checked_add_signed(delta.objects);
        let bytes = usage.bytes.checked_add_signed(delta.bytes);
        let (Some(objects), Some(bytes)) = (objects, bytes) else { return Err(below_zero) };
        usage.objects = objects;
        usage.bytes = bytes;
        let totals = self.totals()?;
        totals.objects = totals.objects.saturating_add_signed(delta.objects);
        totals.logical_bytes = totals.logical_bytes.saturating_add_signed(delta.bytes);
        Ok(())
    }

    /// Adds to the bytes of parts of uploads in progress in a bucket.
    pub(super) fn count_parts(&mut self, bucket: BucketId, change: i64) -> Result<(), V> {
        let below_zero = self.contradiction("the size of parts would fall below zero");
        let usage = self.usage(bucket)?;
        usage.parts_bytes = usage.parts_bytes.checked_add_signed(change).ok_or(below_zero)?;
        let totals = self.totals()?;
        totals.parts_bytes = totals.parts_bytes.saturating_add_signed(change);
        Ok(())
    }

    /// Counts keys of a bucket that begin or cease to have a current object.
    pub(super) fn count_current(&mut self, bucket: BucketId, change: i64) -> Result<(), V> {
        let below_zero = self.contradiction("the number of keys would fall below zero");
        let usage = self.usage(bucket)?;
        usage.current = usage.current.checked_add_signed(change).ok_or(below_zero)?;
        let totals = self.totals()?;
        totals.current = totals.current.saturating_add_signed(change);
        Ok(())
    }

    /// Counts a content that something begins or ceases to refer to, in the bucket that it was uploaded to if that is
    /// still there.
    fn count_stored(&mut self, content: &ContentRow, change: i64) -> Result<(), V> {
        let totals = self.totals()?;
        totals.stored_bytes = totals.stored_bytes.saturating_add_signed(change);
        let bucket = content.bucket_id;
        if self.gone == Some(bucket) {
            return Ok(());
        }
        if self.found.get() != Some(bucket) {
            let found = self.view.bucket(&content.bucket).map_err(ProjectError::View)?;
            if found.is_none_or(|found| found.id != bucket) {
                return Ok(());
            }
        }
        let below_zero = self.contradiction("the bytes of contents would fall below zero");
        let usage = self.usage(bucket)?;
        usage.stored_bytes = usage.stored_bytes.checked_add_signed(change).ok_or(below_zero)?;
        Ok(())
    }

    fn usage(&mut self, bucket: BucketId) -> Result<&mut UsageRow, V> {
        match self.usage.entry(bucket) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(self.view.usage(bucket).map_err(ProjectError::View)?)),
        }
    }

    /// Ends the counts of a bucket that the fact deletes.
    pub(super) fn drop_usage(&mut self, bucket: BucketId) -> Result<(), V> {
        let UsageRow { parts_bytes, .. } = self.view.usage(bucket).map_err(ProjectError::View)?;
        let totals = self.totals()?;
        totals.parts_bytes = totals.parts_bytes.saturating_sub(parts_bytes);
        self.gone = Some(bucket);
        self.changes.push(Change::DropUsage { bucket });
        growth::of_deleted_bucket(self, bucket);
        Ok(())
    }

    /// Takes a reference to the body of a new object or part in a bucket. `size`: its bytes as nodes store them.
    pub(super) fn take(&mut self, bucket: BucketId, body: &Body, size: u64) -> Result<BodyRow, V> {
        Ok(match body {
            Body::Empty => BodyRow::Empty,
            Body::Stored { content, placement } => {
                self.store(bucket, *content, placement, size)?;
                BodyRow::Content(*content)
            }
            Body::Known { content } => {
                *self.references.entry(*content).or_default() += 1;
                BodyRow::Content(*content)
            }
            Body::Parts { upload_id, .. } => {
                *self.manifest_references.entry(*upload_id).or_default() += 1;
                BodyRow::Parts(*upload_id)
            }
        })
    }

    /// Makes the parts of an upload a manifest that objects refer to.
    pub(super) fn complete(&mut self, upload: UploadId, manifest: ManifestRow) {
        self.completed = Some((upload, manifest));
    }

    /// Takes another reference to an existing body.
    pub(super) fn share(&mut self, body: BodyRow) {
        match body {
            BodyRow::Empty => {}
            BodyRow::Content(content) => *self.references.entry(content).or_default() += 1,
            BodyRow::Parts(upload) => *self.manifest_references.entry(upload).or_default() += 1,
        }
    }

    fn store(&mut self, bucket_id: BucketId, content: ContentId, placement: &Placement, size: u64) -> Result<(), V> {
        let row = ContentRow {
            size,
            bucket: self.event.fact.bucket().ok_or_else(|| self.contradiction("a content is in no bucket"))?.clone(),
            bucket_id,
            sequence: self.event.sequence,
            placement: placement.clone(),
            moved: Vec::new(),
            references: 0,
            unreferenced: None,
        };
        self.stored = Some((content, row));
        self.changes.push(Change::PutGeneration { generation: content.generation, content });
        for (_, node) in placement.shards() {
            self.count_shard(node, 1, placement.layout.shard_bytes(size));
        }
        *self.references.entry(content).or_default() += 1;
        let totals = self.totals()?;
        totals.contents += 1;
        totals.content_bytes += size;
        totals.shard_bytes += placement.layout.stored_bytes(size);
        Ok(())
    }

    /// Counts shards that a node gains or loses, of `bytes` each.
    pub(super) fn count_shard(&mut self, node: &NodeId, shards: i64, bytes: u64) {
        let bytes = shards * bytes.cast_signed();
        match self.node_usage.get_mut(node) {
            Some(sum) => *sum = (sum.0 + shards, sum.1 + bytes),
            None => drop(self.node_usage.insert(node.clone(), (shards, bytes))),
        }
    }

    /// The faults of all contents, counted.
    pub(super) fn debt(&mut self) -> Result<&mut DebtRow, V> {
        let row = match self.debt.take() {
            Some(row) => row,
            None => self.view.debt().map_err(ProjectError::View)?,
        };
        Ok(self.debt.insert(row))
    }

    /// Releases the reference of an object or a part that ends.
    pub(super) fn release(&mut self, body: BodyRow) {
        match body {
            BodyRow::Empty => {}
            BodyRow::Content(content) => *self.references.entry(content).or_default() -= 1,
            BodyRow::Parts(upload) => *self.manifest_references.entry(upload).or_default() -= 1,
        }
    }

    pub(super) fn finish(mut self) -> Result<Vec<Change>, V> {
        self.finish_manifests()?;
        self.finish_contents()?;
        self.finish_node_usage()?;
        self.finish_usage()?;
        if let Some(row) = self.debt {
            self.changes.push(Change::PutDebt { row });
        }
        if let Some(row) = self.totals {
            self.changes.push(Change::PutTotals { row });
        }
        Ok(self.changes)
    }

    /// Writes the usage of buckets, and what they and the region hold now where that changed.
    fn finish_usage(&mut self) -> Result<(), V> {
        let mut has_grown = self.gone.is_some();
        for (bucket, row) in std::mem::take(&mut self.usage) {
            let held = self.view.usage(bucket).map_err(ProjectError::View)?;
            let now = GrowthRow::of_bucket(0, &row);
            if now != GrowthRow::of_bucket(0, &held) {
                growth::of_bucket(self, bucket, &row);
                has_grown = true;
            }
            self.changes.push(Change::PutUsage { bucket, row: row.with_warnings_due() });
        }
        if let (Some(totals), Some(held)) = (self.totals, self.held)
            && GrowthRow::of_region(0, &totals) != GrowthRow::of_region(0, &held)
        {
            growth::of_region(self, &totals);
            has_grown = true;
        }
        if has_grown { growth::forget(self) } else { Ok(()) }
    }

    /// Writes the manifests whose references changed. Parts without a reference are removed.
    fn finish_manifests(&mut self) -> Result<(), V> {
        for (upload, difference) in std::mem::take(&mut self.manifest_references) {
            let completed = self.completed.take_if(|(completed, _)| *completed == upload).map(|(_, row)| row);
            let row = match completed {
                Some(row) => Some(row),
                None => self.view.manifest(upload).map_err(ProjectError::View)?,
            };
            let mut row = row.ok_or_else(|| self.contradiction("its parts do not exist"))?;
            let references = row.references.checked_add_signed(difference);
            row.references = references.ok_or_else(|| self.contradiction("its parts have no reference to release"))?;
            if row.references > 0 {
                self.changes.push(Change::PutManifest { upload, row });
            } else {
                self.changes.push(Change::DropManifest { upload });
                release::all_parts(self, upload)?;
            }
        }
        Ok(())
    }

    fn finish_contents(&mut self) -> Result<(), V> {
        for (content, difference) in std::mem::take(&mut self.references) {
            let stored = self.stored.take_if(|(stored, _)| *stored == content).map(|(_, row)| row);
            let row = match stored {
                Some(row) => Some(row),
                None => self.view.content(&content).map_err(ProjectError::View)?,
            };
            let mut row = row.ok_or_else(|| self.contradiction("its content does not exist"))?;
            let was_referred_to = row.references > 0;
            let references = row.references.checked_add_signed(difference);
            row.references = references.ok_or_else(|| self.contradiction("a content has no reference to release"))?;
            match (was_referred_to, row.references > 0) {
                (false, true) => self.count_stored(&row, row.size.cast_signed())?,
                (true, false) => self.count_stored(&row, -row.size.cast_signed())?,
                _ => {}
            }
            if let Some(Unreferenced { sequence, .. }) = row.unreferenced.take() {
                self.changes.push(Change::DropUnreferenced { sequence, content });
            }
            if row.references == 0 {
                let (sequence, since) = (self.event.sequence, self.event.time);
                row.unreferenced = Some(Unreferenced { sequence, since });
                self.changes.push(Change::PutUnreferenced { sequence, content });
            }
            self.changes.push(Change::PutContent { content, row });
        }
        Ok(())
    }

    fn finish_node_usage(&mut self) -> Result<(), V> {
        for (name, (shards, bytes)) in std::mem::take(&mut self.node_usage) {
            let row = self.view.node_usage(&name).map_err(ProjectError::View)?;
            let sums = row.shards.checked_add_signed(shards).zip(row.bytes.checked_add_signed(bytes));
            let (shards, bytes) = sums.ok_or_else(|| self.contradiction("a node holds fewer shards than leave it"))?;
            self.changes.push(match shards {
                0 => Change::DropNodeUsage { name },
                _ => Change::PutNodeUsage { name, row: NodeUsageRow { shards, bytes } },
            });
        }
        Ok(())
    }
}
