//! The response headers that announce what lifecycle rules will do.
//!
//! Headers count calendar days, whatever day length the lifecycle service is configured with.

use domain::View;
use domain::lifecycle::{Day, Due, Standing, Version, upload_end, version_end};
use domain::row::BucketRow;
use events::ids::ObjectKey;
use events::lifecycle::Rule;
use events::tags::Tags;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use ledger::Snapshot;
use s3::date;
use s3::lifecycle::{escaped_rule_id, expiration_header};

use crate::failure::Failure;
use crate::reply;

const EXPIRATION: HeaderName = HeaderName::from_static("x-amz-expiration");
const ABORT_DATE: HeaderName = HeaderName::from_static("x-amz-abort-date");
const ABORT_RULE_ID: HeaderName = HeaderName::from_static("x-amz-abort-rule-id");

/// A current version whose expiry headers announce.
#[derive(Clone, Copy)]
pub(crate) struct Current<'a> {
    pub(crate) key: &'a ObjectKey,
    pub(crate) size: u64,
    pub(crate) tags: &'a Tags,
    pub(crate) modified: Timestamp,
}

/// Inserts the header that says when a rule expires a current version, if one does.
pub(crate) fn insert_expiration(
    headers: &mut HeaderMap,
    snapshot: &Snapshot,
    bucket: &BucketRow,
    current: Current<'_>,
) -> Result<(), Failure> {
    let Some(rules) = rules(snapshot, bucket)? else { return Ok(()) };
    let seen = Version {
        key: current.key.as_bytes(),
        object: Some((current.size, current.tags)),
        modified: current.modified,
        standing: Standing::Newest { is_only: false },
    };
    if let Some(Due { rule, at }) = version_end(&rules, &seen, Day::CALENDAR) {
        headers.insert(EXPIRATION, reply::value(&expiration_header(at, &rule.id))?);
    }
    Ok(())
}

/// Inserts the header that says when a rule aborts an upload, if one does.
pub(crate) fn insert_abort(
    headers: &mut HeaderMap,
    snapshot: &Snapshot,
    bucket: &BucketRow,
    key: &ObjectKey,
    begun: Timestamp,
) -> Result<(), Failure> {
    let Some(rules) = rules(snapshot, bucket)? else { return Ok(()) };
    if let Some(Due { rule, at }) = upload_end(&rules, key.as_bytes(), begun, Day::CALENDAR) {
        headers.insert(ABORT_DATE, reply::value(&date::http_date(at))?);
        headers.insert(ABORT_RULE_ID, reply::value(&escaped_rule_id(&rule.id))?);
    }
    Ok(())
}

/// A bucket's rules. A bucket that never had a setting costs no lookup.
fn rules(snapshot: &Snapshot, bucket: &BucketRow) -> Result<Option<Vec<Rule>>, Failure> {
    if bucket.settings == 0 {
        return Ok(None);
    }
    Ok(snapshot.bucket_settings(bucket.id)?.lifecycle)
}
