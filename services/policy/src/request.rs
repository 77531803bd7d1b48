//! What is asked, by whom, and what bears on it.

use std::sync::Arc;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::ids::{BucketName, ObjectKey, PolicyName, UserId, UserName};
use events::user::Role;
use jiff::Timestamp;

use crate::action::Action;
use crate::context::Context;
use crate::document::Document;

/// Who asks. Whether their signature holds was found out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The one user that configuration makes. Bound by nothing.
    Root,
    /// A user.
    User {
        /// What policies call the user.
        name: &'a UserName,
        /// What owns buckets and objects.
        id: &'a UserId,
        /// Whether what nothing grants is allowed all the same.
        role: Role,
    },
    /// Nobody said who they are.
    Anonymous,
}

impl<'a> Caller<'a> {
    /// A user's canonical id. Root is asked nowhere for its own.
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

/// What a request is about. Of the kind that its action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// The store.
    Service,
    /// A bucket, or the name of one to come.
    Bucket(&'a BucketName),
    /// An object, or the key of one to come.
    Object(&'a BucketName, &'a ObjectKey),
}

/// One right that one request needs.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// For what.
    pub action: Action,
    /// Of what.
    pub resource: Resource<'a>,
    /// When: what `aws:CurrentTime` says.
    pub time: Timestamp,
    /// What else conditions may ask for.
    pub context: &'a dyn Context,
}

/// A policy that a user has, themselves or by a group.
#[derive(Debug, Clone)]
pub struct Attached {
    /// What it is called.
    pub name: PolicyName,
    /// What it says: an identity policy.
    pub document: Arc<Document>,
}

/// What a bucket says about who may use it.
#[derive(Debug, Clone, Copy)]
pub struct BucketAccess<'a> {
    /// Whose it is.
    pub owner: &'a UserId,
    /// Its bucket policy.
    pub policy: Option<&'a Document>,
    /// Its ACL. One that is absent grants nobody but the owner.
    pub acl: Option<&'a Acl>,
    /// What keeps it from being public.
    pub public_access: PublicAccessBlock,
    /// Whether ACLs are enabled, and whose objects are.
    pub ownership: ObjectOwnership,
}

/// What an object says about who may use it. Looked at only while its bucket has ACLs enabled.
#[derive(Debug, Clone, Copy)]
pub struct ObjectAccess<'a> {
    /// Whose it is; of an upload that is under way, whoever began it.
    pub owner: &'a UserId,
    /// Its ACL. One that is absent grants nobody but the owner.
    pub acl: Option<&'a Acl>,
}

/// All that bears on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rights<'a> {
    /// The caller's own policies and those of their groups, in any order. Not looked at for root and nobody.
    pub policies: &'a [Attached],
    /// The bucket that the request is about, if there is one of that name. None where a bucket is created.
    pub bucket: Option<BucketAccess<'a>>,
    /// The object, version or upload that the request is about, if it exists.
    pub object: Option<ObjectAccess<'a>>,
}
