//! Requests, and the rights that apply to them.

use std::sync::Arc;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::ids::{BucketName, ObjectKey, PolicyName, UserId, UserName};
use events::user::Role;
use jiff::Timestamp;

use crate::action::Action;
use crate::context::Context;
use crate::document::Document;

/// The authenticated caller of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The one user that the configuration creates, who may do everything.
    Root,
    /// A user.
    User {
        /// The user's name in policies.
        name: &'a UserName,
        /// The canonical id, which owns buckets and objects.
        id: &'a UserId,
        /// The user's role.
        role: Role,
    },
    /// An anonymous caller.
    Anonymous,
}

impl<'a> Caller<'a> {
    /// A user's canonical id. Root's is never needed.
    pub fn user_id(self) -> Option<&'a UserId> {
        match self {
            Self::User { id, .. } => Some(id),
            Self::Root | Self::Anonymous => None,
        }
    }

    /// Whether it is a user with the role of an admin.
    pub fn is_admin(self) -> bool {
        matches!(self, Self::User { role: Role::Admin, .. })
    }

    pub(crate) fn user_name(self) -> Option<&'a str> {
        match self {
            Self::User { name, .. } => Some(name.as_str()),
            Self::Root | Self::Anonymous => None,
        }
    }

    /// `aws:PrincipalType`.
    pub(crate) fn principal_type(self) -> &'static str {
        match self {
            Self::Root => "Account",
            Self::User { .. } => "User",
            Self::Anonymous => "Anonymous",
        }
    }
}

/// The resource of a request, of the kind of its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The store.
    Service,
    /// A bucket, or the name of a future one.
    Bucket(&'a BucketName),
    /// An object, or the key of a future one.
    Object(&'a BucketName, &'a ObjectKey),
    /// A resource of the admin API, as policies write it after `arn:aws:admin:::`: `user/ada`, `region`.
    Admin(&'a str),
}

/// A right that a request needs.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The caller.
    pub caller: Caller<'a>,
    /// The action.
    pub action: Action,
    /// The resource.
    pub resource: Resource<'a>,
    /// The time, which `aws:CurrentTime` compares.
    pub time: Timestamp,
    /// The values for conditions.
    pub context: &'a dyn Context,
}

/// A policy that a user has, attached to the user or to a group.
#[derive(Debug, Clone)]
pub struct Attached {
    /// The name of the policy.
    pub name: PolicyName,
    /// The document, an identity policy.
    pub document: Arc<Document>,
}

/// The access settings of a bucket.
#[derive(Debug, Clone, Copy)]
pub struct BucketAccess<'a> {
    /// The owner.
    pub owner: &'a UserId,
    /// The bucket policy.
    pub policy: Option<&'a Document>,
    /// The ACL. Without one, only the owner has access.
    pub acl: Option<&'a Acl>,
    /// The public access block.
    pub public_access: PublicAccessBlock,
    /// Whether ACLs are enabled, and who owns objects.
    pub ownership: ObjectOwnership,
}

/// The access settings of an object, used only while its bucket has ACLs enabled.
#[derive(Debug, Clone, Copy)]
pub struct ObjectAccess<'a> {
    /// The owner; for an upload in progress, the user who created it.
    pub owner: &'a UserId,
    /// The ACL. Without one, only the owner has access.
    pub acl: Option<&'a Acl>,
}

/// Everything that determines the rights of a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rights<'a> {
    /// The caller's own policies and those of their groups, in any order. Ignored for root and anonymous callers.
    pub policies: &'a [Attached],
    /// The bucket of the request, if it exists. `None` when a bucket is created.
    pub bucket: Option<BucketAccess<'a>>,
    /// The object, version or upload of the request, if it exists.
    pub object: Option<ObjectAccess<'a>>,
}
