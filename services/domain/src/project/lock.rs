use events::lock::{LegalHoldChanged, RetentionChanged, RetentionState};

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
        let known = object.changes.retention.unwrap_or_else(|| RetentionState::of(object.lock.retention));
        let state = match fact.replica.as_ref().and_then(|replica| replica.changes.retention) {
            Some(other) => known.merged(other),
            None => known.changed(fact.retention, next(known.reset)),
        };
        object.changes.retention = Some(state);
        object.lock.retention = fact.retention;
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
