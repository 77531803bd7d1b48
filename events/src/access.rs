//! Who may do what with a bucket or an object, as far as the log says it: ACLs and the rules above them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::UserId;

/// Grants of an ACL at most: S3's limit.
pub const ACL_GRANTS_MAX: usize = 100;

/// Whom a grant is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// A user.
    User(UserId),
    /// Anybody, anonymous requests among them.
    Everyone,
    /// Whoever proved who they are.
    Authenticated,
    /// Whoever delivers access logs.
    LogDelivery,
}

/// What a grant allows. What each means for a bucket and for an object stands in S3's overview of ACLs.
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

/// One line of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Whom it is for.
    pub grantee: Grantee,
    /// What it allows.
    pub permission: Permission,
}

/// An access control list. One that is absent grants its owner everything, as one that S3 calls `private` does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Acl {
    /// Its lines, at most [`ACL_GRANTS_MAX`].
    pub grants: Vec<Grant>,
}

impl Acl {
    /// Whether it grants anything to anybody at all: S3 counts whoever can sign a request among them.
    pub fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| grant.grantee.is_public())
    }
}

impl Grantee {
    /// Whether it is anybody at all.
    pub const fn is_public(&self) -> bool {
        match self {
            Self::Everyone | Self::Authenticated => true,
            Self::User(_) | Self::LogDelivery => false,
        }
    }
}

/// What keeps a bucket from becoming public by mistake.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "they are S3's four switches")]
pub struct PublicAccessBlock {
    /// Requests that bring a public ACL are refused.
    pub block_public_acls: bool,
    /// Public grants of ACLs grant nothing.
    pub ignore_public_acls: bool,
    /// A bucket policy that is public is refused.
    pub block_public_policy: bool,
    /// A bucket policy that is public grants its bucket's owner only.
    pub restrict_public_buckets: bool,
}

/// Who owns what others store in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ObjectOwnership {
    /// The bucket's owner, and ACLs are off.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner, if the writer grants them full control; else the writer.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
}
