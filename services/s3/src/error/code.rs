//! The table of S3 error codes.

use http::StatusCode;

macro_rules! name {
    ($variant:ident) => {
        stringify!($variant)
    };
    ($variant:ident $name:literal) => {
        $name
    };
}

macro_rules! codes {
    ($($variant:ident $(= $name:literal)? $status:ident $message:literal)*) => {
        /// An S3 error code of this server.
        ///
        /// Source: "Error responses", Amazon S3 API Reference.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "every variant is described by its own default message")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that clients match on.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => name!($variant $($name)?),)*
                }
            }

            /// The HTTP status of the code.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)*
                }
            }

            /// The default message.
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)*
                }
            }
        }
    };
}

codes! {
    AccessControlListNotSupported BAD_REQUEST "The bucket does not allow ACLs"
    AccessDenied FORBIDDEN "Access Denied"
    AccountProblem FORBIDDEN "There is a problem with your account that prevents the operation from completing."
    AccessForbidden FORBIDDEN "CORSResponse: This CORS request is not allowed: no rule of the bucket allows this origin with this method and these headers."
    AuthorizationHeaderMalformed BAD_REQUEST "The authorization header that you provided is not valid."
    AuthorizationQueryParametersError BAD_REQUEST "The authorization query parameters that you provided are not valid."
    BadDigest BAD_REQUEST "The Content-MD5 or checksum value that you specified did not match what the server received."
    BadRequest BAD_REQUEST "The request could not be understood."
    BucketAlreadyExists CONFLICT "The requested bucket name is not available. Select a different name and try again."
    BucketAlreadyOwnedByYou CONFLICT "The bucket that you tried to create already exists, and you own it."
    BucketNotEmpty CONFLICT "The bucket that you tried to delete is not empty."
    ConditionalRequestConflict CONFLICT "A conflicting operation occurred during the request. Try again."
    EntityTooLarge BAD_REQUEST "Your proposed upload exceeds the maximum allowed object size."
    EntityTooSmall BAD_REQUEST "Your proposed upload is smaller than the minimum allowed object size."
    EncryptionTypeMismatch BAD_REQUEST "The existing object was created with a different encryption type. Send the encryption parameters that belong to it, or none."
    ExpiredToken BAD_REQUEST "The provided token has expired."
    IllegalLocationConstraintException BAD_REQUEST "The specified location constraint is not valid for this endpoint."
    IdempotencyParameterMismatch BAD_REQUEST "The request uses the same client token as a previous, but non-identical request."
    IllegalVersioningConfigurationException BAD_REQUEST "The versioning configuration specified in the request is not valid."
    IncompleteBody BAD_REQUEST "You did not provide the number of bytes that the request declared."
    InternalError INTERNAL_SERVER_ERROR "An internal error occurred. Try again."
    InvalidAccessKeyId FORBIDDEN "The access key ID that you provided does not exist in our records."
    InvalidArgument BAD_REQUEST "Invalid argument"
    InvalidBucketAclWithObjectOwnership BAD_REQUEST "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    InvalidBucketName BAD_REQUEST "The specified bucket is not valid."
    InvalidBucketState CONFLICT "The request is not valid for the current state of the bucket."
    InvalidDigest BAD_REQUEST "The Content-MD5 that you specified is not valid."
    InvalidEncryptionAlgorithmError BAD_REQUEST "The encryption request that you specified is not valid. The valid value is AES256."
    InvalidLocationConstraint BAD_REQUEST "The specified location constraint is not valid."
    InvalidObjectState FORBIDDEN "The operation is not valid for the current state of the object."
    InvalidPart BAD_REQUEST "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified ETag might not have matched the part's ETag."
    InvalidPartNumber RANGE_NOT_SATISFIABLE "The requested part number is not satisfiable"
    InvalidPartOrder BAD_REQUEST "The list of parts was not in ascending order. The parts list must be specified in order by part number."
    InvalidPolicyDocument BAD_REQUEST "The content of the form does not meet the conditions specified in the policy document."
    InvalidRange RANGE_NOT_SATISFIABLE "The requested range is not satisfiable"
    InvalidRequest BAD_REQUEST "The request is not valid."
    InvalidRetentionPeriod BAD_REQUEST "The retention period is not valid."
    InvalidStorageClass BAD_REQUEST "The storage class that you specified is not valid."
    InvalidTag BAD_REQUEST "The tag provided was not a valid tag."
    InvalidTargetBucketForLogging BAD_REQUEST "The target bucket for logging does not exist."
    InvalidToken BAD_REQUEST "The provided token is malformed or otherwise not valid."
    InvalidURI BAD_REQUEST "The specified URI could not be parsed."
    InvalidWriteOffset BAD_REQUEST "The write offset value that you specified does not match the current object size."
    KmsDisabled = "KMS.DisabledException" BAD_REQUEST "The KMS key is disabled."
    KmsNotFound = "KMS.NotFoundException" BAD_REQUEST "The KMS key does not exist."
    KeyTooLongError BAD_REQUEST "Your key is too long."
    MalformedACLError BAD_REQUEST "The ACL that you provided was not well-formed or did not validate against our published schema."
    MalformedPOSTRequest BAD_REQUEST "The body of your POST request is not well-formed multipart/form-data."
    MalformedPolicy BAD_REQUEST "The policy is not in the valid JSON format."
    MalformedTrailerError BAD_REQUEST "The request contained trailing data that was not well-formed or did not conform to the declared trailers."
    MalformedXML BAD_REQUEST "The XML that you provided was not well-formed or did not validate against our published schema."
    MaxMessageLengthExceeded BAD_REQUEST "Your request was too large."
    MaxPostPreDataLengthExceededError BAD_REQUEST "Your POST request fields preceding the upload file were too large."
    MetadataTooLarge BAD_REQUEST "Your metadata headers exceed the maximum allowed metadata size."
    MethodNotAllowed METHOD_NOT_ALLOWED "The specified method is not allowed against this resource."
    MissingContentLength LENGTH_REQUIRED "You must provide the Content-Length HTTP header."
    MissingRequestBodyError BAD_REQUEST "Request body is empty."
    MissingSecurityHeader BAD_REQUEST "Your request is missing a required header."
    NoSuchBucket NOT_FOUND "The specified bucket does not exist"
    NoSuchBucketPolicy NOT_FOUND "The bucket policy does not exist"
    NoSuchCORSConfiguration NOT_FOUND "The CORS configuration does not exist"
    NoSuchConfiguration NOT_FOUND "The specified configuration does not exist."
    NoSuchKey NOT_FOUND "The specified key does not exist."
    NoSuchLifecycleConfiguration NOT_FOUND "The lifecycle configuration does not exist"
    NoSuchObjectLockConfiguration NOT_FOUND "The specified object does not have a ObjectLock configuration"
    NoSuchPublicAccessBlockConfiguration NOT_FOUND "The public access block configuration was not found"
    NoSuchTagSet NOT_FOUND "The TagSet does not exist"
    NoSuchUpload NOT_FOUND "The specified multipart upload does not exist. The upload ID might not be valid, or the multipart upload might have been aborted or completed."
    NoSuchVersion NOT_FOUND "The specified version does not exist."
    NoSuchWebsiteConfiguration NOT_FOUND "The specified bucket does not have a website configuration"
    NotImplemented NOT_IMPLEMENTED "A header or query parameter that you provided implies functionality that is not implemented."
    NotModified NOT_MODIFIED "Not Modified"
    ObjectLockConfigurationNotFoundError NOT_FOUND "Object Lock configuration does not exist for this bucket"
    OwnershipControlsNotFoundError NOT_FOUND "The bucket ownership controls were not found"
    PreconditionFailed PRECONDITION_FAILED "At least one of the preconditions that you specified did not hold."
    QuotaExceeded FORBIDDEN "The request would exceed a quota."
    ReplicationConfigurationNotFoundError NOT_FOUND "The replication configuration was not found"
    RequestHeaderSectionTooLarge BAD_REQUEST "Your request header section exceeds the maximum allowed size."
    IdentityReplicaRefused CONFLICT "A change of users, keys, groups or policies is not possible in this region."
    ReplicaBodyNeeded PRECONDITION_REQUIRED "The region does not have these bytes. Send the replica again, with its body."
    RequestTimeout BAD_REQUEST "Your socket connection to the server was not read from or written to within the timeout period."
    RequestTimeTooSkewed FORBIDDEN "The difference between the request time and the server's time is too large."
    ServerSideEncryptionConfigurationNotFoundError NOT_FOUND "The server side encryption configuration was not found"
    ServiceUnavailable SERVICE_UNAVAILABLE "Service is unable to handle the request. Reduce your request rate."
    SignatureDoesNotMatch FORBIDDEN "The request signature that the server calculated does not match the signature that you provided. Check your secret access key and signing method."
    SlowDown SERVICE_UNAVAILABLE "Reduce your request rate."
    TooManyBuckets BAD_REQUEST "You have attempted to create more buckets than are allowed."
    TooManyParts BAD_REQUEST "You have attempted to create more parts than are allowed."
    UnexpectedContent BAD_REQUEST "This request contains unsupported content."
    UnresolvableGrantByEmailAddress BAD_REQUEST "The e-mail address that you provided does not match any account on record."
    UserKeyMustBeSpecified BAD_REQUEST "The bucket POST request must contain the specified field name."
    XAmzContentChecksumMismatch BAD_REQUEST "The provided checksum header does not match what was computed."
    XAmzContentSHA256Mismatch BAD_REQUEST "The provided x-amz-content-sha256 header does not match what was computed."
}
