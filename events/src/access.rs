//! Access to buckets and objects as recorded in events: ACLs, public access blocks and object ownership.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// Maximum number of grants in an ACL; S3's limit.
pub const ACL_GRANTS_MAX: usize = 100;

/// The grantee of an ACL grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// A user.
    User(UserId),
    /// Everyone, including anonymous requests.
    Everyone,
    /// Every authenticated user.
    Authenticated,
    /// The service that delivers access logs.
    LogDelivery,
}

/// The permission of a grant. S3's overview of ACLs defines each one for buckets and for objects.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are S3's")]
pub enum Permission {
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

/// One grant of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// The grantee.
    pub grantee: Grantee,
    /// The permission granted.
    pub permission: Permission,
}

/// An access control list. Without one, only the owner has access, as with S3's `private` ACL.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Acl {
    /// The grants, at most 100.
    pub grants: Vec<Grant>,
}

impl Acl {
    /// Whether the ACL grants anything to everyone or, as S3 counts it, to every authenticated user.
    pub fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| grant.grantee.is_public())
    }
}

impl Grantee {
    /// Whether the grantee is a public group.
    pub const fn is_public(&self) -> bool {
        match self {
            Self::Everyone | Self::Authenticated => true,
            Self::User(_) | Self::LogDelivery => false,
        }
    }
}

/// A public access block, which prevents a bucket from becoming public by mistake.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "they are S3's four switches")]
pub struct PublicAccessBlock {
    /// Refuse requests that set a public ACL.
    pub block_public_acls: bool,
    /// Ignore public grants of ACLs.
    pub ignore_public_acls: bool,
    /// Refuse bucket policies that are public.
    pub block_public_policy: bool,
    /// Let a public bucket policy grant access only to the bucket's owner.
    pub restrict_public_buckets: bool,
}

/// The ownership of objects that other users store in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ObjectOwnership {
    /// The bucket's owner owns all objects, and ACLs are disabled.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner owns an object if the writer grants them full control; otherwise the writer owns it.
    BucketOwnerPreferred,
    /// The writer owns the object.
    ObjectWriter,
}
