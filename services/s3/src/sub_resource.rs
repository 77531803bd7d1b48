//! The sub-resources of S3: query parameters that select the operation.
//!
//! Every other parameter that an operation does not know is ignored, as in S3. The list comes from S3's API model: the
//! part after the `?` of each operation's address.

use http::Method;

use crate::error::{Code, Error};
use crate::query::Query;

/// The parameter that names an upload.
const UPLOAD_ID: &str = "uploadId";
/// The parameter that names a part, which is allowed only with the sub-resource of an upload.
const PART_NUMBER: &str = "partNumber";

/// The level of a resource that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The store.
    Service,
    /// A bucket.
    Bucket,
    /// A key.
    Object,
    /// A bucket by its resource name, in S3 Control.
    Control,
}

/// A sub-resource.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SubResource {
    /// The parameter. As in S3, its case matters and its value does not.
    pub(crate) name: &'static str,
    /// The name that S3 uses when it refuses a method.
    resource_type: &'static str,
    /// The methods that S3 has for a bucket and this server does not.
    unbuilt_of_bucket: &'static [&'static str],
    /// The same for an object.
    unbuilt_of_object: &'static [&'static str],
    /// What to use instead of a missing operation.
    advice: Option<&'static str>,
}

const fn built(name: &'static str, resource_type: &'static str) -> SubResource {
    SubResource { name, resource_type, unbuilt_of_bucket: &[], unbuilt_of_object: &[], advice: None }
}

const fn of_bucket(
    name: &'static str,
    resource_type: &'static str,
    unbuilt: &'static [&'static str],
    advice: Option<&'static str>,
) -> SubResource {
    SubResource { name, resource_type, unbuilt_of_bucket: unbuilt, unbuilt_of_object: &[], advice }
}

const fn of_object(
    name: &'static str,
    resource_type: &'static str,
    unbuilt: &'static [&'static str],
    advice: Option<&'static str>,
) -> SubResource {
    SubResource { name, resource_type, unbuilt_of_bucket: &[], unbuilt_of_object: unbuilt, advice }
}

const NO_REPORTS: Option<&str> = Some("there are no reports; usage is in the console's /metrics");
const NO_METADATA_TABLES: Option<&str> = Some("there are no metadata tables; the log's stream has every change");

/// All of them, by name.
pub(crate) const SUB_RESOURCES: &[SubResource] = &[
    of_bucket("abac", "BUCKET_ABAC", &["GET", "PUT"], None),
    built("accelerate", "ACCELERATE"),
    built("acl", "ACL"),
    of_bucket("analytics", "ANALYTICS", &["PUT"], NO_REPORTS),
    of_object("annotation", "OBJECT_ANNOTATIONS", &["GET", "PUT", "DELETE"], None),
    // An extension of Ceph and other stores. If it were ignored, the bytes to append would replace the object.
    of_object("append", "OBJECT", &["PUT", "POST"], Some("send the header x-amz-write-offset-bytes")),
    built("attributes", "OBJECT_ATTRIBUTES"),
    built("cors", "CORS"),
    built("delete", "MULTI_OBJECT_DELETE"),
    of_object("encryption", "ENCRYPTION", &["PUT"], Some("copy the object onto itself with the new encryption")),
    of_bucket(
        "intelligent-tiering",
        "INTELLIGENT_TIERING",
        &["PUT"],
        Some("nothing moves between storage classes by itself"),
    ),
    of_bucket("inventory", "INVENTORY", &["PUT"], NO_REPORTS),
    built("legal-hold", "OBJECT_LOCK_LEGALHOLD"),
    built("lifecycle", "LIFECYCLE"),
    built("location", "LOCATION"),
    built("logging", "LOGGING_STATUS"),
    of_bucket(
        "metadataAnnotationTable",
        "BUCKET_METADATA_ANNOTATION_TABLE_CONFIGURATION",
        &["PUT"],
        NO_METADATA_TABLES,
    ),
    of_bucket("metadataConfiguration", "BUCKET_METADATA_CONFIGURATION", &["GET", "POST", "DELETE"], NO_METADATA_TABLES),
    of_bucket("metadataInventoryTable", "BUCKET_METADATA_INVENTORY_TABLE_CONFIGURATION", &["PUT"], NO_METADATA_TABLES),
    of_bucket("metadataJournalTable", "BUCKET_METADATA_JOURNAL_TABLE_CONFIGURATION", &["PUT"], NO_METADATA_TABLES),
    of_bucket("metadataTable", "BUCKET_METADATA_TABLE_CONFIGURATION", &["GET", "POST", "DELETE"], NO_METADATA_TABLES),
    of_bucket("metrics", "METRICS", &["PUT"], NO_REPORTS),
    built("notification", "NOTIFICATION"),
    built("object-lock", "OBJECT_LOCK_CONFIGURATION"),
    built("ownershipControls", "OWNERSHIP_CONTROLS"),
    built("policy", "BUCKETPOLICY"),
    built("policyStatus", "POLICY_STATUS"),
    built("publicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    built("renameObject", "OBJECT"),
    built("replicate", "REPLICA"),
    built("replication", "REPLICATION"),
    built("requestPayment", "REQUEST_PAYMENT"),
    of_object("restore", "RESTORE", &["POST"], Some("no object is archived; read it as it is")),
    built("retention", "OBJECT_LOCK_RETENTION"),
    of_object("select", "SELECT", &["POST"], Some("fetch the object, or ranges of it, and query it at the client")),
    // S3 ignores it unless the bucket is a directory bucket, and no bucket is one here. But a client that asks for a
    // session would mistake the listing for one.
    of_bucket("session", "BUCKET", &["GET"], Some("there are no directory buckets; sign requests with an access key")),
    built("tagging", "TAGGING"),
    built("torrent", "TORRENT"),
    built("uploadId", "UPLOAD"),
    built("uploads", "UPLOADS"),
    built("versioning", "VERSIONING"),
    built("versions", "BUCKETVERSIONS"),
    of_bucket(
        "website",
        "WEBSITE",
        &["PUT"],
        Some("no static websites are served; use a web server that reads the bucket"),
    ),
];

/// The sub-resource that a query names, if any.
///
/// # Errors
/// `InvalidArgument` for two, with S3's message.
pub(crate) fn selected(query: &Query<'_>) -> Result<Option<&'static SubResource>, Error> {
    let mut named: Vec<_> = query.iter().filter_map(|parameter| find(&parameter.name)).collect();
    named.sort_unstable_by_key(|sub_resource| sub_resource.name);
    named.dedup_by_key(|sub_resource| sub_resource.name);
    match named[..] {
        [] => Ok(None),
        [one] if one.name == UPLOAD_ID || !query.has(PART_NUMBER) => Ok(Some(one)),
        _ => {
            let mut names: Vec<_> = named.iter().map(|sub_resource| sub_resource.name).collect();
            if query.has(PART_NUMBER) {
                names.push(PART_NUMBER);
                names.sort_unstable();
            }
            let message = format!("Conflicting query string parameters: {}", names.join(", "));
            Err(Error::invalid_argument(message, "ResourceType", names[0]))
        }
    }
}

fn find(name: &[u8]) -> Option<&'static SubResource> {
    let index = SUB_RESOURCES.binary_search_by(|sub_resource| sub_resource.name.as_bytes().cmp(name)).ok()?;
    SUB_RESOURCES.get(index)
}

impl SubResource {
    /// The refusal of a method that the sub-resource does not have here: `NotImplemented` if S3 has it, else
    /// `MethodNotAllowed`.
    pub(crate) fn refuse(&self, level: Level, method: &Method) -> Error {
        let unbuilt = match level {
            Level::Service | Level::Control => &[],
            Level::Bucket => self.unbuilt_of_bucket,
            Level::Object => self.unbuilt_of_object,
        };
        if !unbuilt.contains(&method.as_str()) {
            return Error::method_not_allowed(method.as_str(), self.resource_type);
        }
        let what = format!("{method} with the query parameter '{}'", self.name);
        let error = match self.advice {
            Some(advice) => Error::with_message(Code::NotImplemented, format!("{what} is not implemented: {advice}.")),
            None => Error::not_implemented(what),
        };
        error.detail("Header", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_each_is_there_once() {
        assert!(SUB_RESOURCES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
