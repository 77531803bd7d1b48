use events::access::Acl;
use events::encryption::Encryption;
use events::ids::{BucketName, ETag, ObjectKey, UserId};
use events::lock::Lock;
use events::object::{Attributes, Checksum, Operation};
use serde::{Deserialize, Serialize};

use super::{NewBody, Precondition};

/// Store a version of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `object.created`")]
pub struct PutObject {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub size: u64,
    pub etag: ETag,
    pub body: NewBody,
    pub checksum: Option<Checksum>,
    pub encryption: Option<Encryption>,
    pub attributes: Attributes,
    pub owner: Option<UserId>,
    pub acl: Option<Acl>,
    pub lock: Lock,
    pub operation: Operation,
    pub precondition: Precondition,
}
