//! The built-in policies: [`events::policy::BUILT_IN`].

use std::sync::{Arc, LazyLock};

use events::ids::PolicyName;

use crate::action::ActionSet;
use crate::document::Document;

/// A policy that allows some actions on everything.
macro_rules! allows {
    ($name:literal, $first:literal $(, $action:literal)*) => {
        Managed {
            name: $name,
            actions: &[$first $(, $action)*],
            text: concat!(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[""#, $first, "\""
                $(, ",\"", $action, "\"")*, r#"],"Resource":["arn:aws:s3:::*"]}]}"#
            ),
        }
    };
}

struct Managed {
    name: &'static str,
    actions: &'static [&'static str],
    text: &'static str,
}

const MANAGED: [Managed; 4] = [
    allows!("readonly", "s3:Get*", "s3:List*"),
    allows!("readwrite", "s3:*"),
    allows!("writeonly", "s3:PutObject", "s3:AbortMultipartUpload"),
    allows!("bucketowner", "s3:CreateBucket", "s3:ListAllMyBuckets"),
];

static DOCUMENTS: LazyLock<Vec<(&str, Arc<Document>)>> = LazyLock::new(|| {
    let documents = MANAGED.iter().map(|managed| {
        let actions = managed.actions.iter().filter_map(|action| ActionSet::given(action));
        let actions = actions.fold(ActionSet::default(), ActionSet::and);
        (managed.name, Arc::new(Document::built_in(managed.text, actions)))
    });
    documents.collect()
});

/// The built-in policy of that name: `readonly` (every get and list), `readwrite` (everything), `writeonly` (putting
/// objects), or `bucketowner` (creating buckets, which the creator then owns, and listing one's own).
pub fn document(name: &PolicyName) -> Option<Arc<Document>> {
    DOCUMENTS.iter().find(|(managed, _)| *managed == name.as_str()).map(|(_, document)| Arc::clone(document))
}
