use events::bucket::TagsChanged;
use events::ids::BucketName;

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{BucketRow, BucketSettingsRow};
use crate::view::View;

pub(super) fn tags_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &TagsChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.tags.clone_from(&fact.tags))
}

fn change<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: &BucketName,
    change: impl FnOnce(&mut BucketSettingsRow),
) -> Result<(), ProjectError<V::Error>> {
    let row = draft.bucket(bucket)?;
    let mut settings = draft.view.bucket_settings(row.id).map_err(ProjectError::View)?;
    change(&mut settings);
    draft.changes.push(Change::PutBucketSettings { bucket: row.id, row: settings });
    let row = BucketRow { settings: draft.event.sequence, ..row };
    draft.changes.push(Change::PutBucket { name: bucket.clone(), row });
    Ok(())
}
