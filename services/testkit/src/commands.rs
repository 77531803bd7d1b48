//! Commands of tests, with nothing said that needs not be said. What is returned as a struct takes more: `PutObject {
//! precondition, ..put_object(..) }`.

use domain::{Command, CreateUpload, DedupScope, NewBody, Precondition, PutObject};
use events::Origin;
use events::ids::{
    AuthType, BucketName, ContentId, ETag, Generation, Layout, Md5Digest, ObjectKey, Placement, Principal,
    Sha256Digest, UploadId,
};
use events::lifecycle::{Filter, Rule};
use events::lock::Lock;
use events::object::{Attributes, Operation};
use events::tags::Tags;
use uuid::Uuid;

/// The bucket that most tests need no other beside.
pub fn bucket() -> BucketName {
    "bucket".parse().unwrap()
}

/// Who asks for what tests do: Alice, who owns their buckets.
pub fn origin() -> Origin {
    let principal = Principal { kind: AuthType::ApiKey, id: "alice".into() };
    Origin { principal, request_id: "7".into(), traceparent: None, address: None }
}

/// Makes a bucket of Alice's.
pub fn create_bucket(bucket: BucketName) -> Command {
    create_bucket_of(bucket, "alice", false)
}

/// Makes a bucket in which versions can be locked.
pub fn create_locking_bucket(bucket: BucketName) -> Command {
    create_bucket_of(bucket, "alice", true)
}

/// Makes a bucket of somebody's.
pub fn create_bucket_of(bucket: BucketName, owner: &str, object_lock: bool) -> Command {
    Command::CreateBucket {
        bucket,
        owner: owner.parse().unwrap(),
        acl: None,
        ownership: None,
        object_lock,
        location: None,
        tags: Tags::new(),
    }
}

/// The `n`th upload of the content that a number stands for.
pub fn content(bytes: u32, n: u128) -> ContentId {
    let mut sha256 = [0; 32];
    sha256[..4].copy_from_slice(&bytes.to_be_bytes());
    ContentId { sha256: Sha256Digest(sha256), generation: Generation::from_fresh(Uuid::from_u128(8 * n)) }
}

/// A small content that lies on the nodes `n1`, `n2` and `n3`.
pub fn staged(content: ContentId) -> NewBody {
    let nodes = ["n1", "n2", "n3"].map(|node| node.parse().unwrap()).to_vec();
    let placement = Placement { layout: Layout::Small, nodes };
    NewBody::Staged { content, placement, chosen_at: u64::MAX, instead_of: None, scope: DedupScope::Region }
}

/// Stores an object without conditions; its entity tag is that of bytes whose MD5 is zeros.
pub fn put_object(bucket: BucketName, key: ObjectKey, size: u64, body: NewBody) -> PutObject {
    PutObject {
        bucket,
        key,
        size,
        etag: ETag { md5: Md5Digest([0; 16]), parts: None },
        body,
        checksum: None,
        encryption: None,
        attributes: Attributes::default(),
        owner: None,
        acl: None,
        lock: Lock::default(),
        operation: Operation::PutObject,
        precondition: Precondition::default(),
    }
}

/// Begins a multipart upload.
pub fn create_upload(bucket: BucketName, key: ObjectKey, upload: UploadId) -> CreateUpload {
    CreateUpload {
        bucket,
        key,
        upload,
        attributes: Attributes::default(),
        checksum: None,
        encryption: None,
        initiator: None,
        owner: None,
        acl: None,
        lock: Lock::default(),
    }
}

/// A lifecycle rule that says nothing yet.
pub fn rule() -> Rule {
    Rule {
        id: "r".into(),
        enabled: true,
        filter: Filter::default(),
        expiration: None,
        noncurrent_expiration: None,
        abort_uploads_after_days: None,
    }
}
