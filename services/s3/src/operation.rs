//! The operations of S3 that are built: one row each.

/// What is to be known of an operation before it is done.
#[derive(Clone, Copy)]
enum Trait {
    /// It changes nothing.
    Reads,
    /// It can change something.
    Writes,
    /// Its body is object data.
    Payload,
    /// Its body is a document.
    Document,
    /// Its headers may bring an access control list.
    Acl,
    /// Its headers may bring tags.
    Tags,
    /// Its headers may bring a lock for the object that it makes.
    Lock,
    /// Its headers may be about encryption.
    Encryption,
}

struct Row {
    name: &'static str,
    traits: &'static [Trait],
    parameters: &'static [&'static str],
}

/// Writes [`Operation`] from rows of `Name: traits ? the query parameters that mean something to it`.
macro_rules! operations {
    ($($name:ident: $($trait:ident)+ $(? $($parameter:literal)+)?;)+) => {
        /// What a request asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the names are those of the Amazon S3 API Reference")]
        pub enum Operation {
            $($name,)+
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            const ROWS: &[Row] = &[$(Row {
                name: stringify!($name),
                traits: &[$(Trait::$trait,)+],
                parameters: &[$($($parameter,)+)?],
            },)+];
        }
    };
}

operations! {
    ListBuckets: Reads ? "prefix" "max-buckets" "continuation-token" "bucket-region";
    CreateBucket: Writes Document Acl;
    HeadBucket: Reads;
    DeleteBucket: Writes;
    GetBucketLocation: Reads ? "location";
    GetBucketVersioning: Reads ? "versioning";
    PutBucketVersioning: Writes Document ? "versioning";
    GetBucketRequestPayment: Reads ? "requestPayment";
    PutBucketRequestPayment: Writes Document ? "requestPayment";
    GetBucketWebsite: Reads ? "website";
    DeleteBucketWebsite: Writes ? "website";
    GetBucketReplication: Reads ? "replication";
    DeleteBucketReplication: Writes ? "replication";
    GetBucketLogging: Reads ? "logging";
    PutBucketLogging: Writes Document ? "logging";
    GetBucketNotificationConfiguration: Reads ? "notification";
    PutBucketNotificationConfiguration: Writes Document ? "notification";
    GetBucketAccelerateConfiguration: Reads ? "accelerate";
    PutBucketAccelerateConfiguration: Writes Document ? "accelerate";
    ListBucketAnalyticsConfigurations: Reads ? "analytics" "continuation-token";
    GetBucketAnalyticsConfiguration: Reads ? "analytics" "id";
    DeleteBucketAnalyticsConfiguration: Writes ? "analytics" "id";
    ListBucketInventoryConfigurations: Reads ? "inventory" "continuation-token";
    GetBucketInventoryConfiguration: Reads ? "inventory" "id";
    DeleteBucketInventoryConfiguration: Writes ? "inventory" "id";
    ListBucketMetricsConfigurations: Reads ? "metrics" "continuation-token";
    GetBucketMetricsConfiguration: Reads ? "metrics" "id";
    DeleteBucketMetricsConfiguration: Writes ? "metrics" "id";
    ListBucketIntelligentTieringConfigurations: Reads ? "intelligent-tiering" "continuation-token";
    GetBucketIntelligentTieringConfiguration: Reads ? "intelligent-tiering" "id";
    DeleteBucketIntelligentTieringConfiguration: Writes ? "intelligent-tiering" "id";
    GetBucketPolicy: Reads ? "policy";
    PutBucketPolicy: Writes Document ? "policy";
    DeleteBucketPolicy: Writes ? "policy";
    GetBucketPolicyStatus: Reads ? "policyStatus";
    GetPublicAccessBlock: Reads ? "publicAccessBlock";
    PutPublicAccessBlock: Writes Document ? "publicAccessBlock";
    DeletePublicAccessBlock: Writes ? "publicAccessBlock";
    GetBucketOwnershipControls: Reads ? "ownershipControls";
    PutBucketOwnershipControls: Writes Document ? "ownershipControls";
    DeleteBucketOwnershipControls: Writes ? "ownershipControls";
    GetBucketCors: Reads ? "cors";
    PutBucketCors: Writes Document ? "cors";
    DeleteBucketCors: Writes ? "cors";
    GetBucketLifecycleConfiguration: Reads ? "lifecycle";
    PutBucketLifecycleConfiguration: Writes Document ? "lifecycle";
    DeleteBucketLifecycle: Writes ? "lifecycle";
    // These three are of S3 Control; the parameter of the last one comes once for each tag.
    ListTagsForResource: Reads;
    TagResource: Writes Document;
    UntagResource: Writes;
    GetBucketTagging: Reads ? "tagging";
    PutBucketTagging: Writes Document ? "tagging";
    DeleteBucketTagging: Writes ? "tagging";
    GetBucketEncryption: Reads ? "encryption";
    PutBucketEncryption: Writes Document ? "encryption";
    DeleteBucketEncryption: Writes ? "encryption";
    GetBucketAcl: Reads ? "acl";
    PutBucketAcl: Writes Document Acl ? "acl";
    GetObjectLockConfiguration: Reads ? "object-lock";
    PutObjectLockConfiguration: Writes Document ? "object-lock";
    PutObject: Writes Payload Acl Tags Lock Encryption;
    PostObject: Writes Payload;
    GetObject: Reads Encryption ? "partNumber" "versionId";
    HeadObject: Reads Encryption ? "partNumber" "versionId";
    DeleteObject: Writes ? "versionId";
    DeleteObjects: Writes Document ? "delete";
    CopyObject: Writes Acl Tags Lock Encryption;
    RenameObject: Writes ? "renameObject";
    GetObjectAttributes: Reads Encryption ? "attributes" "versionId";
    GetObjectTorrent: Reads ? "torrent";
    GetObjectAcl: Reads ? "acl" "versionId";
    PutObjectAcl: Writes Document Acl ? "acl" "versionId";
    GetObjectTagging: Reads ? "tagging" "versionId";
    PutObjectTagging: Writes Document ? "tagging" "versionId";
    DeleteObjectTagging: Writes ? "tagging" "versionId";
    GetObjectRetention: Reads ? "retention" "versionId";
    PutObjectRetention: Writes Document ? "retention" "versionId";
    GetObjectLegalHold: Reads ? "legal-hold" "versionId";
    PutObjectLegalHold: Writes Document ? "legal-hold" "versionId";
    ListObjects: Reads ? "prefix" "delimiter" "marker" "max-keys" "encoding-type";
    ListObjectsV2: Reads ?
        "list-type" "prefix" "delimiter" "max-keys" "continuation-token" "start-after" "fetch-owner"
        "encoding-type";
    ListObjectVersions: Reads ?
        "versions" "prefix" "delimiter" "max-keys" "key-marker" "version-id-marker" "encoding-type";
    CreateMultipartUpload: Writes Acl Tags Lock Encryption ? "uploads";
    UploadPart: Writes Payload Encryption ? "partNumber" "uploadId";
    UploadPartCopy: Writes Encryption ? "partNumber" "uploadId";
    CompleteMultipartUpload: Writes Document Encryption ? "uploadId";
    AbortMultipartUpload: Writes ? "uploadId";
    ListParts: Reads ? "uploadId" "max-parts" "part-number-marker" "encoding-type";
    ListMultipartUploads: Reads ?
        "uploads" "prefix" "delimiter" "max-uploads" "key-marker" "upload-id-marker" "encoding-type";
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

    /// Whether the body is object data, to be streamed.
    pub const fn takes_payload(self) -> bool {
        self.has(Trait::Payload)
    }

    /// Whether the body is a document, to be read whole within `xml::BODY_BYTES_MAX` (`xml::DELETE_BYTES_MAX` for
    /// `DeleteObjects`): XML, or the JSON of a policy.
    pub const fn takes_document(self) -> bool {
        self.has(Trait::Document)
    }

    /// Whether the headers may bring an access control list; see [`crate::Head::acl`].
    pub const fn takes_acl(self) -> bool {
        self.has(Trait::Acl)
    }

    /// Whether the headers may bring tags for the object that is made; see [`crate::Head::tags`].
    pub const fn takes_tags(self) -> bool {
        self.has(Trait::Tags)
    }

    /// Whether the headers may bring a lock for the object that is made; see [`crate::Head::object_lock`].
    pub const fn takes_lock(self) -> bool {
        self.has(Trait::Lock)
    }

    /// Whether the headers may be about encryption; see [`crate::request::NewEncryption`].
    pub const fn takes_encryption(self) -> bool {
        self.has(Trait::Encryption)
    }

    /// The query parameters that mean something to the operation, beside those that mean something to
    /// every one (authentication, headers hoisted into presigned URLs, SDK marks).
    pub(crate) const fn parameters(self) -> &'static [&'static str] {
        self.row().parameters
    }
}
