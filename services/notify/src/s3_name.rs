//! The names that S3 has for what happened.

use events::Fact;
use events::ids::ObjectKey;
use events::object::Operation;

/// The names of a fact, without `s3:`, each with the key that it is about. A rename is two of them, because S3 has no
/// name for it: the object is gone under one key, and there under another.
pub(crate) fn names(fact: &Fact) -> Vec<(&'static str, &ObjectKey)> {
    match fact {
        Fact::ObjectCreated(fact) => {
            let name = match fact.operation {
                Operation::PutObject => "ObjectCreated:Put",
                Operation::CopyObject => "ObjectCreated:Copy",
                Operation::CompleteMultipartUpload => "ObjectCreated:CompleteMultipartUpload",
            };
            vec![(name, &fact.key)]
        }
        Fact::ObjectAppended(fact) => vec![("ObjectCreated:Put", &fact.key)],
        Fact::ObjectRenamed(fact) => {
            vec![("ObjectRemoved:Delete", &fact.source_key), ("ObjectCreated:Copy", &fact.key)]
        }
        Fact::ObjectDeleted(fact) => {
            let by_rule = fact.lifecycle_rule.is_some();
            vec![(if by_rule { "LifecycleExpiration:Delete" } else { "ObjectRemoved:Delete" }, &fact.key)]
        }
        Fact::DeleteMarkerCreated(fact) => {
            let by_rule = fact.lifecycle_rule.is_some();
            let name =
                if by_rule { "LifecycleExpiration:DeleteMarkerCreated" } else { "ObjectRemoved:DeleteMarkerCreated" };
            vec![(name, &fact.key)]
        }
        Fact::ObjectTagsChanged(fact) => {
            vec![(if fact.tags.is_empty() { "ObjectTagging:Delete" } else { "ObjectTagging:Put" }, &fact.key)]
        }
        Fact::ObjectAclChanged(fact) => vec![("ObjectAcl:Put", &fact.key)],
        _ => Vec::new(),
    }
}

/// Whether the name of a rule, which may end with `*`, stands for one of [`names`].
pub(crate) fn covers(pattern: &str, name: &str) -> bool {
    let Some(pattern) = pattern.strip_prefix("s3:") else { return false };
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_all_of_a_kind() {
        assert!(covers("s3:ObjectCreated:*", "ObjectCreated:Put"));
        assert!(covers("s3:ObjectCreated:Put", "ObjectCreated:Put"));
        assert!(!covers("s3:ObjectCreated:Put", "ObjectCreated:Copy"));
        assert!(!covers("s3:ObjectRemoved:*", "ObjectCreated:Put"));
        assert!(!covers("ObjectCreated:*", "ObjectCreated:Put"));
    }
}
