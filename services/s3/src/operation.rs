//! The operations of S3 that are built.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the Amazon S3 API Reference")]
pub enum Operation {
    ListBuckets,
    CreateBucket,
    HeadBucket,
    DeleteBucket,
    GetBucketLocation,
    GetBucketVersioning,
    PutBucketVersioning,
    GetBucketRequestPayment,
    GetBucketPolicy,
    PutBucketPolicy,
    DeleteBucketPolicy,
    GetBucketPolicyStatus,
    GetPublicAccessBlock,
    PutPublicAccessBlock,
    DeletePublicAccessBlock,
    GetBucketOwnershipControls,
    PutBucketOwnershipControls,
    DeleteBucketOwnershipControls,
    GetBucketAcl,
    PutBucketAcl,
    PutObject,
    GetObject,
    HeadObject,
    DeleteObject,
    DeleteObjects,
    CopyObject,
    GetObjectAcl,
    PutObjectAcl,
    ListObjects,
    ListObjectsV2,
    ListObjectVersions,
    CreateMultipartUpload,
    UploadPart,
    UploadPartCopy,
    CompleteMultipartUpload,
    AbortMultipartUpload,
    ListParts,
    ListMultipartUploads,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 38] = [
        Self::ListBuckets,
        Self::CreateBucket,
        Self::HeadBucket,
        Self::DeleteBucket,
        Self::GetBucketLocation,
        Self::GetBucketVersioning,
        Self::PutBucketVersioning,
        Self::GetBucketRequestPayment,
        Self::GetBucketPolicy,
        Self::PutBucketPolicy,
        Self::DeleteBucketPolicy,
        Self::GetBucketPolicyStatus,
        Self::GetPublicAccessBlock,
        Self::PutPublicAccessBlock,
        Self::DeletePublicAccessBlock,
        Self::GetBucketOwnershipControls,
        Self::PutBucketOwnershipControls,
        Self::DeleteBucketOwnershipControls,
        Self::GetBucketAcl,
        Self::PutBucketAcl,
        Self::PutObject,
        Self::GetObject,
        Self::HeadObject,
        Self::DeleteObject,
        Self::DeleteObjects,
        Self::CopyObject,
        Self::GetObjectAcl,
        Self::PutObjectAcl,
        Self::ListObjects,
        Self::ListObjectsV2,
        Self::ListObjectVersions,
        Self::CreateMultipartUpload,
        Self::UploadPart,
        Self::UploadPartCopy,
        Self::CompleteMultipartUpload,
        Self::AbortMultipartUpload,
        Self::ListParts,
        Self::ListMultipartUploads,
    ];

    /// The name in the Amazon S3 API Reference, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ListBuckets => "ListBuckets",
            Self::CreateBucket => "CreateBucket",
            Self::HeadBucket => "HeadBucket",
            Self::DeleteBucket => "DeleteBucket",
            Self::GetBucketLocation => "GetBucketLocation",
            Self::GetBucketVersioning => "GetBucketVersioning",
            Self::PutBucketVersioning => "PutBucketVersioning",
            Self::GetBucketRequestPayment => "GetBucketRequestPayment",
            Self::GetBucketPolicy => "GetBucketPolicy",
            Self::PutBucketPolicy => "PutBucketPolicy",
            Self::DeleteBucketPolicy => "DeleteBucketPolicy",
            Self::GetBucketPolicyStatus => "GetBucketPolicyStatus",
            Self::GetPublicAccessBlock => "GetPublicAccessBlock",
            Self::PutPublicAccessBlock => "PutPublicAccessBlock",
            Self::DeletePublicAccessBlock => "DeletePublicAccessBlock",
            Self::GetBucketOwnershipControls => "GetBucketOwnershipControls",
            Self::PutBucketOwnershipControls => "PutBucketOwnershipControls",
            Self::DeleteBucketOwnershipControls => "DeleteBucketOwnershipControls",
            Self::GetBucketAcl => "GetBucketAcl",
            Self::PutBucketAcl => "PutBucketAcl",
            Self::PutObject => "PutObject",
            Self::GetObject => "GetObject",
            Self::HeadObject => "HeadObject",
            Self::DeleteObject => "DeleteObject",
            Self::DeleteObjects => "DeleteObjects",
            Self::CopyObject => "CopyObject",
            Self::GetObjectAcl => "GetObjectAcl",
            Self::PutObjectAcl => "PutObjectAcl",
            Self::ListObjects => "ListObjects",
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::ListObjectVersions => "ListObjectVersions",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::UploadPartCopy => "UploadPartCopy",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
            Self::ListParts => "ListParts",
            Self::ListMultipartUploads => "ListMultipartUploads",
        }
    }

    /// Whether the operation can change anything.
    pub const fn is_write(self) -> bool {
        matches!(
            self,
            Self::CreateBucket
                | Self::DeleteBucket
                | Self::PutBucketVersioning
                | Self::PutBucketPolicy
                | Self::DeleteBucketPolicy
                | Self::PutPublicAccessBlock
                | Self::DeletePublicAccessBlock
                | Self::PutBucketOwnershipControls
                | Self::DeleteBucketOwnershipControls
                | Self::PutBucketAcl
                | Self::PutObjectAcl
                | Self::PutObject
                | Self::DeleteObject
                | Self::DeleteObjects
                | Self::CopyObject
                | Self::CreateMultipartUpload
                | Self::UploadPart
                | Self::UploadPartCopy
                | Self::CompleteMultipartUpload
                | Self::AbortMultipartUpload
        )
    }

    /// Whether the body is object data, to be streamed.
    pub const fn takes_payload(self) -> bool {
        matches!(self, Self::PutObject | Self::UploadPart)
    }

    /// Whether the body is a document, to be read whole within `xml::BODY_BYTES_MAX`: XML, or the JSON of a policy.
    pub const fn takes_document(self) -> bool {
        matches!(
            self,
            Self::CreateBucket
                | Self::PutBucketVersioning
                | Self::PutBucketPolicy
                | Self::PutPublicAccessBlock
                | Self::PutBucketOwnershipControls
                | Self::PutBucketAcl
                | Self::PutObjectAcl
                | Self::DeleteObjects
                | Self::CompleteMultipartUpload
        )
    }

    /// Whether the headers may bring an access control list; see [`crate::Head::acl`].
    pub const fn takes_acl(self) -> bool {
        matches!(
            self,
            Self::CreateBucket
                | Self::PutBucketAcl
                | Self::PutObjectAcl
                | Self::PutObject
                | Self::CopyObject
                | Self::CreateMultipartUpload
        )
    }

    /// The query parameters that mean something to the operation, beside those that mean something to
    /// every one (authentication, headers hoisted into presigned URLs, SDK marks).
    pub(crate) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::ListBuckets => &["prefix", "max-buckets", "continuation-token", "bucket-region"],
            Self::CreateBucket | Self::HeadBucket | Self::DeleteBucket | Self::PutObject | Self::CopyObject => &[],
            Self::GetBucketLocation => &["location"],
            Self::GetBucketVersioning | Self::PutBucketVersioning => &["versioning"],
            Self::GetBucketRequestPayment => &["requestPayment"],
            Self::GetBucketPolicy | Self::PutBucketPolicy | Self::DeleteBucketPolicy => &["policy"],
            Self::GetBucketPolicyStatus => &["policyStatus"],
            Self::GetPublicAccessBlock | Self::PutPublicAccessBlock | Self::DeletePublicAccessBlock => {
                &["publicAccessBlock"]
            }
            Self::GetBucketOwnershipControls
            | Self::PutBucketOwnershipControls
            | Self::DeleteBucketOwnershipControls => &["ownershipControls"],
            Self::GetBucketAcl | Self::PutBucketAcl => &["acl"],
            Self::GetObjectAcl | Self::PutObjectAcl => &["acl", "versionId"],
            Self::GetObject | Self::HeadObject => &["partNumber", "versionId"],
            Self::DeleteObject => &["versionId"],
            Self::DeleteObjects => &["delete"],
            Self::ListObjects => &["prefix", "delimiter", "marker", "max-keys", "encoding-type"],
            Self::ListObjectsV2 => &[
                "list-type",
                "prefix",
                "delimiter",
                "max-keys",
                "continuation-token",
                "start-after",
                "fetch-owner",
                "encoding-type",
                "metadata",
            ],
            Self::ListObjectVersions => &[
                "versions",
                "prefix",
                "delimiter",
                "max-keys",
                "key-marker",
                "version-id-marker",
                "encoding-type",
                "metadata",
            ],
            Self::CreateMultipartUpload => &["uploads"],
            Self::UploadPart | Self::UploadPartCopy => &["partNumber", "uploadId"],
            Self::CompleteMultipartUpload | Self::AbortMultipartUpload => &["uploadId"],
            Self::ListParts => &["uploadId", "max-parts", "part-number-marker", "encoding-type"],
            Self::ListMultipartUploads => {
                &["uploads", "prefix", "delimiter", "max-uploads", "key-marker", "upload-id-marker", "encoding-type"]
            }
        }
    }
}
