//! Samples that name their place in the imagined log, so that one more moves no other.

use events::{Fact, bucket};

/// Place, variant, fact. A place is taken once, and is 60 or more.
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    vec![(70, "", Fact::BucketTagsChanged(bucket_tags_changed()))]
}

fn bucket_tags_changed() -> bucket::TagsChanged {
    let tags = [("team".into(), "art".into()), ("cost centre".into(), "42".into())].into();
    bucket::TagsChanged { bucket: "photos".parse().unwrap(), tags: Some(tags) }
}
