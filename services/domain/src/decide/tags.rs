use events::Fact;
use events::ids::{BucketName, ObjectKey, VersionId};
use events::object::TagsChanged;
use events::tags::Tags;

use super::object::object_version;
use super::{Decision, Refused, bucket_row, changed};
use crate::view::View;

pub(super) fn set<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    version: VersionId,
    tags: &Tags,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let (found, object) = object_version(view, row.id, key, version)?;
    let fact = TagsChanged {
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: found.version,
        null_version: found.null,
        tags: tags.clone(),
        replica: None,
    };
    Ok(changed(object.attributes.tags == *tags, Fact::ObjectTagsChanged(fact)))
}
