use events::Fact;
use events::object::Body;

/// What changed, in a few words. Contents of settings are not in it: the event has them.
pub(super) fn summary(fact: &Fact) -> String {
    match fact {
        Fact::ObjectCreated(created) => {
            let how = match (&created.replaces, &created.body) {
                (Some(_), _) => "overwrote it",
                (None, Body::Parts { .. }) => "created it of parts",
                (None, _) => "created it",
            };
            format!("{how} with {}, version {}", bytes(created.size), created.version_id)
        }
        Fact::ObjectAppended(appended) => format!("appended {} at offset {}", bytes(appended.size), appended.offset),
        Fact::ObjectDeleted(deleted) if deleted.delete_marker => {
            format!("removed the delete marker {}", deleted.version_id)
        }
        Fact::ObjectDeleted(deleted) => format!("deleted the version {} for good", deleted.version_id),
        Fact::DeleteMarkerCreated(marker) => format!("deleted it: version {} is a delete marker", marker.version_id),
        Fact::ObjectTagsChanged(changed) => format!("set the tags of version {}", changed.version_id),
        Fact::ObjectAclChanged(changed) => format!("set the ACL of version {}", changed.version_id),
        Fact::ObjectRetentionChanged(changed) => format!("changed how long version {} is locked", changed.version_id),
        Fact::ObjectLegalHoldChanged(changed) => format!("changed the legal hold of version {}", changed.version_id),
        Fact::ObjectRenamed(renamed) => {
            format!("renamed it from {}", String::from_utf8_lossy(renamed.source_key.as_bytes()))
        }
        Fact::UploadPartStored(part) => format!("uploaded {} as part {}", bytes(part.size), part.part_number.get()),
        other => {
            let kind = other.kind();
            format!("{} {}", kind.noun, kind.verb).replace('_', " ")
        }
    }
}

fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".into() } else { format!("{count} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_words_of_its_own_is_called_as_its_type() {
        let deleted = events::bucket::Deleted { bucket: "abc".parse().unwrap() };
        assert_eq!(summary(&Fact::BucketDeleted(deleted)), "bucket deleted");
        assert_eq!((bytes(1), bytes(2)), ("1 byte".into(), "2 bytes".into()));
    }
}
