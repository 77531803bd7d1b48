use events::bucket::{
    CorsChanged, EncryptionChanged, LifecycleChanged, LoggingChanged, NotificationsChanged, TagsChanged,
};
use events::ids::BucketName;
use events::lock::BucketChanged;
use events::notification::Rule;

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{BucketRow, BucketSettingsRow, LoggingRow, NotificationRow, ObjectLockRow};
use crate::view::View;

pub(super) fn tags_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &TagsChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.tags.clone_from(&fact.tags))
}

pub(super) fn cors_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &CorsChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.cors.clone_from(&fact.rules))
}

pub(super) fn object_lock_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &BucketChanged,
) -> Result<(), ProjectError<V::Error>> {
    let row = ObjectLockRow { default_retention: fact.default_retention };
    change(draft, &fact.bucket, |settings| settings.object_lock = Some(row))
}

pub(super) fn encryption_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &EncryptionChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.encryption.clone_from(&fact.encryption))
}

pub(super) fn lifecycle_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &LifecycleChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| {
        row.lifecycle.clone_from(&fact.rules);
        row.transition_minimum = fact.transition_minimum;
    })
}

pub(super) fn logging_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &LoggingChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.logging = fact.logging.as_ref().map(LoggingRow::from))
}

/// A rule that stays as it was is about the same events as before.
pub(super) fn notifications_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &NotificationsChanged,
) -> Result<(), ProjectError<V::Error>> {
    let sequence = draft.event.sequence;
    change(draft, &fact.bucket, |settings| {
        let before = std::mem::take(&mut settings.notifications);
        let row = |rule: &Rule| {
            let known = before.iter().find(|row| row.rule() == *rule);
            NotificationRow::new(rule, known.map_or(sequence, |row| row.since))
        };
        settings.notifications = fact.rules.iter().map(row).collect();
    })
}

pub(super) fn change<V: View>(
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
