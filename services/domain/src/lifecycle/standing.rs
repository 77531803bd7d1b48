use events::ids::{ObjectKey, VersionId};
use events::lifecycle::Rule;

use super::{Day, Due, Standing, Version, version_end};
use crate::row::{BucketId, VersionRow};
use crate::view::{View, version_by_id};

/// The maximum number of newer versions that are read to find out whether enough of them are kept. S3's limit of
/// `NewerNoncurrentVersions` is 100, and delete markers among them do not count.
pub const NEWER_LOOKED_AT_MAX: u32 = 1_000;

/// The rule that ends a version first in the present state; also `None` if the version no longer exists.
pub fn end_of_version<'r, V: View>(
    view: &V,
    rules: &'r [Rule],
    (bucket, key): (BucketId, &ObjectKey),
    version: VersionId,
    day: Day,
) -> Result<Option<(VersionRow, Due<'r>)>, V::Error> {
    let Some(row) = version_by_id(view, bucket, key, version)? else { return Ok(None) };
    let standing = match view.oldest_above(bucket, key, version)? {
        None => Standing::Newest { is_only: view.newest_below(bucket, key, version)?.is_none() },
        Some(next) => {
            let wanted = rules.iter().filter_map(|rule| rule.noncurrent_expiration?.newer_versions).max();
            let newer = newer(view, (bucket, key), &next, wanted.unwrap_or(0))?;
            Standing::Replaced { since: next.modified, newer }
        }
    };
    let object = row.object.as_ref().map(|object| (object.size, &object.attributes.tags));
    let seen = Version { key: key.as_bytes(), object, modified: row.modified, standing };
    Ok(version_end(rules, &seen, day).map(|due| (row, due)))
}

/// The number of objects from a version on that are not the newest version. Counting stops at the number needed.
fn newer<V: View>(
    view: &V,
    (bucket, key): (BucketId, &ObjectKey),
    from: &VersionRow,
    wanted: u32,
) -> Result<u32, V::Error> {
    let mut counted = 0;
    let mut is_object = from.object.is_some();
    let mut version = from.version;
    for _ in 0..NEWER_LOOKED_AT_MAX {
        if counted >= wanted {
            break;
        }
        let Some(next) = view.oldest_above(bucket, key, version)? else { break };
        counted += u32::from(is_object);
        (is_object, version) = (next.object.is_some(), next.version);
    }
    Ok(counted)
}
