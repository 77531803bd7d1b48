//! What public means, and how the public access block restricts it.
//!
//! A policy is public if one of its statements allows something to principals that it does not name, unless a condition
//! fixes who they can be: one that holds only for listed values, without wildcards and variables, of an address
//! (networks of at least /8, or /32 in IPv6), a principal, an account, an organization or a virtual network. An ACL is
//! public if it grants something to everyone or to every authenticated user.
//!
//! Two of the four settings are here, about what may be stored. The other two, `IgnorePublicAcls` and
//! `RestrictPublicBuckets`, apply to what is stored already and are part of [`crate::evaluate`].
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};

use crate::document::Document;
use crate::request::BucketAccess;

/// Whether an ACL is public.
pub fn acl_is_public(acl: &Acl) -> bool {
    acl.is_public()
}

/// Whether a bucket must refuse to store that ACL, for itself or for an object (`BlockPublicAcls`).
pub fn blocks_acl(block: PublicAccessBlock, acl: &Acl) -> bool {
    block.block_public_acls && acl_is_public(acl)
}

/// Whether a bucket must refuse to store that bucket policy (`BlockPublicPolicy`).
pub fn blocks_policy(block: PublicAccessBlock, policy: &Document) -> bool {
    block.block_public_policy && policy.is_public()
}

/// Whether a bucket is public at present, as `GetBucketPolicyStatus` reports it.
pub fn bucket_is_public(bucket: &BucketAccess<'_>) -> bool {
    let by_policy = bucket.policy.is_some_and(Document::is_public);
    let acls = bucket.ownership != ObjectOwnership::BucketOwnerEnforced && !bucket.public_access.ignore_public_acls;
    (by_policy && !bucket.public_access.restrict_public_buckets) || (acls && bucket.acl.is_some_and(acl_is_public))
}
