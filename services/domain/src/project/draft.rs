use std::collections::BTreeMap;

use events::{About, Event};
use events::ids::{BucketName, ContentId, Placement, UploadId};
use events::object::{Body, Delta};

use super::ProjectError;
use crate::change::Change;
use crate::row::{BodyRow, BucketId, BucketRow, ContentRow, ManifestRow, TotalsRow, shard_bytes};
use crate::view::View;

/// The changes of one fact while they are gathered. References are counted here first, because one fact may
/// drop the same content many times over.
pub(super) struct Draft<'a, V: View> {
    pub(super) view: &'a V,
    pub(super) event: &'a Event,
    pub(super) changes: Vec<Change>,
    references: BTreeMap<ContentId, i64>,
    stored: Option<(ContentId, ContentRow)>,
    totals: Option<TotalsRow>,
}

type Result<T, V> = std::result::Result<T, ProjectError<<V as View>::Error>>;

impl<'a, V: View> Draft<'a, V> {
    pub(super) fn new(view: &'a V, event: &'a Event) -> Self {
        Self { view, event, changes: Vec::new(), references: BTreeMap::new(), stored: None, totals: None }
    }

    pub(super) fn contradiction(&self, what: &'static str) -> ProjectError<V::Error> {
        ProjectError::Contradiction { sequence: self.event.sequence, what }
    }

    pub(super) fn bucket(&self, name: &BucketName) -> Result<BucketRow, V> {
        let row = self.view.bucket(name).map_err(ProjectError::View)?;
        row.ok_or_else(|| self.contradiction("its bucket does not exist"))
    }

    fn totals(&mut self) -> Result<&mut TotalsRow, V> {
        let row = match self.totals.take() {
            Some(row) => row,
            None => self.view.totals().map_err(ProjectError::View)?,
        };
        Ok(self.totals.insert(row))
    }

    /// Adds to the usage of a bucket and of the region.
    pub(super) fn count(&mut self, bucket: BucketId, delta: Delta) -> Result<(), V> {
        if delta == Delta::default() {
            return Ok(());
        }
        let below_zero = self.contradiction("usage would fall below zero");
        let mut usage = self.view.usage(bucket).map_err(ProjectError::View)?;
        let objects = usage.objects.checked_add_signed(delta.objects);
        let bytes = usage.bytes.checked_add_signed(delta.bytes);
        let (Some(objects), Some(bytes)) = (objects, bytes) else { return Err(below_zero) };
        usage.objects = objects;
        usage.bytes = bytes;
        self.changes.push(Change::PutUsage { bucket, row: usage });
        let totals = self.totals()?;
        totals.objects = totals.objects.saturating_add_signed(delta.objects);
        totals.logical_bytes = totals.logical_bytes.saturating_add_signed(delta.bytes);
        Ok(())
    }

    /// Takes a reference to what a new object or part names.
    pub(super) fn take(&mut self, body: &Body, size: u64) -> Result<BodyRow, V> {
        Ok(match body {
            Body::Empty => BodyRow::Empty,
            Body::Stored { content, placement } => {
                self.store(*content, placement, size)?;
                BodyRow::Content(*content)
            }
            Body::Known { content } => {
                *self.references.entry(*content).or_default() += 1;
                BodyRow::Content(*content)
            }
            Body::Parts { upload_id, taken } => {
                if taken.is_empty() {
                    let mut row = self.manifest(*upload_id)?;
                    row.references += 1;
                    self.changes.push(Change::PutManifest { upload: *upload_id, row });
                }
                BodyRow::Parts(*upload_id)
            }
        })
    }

    fn store(&mut self, content: ContentId, placement: &Placement, size: u64) -> Result<(), V> {
        let row = ContentRow {
            size,
            bucket: self.event.fact.bucket().clone(),
            placement: placement.clone(),
            references: 0,
            unreferenced_since: None,
        };
        self.stored = Some((content, row));
        *self.references.entry(content).or_default() += 1;
        let totals = self.totals()?;
        totals.contents += 1;
        totals.content_bytes += size;
        totals.shard_bytes += shard_bytes(placement.layout, size);
        Ok(())
    }

    /// Gives up the reference of an object or a part that ends.
    pub(super) fn release(&mut self, body: BodyRow) -> Result<(), V> {
        match body {
            BodyRow::Empty => {}
            BodyRow::Content(content) => *self.references.entry(content).or_default() -= 1,
            BodyRow::Parts(upload) => {
                let mut row = self.manifest(upload)?;
                row.references -= 1;
                if row.references > 0 {
                    self.changes.push(Change::PutManifest { upload, row });
                } else {
                    self.changes.push(Change::DropManifest { upload });
                    self.drop_parts(upload)?;
                }
            }
        }
        Ok(())
    }

    /// Drops every part of an upload and what it refers to.
    pub(super) fn drop_parts(&mut self, upload: UploadId) -> Result<(), V> {
        for (number, part) in self.view.parts(upload).map_err(ProjectError::View)? {
            self.changes.push(Change::DropPart { upload, number });
            self.release(part.body)?;
        }
        Ok(())
    }

    fn manifest(&self, upload: UploadId) -> Result<ManifestRow, V> {
        let row = self.view.manifest(upload).map_err(ProjectError::View)?;
        row.ok_or_else(|| self.contradiction("its parts do not exist"))
    }

    pub(super) fn finish(mut self) -> Result<Vec<Change>, V> {
        for (content, difference) in std::mem::take(&mut self.references) {
            let stored = self.stored.take_if(|(stored, _)| *stored == content).map(|(_, row)| row);
            let row = match stored {
                Some(row) => Some(row),
                None => self.view.content(&content).map_err(ProjectError::View)?,
            };
            let mut row = row.ok_or_else(|| self.contradiction("its content does not exist"))?;
            let references = row.references.checked_add_signed(difference);
            row.references = references.ok_or_else(|| self.contradiction("a content has no reference to give up"))?;
            row.unreferenced_since = (row.references == 0).then_some(self.event.time);
            self.changes.push(Change::PutContent { content, row });
        }
        if let Some(row) = self.totals {
            self.changes.push(Change::PutTotals { row });
        }
        Ok(self.changes)
    }
}
