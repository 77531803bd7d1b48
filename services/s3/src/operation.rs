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
    PutObject,
    GetObject,
    HeadObject,
    DeleteObject,
    DeleteObjects,
    CopyObject,
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
    pub const ALL: [Self; 24] = [
        Self::ListBuckets,
        Self::CreateBucket,
        Self::HeadBucket,
        Self::DeleteBucket,
        Self::GetBucketLocation,
        Self::GetBucketVersioning,
        Self::PutBucketVersioning,
        Self::GetBucketRequestPayment,
        Self::PutObject,
        Self::GetObject,
        Self::HeadObject,
        Self::DeleteObject,
        Self::DeleteObjects,
        Self::CopyObject,
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
            Self::PutObject => "PutObject",
            Self::GetObject => "GetObject",
            Self::HeadObject => "HeadObject",
            Self::DeleteObject => "DeleteObject",
            Self::DeleteObjects => "DeleteObjects",
            Self::CopyObject => "CopyObject",
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

    /// Whether the body is an XML document, to be read whole within `xml::BODY_BYTES_MAX`.
    pub const fn takes_document(self) -> bool {
        matches!(
            self,
            Self::CreateBucket | Self::PutBucketVersioning | Self::DeleteObjects | Self::CompleteMultipartUpload
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
