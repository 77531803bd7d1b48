//! Samples that name their place in the imagined log, so that one more moves no other.

use events::tags::Tags;
use events::{Fact, bucket, object};

/// Place, variant, fact. A place is taken once, and is 60 or more.
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    vec![
        (70, "", Fact::BucketTagsChanged(bucket_tags_changed())),
        (91, "", Fact::ObjectTagsChanged(object_tags_changed())),
        (92, ".tagged", tagged(crate::samples::object_created())),
        (93, ".tagged", tagged(crate::samples::upload_created())),
    ]
}

fn tags() -> Tags {
    [("team".into(), "art".into()), ("cost centre".into(), "42".into())].into()
}

fn bucket_tags_changed() -> bucket::TagsChanged {
    bucket::TagsChanged { bucket: "photos".parse().unwrap(), tags: Some(tags()) }
}

fn object_tags_changed() -> object::TagsChanged {
    let Fact::ObjectCreated(object) = crate::samples::object_created() else { unreachable!("it is made so") };
    object::TagsChanged {
        bucket: object.bucket,
        key: object.key,
        version_id: object.version_id,
        null_version: object.null_version,
        tags: tags(),
    }
}

fn tagged(mut fact: Fact) -> Fact {
    match &mut fact {
        Fact::ObjectCreated(created) => created.attributes.tags = tags(),
        Fact::UploadCreated(created) => created.attributes.tags = tags(),
        _ => unreachable!("it carries no tags"),
    }
    fact
}
