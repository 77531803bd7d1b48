use events::lock::{LegalHoldChanged, RetentionChanged};

use super::ProjectError;
use super::draft::Draft;
use super::object::change_object;
use crate::view::View;

pub(super) fn retention_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &RetentionChanged,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    change_object(draft, bucket, &fact.key, fact.version_id, |object, next| {
        object.lock.retention = fact.retention;
        object.changes.retention = Some(next(object.changes.retention));
    })
}

pub(super) fn legal_hold_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &LegalHoldChanged,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    change_object(draft, bucket, &fact.key, fact.version_id, |object, next| {
        object.lock.legal_hold = Some(fact.legal_hold);
        object.changes.legal_hold = Some(next(object.changes.legal_hold));
    })
}
