//! ACLs: what they grant, and the canned ones.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>

use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission};
use events::ids::UserId;

use crate::action::Action;
use crate::request::Caller;

/// A canned ACL: a value of `x-amz-acl` for buckets, objects or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CannedAcl {
    /// `private`: only the owner has access.
    Private,
    /// `public-read`.
    PublicRead,
    /// `public-read-write`.
    PublicReadWrite,
    /// `authenticated-read`.
    AuthenticatedRead,
    /// `bucket-owner-read`: for objects; a bucket gets a private one.
    BucketOwnerRead,
    /// `bucket-owner-full-control`: for objects; a bucket gets a private one.
    BucketOwnerFullControl,
    /// `log-delivery-write`: for buckets.
    LogDeliveryWrite,
}

impl CannedAcl {
    /// The grants that it stands for. For a bucket, both owners are the same.
    pub fn to_acl(self, owner: &UserId, bucket_owner: &UserId) -> Acl {
        let user = |id: &UserId| Grantee::User(id.clone());
        let more: Vec<(Grantee, Permission)> = match self {
            Self::Private => vec![],
            Self::PublicRead => vec![(Grantee::Everyone, Permission::Read)],
            Self::PublicReadWrite => {
                vec![(Grantee::Everyone, Permission::Read), (Grantee::Everyone, Permission::Write)]
            }
            Self::AuthenticatedRead => vec![(Grantee::Authenticated, Permission::Read)],
            Self::BucketOwnerRead | Self::BucketOwnerFullControl if owner == bucket_owner => vec![],
            Self::BucketOwnerRead => vec![(user(bucket_owner), Permission::Read)],
            Self::BucketOwnerFullControl => vec![(user(bucket_owner), Permission::FullControl)],
            Self::LogDeliveryWrite => {
                vec![(Grantee::LogDelivery, Permission::Write), (Grantee::LogDelivery, Permission::ReadAcp)]
            }
        };
        let own = (user(owner), Permission::FullControl);
        let grants = std::iter::once(own).chain(more);
        Acl { grants: grants.map(|(grantee, permission)| Grant { grantee, permission }).collect() }
    }
}

/// Returns the owner of an object that `writer` stores with an ACL in a bucket of `bucket_owner`.
pub fn object_owner<'a>(
    ownership: ObjectOwnership,
    writer: &'a UserId,
    bucket_owner: &'a UserId,
    acl: Option<&Acl>,
) -> &'a UserId {
    let is_given = || acl.is_some_and(|acl| controls(acl, bucket_owner));
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => bucket_owner,
        ObjectOwnership::BucketOwnerPreferred if is_given() => bucket_owner,
        ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => writer,
    }
}

/// Whether a request may set an ACL. With ACLs disabled, only one is accepted that grants full control to the bucket's
/// owner and nothing to others. Others are refused with S3's `AccessControlListNotSupported`.
pub fn is_accepted(ownership: ObjectOwnership, acl: &Acl, bucket_owner: &UserId) -> bool {
    let only_owner = || acl.grants.iter().all(|grant| grant.grantee == Grantee::User(bucket_owner.clone()));
    ownership != ObjectOwnership::BucketOwnerEnforced || (controls(acl, bucket_owner) && only_owner())
}

fn controls(acl: &Acl, user: &UserId) -> bool {
    let controls = |grant: &Grant| {
        grant.permission == Permission::FullControl && matches!(&grant.grantee, Grantee::User(id) if id == user)
    };
    acl.grants.iter().any(controls)
}

/// The permission that a bucket's ACL must grant for an action.
const fn on_bucket(action: Action) -> Option<Permission> {
    match action {
        Action::ListBucket | Action::ListBucketVersions | Action::ListBucketMultipartUploads => Some(Permission::Read),
        Action::PutObject => Some(Permission::Write),
        Action::GetBucketAcl => Some(Permission::ReadAcp),
        Action::PutBucketAcl => Some(Permission::WriteAcp),
        _ => None,
    }
}

/// The permission that an object's ACL must grant for an action.
const fn on_object(action: Action) -> Option<Permission> {
    match action {
        Action::GetObject
        | Action::GetObjectVersion
        | Action::GetObjectAttributes
        | Action::GetObjectVersionAttributes
        | Action::GetObjectTorrent
        | Action::GetObjectVersionTorrent => Some(Permission::Read),
        Action::GetObjectAcl | Action::GetObjectVersionAcl => Some(Permission::ReadAcp),
        Action::PutObjectAcl | Action::PutObjectVersionAcl => Some(Permission::WriteAcp),
        _ => None,
    }
}

/// What an object's owner may do as its owner: what full control grants.
pub(crate) const fn owner_may(action: Action) -> bool {
    on_object(action).is_some()
}

pub(crate) fn bucket_grants(acl: &Acl, action: Action, caller: Caller<'_>, ignore_public: bool) -> bool {
    on_bucket(action).is_some_and(|wanted| grants(acl, wanted, caller, ignore_public))
}

pub(crate) fn object_grants(acl: &Acl, action: Action, caller: Caller<'_>, ignore_public: bool) -> bool {
    on_object(action).is_some_and(|wanted| grants(acl, wanted, caller, ignore_public))
}

fn grants(acl: &Acl, wanted: Permission, caller: Caller<'_>, ignore_public: bool) -> bool {
    let has = |grant: &Grant| {
        let permitted = grant.permission == wanted || grant.permission == Permission::FullControl;
        permitted && is_for(&grant.grantee, caller) && !(ignore_public && grant.grantee.is_public())
    };
    acl.grants.iter().any(has)
}

fn is_for(grantee: &Grantee, caller: Caller<'_>) -> bool {
    match grantee {
        Grantee::User(id) => caller.user_id() == Some(id),
        Grantee::Everyone => true,
        Grantee::Authenticated => caller != Caller::Anonymous,
        // The log delivery service sends no requests.
        Grantee::LogDelivery => false,
    }
}
