//! The supported operations of S3, one row each, with their routes and properties.

use crate::error::Code;
use crate::sub_resource::Level;
use crate::xml::{Unchanging, Unconfigured};

/// The properties of an operation.
#[derive(Clone, Copy)]
enum Trait {
    /// The operation changes nothing.
    Reads,
    /// The operation can change something.
    Writes,
    /// The body is object data.
    Payload,
    /// The body is a document.
    Document,
    /// The headers may have an ACL.
    Acl,
    /// The headers may have tags.
    Tags,
    /// The headers may have an object lock for the new object.
    Lock,
    /// The headers may have encryption parameters.
    Encryption,
}

/// An HTTP method of some operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Head,
    Put,
    Post,
    Delete,
}

/// What a route requires besides method, address and sub-resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// This query parameter.
    Has(&'static str),
    /// This query parameter with this value.
    Is(&'static str, &'static str),
    /// The header with the source of a copy.
    Copies,
}

/// A route of an operation.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) verb: Verb,
    pub(crate) level: Level,
    pub(crate) sub_resource: Option<&'static str>,
    pub(crate) conditions: &'static [Condition],
}

impl Route {
    /// Whether a query parameter is a part of the route.
    fn takes(&self, parameter: &str) -> bool {
        let is_needed = |condition: &Condition| match condition {
            Condition::Has(name) | Condition::Is(name, _) => *name == parameter,
            Condition::Copies => false,
        };
        self.sub_resource == Some(parameter) || self.conditions.iter().any(is_needed)
    }
}

struct Row {
    name: &'static str,
    routes: &'static [Route],
    traits: &'static [Trait],
    parameters: &'static [&'static str],
    unconfigured: Option<Unconfigured>,
}

/// The value of an optional column.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Writes [`Operation`] from rows of `Name: Method Level / "sub-resource" + condition | another route => traits ? other
/// parameters , answer`.
///
/// The other parameters are those that the operation uses besides those of its route. The answer is that of a setting
/// that no bucket has here.
macro_rules! operations {
    ($($name:ident:
        $($verb:ident $level:ident $(/ $sub_resource:literal)? $(+ $condition:ident $(($($value:literal),+))?)*)|+
        => $($trait:ident)+ $(? $($parameter:literal)+)? $(, $answer:ident $(($what:expr))?)?;)+) => {
        /// An operation of S3.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are those of the Amazon S3 API Reference")]
        pub enum Operation {
            $($name,)+
        }

        impl Operation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            const ROWS: &[Row] = &[$(Row {
                name: stringify!($name),
                routes: &[$(Route {
                    operation: Self::$name,
                    verb: Verb::$verb,
                    level: Level::$level,
                    sub_resource: optional!($($sub_resource)?),
                    conditions: &[$(Condition::$condition $(($($value),+))?,)*],
                },)+],
                traits: &[$(Trait::$trait,)+],
                parameters: &[$($($parameter,)+)?],
                unconfigured: optional!($(Unconfigured::$answer $(($what))?)?),
            },)+];
        }
    };
}

// If several routes match a request, the first counts. They are tried one by one, so the most frequent ones come first.
operations! {
    GetObject: Get Object => Reads Encryption ? "partNumber" "versionId";
    HeadObject: Head Object => Reads Encryption ? "partNumber" "versionId";
    UploadPartCopy: Put Object / "uploadId" + Copies | Put Object + Has("partNumber") + Copies => Writes Encryption;
    UploadPart: Put Object / "uploadId" | Put Object + Has("partNumber") => Writes Payload Encryption;
    CopyObject: Put Object + Copies => Writes Acl Tags Lock Encryption;
    PutObject: Put Object => Writes Payload Acl Tags Lock Encryption;
    DeleteObject: Delete Object => Writes ? "versionId";
    ListObjectsV2: Get Bucket + Is("list-type", "2") => Reads ?
        "prefix" "delimiter" "max-keys" "continuation-token" "start-after" "fetch-owner" "encoding-type";
    ListObjects: Get Bucket => Reads ? "prefix" "delimiter" "marker" "max-keys" "encoding-type";
    DeleteObjects: Post Bucket / "delete" => Writes Document;
    PostObject: Post Bucket => Writes Payload;
    RenameObject: Put Object / "renameObject" => Writes;
    // S3 has no such operation: a change that was made in another region.
    PutReplica: Put Object / "replicate" => Writes Payload;
    // Nor this: which of some versions this region lacks.
    CompareReplicas: Post Bucket / "replicate" => Writes Document;
    // Nor this: changes of users, keys, groups and policies that were made in another region.
    PutIdentityReplicas: Post Service / "replicate" => Writes Document;
    GetObjectAttributes: Get Object / "attributes" => Reads Encryption ? "versionId";
    GetObjectTorrent: Get Object / "torrent" => Reads;
    GetObjectAcl: Get Object / "acl" => Reads ? "versionId";
    PutObjectAcl: Put Object / "acl" => Writes Document Acl ? "versionId";
    GetObjectTagging: Get Object / "tagging" => Reads ? "versionId";
    PutObjectTagging: Put Object / "tagging" => Writes Document ? "versionId";
    DeleteObjectTagging: Delete Object / "tagging" => Writes ? "versionId";
    GetObjectRetention: Get Object / "retention" => Reads ? "versionId";
    PutObjectRetention: Put Object / "retention" => Writes Document ? "versionId";
    GetObjectLegalHold: Get Object / "legal-hold" => Reads ? "versionId";
    PutObjectLegalHold: Put Object / "legal-hold" => Writes Document ? "versionId";

    CreateMultipartUpload: Post Object / "uploads" => Writes Acl Tags Lock Encryption;
    CompleteMultipartUpload: Post Object / "uploadId" => Writes Document Encryption;
    AbortMultipartUpload: Delete Object / "uploadId" => Writes;
    ListParts: Get Object / "uploadId" => Reads ? "max-parts" "part-number-marker" "encoding-type";
    ListMultipartUploads: Get Bucket / "uploads" => Reads ?
        "prefix" "delimiter" "max-uploads" "key-marker" "upload-id-marker" "encoding-type";
    ListObjectVersions: Get Bucket / "versions" => Reads ?
        "prefix" "delimiter" "max-keys" "key-marker" "version-id-marker" "encoding-type";

    ListBuckets: Get Service => Reads ? "prefix" "max-buckets" "continuation-token" "bucket-region";
    CreateBucket: Put Bucket => Writes Document Acl;
    HeadBucket: Head Bucket => Reads;
    DeleteBucket: Delete Bucket => Writes;
    GetBucketLocation: Get Bucket / "location" => Reads;
    GetBucketVersioning: Get Bucket / "versioning" => Reads;
    PutBucketVersioning: Put Bucket / "versioning" => Writes Document;
    GetBucketRequestPayment: Get Bucket / "requestPayment" => Reads;
    GetBucketPolicy: Get Bucket / "policy" => Reads;
    PutBucketPolicy: Put Bucket / "policy" => Writes Document;
    DeleteBucketPolicy: Delete Bucket / "policy" => Writes;
    GetBucketPolicyStatus: Get Bucket / "policyStatus" => Reads;
    GetPublicAccessBlock: Get Bucket / "publicAccessBlock" => Reads;
    PutPublicAccessBlock: Put Bucket / "publicAccessBlock" => Writes Document;
    DeletePublicAccessBlock: Delete Bucket / "publicAccessBlock" => Writes;
    GetBucketOwnershipControls: Get Bucket / "ownershipControls" => Reads;
    PutBucketOwnershipControls: Put Bucket / "ownershipControls" => Writes Document;
    DeleteBucketOwnershipControls: Delete Bucket / "ownershipControls" => Writes;
    GetBucketCors: Get Bucket / "cors" => Reads;
    PutBucketCors: Put Bucket / "cors" => Writes Document;
    DeleteBucketCors: Delete Bucket / "cors" => Writes;
    GetBucketLifecycleConfiguration: Get Bucket / "lifecycle" => Reads;
    PutBucketLifecycleConfiguration: Put Bucket / "lifecycle" => Writes Document;
    DeleteBucketLifecycle: Delete Bucket / "lifecycle" => Writes;
    GetBucketNotificationConfiguration: Get Bucket / "notification" => Reads;
    PutBucketNotificationConfiguration: Put Bucket / "notification" => Writes Document;
    GetBucketReplication: Get Bucket / "replication" => Reads;
    PutBucketReplication: Put Bucket / "replication" => Writes Document;
    DeleteBucketReplication: Delete Bucket / "replication" => Writes;
    GetBucketTagging: Get Bucket / "tagging" => Reads;
    PutBucketTagging: Put Bucket / "tagging" => Writes Document;
    DeleteBucketTagging: Delete Bucket / "tagging" => Writes;
    GetBucketEncryption: Get Bucket / "encryption" => Reads;
    PutBucketEncryption: Put Bucket / "encryption" => Writes Document;
    DeleteBucketEncryption: Delete Bucket / "encryption" => Writes;
    GetBucketAcl: Get Bucket / "acl" => Reads;
    PutBucketAcl: Put Bucket / "acl" => Writes Document Acl;
    GetObjectLockConfiguration: Get Bucket / "object-lock" => Reads;
    PutObjectLockConfiguration: Put Bucket / "object-lock" => Writes Document;

    // These three belong to S3 Control; the parameter of the last one is repeated for each tag.
    ListTagsForResource: Get Control => Reads;
    TagResource: Post Control => Writes Document;
    UntagResource: Delete Control => Writes;

    // Settings that no bucket has here, and their answers.
    PutBucketRequestPayment: Put Bucket / "requestPayment" => Writes Document, Unchanging(Unchanging::RequestPayment);
    GetBucketWebsite: Get Bucket / "website" => Reads, Absent(Code::NoSuchWebsiteConfiguration);
    DeleteBucketWebsite: Delete Bucket / "website" => Writes, Deleted;
    GetBucketLogging: Get Bucket / "logging" => Reads;
    PutBucketLogging: Put Bucket / "logging" => Writes Document;
    GetBucketAccelerateConfiguration: Get Bucket / "accelerate" => Reads, Empty("AccelerateConfiguration");
    PutBucketAccelerateConfiguration: Put Bucket / "accelerate" => Writes Document,
        Unchanging(Unchanging::Accelerate);
    GetBucketAnalyticsConfiguration: Get Bucket / "analytics" + Has("id") => Reads, Absent(Code::NoSuchConfiguration);
    ListBucketAnalyticsConfigurations: Get Bucket / "analytics" => Reads ? "continuation-token",
        EmptyPage("ListBucketAnalyticsConfigurationResult");
    DeleteBucketAnalyticsConfiguration: Delete Bucket / "analytics" + Has("id") => Writes, Deleted;
    GetBucketInventoryConfiguration: Get Bucket / "inventory" + Has("id") => Reads, Absent(Code::NoSuchConfiguration);
    ListBucketInventoryConfigurations: Get Bucket / "inventory" => Reads ? "continuation-token",
        EmptyPage("ListInventoryConfigurationsResult");
    DeleteBucketInventoryConfiguration: Delete Bucket / "inventory" + Has("id") => Writes, Deleted;
    GetBucketMetricsConfiguration: Get Bucket / "metrics" + Has("id") => Reads, Absent(Code::NoSuchConfiguration);
    ListBucketMetricsConfigurations: Get Bucket / "metrics" => Reads ? "continuation-token",
        EmptyPage("ListMetricsConfigurationsResult");
    DeleteBucketMetricsConfiguration: Delete Bucket / "metrics" + Has("id") => Writes, Deleted;
    GetBucketIntelligentTieringConfiguration: Get Bucket / "intelligent-tiering" + Has("id") => Reads,
        Absent(Code::NoSuchConfiguration);
    ListBucketIntelligentTieringConfigurations: Get Bucket / "intelligent-tiering" => Reads ? "continuation-token",
        EmptyPage("ListBucketIntelligentTieringConfigurationsOutput");
    DeleteBucketIntelligentTieringConfiguration: Delete Bucket / "intelligent-tiering" + Has("id") => Writes, Deleted;
}

impl Operation {
    const fn row(self) -> &'static Row {
        &Self::ROWS[self as usize]
    }

    const fn has(self, wanted: Trait) -> bool {
        let traits = self.row().traits;
        let mut index = 0;
        while index < traits.len() {
            if traits[index] as u8 == wanted as u8 {
                return true;
            }
            index += 1;
        }
        false
    }

    /// The name in the Amazon S3 API Reference, for logs and metrics.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether the operation can change anything.
    pub const fn is_write(self) -> bool {
        self.has(Trait::Writes)
    }

    /// Whether the body is object data, which is streamed.
    pub const fn takes_payload(self) -> bool {
        self.has(Trait::Payload)
    }

    /// Whether the body is a document, which is read whole within `xml::BODY_BYTES_MAX` (`xml::DELETE_BYTES_MAX` for
    /// `DeleteObjects`): XML, or the JSON of a policy.
    pub const fn takes_document(self) -> bool {
        self.has(Trait::Document)
    }

    /// Whether the headers may have an ACL; see [`crate::Head::acl`].
    pub const fn takes_acl(self) -> bool {
        self.has(Trait::Acl)
    }

    /// Whether the headers may have tags for the new object; see [`crate::Head::tags`].
    pub const fn takes_tags(self) -> bool {
        self.has(Trait::Tags)
    }

    /// Whether the headers may have a lock for the new object; see [`crate::Head::object_lock`].
    pub const fn takes_lock(self) -> bool {
        self.has(Trait::Lock)
    }

    /// Whether the headers may have encryption parameters; see [`crate::request::NewEncryption`].
    pub const fn takes_encryption(self) -> bool {
        self.has(Trait::Encryption)
    }

    /// The answer of an operation on a setting that no bucket has here.
    pub const fn unconfigured(self) -> Option<Unconfigured> {
        self.row().unconfigured
    }

    /// Whether the operation uses a query parameter, besides those that every operation may have (authentication,
    /// headers hoisted into presigned URLs, SDK marks).
    pub(crate) fn takes_parameter(self, name: &str) -> bool {
        let row = self.row();
        row.parameters.contains(&name) || row.routes.iter().any(|route| route.takes(name))
    }

    /// Every route of every operation, in the order in which they are tried.
    pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
        Self::ROWS.iter().flat_map(|row| row.routes)
    }
}
