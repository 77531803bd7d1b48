//! Decides what lifecycle rules end, like a client's command, by the rules at this position of the log.

use events::Fact;
use events::ids::{BucketName, ObjectKey, UploadId, VersionId};
use events::lifecycle::Rule;

use super::{Decision, Refused, bucket_row, delete, upload};
use crate::command::lifecycle::{AbortExpired, Expire};
use crate::command::{Context, DeleteObject, Rejection};
use crate::lifecycle::{Day, end_of_version, upload_end};
use crate::row::BucketId;
use crate::view::View;

pub(super) fn expire<V: View>(view: &V, expire: &Expire, context: Context) -> Result<Decision, Refused<V::Error>> {
    let Expire { bucket, id, key, version, day } = expire;
    let rules = rules(view, bucket, *id)?;
    let end = end_of_version(view, &rules, (*id, key), *version, *day).map_err(Refused::View)?;
    let (row, due) = end.filter(|(_, due)| due.at <= context.now).ok_or(Rejection::NotDue)?;
    let current = view.current(*id, key).map_err(Refused::View)?;
    // The current version is ended by a plain delete, so that with versioning it stays behind a delete marker.
    let is_current = current.is_some_and(|current| current.version == *version);
    let name = (!is_current).then(|| row.name());
    let delete = DeleteObject::new(bucket.clone(), key.clone(), name);
    Ok(by_rule(delete::delete(view, &delete, context)?, &due.rule.id))
}

pub(super) fn abort<V: View>(view: &V, abort: &AbortExpired, context: Context) -> Result<Decision, Refused<V::Error>> {
    let AbortExpired { bucket, id, key, upload, day } = abort;
    let rules = rules(view, bucket, *id)?;
    let row = view.upload(*id, key, *upload).map_err(Refused::View)?.ok_or(Rejection::NotDue)?;
    let due = upload_end(&rules, key.as_bytes(), row.created, *day);
    let due = due.filter(|due| due.at <= context.now).ok_or(Rejection::NotDue)?;
    Ok(by_rule(upload::abort(view, bucket, key, *upload)?, &due.rule.id))
}

/// The decision if a rule ends a version, or the current one if none is named, at some time. It checks what another
/// process claims to have done.
pub(crate) fn ended<V: View>(
    view: &V,
    (bucket, key): (&BucketName, &ObjectKey),
    version: Option<VersionId>,
    rule: &str,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let rules = rule_of(view, bucket, row.id, rule)?;
    let current = view.current(row.id, key).map_err(Refused::View)?.map(|row| row.version);
    let version = version.or(current).ok_or(Rejection::NotDue)?;
    let end = end_of_version(view, &rules, (row.id, key), version, Day::CALENDAR).map_err(Refused::View)?;
    let (found, _) = end.ok_or(Rejection::NotDue)?;
    let name = (current != Some(version)).then(|| found.name());
    let delete = DeleteObject::new(bucket.clone(), key.clone(), name);
    Ok(by_rule(delete::delete(view, &delete, context)?, rule))
}

/// The same decision for an upload that a rule aborts.
pub(crate) fn given_up<V: View>(
    view: &V,
    (bucket, key): (&BucketName, &ObjectKey),
    upload: UploadId,
    rule: &str,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let rules = rule_of(view, bucket, row.id, rule)?;
    let found = view.upload(row.id, key, upload).map_err(Refused::View)?.ok_or(Rejection::NotDue)?;
    upload_end(&rules, key.as_bytes(), found.created, Day::CALENDAR).ok_or(Rejection::NotDue)?;
    Ok(by_rule(upload::abort(view, bucket, key, upload)?, rule))
}

/// The rule with this id, alone.
fn rule_of<V: View>(view: &V, bucket: &BucketName, id: BucketId, rule: &str) -> Result<Vec<Rule>, Refused<V::Error>> {
    let mut rules = rules(view, bucket, id)?;
    rules.retain(|found| found.id == rule);
    Ok(rules)
}

fn rules<V: View>(view: &V, bucket: &BucketName, id: BucketId) -> Result<Vec<Rule>, Refused<V::Error>> {
    if bucket_row(view, bucket)?.id != id {
        return Err(Rejection::NoSuchBucket.into());
    }
    let rules = view.bucket_settings(id).map_err(Refused::View)?.lifecycle;
    Ok(rules.ok_or(Rejection::NotDue)?)
}

/// Adds the rule to the fact of a decision.
fn by_rule(mut decision: Decision, rule: &str) -> Decision {
    match &mut decision.fact {
        Some(Fact::ObjectDeleted(fact)) => fact.lifecycle_rule = Some(rule.into()),
        Some(Fact::DeleteMarkerCreated(fact)) => fact.lifecycle_rule = Some(rule.into()),
        Some(Fact::UploadAborted(fact)) => fact.lifecycle_rule = Some(rule.into()),
        _ => {}
    }
    decision
}
